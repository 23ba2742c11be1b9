"""Configuration files of the programs around the exporter, as the demonstration needs them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from demo import fleet

SIGNED = ("alertname", "manager", "branch", "client", "installation", "account", "hosting")
"""What the link by which an alert is taken is signed with: docs/render.md."""
ENDLESS = (
    "KodeksWatchdog", "KodeksSearchIsEmpty", "KodeksNewUser", "KodeksDetectOverUserError", "KodeksSearchError",
    "KodeksClientScoreFell", "KodeksVersionChanged", "KodeksHandlingMonth",
)  # fmt: skip
"""Alerts of what happened, which nobody can take."""


def nginx(directory: Path, port: int, upstreams: dict[str, tuple[str, int]]) -> str:
    """A reverse proxy for names, unprivileged and in one process (so that nothing is left when it is killed)."""
    servers = "\n".join(
        f"""
    server {{
        listen 127.0.0.1:{port};
        server_name {name};
        location / {{
            proxy_pass http://{host}:{upstream};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_connect_timeout 2s;
            proxy_read_timeout 5s;
        }}
    }}"""
        for name, (host, upstream) in upstreams.items()
    )
    temporary = "\n    ".join(
        f"{kind}_temp_path {directory}/nginx-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    {temporary}
{servers}
}}
"""


def snmpd() -> str:
    """An agent that anybody on this machine may ask by the demonstration's community and SNMP v3 user."""
    return f"""rocommunity {fleet.COMMUNITY} 127.0.0.1
createUser {fleet.SNMP_USER} SHA "{fleet.SNMP_AUTH}" AES "{fleet.SNMP_PRIVACY}"
rouser {fleet.SNMP_USER} priv
sysName kodeks-demo
"""


def prometheus(exporter: str, alertmanager: str, rules: Sequence[Path], seconds: int, key: str = "") -> str:
    """``exporter`` and ``alertmanager`` are host:port or empty; ``rules``: files; ``key``: signs alerts for links."""
    document: dict[str, Any] = {
        "global": {"scrape_interval": f"{seconds}s", "evaluation_interval": f"{seconds}s"},
        "rule_files": [str(each) for each in rules],
        "scrape_configs": [{"job_name": "kodeks", "static_configs": [{"targets": [exporter] if exporter else []}]}],
    }
    if alertmanager:
        document["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
        if key:
            document["alerting"]["alert_relabel_configs"] = _signing(key)
    return yaml.safe_dump(document, sort_keys=False)


def _signing(key: str) -> list[dict[str, Any]]:
    """What ``kodeks-exporter render`` writes: a signature on each alert that can be taken."""
    holder = "__tmp_kodeks_key"
    return [
        {"target_label": holder, "replacement": key},
        {
            "source_labels": [*SIGNED, holder], "separator": ";", "modulus": 2**64 - 1,
            "target_label": "reaction_key", "action": "hashmod",
        },
        {"regex": holder, "action": "labeldrop"},
        {
            "source_labels": ["alertname"], "regex": "|".join(ENDLESS),
            "target_label": "reaction_key", "replacement": "",
        },
    ]  # fmt: skip


def link_template(exporter: str) -> str:
    """Replaces the address that links of messages lead to, once it is read after the project's own templates."""
    return f'{{{{ define "kodeks.exporter" }}}}{exporter}{{{{ end }}}}\n'


def with_template(document: str, template: Path) -> str:
    """Alertmanager's configuration, with one more file of templates."""
    parsed: dict[str, Any] = yaml.load(document, yaml.CSafeLoader)
    parsed["templates"].append(str(template))
    return yaml.safe_dump(parsed, allow_unicode=True, sort_keys=False)


def hurried_rules(original: str, wait: str = "15s", longest: float = math.inf) -> str:
    """A file of rules whose groups are evaluated every 5 s and whose alerts wait for 15 s instead of minutes or half
    an hour. Thresholds, labels and texts stay. ValueError: the original is not YAML.

    ``longest``: seconds; alerts that wait longer are left as they are, and so is their ``keep_firing_for``. The latter
    is shortened only where this is given.
    """
    try:
        document: dict[str, Any] = yaml.load(original, yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(f"rules: {error}") from error
    for group in document["groups"]:
        group["interval"] = "5s"
        for rule in group["rules"]:
            if "for" in rule and _seconds(rule["for"]) <= longest:
                rule["for"] = wait
                if longest < math.inf and "keep_firing_for" in rule:
                    rule["keep_firing_for"] = wait
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)


def _seconds(duration: str) -> float:
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([smhd])", duration))


def alertmanager(
    original: Path, smarthost: str, telegram_url: str, token: str, *, quick: bool = True, wait: int = 10
) -> str:
    """The project's configuration with the sinks for the outside world; routes, receivers and texts stay.

    ValueError: the original is not YAML.
    ``quick``: groups wait for ``wait`` seconds, and half as long again, instead of their ordinary times.
    """
    try:
        document: dict[str, Any] = yaml.load(original.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(f"{original}: {error}") from error
    settings = document.setdefault("global", {})
    _replace(settings, "smtp_auth_", {"smtp_smarthost": smarthost, "smtp_require_tls": False})
    settings.setdefault("smtp_from", "kodeks@dealer.example")
    settings.pop("telegram_api_url", None)
    document["templates"] = [str(original.parent / pattern) for pattern in document.get("templates", [])]
    for receiver in document.get("receivers", []):
        receiver.pop("webhook_configs", None)  # nobody listens there in a demonstration
        for mail in receiver.get("email_configs", []):
            _replace(mail, "auth_", {})
            for key in ("smarthost", "require_tls", "tls_config"):
                mail.pop(key, None)
        for telegram in receiver.get("telegram_configs", []):
            _replace(telegram, "bot_token", {"api_url": telegram_url, "bot_token": token})
    if quick:
        _hurry(document["route"], wait)
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)


def _replace(section: dict[str, Any], prefix: str, values: dict[str, Any]) -> None:
    """Drop the keys that begin with ``prefix`` and set others."""
    for key in [key for key in section if key.startswith(prefix)]:
        del section[key]
    section.update(values)


def _hurry(route: dict[str, Any], wait: int) -> None:
    # 10 s are long enough for one incident to be one message: a round of checks and a scrape take 5 s each in the
    # demonstration.
    for key, value in (("group_wait", wait), ("group_interval", wait + wait // 2)):
        if key in route:
            route[key] = f"{value}s"
    for child in route.get("routes", []):
        _hurry(child, wait)

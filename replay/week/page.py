"""All texts of all alerts on one page, as a real Alertmanager sends them: a mail on a phone, and the Telegram message.

The alerts are those that the rule tests expect to fire, once for each title of each alert.
"""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import requests
import yaml

from demo import servers
from demo.rundir import RunDirectory
from demo.sinks import Mail, MailSink, TelegramMessage, TelegramSink
from demo.tools import ROOT
from kodeks_exporter.config.load import load
from kodeks_exporter.render.files import render

_SITE: Final = "https://kodeks.example"
_GRAFANA: Final = "https://grafana.example"
_QUIET: Final = 6.0
"""After this many seconds without a message, all have arrived."""


def written(page: Path) -> int:
    """Writes the page; returns how many alerts are on it. Raises OSError, ChildDiedError."""
    directory = RunDirectory()
    try:
        with MailSink() as mails, TelegramSink() as telegrams:
            alerts = list(_alerts())
            _send(directory.path, alerts, mails, telegrams)
            page.write_text(_page(mails.messages, telegrams.messages), encoding="utf-8")
        return len(alerts)
    finally:
        directory.remove()


def _alerts() -> Iterator[dict[str, Any]]:
    seen = set()
    for path in sorted((ROOT / "rules" / "tests").glob("*.yml")):
        for test in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)["tests"]:
            for question in test.get("alert_rule_test", ()):
                for expected in question.get("exp_alerts") or ():
                    texts = expected.get("exp_annotations", {})
                    kind = question["alertname"], texts.get("title")
                    if texts and kind not in seen:
                        seen.add(kind)
                        yield _alert(question["alertname"], expected.get("exp_labels", {}), texts, str(len(seen)))


def _alert(name: str, labels: dict[str, str], texts: dict[str, str], key: str) -> dict[str, Any]:
    base = {"runbook_url": _SITE, "dashboard": _GRAFANA}
    linked = {key: f"{base.get(key, '')}{value}" for key, value in texts.items()}
    whose = {} if labels.get("manager") == "ops" else {"manager": "ivanova", "branch": "saratov", "reaction_key": key}
    return {
        "labels": {**labels, "alertname": name, **whose},
        "annotations": linked,
        "startsAt": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(),
    }


def _send(folder: Path, alerts: list[dict[str, Any]], mails: MailSink, telegrams: TelegramSink) -> None:
    kodeks = {
        "managers": [{"name": "ivanova", "email": ["i@dealer.example"], "telegram_chat_id": -2, "branch": "saratov"}],
        "web": {"external_url": _SITE},
        "alertmanager": {
            "smtp": {"smarthost": f"{mails.host}:{mails.port}", "sender": "k@dealer.example", "require_tls": False},
            "telegram": {"bot_token": telegrams.token, "api_url": telegrams.url},
            "ops": {"email": "ops@dealer.example", "telegram_chat_id": -1},
        },
    }
    config = folder / "kodeks.yml"
    config.touch(mode=0o600)
    config.write_text(yaml.safe_dump(kodeks, allow_unicode=True), encoding="utf-8")
    for file in render(load(config, {})).files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    document = yaml.safe_load((folder / "alertmanager.yml").read_text(encoding="utf-8"))
    document["inhibit_rules"] = []
    _each_alone(document["route"])
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    with servers.alertmanager(folder / "alertmanager.yml", folder) as server:
        requests.post(f"{server.url}/api/v2/alerts", json=alerts, timeout=60).raise_for_status()
        came, since = 0, time.monotonic()
        while time.monotonic() - since < _QUIET or not came:
            server.check()
            now = len(mails.messages) + len(telegrams.messages)
            if now != came:
                came, since = now, time.monotonic()
            time.sleep(0.2)


def _each_alone(route: dict[str, Any]) -> None:
    """Without the morning digests, which are lists."""
    together = route.get("group_by") if route.pop("active_time_intervals", None) else None
    route.pop("mute_time_intervals", None)
    route.update(group_by=together or ["..."], group_wait="3s", group_interval="10m", repeat_interval="1d")
    for child in route.get("routes", ()):
        _each_alone(child)


_STYLE: Final = """
body { font-family: sans-serif; background: #ddd; margin: 16px; } section { display: flex; gap: 16px; margin: 24px 0; }
h2 { font-size: 15px; margin: 0 0 4px; } iframe { width: 390px; height: 560px; border: 0; background: #fff; }
pre { width: 360px; white-space: pre-wrap; font: 14px/20px sans-serif; background: #fff; padding: 12px; margin: 0; }
"""


def _page(mails: list[Mail], telegrams: list[TelegramMessage]) -> str:
    rows = []
    for mail in sorted(mails, key=lambda each: each.subject.rpartition("[")[2]):
        title = mail.subject.partition(" [")[0]
        name = mail.subject.rpartition("[")[2].split(", ")[1]
        near = next((each for each in telegrams if f"/{name}.md" in each.markup and _same(each, title)), None)
        chat = f"<pre>{near.markup}</pre>" if near else ""
        rows.append(
            f"<h2>{html.escape(mail.subject)} → {html.escape(', '.join(mail.to))}</h2>"
            f'<section><iframe srcdoc="{html.escape(mail.html)}"></iframe>{chat}</section>'
        )
    return f'<!DOCTYPE html><meta charset="utf-8"><title>Сообщения</title><style>{_STYLE}</style>{"".join(rows)}'


def _same(message: TelegramMessage, title: str) -> bool:
    said = message.text.splitlines()[0].partition(" ")[2].partition(" · ")[0]
    return said[1:] in title

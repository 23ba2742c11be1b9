"""A real Alertmanager with the project's configuration, and sinks for what it sends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import yaml

from demo import configs, servers
from demo.sinks.mail import Mail, MailSink
from demo.sinks.telegram import TelegramMessage, TelegramSink

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "alertmanager" / "alertmanager.yml"
DOCS = "https://kodeks.dealer.example"
SECONDS = 20.0
AHEAD = timedelta(seconds=30)
"""Alertmanager waits for the rest of a group only while its first alert is younger than group_wait. On a busy machine a
post takes longer, so alerts that have only just begun do so a little later than now: then it always waits."""


def alert(name: str = "KodeksTcpStatus", *, minutes: float = 3, **labels: str) -> dict[str, Any]:
    """A firing alert as Prometheus posts it, of ivanova's client Ромашка where nothing else is said.

    ``minutes``: how long it has fired; 0: it has only just begun.
    """
    site = labels.get("installation", "romashka")
    return {
        "labels": {
            "alertname": name, "product": "kodeks", "severity": "critical", "priority": "K1",
            "manager": "ivanova", "branch": "saratov", "client": "ООО «Ромашка»", "installation": site, "url": f"http://{site}.example:8080",
        } | labels,
        "annotations": {
            "title": "Порт установки закрыт",
            "summary": f"Порт установки закрыт: ООО «Ромашка» ({site})",
            "details": "",
            "description": f"Порт Кодекса на {site} не принимает соединений. Сначала: проверьте, запущена ли служба.",
            "runbook_url": f"{DOCS}/docs/errors/{name}.md",
            "dashboard": f"https://grafana.dealer.example/d/kodeks-fleet?var-installation={site}",
        },
        "startsAt": (datetime.now(UTC) - (timedelta(minutes=minutes) or -AHEAD)).isoformat(),
    }  # fmt: skip


def resolved(firing: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {**firing, "startsAt": min(firing["startsAt"], now.isoformat()), "endsAt": now.isoformat()}


@dataclass(frozen=True)
class Stand:
    url: str
    mails: MailSink
    telegrams: TelegramSink

    def post(self, *alerts: dict[str, Any]) -> None:
        response = requests.post(f"{self.url}/api/v2/alerts", json=list(alerts), timeout=10)
        assert response.status_code == 200, response.text

    def mail(self, subject: str) -> Mail:
        """The first mail whose subject holds the text."""
        return self.mails.wait_for(lambda mail: subject in mail.subject, SECONDS)

    def telegram(self, text: str) -> TelegramMessage:
        """The first Telegram message that holds the text."""
        return self.telegrams.wait_for(lambda message: text in message.text, SECONDS)

    def inhibited(self, name: str, site: str = "") -> bool:
        """Are all firing alerts of this name (at this installation) muted now?"""
        wanted = [f'alertname="{name}"', *([f'installation="{site}"'] if site else [])]
        alerts = requests.get(f"{self.url}/api/v2/alerts", params={"filter": wanted}, timeout=10).json()
        assert alerts, f"no alert {name}"
        return all(found["status"]["state"] == "suppressed" for found in alerts)

    def receivers(self, name: str) -> set[str]:
        alerts = requests.get(f"{self.url}/api/v2/alerts", params={"filter": f'alertname="{name}"'}, timeout=10).json()
        return {receiver["name"] for found in alerts for receiver in found["receivers"]}


def _quick(route: dict[str, Any]) -> None:
    """Groups are looked at every second, and digests leave at any hour."""
    route.update(group_wait="500ms", group_interval="1s")
    route.pop("active_time_intervals", None)
    for child in route.get("routes", []):
        _quick(child)


@contextlib.contextmanager
def running(directory: Path, dead_man: str) -> Iterator[Stand]:
    """``dead_man``: where the webhook of KodeksWatchdog is sent to."""
    with MailSink() as mails, TelegramSink() as telegrams:
        smarthost = f"{mails.host}:{mails.port}"
        document = yaml.load(
            configs.alertmanager(CONFIG, smarthost, telegrams.url, telegrams.token, quick=False), yaml.CSafeLoader
        )
        _quick(document["route"])
        links = directory / "links.tmpl"
        links.write_text(configs.link_template(DOCS), encoding="utf-8")
        document["templates"].append(str(links))
        for receiver in document["receivers"]:
            if receiver["name"] == "dead-man":
                receiver["webhook_configs"] = [{"url": dead_man, "send_resolved": False}]
        config = directory / "alertmanager.yml"
        config.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        with servers.alertmanager(config, directory, environment={"TZ": "Europe/Saratov"}) as server:
            yield Stand(server.url, mails, telegrams)
        text = server.log.read_text(encoding="utf-8")
        assert "template" not in "".join(line for line in text.splitlines() if "level=error" in line), text
        assert not telegrams.refusals

"""Real Alertmanagers in a cluster on loopback, and the exporter's watching of them without the rest of it."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.test import Client, TestResponse

from demo import servers
from demo.processes import free_port
from kodeks_exporter.domain.acknowledge import LABELS, sign
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.metrics.exposition import Exposition
from kodeks_exporter.service.reaction import Reactions
from kodeks_exporter.settings.fleet import Fleet, Manager
from kodeks_exporter.settings.reaction import ReactionSettings
from kodeks_exporter.settings.settings import Settings
from kodeks_exporter.web.app import Application
from tests.web.fakes import FakeBackend

KEY = "0123456789abcdef0123456789abcdef"
SECONDS = 20.0
CONFIG = """
route: {receiver: nobody}
receivers: [{name: nobody}]
inhibit_rules:
  - source_matchers: [alertname="KodeksHostingOutage"]
    target_matchers: [alertname="KodeksTcpStatus"]
    equal: [hosting]
"""


def alert(name: str = "KodeksTcpStatus", *, minutes: float = 30, **labels: str) -> dict[str, Any]:
    """A firing alert as Prometheus posts it, of ivanova's client Ромашка where nothing else is said."""
    all_labels = {
        "alertname": name, "severity": "critical", "priority": "K1", "manager": "ivanova", "branch": "saratov",
        "client": "ООО «Ромашка»", "installation": "romashka",
    } | labels  # fmt: skip
    starts = datetime.now(UTC) - timedelta(minutes=minutes)
    return {
        "labels": all_labels,
        "annotations": {"summary": f"Порт установки закрыт: {all_labels['client']} ({all_labels['installation']})"},
        "startsAt": starts.isoformat(timespec="milliseconds"),
        "endsAt": (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="milliseconds"),
    }


def started(firing: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(firing["startsAt"]).timestamp()


def resolved(firing: dict[str, Any]) -> dict[str, Any]:
    return {**firing, "endsAt": datetime.now(UTC).isoformat()}


def parameters(firing: Mapping[str, Any], key: str = KEY, **others: str) -> dict[str, str]:
    """Of the link that a message about this alert carries."""
    labels = {name: firing["labels"].get(name, "") for name in LABELS}
    since = f"{round(started(firing) * 1000)}"
    link = {"alert": labels.pop("alertname"), **labels, "since": since}
    return link | {"key": sign(key, firing["labels"])} | others


class Alertmanager:
    """One member; ``start`` and ``stop`` it as often as wished, it keeps its address and its folder."""

    def __init__(self, folder: Path, peers: tuple[int, ...], gossip: int) -> None:
        folder.mkdir()
        (folder / "alertmanager.yml").write_text(CONFIG, encoding="utf-8")
        own = f"127.0.0.1:{gossip}" if gossip else ""
        self._server = servers.alertmanager(
            folder / "alertmanager.yml",
            folder,
            *([f"--cluster.advertise-address={own}"] if own else []),
            *(f"--cluster.peer=127.0.0.1:{peer}" for peer in peers if peer != gossip),
            "--cluster.gossip-interval=20ms",
            "--cluster.pushpull-interval=500ms",
            "--cluster.settle-timeout=100ms",
            "--cluster.reconnect-interval=200ms",
            cluster=own,
        )
        self.url = self._server.url
        self.port = int(self.url.rpartition(":")[2])

    def start(self) -> None:
        self._server.start()
        self._server.wait()

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        self._server.signal(signal.SIGKILL)
        self._server.stop()

    def post(self, *alerts: dict[str, Any]) -> None:
        response = requests.post(f"{self.url}/api/v2/alerts", json=list(alerts), timeout=10)
        assert response.status_code == 200, response.text

    def silence(self, comment: str, author: str = "Иванова", minutes: float = 60, **matchers: str) -> str:
        now = datetime.now(UTC)
        document = {
            "matchers": [
                {"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in matchers.items()
            ],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(minutes=minutes)).isoformat(),
            "createdBy": author,
            "comment": comment,
        }
        response = requests.post(f"{self.url}/api/v2/silences", json=document, timeout=10)
        assert response.status_code == 200, response.text
        return str(response.json()["silenceID"])

    def silences(self) -> list[dict[str, Any]]:
        """Those in force."""
        found: list[dict[str, Any]] = requests.get(f"{self.url}/api/v2/silences", timeout=10).json()
        return [each for each in found if each["status"]["state"] == "active"]

    def expire(self, silence: str) -> None:
        assert requests.delete(f"{self.url}/api/v2/silence/{silence}", timeout=10).status_code == 200

    def silenced(self) -> dict[str, bool]:
        """Installation to whether its alert is silenced."""
        found = requests.get(f"{self.url}/api/v2/alerts", timeout=10).json()
        return {each["labels"].get("installation", ""): bool(each["status"]["silencedBy"]) for each in found}


@contextlib.contextmanager
def cluster(folder: Path, number: int = 2) -> Iterator[tuple[Alertmanager, ...]]:
    gossip = tuple(free_port() for _ in range(number)) if number > 1 else (0,)
    members = tuple(Alertmanager(folder / f"am{index}", gossip, port) for index, port in enumerate(gossip))
    try:
        for member in members:
            member.start()
        yield members
    finally:
        for member in members:
            member.stop()


FULL_NAMES = {"ivanova": "Мария Иванова"}


@dataclass
class Bench:
    """Watches these members whenever ``look`` is called. The clock is the real one, and ``ahead`` seconds."""

    storage: Path
    urls: tuple[str, ...]
    grace: float = 0.0
    ahead: float = 0.0
    reaction: dict[str, Any] = field(default_factory=dict)
    managers: tuple[str, ...] = ("ivanova", "petrov", "sidorov")

    def __enter__(self) -> Bench:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reactions.close()

    def open(self) -> None:
        reaction = ReactionSettings(
            alertmanagers=self.urls, link="https://kodeks.dealer.example", key=Secret(KEY), **self.reaction
        )
        fleet = Fleet(managers={name: Manager(name, full_name=FULL_NAMES.get(name, "")) for name in self.managers})
        self.settings = Settings(fleet=fleet, reaction=reaction) if self.urls else Settings(fleet=fleet)
        self.reactions = Reactions(self.storage, lambda: self.settings, self.grace, self.now)
        self.client = Client(Application(FakeBackend(), self.reactions.routes()))

    def reopen(self) -> None:
        self.reactions.close()
        self.open()

    def now(self) -> float:
        return time.time() + self.ahead

    def look(self) -> None:
        for job in self.reactions.jobs(self.settings).values():
            job.run()

    def values(self) -> dict[str, float]:
        """Sample with its labels, as written, to its value; without the histograms' buckets."""
        text = Exposition().render(self.reactions.sources(self.settings)).decode()
        return {
            sample.name + "{" + ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items())) + "}":
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if not sample.name.endswith("_bucket")
        }  # fmt: skip

    def until(self, found: Callable[[dict[str, float]], bool]) -> dict[str, float]:
        """Looks until the metrics are so."""
        deadline = time.monotonic() + SECONDS
        while True:
            self.look()
            values = self.values()
            if found(values):
                return values
            assert time.monotonic() < deadline, values
            time.sleep(0.1)

    # The page

    def get(self, **link: str) -> TestResponse:
        return self.client.get("/acknowledge", query_string=link)

    def post(
        self,
        link: Mapping[str, str],
        who: str = "Анна Иванова",
        comment: str = "Звоню",
        seconds: str = "7200",
        **more: str,
    ) -> TestResponse:
        form = {"who": who, "comment": comment, "seconds": seconds, **more}
        return self.client.post("/acknowledge", query_string=dict(link), data=form)


def series(name: str, manager: str = "ivanova", priority: str = "K1", **labels: str) -> str:
    """The key of ``Bench.values``."""
    everything = {"manager": manager, "priority": priority} | labels
    return name + "{" + ",".join(f"{key}={value}" for key, value in sorted(everything.items())) + "}"

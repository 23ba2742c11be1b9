"""Scrapes of a large exporter during hostile traffic: plain and TLS, one kind at a time and all at once."""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

import bcrypt
import requests
import urllib3
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from bench.hostile import BYTE, GUESS, HALF, SILENT, crowd
from bench.rows import bounded
from kodeks_exporter.config.webfile import ServerSecurity
from kodeks_exporter.metrics.exposition import Exposition, Source
from kodeks_exporter.web.app import Application
from kodeks_exporter.web.connection import ServerOptions
from kodeks_exporter.web.server import WebServer
from tests.web.certificates import Authority
from tests.web.fakes import FakeBackend

SERIES, INSTALLATIONS, SCRAPES = 50_000, 500, 8
CROWDS = (
    {SILENT: 1000},
    {BYTE: 1000},
    {HALF: 300},
    {GUESS: 200},
    {SILENT: 1000, BYTE: 1000, HALF: 300, GUESS: 200},
)
_AUTH = ("prometheus", "right-password")


class Large(FakeBackend):
    """As many series as a fleet of 1000 has; a tenth of the installations change at each scrape."""

    def __init__(self) -> None:
        super().__init__()
        self._exposition = Exposition()
        self._scrapes = 0

    def metrics(self, openmetrics: bool) -> bytes:
        self._scrapes += 1
        sources = [
            Source("checks", number, self._scrapes if number % 10 == 0 else 0, lambda number=number: _families(number))  # type: ignore[misc]
            for number in range(INSTALLATIONS)
        ]
        return self._exposition.render(sources, openmetrics=openmetrics)


def _families(number: int) -> list[Metric]:
    family = GaugeMetricFamily("kodeks_check_success", "Made up.", labels=["installation", "check"])
    for check in range(SERIES // INSTALLATIONS):
        family.add_metric([f"installation-{number}", f"check-{check}"], number)
    return [family]


def measure(*, tls: bool, folder: Path) -> float:
    """The slowest scrape over all crowds, in seconds; infinite if one failed."""
    users = {_AUTH[0]: bcrypt.hashpw(_AUTH[1].encode(), bcrypt.gensalt(12))}
    security = ServerSecurity(users=users)
    if tls:
        pair = Authority(folder, "authority").issue("server")
        security = ServerSecurity(cert_file=pair.cert, key_file=pair.key, users=users)
    options = ServerOptions(max_connections=1024, max_body=0)
    server = WebServer("127.0.0.1:0", Application(Large()), security, options, ("/upload",))
    server.start()
    _slowest(server.url, 1)  # renders everything for the first time, and remembers the password
    worst = _slowest(server.url)
    print(f"{'TLS' if tls else 'plain'}, nobody else: {worst:.2f} s")
    for numbers in CROWDS:
        with crowd(server.address, numbers, tls=tls) as everybody:
            slowest = _slowest(server.url)
        worst = max(worst, slowest)
        told = ", ".join(f"{number} {kind}" for kind, number in numbers.items())
        print(f"{'TLS' if tls else 'plain'}, {told} (opened {everybody.opened.total()}): {slowest:.2f} s", flush=True)
    server.stop()
    return worst


def _slowest(url: str, scrapes: int = SCRAPES) -> float:
    slowest = 0.0
    for _ in range(scrapes):
        began = time.monotonic()
        try:
            good = requests.get(url + "/metrics", auth=_AUTH, timeout=15, verify=False).ok
        except requests.RequestException:
            good = False
        slowest = max(slowest, time.monotonic() - began if good else float("inf"))
        time.sleep(1.0)
    return slowest


def main() -> float:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 16384)), hard))
    urllib3.disable_warnings()
    with tempfile.TemporaryDirectory() as folder:
        worst = max(measure(tls=tls, folder=Path(folder)) for tls in (False, True))
    bounded("slowest scrape during 1,000 hostile connections", worst, 2.0, "s")
    return worst


if __name__ == "__main__":
    main()

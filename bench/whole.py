"""Everything at once, as on an ordinary day: ``./run bench whole [SIZES]``, 500, 1000 and 2000 by default.

A size is the number of installations, checked every 30 s, each with an hourly report of 1 MB and 50 users. There are as
many online accesses, and a scrape every 15 s. This prints CPU time as a share of one core, memory, and the time of a
scrape and of the status page; then what doubling the size costs.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import requests

from bench.fleet import TOKEN, fleet_and_vendor, write_config
from bench.ingest import write_next_hour
from bench.process import Exporter, cpu_seconds, fetch, memory_megabytes
from bench.rows import bounded, row
from bench.sysinfo import MIB, write_report

SIZES = (500, 1000, 2000)
SECONDS = 120
SCRAPES = 15
USERS = 50
MOST_GROWTH = 2.1
AIMED_AT = 1000
"""The number of installations that the limits on memory and CPU time apply to."""


@dataclass(frozen=True, slots=True)
class Cost:
    """``share`` of one core; ``memory`` in MB, the ``most`` so far; CPU seconds of a ``scrape`` and the ``page``."""

    share: float
    memory: float
    most: float
    scrape: float
    page: float


def main(sizes: tuple[int, ...] = SIZES) -> None:
    costs = {size: measure(size) for size in sizes}
    for size, cost in costs.items():
        print(
            f"{size} + {size}: {cost.share:.1%} of a core, {cost.memory:.0f} MB ({cost.most:.0f} MB at the most),"
            f" {1000 * cost.memory / size:.0f} KB an installation, scrape {cost.scrape:.3f} s, page {cost.page:.3f} s"
        )
        if size == AIMED_AT:
            bounded(f"memory, {size} + {size}", cost.memory, 250, "MB")
            bounded(f"CPU of all, {size} + {size}", 100 * cost.share, 15, "% of a core")
    for half, twice in ((size, 2 * size) for size in sizes if 2 * size in costs):
        a, b = costs[half], costs[twice]
        for what, of_half, of_twice in (
            ("CPU", a.share, b.share),
            ("memory", a.memory, b.memory),
            ("scrape", a.scrape, b.scrape),
            ("page", a.page, b.page),
        ):
            row(f"{what}, {twice}", f"{of_twice:.3g}", f"{of_half:.3g} with {half}", of_twice / of_half, MOST_GROWTH)


def measure(size: int) -> Cost:
    with tempfile.TemporaryDirectory() as name, fleet_and_vendor(size, size) as (urls, accesses):
        folder = Path(name)
        write_config(folder / "kodeks.yml", urls, "30s", accesses)
        first, later = folder / "first.xml", folder / "later.xml"
        with first.open("w", encoding="utf-8") as file:
            write_report(file, MIB, users=USERS)
        write_next_hour(first, later)
        exporter = Exporter(folder)
        try:
            return _measured(exporter, size, first.read_bytes(), later.read_bytes())
        finally:
            exporter.end()


def _measured(exporter: Exporter, size: int, first: bytes, later: bytes) -> Cost:
    for number in range(size):
        upload(exporter, f"s{number}", first)
    exporter.scrape()
    begin, used = time.monotonic(), cpu_seconds(exporter.pid)
    sent = scraped = 0
    while (now := time.monotonic() - begin) < SECONDS:
        if now >= scraped * SCRAPES:
            exporter.scrape()
            scraped += 1
        elif now >= sent * 3600 / size:
            upload(exporter, f"s{sent % size}", later)
            sent += 1
        else:
            time.sleep(0.05)
    share = (cpu_seconds(exporter.pid) - used) / (time.monotonic() - begin)
    memory, most = memory_megabytes(exporter.pid), memory_megabytes(exporter.pid, most=True)
    return Cost(share, memory, most, _asked(exporter, "/metrics"), _asked(exporter, "/"))


def upload(exporter: Exporter, name: str, report: bytes) -> None:
    while True:
        answer = requests.post(
            f"{exporter.url}/upload",
            params={"token": TOKEN},
            headers={"dealer": "bench"},
            files={"file": (f"{name}.xml", report)},
            timeout=120,
        )
        if answer.ok:
            return
        if answer.status_code not in (429, 503):
            raise RuntimeError(f"upload: {answer.status_code} {answer.text}")
        time.sleep(0.2)


def _asked(exporter: Exporter, path: str) -> float:
    """CPU seconds of the cheapest of several responses; they include whatever else runs meanwhile."""
    cheapest = float("inf")
    for _ in range(5):
        before = cpu_seconds(exporter.pid)
        fetch(exporter.url + path)
        cheapest = min(cheapest, cpu_seconds(exporter.pid) - before)
    return cheapest


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or SIZES)

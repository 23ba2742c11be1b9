"""How long an exporter with 13 months of 200 installations takes from its start to its first complete ``/metrics``."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from bench.process import Exporter, cpu_seconds, memory_megabytes
from bench.rows import bounded
from bench.sysinfo import ZONE
from kodeks_exporter.domain.report import (
    CARD_FIELDS,
    Block,
    ReadSummary,
    ReportHeader,
    ReportSink,
    SearchEvent,
    User,
    UserUsage,
)
from kodeks_exporter.settings.history import HistorySettings
from kodeks_exporter.store.journal import Journal
from kodeks_exporter.store.reports import ReportStore

INSTALLATIONS = 200
MONTHS = 13
USERS = 40
COUNTERS = len(UserUsage._fields) - 3
SEARCHES = 20
"""Per installation and working day."""
ROUNDS = 3
BOUND = 1.5


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        document = {
            "managers": [{"name": "ivanova"}],
            "installations": [
                {"name": f"s{number}", "client": f"Клиент {number}", "manager": "ivanova", "mode": "push"}
                for number in range(INSTALLATIONS)
            ],
        }
        (folder / "kodeks.yml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        searches = fill(folder / "data")
        size = sum(file.stat().st_size for file in (folder / "data").rglob("*") if file.is_file())
        best, memory = float("inf"), 0.0
        for _ in range(ROUNDS):
            exporter = Exporter(folder)
            try:
                shown = exporter.scrape().count("\nkodeks_sysinfo_size_bytes{")
                assert shown == INSTALLATIONS, shown
                best = min(best, cpu_seconds(exporter.pid))
                memory = memory_megabytes(exporter.pid)
            finally:
                exporter.end()
    print(f"{searches} searches, {size / 2**20:.0f} MB on disk, {memory:.0f} MB in memory")
    bounded(f"start with {MONTHS} months of {INSTALLATIONS}, CPU to the first scrape", best, BOUND, "s")


def fill(folder: Path) -> int:
    """Stores 13 months of reports; returns the number of searches."""
    settings, now = HistorySettings(), datetime.now(UTC)
    folder.mkdir()
    store = ReportStore(folder, settings)
    pick = random.Random(1)
    users, usage, searches = list(_users(now)), list(_usage(pick, now)), list(_searches(pick, now))

    def read(sink: ReportSink) -> ReadSummary:
        header = ReportHeader(created=now.timestamp(), seats=25, client="Клиент", regnum="0599_123456")
        sink.header(header)
        for user in users:
            sink.user(user)
        for row in usage:
            sink.usage(row)
        for search in searches:
            sink.search(search)
        return ReadSummary(header, frozenset(Block), "bare", "xml", "utf-8", 1_000_000)

    for number in range(INSTALLATIONS):
        store.ingest(f"s{number}", read, ZONE, "push", now.timestamp())
    Journal(store, folder, settings.journal, store.names("plain")).run()
    store.close()
    return INSTALLATIONS * len(searches)


def _users(now: datetime) -> Iterator[User]:
    for user in range(USERS):
        filled = dict.fromkeys(CARD_FIELDS, True)
        yield User(f"user{user}", "DOMAIN", now.timestamp() - 3e7, now.timestamp(), filled)


def _usage(pick: random.Random, now: datetime) -> Iterator[UserUsage]:
    for month in sorted({f"{now - timedelta(days=30 * back):%Y-%m}" for back in range(MONTHS)}):
        for user in range(USERS):
            yield UserUsage(f"user{user}", "DOMAIN", month, *[pick.randrange(100) for _ in range(COUNTERS)])


def _searches(pick: random.Random, now: datetime) -> Iterator[SearchEvent]:
    for day in range(30 * MONTHS, 0, -1):
        moment = (now - timedelta(days=day)).timestamp()
        for _ in range(SEARCHES):
            moment += pick.randrange(1800)
            status = "empty" if pick.random() < 0.1 else "ok"
            query = f"ГОСТ {pick.randint(1, 60000)}-{pick.randint(1970, 2025)}"
            login, lasted = f"user{pick.randrange(USERS)}", round(pick.random() * 9, 2)
            yield SearchEvent(moment, login, "/docs", "ksrv", "intellectual", status, query, 1, lasted)


if __name__ == "__main__":
    main()

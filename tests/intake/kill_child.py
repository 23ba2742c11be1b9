"""Takes numbered files without end, until it is killed: ``python -m tests.intake.kill_child STORAGE FIRST``."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.report import ReadSummary, ReportSink
from kodeks_exporter.intake.intake import Intake
from kodeks_exporter.intake.spool import Via
from tests.intake.fakes import PROFILE, fleet


class SqliteStore:
    """Like the real one: the same report twice counts once."""

    def __init__(self, storage: Path) -> None:
        self._connection = sqlite3.connect(storage / "store.sqlite", isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("CREATE TABLE IF NOT EXISTS report (number INTEGER PRIMARY KEY)")

    def ingest(
        self, installation: str, read: Callable[[ReportSink], ReadSummary], zone: ZoneInfo, via: Via, received: float
    ) -> None:
        assert isinstance(read, partial)
        path: Path = read.args[0]
        self._connection.execute("INSERT OR IGNORE INTO report VALUES (?)", (int(path.read_bytes()),))

    def record_error(self, installation: str, reason: str) -> None:
        raise AssertionError(reason)


def open_intake(storage: Path) -> Intake:
    inventory = fleet()
    return Intake(storage, lambda: inventory, SqliteStore(storage), lambda _: PROFILE)


def stored(storage: Path) -> list[int]:
    with sqlite3.connect(storage / "store.sqlite") as connection:
        return [number for (number,) in connection.execute("SELECT number FROM report")]


def main() -> None:
    storage, number = Path(sys.argv[1]), int(sys.argv[2])
    intake = open_intake(storage)
    print("ready", flush=True)
    intake.recover()
    while True:
        with intake.incoming(100) as incoming:
            for digit in str(number):
                incoming.write(digit.encode())
            intake.accept("romashka", incoming, "push", ".zip")
        print(number, flush=True)
        number += 1


if __name__ == "__main__":
    main()

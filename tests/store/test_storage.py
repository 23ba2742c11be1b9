"""The folder of the storage: one exporter's alone, readable or set aside, and in nobody's way."""

from __future__ import annotations

import random
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from kodeks_exporter.settings.history import HistorySettings
from kodeks_exporter.store import online, reaction, reports
from kodeks_exporter.store.database import FILE_NAME, Database, StorageError
from kodeks_exporter.store.folder import StorageLock, opened, reserve
from kodeks_exporter.store.live import LiveStore
from kodeks_exporter.store.online import OnlineStore
from kodeks_exporter.store.reaction import ReactionStore
from kodeks_exporter.store.reports import ReportStore
from kodeks_exporter.store.writer import Writer
from tests.store.reporting import Bench, Search, report

STORES: dict[str, Callable[[Path], object]] = {
    FILE_NAME: lambda folder: LiveStore(Database(folder)),
    reports.FILE_NAME: lambda folder: ReportStore(folder, HistorySettings()),
    online.FILE_NAME: OnlineStore,
    reaction.FILE_NAME: ReactionStore,
}


def test_the_second_exporter_of_a_storage_is_refused(tmp_path: Path) -> None:
    first = StorageLock(tmp_path / "data")
    with pytest.raises(StorageError, match="another exporter"):
        StorageLock(tmp_path / "data")
    first.close()
    StorageLock(tmp_path / "data").close()


def damaged(path: Path, pick: random.Random) -> None:
    data = bytearray(path.read_bytes())
    match pick.choice(("page", "cut", "empty", "text", "header")):
        case "page":
            place = pick.randrange(len(data))
            data[place : place + 600] = pick.randbytes(min(600, len(data) - place))
        case "cut":
            del data[pick.randrange(len(data)) :]
        case "empty":
            data.clear()
        case "text":
            data = bytearray("это не база\n".encode() * 700)
        case "header":
            data[16:100] = pick.randbytes(84)
    path.write_bytes(data)


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A storage with its four files, closed."""
    folder = tmp_path_factory.mktemp("storage")
    for name, build in STORES.items():
        store = build(folder)
        if isinstance(store, ReportStore | OnlineStore | ReactionStore):
            store.close()
        with closing(sqlite3.connect(folder / name)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder


def unreadable(folder: Path) -> int:
    with closing(StorageLock(folder)) as lock:
        return lock.unreadable()


@pytest.mark.parametrize("swap", [False, True])
def test_a_folder_that_goes_away_or_is_replaced_is_noticed(swap: bool, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with closing(StorageLock(folder)) as lock:
        assert lock.unreadable() == 0
        shutil.rmtree(folder)
        if swap:
            StorageLock(folder).close()
        assert lock.unreadable() == 1


@pytest.mark.parametrize("name", STORES)
def test_whatever_is_in_a_file_the_exporter_starts(name: str, storage: Path, tmp_path: Path) -> None:
    pick = random.Random(name)
    for number in range(12):
        folder = tmp_path / str(number)
        shutil.copytree(storage, folder, ignore=shutil.ignore_patterns("*-wal", "*-shm"))  # empty, and on their way out
        damaged(folder / name, pick)
        size = (folder / name).stat().st_size
        opened(folder, name, lambda folder=folder: STORES[name](folder))  # type: ignore[misc]
        kept = [path for path in folder.glob("*.unreadable-*") if not path.name.endswith(("-wal", "-shm"))]
        assert unreadable(folder) == len(kept)
        if kept:
            assert kept[0].stat().st_size >= size  # for whoever can still save something of it


@pytest.mark.parametrize("what", ["events", "page"])
def test_what_turns_out_damaged_in_use_is_told_and_set_aside_at_the_next_start(what: str, tmp_path: Path) -> None:
    first, second = Search("2026-11-19T10:00:00"), Search("2026-11-19T11:00:00")
    bench = Bench(tmp_path)
    bench.take(report("2026-11-20T09:55:00", searches=[first]))
    bench.store.close()
    folder = tmp_path / "storage"
    with closing(sqlite3.connect(folder / reports.FILE_NAME, isolation_level=None)) as connection:
        if what == "events":
            connection.execute("UPDATE event_part SET events = x'ff00ff00'")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'event_part'").fetchone()
    if what == "page":
        with (folder / reports.FILE_NAME).open("r+b") as file:
            file.seek((page - 1) * size)
            file.write(b"\xa5" * size)
    bench.store = ReportStore(folder, HistorySettings())
    for _ in range(2):
        with pytest.raises(StorageError):
            bench.take(report("2026-11-20T09:56:00", searches=[second, first]))
        assert unreadable(folder) == 1
    bench.store.close()
    bench.store = opened(folder, reports.FILE_NAME, lambda: ReportStore(folder, HistorySettings()))
    assert bench.take(report("2026-11-20T09:57:00", searches=[second, first])).new_searches == 2
    bench.store.close()
    assert unreadable(folder) == 1  # the old one, for whoever can still save something of it


def test_what_another_file_would_not_mend_sets_nothing_aside(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StorageError, match="newer version"):
        opened(tmp_path, FILE_NAME, lambda: Database(tmp_path))

    def full() -> Database:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorname = "SQLITE_FULL"
        raise error

    with pytest.raises(StorageError, match="the disk is full"):
        opened(tmp_path, FILE_NAME, full)
    assert unreadable(tmp_path) == 0


def test_a_full_disk_is_met_with_what_was_reserved(tmp_path: Path) -> None:
    reserve(tmp_path)
    size = (tmp_path / "reserve").stat().st_size

    def needs_room() -> str:
        if (tmp_path / "reserve").exists():
            raise OSError(28, "No space left on device")
        return "opened"

    assert size >= 1024 * 1024
    assert opened(tmp_path, FILE_NAME, needs_room) == "opened"


def test_nobody_waits_for_a_locked_database(tmp_path: Path) -> None:
    database = Database(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        for number in range(1000):
            database.later({"a": ("INSERT OR REPLACE INTO trial VALUES ('a', ?, NULL)", (float(number),))})
        assert time.monotonic() - began < 1
        assert not database.flush(0.05)
        backlog = database.backlog()
        assert 1 <= backlog.rows <= 2  # a thousand changes of one thing are one
        assert 0 < backlog.seconds < 5
        other.execute("ROLLBACK")
    assert database.flush()
    assert database.backlog().rows == 0
    with database.reading() as connection:
        assert connection.execute("SELECT installation, start FROM trial").fetchall() == [("a", 999.0)]
    database.close()


def test_a_writer_that_fails_keeps_what_it_was_given(caplog: pytest.LogCaptureFixture) -> None:
    written: list[object] = []
    trouble = threading.Event()
    trouble.set()

    class Connection:
        def execute(self, statement: str, parameters: tuple[object, ...]) -> None:
            written.append((statement, parameters))

    @contextmanager
    def transaction() -> Iterator[sqlite3.Connection]:
        if trouble.is_set():
            raise sqlite3.OperationalError("disk I/O error")
        yield Connection()  # type: ignore[misc]

    writer = Writer(transaction, "x.sqlite", most=3, again=0.01)
    for number in range(5):
        writer.put({number: (f"row {number}", ())})
    writer.put({4: ("row 4 again", ())})
    assert not writer.flush(0.1)
    assert caplog.text.count("still retrying") == 1
    trouble.clear()
    assert writer.flush(5)
    assert written[-1] == ("row 4 again", ())
    assert len(written) <= 3
    assert writer.backlog().lost >= 2
    writer.close(1)


def test_space_is_given_back(tmp_path: Path) -> None:
    database = Database(tmp_path)
    with database.transaction() as connection:
        connection.execute("CREATE TABLE big (data BLOB)")
        connection.executemany("INSERT INTO big VALUES (?)", [(bytes(10_000),) for _ in range(500)])
    database.give_back()
    large = (tmp_path / FILE_NAME).stat().st_size
    with database.transaction() as connection:
        connection.execute("DELETE FROM big WHERE rowid > 50")
    database.give_back()
    assert (tmp_path / FILE_NAME).stat().st_size < large / 4
    database.close()

"""A database that was copied while SQLite had it open: its last records lie in the file beside it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.sysinfo.inspect import inspect

from .conftest import DEFAULT, read, zipped


@pytest.fixture
def copied(folder: Path) -> tuple[bytes, bytes]:
    """Database and -wal, as a copying script finds them."""
    source = folder / "sysinfo.db"
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE users (login, domain, registered, last_seen)")
        connection.execute("INSERT INTO users (login) VALUES ('old')")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.executemany("INSERT INTO users (login) VALUES (?)", [(f"new{number}",) for number in range(500)])
        return source.read_bytes(), source.with_name("sysinfo.db-wal").read_bytes()


def logins(content: bytes, folder: Path) -> int:
    return len(read(content, folder).got.users)


def test_with_its_wal_in_the_zip_it_is_read_whole(folder: Path, copied: tuple[bytes, bytes]) -> None:
    database, wal = copied
    assert logins(zipped(("a/x.db", database), ("a/x.db-wal", wal), ("a/x.db-shm", b"\0" * 40000)), folder) == 501
    assert logins(zipped(("x.db-wal", wal), ("x.db", database)), folder) == 501


def test_with_its_wal_beside_it_it_is_read_and_inspected_whole(folder: Path, copied: tuple[bytes, bytes]) -> None:
    (folder / "upload.tmp-wal").write_bytes(copied[1])
    assert logins(copied[0], folder) == 501
    assert inspect(folder / "upload.tmp", DEFAULT).survey.groups["users"] == 501
    assert (folder / "upload.tmp").read_bytes() == copied[0]


def test_without_it_it_is_refused_by_name(folder: Path, copied: tuple[bytes, bytes]) -> None:
    database, wal = copied
    for content in (database, zipped(("x.db", database)), zipped(("x.db", database), ("y.db-wal", wal))):
        with pytest.raises(UnreadableReport, match="broken_sqlite") as raised:
            read(content, folder)
        assert "-wal" in raised.value.text


def test_a_wal_of_another_database_is_not_taken(folder: Path, copied: tuple[bytes, bytes]) -> None:
    database, wal = copied
    for other in (wal[:100], b"\xff" * len(wal), wal[:16] + b"\0" * 16 + wal[32:]):
        with pytest.raises(UnreadableReport, match="broken_sqlite"):
            read(zipped(("x.db", database), ("x.db-wal", other)), folder)


def test_a_copy_of_the_middle_of_a_transaction_is_refused_by_name(folder: Path) -> None:
    source = folder / "x.db"
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE users (login, domain, registered, last_seen)")
        connection.execute("PRAGMA journal_mode=PERSIST")
        connection.execute("INSERT INTO users (login) VALUES ('old')")
        settled = zipped(("x.db", source.read_bytes()), ("x.db-journal", (folder / "x.db-journal").read_bytes()))
        connection.execute("PRAGMA cache_size=1")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO users (login) VALUES (?)", [(f"new{number}",) for number in range(9000)])
        database, journal = source.read_bytes(), (folder / "x.db-journal").read_bytes()
    assert logins(settled, folder) == 1
    for beside in (False, True):
        if beside:
            (folder / "upload.tmp-journal").write_bytes(journal)
        with pytest.raises(UnreadableReport, match="broken_sqlite") as raised:
            read(database if beside else zipped(("x.db", database), ("x.db-journal", journal)), folder)
        assert "посреди записи" in raised.value.text


def test_a_database_in_the_ordinary_mode_needs_none(folder: Path, copied: tuple[bytes, bytes]) -> None:
    path = folder / "sysinfo.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    assert logins(path.read_bytes(), folder) == 501

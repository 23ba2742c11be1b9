"""A SQLite file in ``--storage.path``: opening, schema versions, and one lock for all who write."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

FILE_NAME = "kodeks.sqlite"

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE live_state (
        installation TEXT PRIMARY KEY,
        cause TEXT NOT NULL,             -- name of the check that is the root cause, '' when nothing fails
        state TEXT NOT NULL,
        since REAL NOT NULL,             -- Unix seconds: since when cause and state are what they are
        maintenance_start REAL,          -- Unix seconds, NULL outside maintenance
        restart TEXT,                    -- announced nightly times, HH:MM of the server's local time
        backup TEXT
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE trial (
        installation TEXT PRIMARY KEY,
        start REAL NOT NULL,             -- Unix seconds: first seen on trial
        contract REAL                    -- first seen without trial after that, NULL while on trial
    ) WITHOUT ROWID;
    """,
)
"""Schema version n is reached by running the first n scripts; a script that was released never changes."""


class StorageError(Exception):
    """The storage cannot be used; the message says where and what to do."""


class Database:
    """One connection for the process. ``transaction()`` serialises the writers; with WAL a kill -9 loses nothing
    that was committed."""

    def __init__(
        self,
        directory: Path,
        file_name: str = FILE_NAME,
        migrations: Sequence[str] = MIGRATIONS,
        page_size: int = 4096,
    ) -> None:
        """``page_size``: bytes, of a file that is made anew; large pages suit large values."""
        self._lock = threading.RLock()
        self._migrations = migrations
        path = directory / file_name
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
            self._connection.execute(f"PRAGMA page_size={page_size:d}")
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA journal_size_limit=16777216")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute("PRAGMA foreign_keys=ON")
            self._migrate(path)
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"{path}: cannot be used as storage: {error}; check --storage.path and its rights"
            ) from error

    def _migrate(self, path: Path) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(self._migrations):
            raise StorageError(
                f"{path}: written by a newer version (schema {version}); update the exporter or move it away"
            )
        for number, script in enumerate(self._migrations[version:], version + 1):
            self._connection.executescript(f"BEGIN; {script} PRAGMA user_version={number}; COMMIT;")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: committed at the end, rolled back on any exception."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            yield self._connection

    def close(self) -> None:
        with self._lock:
            self._connection.close()

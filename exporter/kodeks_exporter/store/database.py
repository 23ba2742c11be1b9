"""A SQLite file in ``--storage.path``: opening, schema versions, and one lock for all who write."""

import errno
import logging
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from kodeks_exporter.store.writer import Backlog, Rows, Writer

log = logging.getLogger(__name__)

FILE_NAME = "kodeks.sqlite"
UNREADABLE: Final = ".unreadable-"
"""In the names of files that were set aside, and of the notes about those that will be."""
_WAL_SIZE = 2 * 1024 * 1024
"""Bytes; a larger file is checkpointed and truncated."""

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
    """
    CREATE TABLE past (
        installation TEXT NOT NULL,
        start REAL NOT NULL,             -- Unix seconds: from then on, until the next one
        kind TEXT NOT NULL,              -- how users fared: ok, fault, down, planned, unknown
        state TEXT NOT NULL,
        cause TEXT NOT NULL,             -- name of the check that failed first, '' when none did
        text TEXT NOT NULL,
        PRIMARY KEY (installation, start)
    ) WITHOUT ROWID;
    CREATE TABLE watched (id INTEGER PRIMARY KEY, time REAL NOT NULL); -- when the newest round was, about
    """,
    """
    ALTER TABLE live_state ADD COLUMN title TEXT; -- of the main page when it was last proven to be Kodeks' own
    ALTER TABLE live_state ADD COLUMN logged_in INTEGER NOT NULL DEFAULT 0; -- the monitor's login has worked
    """,
)
"""Schema version n is reached by running the first n scripts; a script that was released never changes."""


class StorageError(Exception):
    """The storage cannot be used; the message says where and what to do."""


_PATIENCE: Final = 10.0
"""Seconds that a transaction waits for another one's lock."""
_NO_VERSION: Final = 10_000
"""No schema version gets there: a larger number means damage."""
_VACUUM_PAGES: Final = 256
_DAMAGE: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT")
_ENVIRONMENT: Final = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_BUSY",
                       "SQLITE_LOCKED", "SQLITE_PERM", "SQLITE_NOMEM", "SQLITE_AUTH")  # fmt: skip
"""Errors not caused by the file's content."""


class Database:
    """One connection for the process. ``transaction()`` serialises the writers; with WAL a kill -9 loses nothing
    that was committed. Writes that nobody waits for go to ``later``, in a separate thread."""

    def __init__(
        self,
        directory: Path,
        file_name: str = FILE_NAME,
        migrations: Sequence[str] = MIGRATIONS,
        page_size: int = 4096,
    ) -> None:
        """``page_size``: bytes, of a new file; large pages suit large values.

        Raises ``StorageError``, and ``sqlite3.Error`` for a file that is damaged or not one of our databases.
        """
        self._lock = threading.RLock()
        self._migrations = migrations
        self.path = path = directory / file_name
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_PATIENCE)
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"{path}: {in_words(error)}") from error
        try:
            self._connection.execute(f"PRAGMA page_size={page_size:d}")
            self._connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # of a new file
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute(f"PRAGMA journal_size_limit={_WAL_SIZE}")
            self._connection.execute(f"PRAGMA wal_autocheckpoint={_WAL_SIZE // page_size}")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute("PRAGMA foreign_keys=ON")
            self._migrate(path)
        except sqlite3.Error as error:
            self._connection.close()
            if is_environment(error):
                raise StorageError(f"{path}: {in_words(error)}") from error
            raise
        self._writer = Writer(self.transaction, file_name)

    def _migrate(self, path: Path) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if len(self._migrations) < version < _NO_VERSION:
            raise StorageError(
                f"{path}: written by a newer version (schema {version}); update the exporter or move it away"
            )
        if not 0 <= version <= len(self._migrations):
            raise sqlite3.DatabaseError(f"schema version {version} is none")
        for number, script in enumerate(self._migrations[version:], version + 1):
            self._connection.executescript(f"BEGIN; {script} PRAGMA user_version={number}; COMMIT;")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: committed at the end, rolled back on any exception."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException as error:
                self._judge(error)
                with suppress(sqlite3.Error):  # SQLite has already rolled back when the disk is full
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                self._judge(error)
                raise

    def _judge(self, error: BaseException) -> None:
        if getattr(error, "sqlite_errorname", "").startswith(_DAMAGE):
            self.damaged(error)

    def damaged(self, error: BaseException) -> None:
        """The content was found damaged while in use: leaves a note, which counts as an unreadable file. The next start
        sets the file aside."""
        note = note_of_damage(self.path)
        with suppress(OSError):
            note.open("x").close()
            reason = f"{type(error).__name__}: {error}"[:300]
            log.error(
                "a storage file is damaged: restart the exporter to set it aside and start a new one",
                extra={"file": self.path.name, "reason": reason},
            )

    def later(self, rows: Rows) -> None:
        """Writes these rows soon, in one transaction, without waiting. A later row replaces an unwritten one with
        the same key."""
        self._writer.put(rows)

    def flush(self, patience: float = 5.0) -> bool:
        """Waits until everything is written. False: it was not within ``patience`` seconds."""
        return self._writer.flush(patience)

    def backlog(self) -> Backlog:
        return self._writer.backlog()

    def give_back(self) -> None:
        """Returns deleted space to the disk, a little at a time. Raises ``sqlite3.Error``."""
        while True:
            with self._lock:
                free = self._connection.execute("PRAGMA freelist_count").fetchone()[0]
                if not free:
                    break
                self._connection.execute(f"PRAGMA incremental_vacuum({_VACUUM_PAGES:d})").fetchall()
                if self._connection.execute("PRAGMA freelist_count").fetchone()[0] >= free:
                    break  # an older file: its free pages are reused but not returned
        with self._lock:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        self._writer.close(_PATIENCE / 2)
        if self._lock.acquire(timeout=1.0):  # otherwise it is stuck on the disk, and we would be too
            self._connection.close()
            self._lock.release()


def note_of_damage(path: Path) -> Path:
    return path.with_name(f"{path.name}{UNREADABLE}soon")


def is_environment(error: sqlite3.Error) -> bool:
    """Whether the disk, its space or permissions are at fault, and not the file's content."""
    return getattr(error, "sqlite_errorname", "").startswith(_ENVIRONMENT)


def in_words(error: OSError | sqlite3.Error) -> str:
    """What is wrong with the storage and what to do, in one sentence."""
    if isinstance(error, OSError):
        code = error.errno
        if code in (errno.ENOSPC, errno.EDQUOT):
            return "the disk is full; free some space"
        if code == errno.EROFS:
            return "the file system is read-only; mount it writable, or choose another --storage.path"
        if code in (errno.EEXIST, errno.ENOTDIR):
            return "a file is where a folder should be; move it away, or choose another --storage.path"
        if code in (errno.EACCES, errno.EPERM):
            return "no right to write there; give the folder to the exporter's user"
        return f"{error.strerror or error}; check --storage.path"
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_FULL"):
        return "the disk is full; free some space"
    if name.startswith("SQLITE_READONLY"):
        return "can't be written; check that the file system is writable and the file belongs to the exporter's user"
    if name.startswith("SQLITE_BUSY"):
        return "another program has locked the database for long; close it"
    return f"{error}; check --storage.path: its disk, space and rights"

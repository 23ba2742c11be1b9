"""The folder of ``--storage.path``: locked by one exporter, with some space reserved for starting on a full disk,
and with recovery when a file can't be read."""

import errno
import fcntl
import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from kodeks_exporter.store.database import UNREADABLE, StorageError, in_words, is_environment, note_of_damage

log = logging.getLogger(__name__)

T = TypeVar("T")

_LOCK: Final = "lock"
_RESERVE: Final = "reserve"
_RESERVED: Final = 2 * 1024 * 1024
"""Bytes freed when the disk is full at startup: SQLite needs some space to open a database."""
_BESIDE: Final = ("", "-wal", "-shm")


class StorageLock:
    """Locks a folder for the lifetime of this process, however it ends."""

    def __init__(self, directory: Path) -> None:
        """Raises ``StorageError``, also when another exporter has it."""
        self._directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._descriptor = _open_lock(directory / _LOCK)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StorageError(
                f"{directory}: another exporter uses this storage; stop it, or give this one its own --storage.path"
            ) from None
        except OSError as error:
            raise StorageError(f"{directory}: {in_words(error)}") from error

    def unreadable(self) -> int:
        """How many files that could not be read lie in the storage, until somebody has looked at them and removed them.
        A folder that was removed or replaced while the exporter runs counts as one."""
        held = os.fstat(self._descriptor)
        with suppress(OSError):
            if any(os.path.samestat(held, path.stat()) for path in (self._directory, self._directory / _LOCK)):
                return sum(
                    UNREADABLE in path.name and not path.name.endswith(_BESIDE[1:])
                    for path in self._directory.iterdir()
                )
        return 1

    def close(self) -> None:
        os.close(self._descriptor)


def opened(directory: Path, file_name: str, build: Callable[[], T]) -> T:
    """The result of ``build`` for a file of the storage. An unreadable file is renamed with the date, and ``build``
    is called again, as is one that was found damaged while in use. Raises ``StorageError`` for errors that a new file
    would not fix."""
    note = note_of_damage(directory / file_name)
    if note.exists():
        _set_aside(directory, file_name, sqlite3.DatabaseError("found damaged while in use"))
        note.unlink()
    try:
        try:
            return _try(directory / file_name, build)
        except StorageError:
            if not _free_reserve(directory / _RESERVE):
                raise
            return _try(directory / file_name, build)
    except StorageError:
        raise
    except Exception as error:  # whatever damaged bytes lead to
        _set_aside(directory, file_name, error)
        return _try(directory / file_name, build)


def _try(path: Path, build: Callable[[], T]) -> T:
    try:
        return build()
    except sqlite3.Error as error:
        if is_environment(error):
            raise StorageError(f"{path}: {in_words(error)}") from error
        raise
    except OSError as error:
        raise StorageError(f"{path}: {in_words(error)}") from error


def reserve(directory: Path) -> None:
    """Reserves some space for the next start, if there is any now."""
    path = directory / _RESERVE
    with suppress(OSError):
        if not path.exists() or path.stat().st_size < _RESERVED:
            with path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, _RESERVED)


def _free_reserve(path: Path) -> bool:
    try:
        if path.stat().st_size < _RESERVED:
            return False
        path.unlink()
    except OSError:
        return False
    log.warning("the storage can't be opened: trying again with the space reserved for a full disk")
    return True


def _set_aside(directory: Path, file_name: str, error: Exception) -> None:
    target = directory / f"{file_name}{UNREADABLE}{datetime.now(UTC):%Y%m%d-%H%M%S}"
    try:
        for suffix in _BESIDE:
            source = directory / (file_name + suffix)
            if source.exists():
                source.rename(target.with_name(target.name + suffix))
    except OSError as problem:
        raise StorageError(f"{directory / file_name}: can't be read ({error}) nor moved away: {problem}") from None
    log.error(
        "a storage file can't be read: it was set aside and a new one started",
        extra={"file": file_name, "reason": f"{type(error).__name__}: {error}"[:300], "kept_as": target.name},
    )


def _open_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.ENOSPC):
            raise
        return os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)  # a folder can be locked as well

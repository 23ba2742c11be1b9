"""The folder in which files arrive. A file is there from its first byte until it is stored or refused.

While being received, its name ends with ``.part``; the name of a complete file holds everything known about it, so that
after a crash only the folder is needed.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, cast

from kodeks_exporter.config.files import sync_directory
from kodeks_exporter.intake.errors import StorageBusy, StorageFull, TooLarge, is_full

Via = Literal["pull", "push", "hand"]
"""How a report came."""
_VIAS: Final = ("pull", "push", "hand")
_PART: Final = ".part"
_MILLIS: Final = re.compile("0[0-9]{14}")
"""Milliseconds since 1970, until the year 5138."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A complete file. ``suffix`` has its dot; ``received`` is Unix seconds."""

    installation: str
    suffix: str
    via: Via
    received: float

    @property
    def file(self) -> str:
        return self.installation + self.suffix


class Incoming:
    """A file being received. Use it as a context manager: a file not passed to ``Intake.accept`` is deleted."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self.size = 0
        self._limit = limit
        with storage_errors():
            self._file = path.open("xb", buffering=0)

    def write(self, data: bytes) -> None:
        """Raises TooLarge beyond the limit, StorageFull."""
        self.size += len(data)
        if self.size > self._limit:
            raise TooLarge(self._limit)
        view = memoryview(data)
        with storage_errors():
            while view:
                view = view[self._file.write(view) :]

    def finish(self) -> Path:
        """Call it when everything is written: syncs the file to disk. Raises StorageFull."""
        with storage_errors():
            os.fsync(self._file.fileno())
            self._file.close()
        return self.path

    def __enter__(self) -> Incoming:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._file.close()
        self.path.unlink(missing_ok=True)


class Spool:
    def __init__(self, directory: Path, token: Callable[[], str] = lambda: secrets.token_hex(4)) -> None:
        """Deletes partial files of the last process. Raises OSError."""
        self._directory = directory
        self._token = token
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for half in directory.glob(f"*{_PART}"):
            half.unlink(missing_ok=True)

    def incoming(self, limit: int) -> Incoming:
        """A place for a file of at most ``limit`` bytes. Raises StorageFull."""
        return Incoming(self._directory / f"{secrets.token_hex(8)}{_PART}", limit)

    def settle(self, path: Path, parcel: Parcel) -> Path:
        """Renames a complete file of this folder to its final name, after which it survives a crash."""
        stamp = f"{int(parcel.received * 1000):015d}-{self._token()}"
        settled = self._directory / f"{stamp}.{parcel.via}.{parcel.file}"
        with storage_errors():
            path.rename(settled)
            sync_directory(self._directory)
        return settled

    def settled(self) -> list[tuple[Path, Parcel]]:
        """Complete files, oldest first. Other files are ignored."""
        found = []
        for path in sorted(self._directory.iterdir()):
            parcel = _parcel(path.name)
            if parcel is not None and path.is_file():
                found.append((path, parcel))
        return found


def _parcel(file_name: str) -> Parcel | None:
    stamp, _, rest = file_name.partition(".")
    via, _, named = rest.partition(".")
    name, dot, extension = named.rpartition(".")
    millis = stamp.partition("-")[0]
    if via not in _VIAS or not name or not _MILLIS.fullmatch(millis):
        return None
    return Parcel(name, dot + extension, cast(Via, via), int(millis) / 1000)


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turns «disk full» into StorageFull, and what else is wrong with the disk into StorageBusy."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise StorageFull("the disk is full") from error
        raise StorageBusy(f"{error.filename or 'the storage'}: {error.strerror}") from error

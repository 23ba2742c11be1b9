"""A folder to drop files into, for closed networks where reports are carried by hand."""

import logging
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.intake.errors import IntakeError, StorageFull, UnknownInstallation, UnknownSuffix
from kodeks_exporter.intake.intake import SUFFIXES, Intake
from kodeks_exporter.intake.status_file import MAX_SIZE, UnreadableStatus
from kodeks_exporter.intake.statuses import SUFFIX as STATUS_SUFFIX
from kodeks_exporter.poll.scheduler import Pace
from kodeks_exporter.settings.fleet import Fleet

log = logging.getLogger(__name__)

REFUSED: Final = "refused"
_BEING_COPIED: Final = (".part", ".partial", ".tmp", ".filepart", ".crdownload", ".swp", "~")
_MOST_FILES: Final = 1000  # looked at in one poll
_PIECE: Final = 256 * 1024

_Stamp = tuple[int, int, int]
"""Size, modification time (ns) and inode: they show whether a file is another one or still being written."""


class Inbox:
    """Call ``poll`` every few seconds, from one thread at a time.

    A file is taken once it has not changed between two polls. One that can't be taken is moved to ``refused``, with the
    reason in a text file beside it; only stored files are deleted. Symbolic links are never followed.
    """

    def __init__(
        self,
        directory: Path,
        intake: Intake,
        fleet: Callable[[], Fleet],
        limit: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``limit``: bytes of a report. Raises OSError when the folder can't be created."""
        self._directory = directory
        self._intake = intake
        self._fleet = fleet
        self._limit = limit
        self._clock = clock
        self._seen: dict[str, _Stamp] = {}
        self._given_up: dict[str, _Stamp] = {}
        """Files that could be neither taken nor moved: not tried again until they change."""
        directory.mkdir(parents=True, exist_ok=True)

    def poll(self) -> int:
        """Takes the files that are ready; returns how many were stored. Raises OSError when the folder can't be
        read."""
        stamps = self._look()
        ready = [name for name, stamp in stamps.items() if self._seen.get(name) == stamp != self._given_up.get(name)]
        self._seen = stamps
        self._given_up = {name: stamp for name, stamp in self._given_up.items() if stamps.get(name) == stamp}
        taken = 0
        for name in sorted(ready, key=lambda name: stamps[name][1]):  # oldest first: the newest report stays in force
            try:
                taken += self._take(name, stamps[name])
            except OSError as error:
                self._give_up(name, stamps[name], error.strerror or type(error).__name__)
        return taken

    def run(self) -> Pace:
        """``poll`` as a job of the scheduler."""
        try:
            self.poll()
        except OSError as error:
            log.error("inbox can't be read", extra={"folder": str(self._directory), "reason": error.strerror})
            return Pace.FAILED
        return Pace.NORMAL

    def _look(self) -> dict[str, _Stamp]:
        stamps: dict[str, _Stamp] = {}
        with os.scandir(self._directory) as entries:
            for entry in entries:
                if len(stamps) >= _MOST_FILES:
                    break
                if entry.name.startswith(".") or entry.name.lower().endswith(_BEING_COPIED):
                    continue
                with suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode):
                        stamps[entry.name] = _stamp(status)
        return stamps

    def _take(self, name: str, stamp: _Stamp) -> int:
        try:
            self._store(name, stamp)
        except StorageFull:
            log.error("no space for a file from the inbox: it stays there", extra={"file": name})
            return 0
        except _Changed:
            return 0
        except (UnreadableReport, UnreadableStatus) as error:
            self._refuse(name, error.text, f"{error.reason}: {error.detail}")
            return 0
        except IntakeError as error:
            self._refuse(name, error.text, type(error).__name__)
            return 0
        except OSError:
            raise
        except Exception as error:
            log.exception("a file in the inbox can't be read", extra={"file": name})
            self._give_up(name, stamp, type(error).__name__)
            return 0
        path = self._directory / name
        if _stamp(path.lstat()) == stamp:  # otherwise it has been replaced in the meantime
            path.unlink()
        return 1

    def _store(self, name: str, stamp: _Stamp) -> None:
        installation, dot, extension = name.rpartition(".")
        suffix = (dot + extension).lower()
        if suffix not in SUFFIXES:
            raise UnknownSuffix(suffix)
        if installation not in self._fleet().installations:
            raise UnknownInstallation(installation)
        limit = MAX_SIZE if suffix == STATUS_SUFFIX else self._limit
        # Non-blocking: a named pipe must not hang us.
        descriptor = os.open(self._directory / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb", buffering=0) as source, self._intake.incoming(limit) as incoming:
            if _stamp(os.fstat(descriptor)) != stamp:
                raise _Changed
            while piece := source.read(_PIECE):
                incoming.write(piece)
            if _stamp(os.fstat(descriptor)) != stamp:
                raise _Changed
            self._intake.accept(installation, incoming, "hand", suffix)

    def _refuse(self, name: str, text: str, reason: str) -> None:
        log.warning("file in the inbox rejected", extra={"file": name, "reason": reason})
        folder = self._directory / REFUSED
        with suppress(FileExistsError):
            folder.mkdir()
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise NotADirectoryError(20, "refused is not a folder")
        now = datetime.fromtimestamp(self._clock()).astimezone()
        target = self._free(folder, name, now)
        (self._directory / name).rename(target)
        explanation = f"{now:%d.%m.%Y %H:%M:%S}  {name}\n{text}\n({reason})\n"
        target.with_name(target.name + ".txt").write_text(explanation, encoding="utf-8")

    def _free(self, folder: Path, name: str, now: datetime) -> Path:
        stem, dot, extension = name.rpartition(".")
        target, number = folder / name, 0
        while os.path.lexists(target):
            number += 1
            target = folder / f"{stem}-{now:%Y%m%d-%H%M%S}-{number}{dot}{extension}"
        return target

    def _give_up(self, name: str, stamp: _Stamp, reason: str) -> None:
        log.error("a file in the inbox can be neither accepted nor moved away", extra={"file": name, "reason": reason})
        self._given_up[name] = stamp


class _Changed(Exception):  # noqa: N818 - not an error: the file is tried again at the next poll
    pass


def _stamp(status: os.stat_result) -> _Stamp:
    return status.st_size, status.st_mtime_ns, status.st_ino

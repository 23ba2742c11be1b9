"""Takes a received file in: into the store, then into the folder of available files.

The order makes a kill at any moment safe. A complete file is first settled in the spool, then stored, then moved to
``files``; only then does the sender get 200. Files in the spool at startup are stored then; storing one twice is
harmless, because the store counts the same report once.
"""

import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from kodeks_exporter.config.files import sync_directory
from kodeks_exporter.domain.report import ReadSummary, ReportSink, UnreadableReport
from kodeks_exporter.intake.errors import StorageBusy, StorageFull, UnknownInstallation, UnknownSuffix, is_full
from kodeks_exporter.intake.spool import Incoming, Parcel, Spool, Via, storage_errors
from kodeks_exporter.intake.status_file import EMPTY, UnreadableStatus
from kodeks_exporter.intake.statuses import SUFFIX as STATUS_SUFFIX
from kodeks_exporter.intake.statuses import PushedStatus, StatusBook, Trail, read_status
from kodeks_exporter.settings.checks import SysmonSettings
from kodeks_exporter.settings.fleet import Fleet, Installation
from kodeks_exporter.store.database import StorageError
from kodeks_exporter.sysinfo.profile import Profile
from kodeks_exporter.sysinfo.read import read_report

log = logging.getLogger(__name__)

REPORT_SUFFIXES: Final = (".zip", ".xml", ".db", ".sqlite")
SUFFIXES: Final = (*REPORT_SUFFIXES, STATUS_SUFFIX)
"""Of files that are taken; lower case."""
_NOTHING: Final = SysmonSettings()


class Reports(Protocol):
    """The store of reports."""

    def ingest(
        self, installation: str, read: Callable[[ReportSink], ReadSummary], zone: ZoneInfo, via: Via, received: float
    ) -> object:
        """Stores what ``read`` passes to a sink; the same report twice counts once. Raises UnreadableReport, after
        counting it."""

    def record_error(self, installation: str, reason: str) -> None:
        """Counts a report that could not be fetched or stored (``kodeks_sysinfo_errors_total``)."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """``file`` is ``NAME.suffix``. ``result``: of the store; None for a status."""

    installation: str
    file: str
    via: Via
    received: float
    size: int
    result: object | None


@dataclass(frozen=True, slots=True)
class Kept:
    """The newest good report of an installation. ``received`` in Unix seconds."""

    path: Path
    received: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The last report that could not be read. ``received``: Unix seconds; ``text``: why, empty after a restart."""

    received: float
    text: str


class Intake:
    """Safe to use from many threads; reports of one installation are taken one after another."""

    def __init__(
        self,
        storage: Path,
        fleet: Callable[[], Fleet],
        reports: Reports,
        profile: Callable[[Installation], Profile],
        *,
        concurrency: int = 2,
        sysmon: SysmonSettings = _NOTHING,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``concurrency``: reports read at the same time; others wait.

        ``sysmon``: which metrics of a status are passed on. Raises OSError.
        """
        self._fleet = fleet
        self._reports = reports
        self._profile = profile
        self._sysmon = sysmon
        self._clock = clock
        self._files = storage / "files"
        self._rejected = storage / "rejected"
        for directory in (self._files, self._rejected):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._spool = Spool(storage / "spool")
        self._left_behind = self._spool.settled()
        self._statuses = StatusBook(self._files, storage / "statuses", sysmon)
        self._slots = threading.BoundedSemaphore(concurrency)
        self._locks: dict[tuple[str, bool], threading.Lock] = {}
        self._locks_lock = threading.Lock()
        self._refused = {
            path.stem: Refused(modified, "")
            for path in self._rejected.iterdir()
            if path.suffix != STATUS_SUFFIX and (modified := _modified(path)) is not None
        }

    def recover(self) -> int:
        """Takes files that were complete but not stored when the last process ended.

        Call it once; returns their number. It may take minutes after a crash in a busy hour, and can run beside new
        uploads.
        """
        taken = 0
        for path, parcel in self._left_behind:
            if parcel.installation not in self._fleet().installations or parcel.suffix not in SUFFIXES:
                log.warning("file ignored: no longer in the inventory", extra={"file": path.name})
                continue
            try:
                self._take(path, parcel, recovered=True)
                taken += 1
            except Exception as error:
                log.warning("can't be recovered", extra={"file": path.name, "reason": f"{type(error).__name__}"})
        self._left_behind = []
        if taken:
            log.info("recovered files that arrived before the restart", extra={"files": taken})
        return taken

    def incoming(self, limit: int) -> Incoming:
        """A place to write a file being received, of at most ``limit`` bytes. Raises StorageFull."""
        return self._spool.incoming(limit)

    def accept(
        self, installation: str, incoming: Incoming, via: Via, suffix: str, received: float | None = None
    ) -> Accepted:
        """Stores a complete file. When it returns, the file is safe.

        ``suffix`` of ``SUFFIXES``. Raises UnknownInstallation, UnknownSuffix, StorageFull, UnreadableReport or
        UnreadableStatus (the file is then kept in ``rejected``, the last one of each installation), and what the store
        raises when it is broken.
        """
        if installation not in self._fleet().installations:
            raise UnknownInstallation(installation)
        if suffix not in SUFFIXES:
            raise UnknownSuffix(suffix)
        parcel = Parcel(installation, suffix, via, self._clock() if received is None else received)
        return self._take(self._spool.settle(incoming.finish(), parcel), parcel)

    def file(self, installation: str, suffix: str) -> Path:
        """Where the newest good file of that kind is, if there is one."""
        return self._files / (installation + suffix)

    def newest(self, installation: str) -> Kept | None:
        """The newest good report, however it came."""
        found = [
            Kept(path, path_time)
            for suffix in REPORT_SUFFIXES
            if (path_time := _modified(path := self.file(installation, suffix))) is not None
        ]
        return max(found, key=lambda kept: kept.received, default=None)

    def configure(self, sysmon: SysmonSettings) -> None:
        """After a reload: which metrics of a status are passed on, also for statuses received before."""
        if sysmon != self._sysmon:
            self._sysmon = sysmon
            self._statuses.read(sysmon)

    def statuses(self) -> Mapping[str, PushedStatus]:
        """The newest pushed status of each installation of the inventory that has one."""
        installations = self._fleet().installations
        return {name: status for name, status in self._statuses.all().items() if name in installations}

    def trails(self) -> Mapping[str, Trail]:
        """How status files arrived, for each installation of the inventory that ever pushed one."""
        installations = self._fleet().installations
        return {name: trail for name, trail in self._statuses.trails().items() if name in installations}

    def refused(self) -> Mapping[str, Refused]:
        """By installation, even if a newer report is readable."""
        return dict(self._refused)

    def note_error(self, installation: str, reason: str) -> None:
        """Counts why a report could not be fetched. Raises nothing."""
        try:
            self._reports.record_error(installation, reason)
        except Exception:
            log.exception("failed to count an error", extra={"installation": installation, "reason": reason})

    def _take(self, path: Path, parcel: Parcel, *, recovered: bool = False) -> Accepted:
        name = parcel.installation
        with self._lock(name, parcel.suffix == STATUS_SUFFIX):
            try:
                size = path.stat().st_size
                # Compare times only then: otherwise a clock set back would hide new files.
                outdated = recovered and self._shown_since(parcel) > parcel.received
                result = None if outdated and parcel.suffix == STATUS_SUFFIX else self._store(path, parcel)
                if outdated:
                    path.unlink()
                else:
                    self._place(path, parcel)
            except Exception as error:
                cause = _cause(error)
                if isinstance(error, UnreadableReport):
                    self._refused[name] = Refused(parcel.received, error.text)
                if isinstance(error, UnreadableStatus):
                    self._statuses.refused(name, parcel.received, error.reason)
                    if error.reason == EMPTY:  # this is what the script reports: the server does not answer
                        path.unlink(missing_ok=True)
                        log.info("empty status received: the client's server is silent", extra={"file": parcel.file})
                        return Accepted(name, parcel.file, parcel.via, parcel.received, 0, None)
                elif not isinstance(error, UnreadableReport):  # the store has counted these itself
                    self.note_error(name, cause)
                if cause not in _COME_AGAIN:
                    self._reject(path, parcel)
                elif not recovered:
                    path.unlink(missing_ok=True)
                if cause == "storage_full" and not isinstance(error, StorageFull):
                    raise StorageFull("the disk is full") from error
                if cause == "storage_busy":
                    raise StorageBusy("the storage can't be written") from error
                raise
        log.info("file accepted", extra={"file": parcel.file, "via": parcel.via, "size": size})
        return Accepted(name, parcel.file, parcel.via, parcel.received, size, result)

    def _store(self, path: Path, parcel: Parcel) -> object | None:
        if parcel.suffix == STATUS_SUFFIX:
            self._statuses.put(read_status(parcel.installation, path, parcel.received, self._sysmon))
            return None
        installation = self._fleet().installations[parcel.installation]
        zone, profile = installation.time_zone, self._profile(installation)
        with self._slots:
            return self._reports.ingest(
                installation.name,
                partial(read_report, path, profile, zone),
                zone,
                parcel.via,
                parcel.received,
            )

    def _place(self, path: Path, parcel: Parcel) -> None:
        target = self.file(parcel.installation, parcel.suffix)
        with storage_errors():
            # The time of receipt is the file's modification time, so that it is known after a restart.
            os.utime(path, (parcel.received, parcel.received))
            path.replace(target)
            for suffix in _kind(parcel):
                if suffix != parcel.suffix:
                    self.file(parcel.installation, suffix).unlink(missing_ok=True)
            sync_directory(self._files)

    def _shown_since(self, parcel: Parcel) -> float:
        """When the current file of the same kind was received; 0 when there is none."""
        return max(_modified(self.file(parcel.installation, suffix)) or 0.0 for suffix in _kind(parcel))

    def _reject(self, path: Path, parcel: Parcel) -> None:
        """Keeps the last broken report and status of an installation for investigation."""
        try:
            for suffix in _kind(parcel):
                if suffix != parcel.suffix:
                    (self._rejected / (parcel.installation + suffix)).unlink(missing_ok=True)
            path.replace(self._rejected / parcel.file)
        except OSError as error:
            log.warning("a rejected file can't be stored", extra={"file": parcel.file, "reason": error.strerror})

    def _lock(self, name: str, status: bool) -> threading.Lock:
        with self._locks_lock:
            return self._locks.setdefault((name, status), threading.Lock())


_COME_AGAIN: Final = ("storage_full", "storage_busy")
"""Temporary causes on our side: the sender is asked to retry, or the file waits."""
_DISK_FULL: Final = frozenset(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT))


def _cause(error: Exception) -> str:
    if isinstance(error, StorageFull) or is_full(error):
        return "storage_full"
    if isinstance(error, UnreadableReport) and error.reason == "io_error" and error.detail in _DISK_FULL:
        return "storage_full"  # while unpacking
    if isinstance(error, StorageError | StorageBusy | OSError):
        return "storage_busy"
    return error.reason if isinstance(error, UnreadableReport | UnreadableStatus) else "internal"


def _kind(parcel: Parcel) -> tuple[str, ...]:
    """Suffixes that exclude each other: an installation has one such file at most."""
    return (STATUS_SUFFIX,) if parcel.suffix == STATUS_SUFFIX else REPORT_SUFFIXES


def _modified(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None

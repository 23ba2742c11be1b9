"""Pulls reports from reachable installations, each about every ``poll.sysinfo``."""

import logging
import time
import zlib
from collections.abc import Callable, Mapping
from typing import Final

from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.intake.download import Downloader
from kodeks_exporter.intake.errors import IntakeError
from kodeks_exporter.intake.intake import Intake
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.poll.scheduler import Job, Pace
from kodeks_exporter.settings.fleet import Fleet, Installation, Mode
from kodeks_exporter.settings.settings import Settings

log = logging.getLogger(__name__)

POOL: Final = "sysinfo"
"""Of the scheduler; its size is ``reports.download_concurrency``."""
_LOOKS: Final = 11
"""How often within an interval a job checks whether it is time: a failed download is repeated after 1/5 of it."""
_LONGEST_SPREAD: Final = 300.0


def due(newest: float | None, now: float, interval: float) -> bool:
    """Whether it is time for another report: the newest is about one interval old, or from the future (the clock was
    set back)."""
    return newest is None or not 0 <= now - newest < interval - interval / _LOOKS / 2


def pull_job(
    name: str,
    intake: Intake,
    downloader: Downloader,
    settings: Callable[[], Settings],
    planned: Callable[[Installation], bool],
    clock: Callable[[], float] = time.time,
) -> Callable[[], Pace]:
    """A job that downloads one installation's report when it is time.

    ``planned`` True: the announced backup or restart is running, and the server is left alone.
    """

    def run() -> Pace:
        current = settings()
        installation = current.fleet.installations.get(name)
        if installation is None or not is_pulled(installation) or planned(installation):
            return Pace.NORMAL
        newest = intake.newest(name)
        if not due(newest.received if newest else None, clock(), current.poll.sysinfo):
            return Pace.NORMAL
        try:
            with intake.incoming(current.reports.download_limit) as incoming:
                suffix = downloader.download(installation, current.reports, current.checks, incoming.write)
                intake.accept(name, incoming, "pull", suffix)
        except CheckError as error:
            intake.note_error(name, error.reason)
            log.warning("report not downloaded", extra={"installation": name, "reason": error.reason})
            return Pace.FAILED
        except UnreadableReport as error:
            log.warning("downloaded report is unreadable", extra={"installation": name, "reason": str(error)})
            return Pace.FAILED
        except IntakeError as error:
            log.warning("report not stored", extra={"installation": name, "reason": type(error).__name__})
            return Pace.FAILED
        return Pace.NORMAL

    return run


def pull_jobs(
    fleet: Fleet, interval: float, job: Callable[[str], Callable[[], Pace]], pool: str = POOL
) -> Mapping[str, Job]:
    """Jobs for the scheduler, by key. ``interval`` in seconds; ``job`` makes the job of a name (``pull_job``)."""
    look = interval / _LOOKS
    spread = min(_LONGEST_SPREAD, interval / 2)
    return {
        f"sysinfo {name}": Job(
            run=job(name),
            interval=look,
            longest=2 * interval,
            pool=pool,
            slow_pool=pool,
            delay=spread * (zlib.crc32(name.encode()) / 2**32),
        )
        for name, installation in fleet.installations.items()
        if is_pulled(installation)
    }


def is_pulled(installation: Installation) -> bool:
    return installation.mode is Mode.PULL and bool(installation.url)

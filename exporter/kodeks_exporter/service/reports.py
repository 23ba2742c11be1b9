"""Puts sysinfo reports together: ways in, store, journal, forwarding."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from kodeks_exporter.config.problems import ConfigError, Problem
from kodeks_exporter.intake.download import Downloader
from kodeks_exporter.intake.forward import POOL as FORWARD_POOL
from kodeks_exporter.intake.forward import Forwarder, forward_job, forward_jobs
from kodeks_exporter.intake.inbox import Inbox
from kodeks_exporter.intake.intake import Intake
from kodeks_exporter.intake.pull import POOL as PULL_POOL
from kodeks_exporter.intake.pull import pull_job, pull_jobs
from kodeks_exporter.metrics import forward as forward_metrics
from kodeks_exporter.metrics import intake as intake_metrics
from kodeks_exporter.metrics import pushed as pushed_metrics
from kodeks_exporter.metrics import report as report_metrics
from kodeks_exporter.metrics.exposition import Source
from kodeks_exporter.poll.scheduler import Job, Pace
from kodeks_exporter.settings.fleet import Fleet, Installation
from kodeks_exporter.settings.settings import Settings
from kodeks_exporter.store.database import StorageError
from kodeks_exporter.store.folder import opened
from kodeks_exporter.store.journal import Journal
from kodeks_exporter.store.reports import FILE_NAME, ReportStore
from kodeks_exporter.sysinfo.profile import BadProfile, Profile, load_profile
from kodeks_exporter.web.app import Route
from kodeks_exporter.web.upload import Uploads

log = logging.getLogger(__name__)

_HOUSEKEEPING_POOL = "housekeeping"
_JOURNAL_INTERVAL = 2.0
_PRUNE_INTERVAL = 86400.0
_PRUNE_DELAY = 600.0


def load_profiles(settings: Settings) -> dict[str, Profile]:
    """The profiles that installations name, searched beside the configuration. Raises ``ConfigError`` with every
    mistake."""
    folder = settings.source.parent
    profiles: dict[str, Profile] = {}
    problems = []
    for name in sorted({installation.profile for installation in settings.fleet.installations.values()}):
        try:
            profiles[name] = load_profile(name, [folder, folder / "profiles"])
        except BadProfile as error:
            problems.append(Problem(str(settings.source), 0, f"profile {name}", str(error)))
    if problems:
        raise ConfigError(problems)
    return profiles


class Reporting:
    """Safe to use from many threads. ``settings`` gives the ones in force."""

    def __init__(
        self,
        storage: Path,
        settings: Callable[[], Settings],
        resolve: Callable[[str], tuple[str, ...]],
        planned: Callable[[Installation], bool],
    ) -> None:
        """``planned``: whether an installation is in its announced nightly downtime. Raises ``StorageError``,
        ``ConfigError``, ``OSError``."""
        current = settings()
        self._settings = settings
        self.profiles = load_profiles(current)
        self.store = opened(storage, FILE_NAME, lambda: ReportStore(storage, current.history))
        self._names = self.store.names(current.privacy.user_labels)
        self._journal = Journal(self.store, storage, current.history.journal, self._names)
        self.intake = Intake(
            storage,
            self._fleet,
            self.store,
            lambda installation: self.profiles[installation.profile],
            concurrency=current.reports.ingest_concurrency,
            sysmon=current.checks.sysmon,
        )
        inbox = Path(current.reports.inbox) if current.reports.inbox else storage / "inbox"
        self._inbox = Inbox(inbox, self.intake, self._fleet, current.reports.upload_limit)
        self._uploads = Uploads(self.intake, self._fleet, current.reports.upload_limit, current.reports.max_uploads)
        self._downloader = Downloader(resolve)
        self._forwarder = Forwarder(storage, resolve)
        self._planned = planned

    def pools(self) -> dict[str, int]:
        """Thread pools that ``jobs`` run in, with their sizes."""
        current = self._settings().reports
        return {PULL_POOL: current.download_concurrency, FORWARD_POOL: 1, _HOUSEKEEPING_POOL: 2}

    def routes(self) -> tuple[Route, ...]:
        return self._uploads.routes()

    def configure(self, settings: Settings, profiles: dict[str, Profile]) -> None:
        """After a reload."""
        self.profiles = profiles
        self.store.configure(settings.history)
        self._names = self.store.names(settings.privacy.user_labels)
        self._journal.configure(settings.history.journal, self._names)
        self.intake.configure(settings.checks.sysmon)

    def jobs(self, settings: Settings) -> dict[str, Job]:
        """Regular jobs under these settings, by key."""
        jobs: dict[str, Job] = {
            "recover": self._housekeeping(self._recover, 10 * _PRUNE_INTERVAL, 0.0),
            "inbox": self._housekeeping(self._inbox.run, settings.reports.inbox_interval, 1.0),
            "journal": self._housekeeping(self._write_journal, _JOURNAL_INTERVAL, 2.0),
            "prune": self._housekeeping(self._prune, _PRUNE_INTERVAL, _PRUNE_DELAY),
        }
        jobs |= pull_jobs(
            settings.fleet,
            settings.poll.sysinfo,
            lambda name: pull_job(name, self.intake, self._downloader, self._settings, self._planned),
        )
        jobs |= forward_jobs(
            settings.fleet,
            settings.reports.forward,
            lambda name: forward_job(name, self.intake, self._forwarder, self._settings),
        )
        return jobs

    def sources(self, settings: Settings) -> Iterator[Source]:
        """All series from reports, for the installations in these settings."""
        now = time.time()
        installations = settings.fleet.installations
        snapshots, statuses, trails = self.store.snapshots(), self.intake.statuses(), self.intake.trails()
        forwarded = self._forwarder.forwarded()
        for name, installation in installations.items():
            if name in snapshots:
                yield from report_metrics.sources(installation, snapshots[name], settings.history, self._names, now)
            if name in statuses:
                fresh = pushed_metrics.is_fresh(statuses[name], now)
                yield Source(
                    "pushed",
                    name,
                    (installation, statuses[name], fresh),
                    partial(pushed_metrics.families, installation, statuses[name], fresh=fresh),
                )
            if name in trails:
                trail = trails[name]
                yield Source("pushed", ("trail", name), trail, partial(pushed_metrics.trail_families, name, trail))
            if name in forwarded:
                yield Source("forward", name, forwarded[name], partial(forward_metrics.families, name, forwarded[name]))
        totals: Mapping[tuple[str, ...], int] = self._uploads.results.totals()
        yield Source("uploads", "", totals, lambda: intake_metrics.families(totals))

    def close(self) -> None:
        self.store.close()

    def _fleet(self) -> Fleet:
        return self._settings().fleet

    def _housekeeping(self, run: Callable[[], Pace | None], interval: float, delay: float) -> Job:
        return Job(run, interval, max(interval, 60.0), _HOUSEKEEPING_POOL, _HOUSEKEEPING_POOL, delay)

    def _recover(self) -> None:
        self.intake.recover()

    def _write_journal(self) -> Pace | None:
        try:
            self._journal.run()
        except (StorageError, OSError) as error:
            log.error("the journal of searches can't be written", extra={"reason": str(error)})
            return Pace.FAILED
        return None

    def _prune(self) -> None:
        self.store.prune(time.time(), self._settings().fleet.installations)

"""The running exporter: puts the rooms together and answers the HTTP server."""

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.registry import Collector

from kodeks_exporter.checks.chain import has_checks
from kodeks_exporter.checks.shown import Shown
from kodeks_exporter.config.document import Plain
from kodeks_exporter.config.load import load
from kodeks_exporter.config.problems import ConfigError
from kodeks_exporter.config.show import masked_yaml
from kodeks_exporter.domain.check import Impairment
from kodeks_exporter.metrics import exporter as exporter_metrics
from kodeks_exporter.metrics import inventory as inventory_metrics
from kodeks_exporter.metrics.exposition import Exposition, Source
from kodeks_exporter.net.machine import raise_descriptor_limit
from kodeks_exporter.poll.scheduler import Job, Scheduler
from kodeks_exporter.service.online import Accesses
from kodeks_exporter.service.overview import Known, fleet_view
from kodeks_exporter.service.reaction import Reactions
from kodeks_exporter.service.reports import Reporting, load_profiles
from kodeks_exporter.service.rounds import POOL, Rounds
from kodeks_exporter.settings.fleet import short_tokens
from kodeks_exporter.settings.settings import Settings, Web
from kodeks_exporter.store.database import FILE_NAME
from kodeks_exporter.store.folder import StorageLock, reserve
from kodeks_exporter.sysinfo.profile import Profile
from kodeks_exporter.web.app import Route
from kodeks_exporter.web.connection import ServerOptions
from kodeks_exporter.web.views import FleetView

log = logging.getLogger(__name__)

_LEAP = 60.0
"""Seconds; a larger jump of the clock is logged."""
_STORAGE_LOOK = 10.0
"""Seconds between two looks at whether the storage is still there."""
_GRACE = 3.0
"""Seconds that rounds and downloads have to finish and log out when the exporter stops."""
_SLOWEST_UPLOAD = 4 * 1024
"""Bytes a second; many of the scripts that push reports sit behind slow lines."""
_MOST_CONNECTIONS = 1024
"""Thousands of scripts push on the hour."""
_DESCRIPTORS_OF_A_ROUND = 2
"""A connection, and a ping or a look-up."""
_OTHER_DESCRIPTORS = 200
"""Databases, journal, Alertmanager, downloads, SNMP, a few visitors."""

Prepare = Callable[[], Callable[[], None]]
"""Reads and validates, raising on mistakes; returns a function that puts the result in force and can't fail."""


class Service:
    """Implements ``web.backend.Backend``. ``start()`` it once; all methods are safe to call from many threads."""

    def __init__(self, config_file: Path, storage: Path, changes: Plain = None) -> None:
        """``changes``: put over the file whenever it is read. Raises ``ConfigError`` and ``StorageError``."""
        self._load: Callable[[], Settings] = lambda: load(config_file, changes=changes)
        self._settings = self._load()
        self._lock = StorageLock(storage)
        self._rounds = Rounds(storage, self._settings, lambda keys: self._scheduler.hurry(keys))
        resolve, planned = self._rounds.resolve, self._rounds.in_planned_downtime
        self._reporting = Reporting(storage, lambda: self._settings, resolve, planned)
        self._accesses = Accesses(storage, self._settings, resolve)
        self._reactions = Reactions(storage, lambda: self._settings)
        self._streams = (self._rounds, self._reporting, self._accesses, self._reactions)
        self._scheduler = Scheduler({name: size for each in self._streams for name, size in each.pools().items()})
        reserve(storage)
        self._unreadable = self._lock.unreadable()
        self._exposition = Exposition()
        self._reload_lock = threading.Lock()
        self._prepared: list[Prepare] = []
        self._reload_ok = True
        self._reload_time = time.time()
        self._clock = (time.time(), time.monotonic())
        self._leaps = 0
        self._collectors: tuple[Collector, ...] = (
            ProcessCollector(registry=None),
            PlatformCollector(registry=None),
            GCCollector(registry=CollectorRegistry()),
        )

    def start(self) -> None:
        _warn(self._settings)
        _check_descriptors(sum(map(has_checks, self._settings.fleet.installations.values())), self._settings)
        self._rounds.start()
        self._scheduler.set_jobs(self._jobs(self._settings))
        self._scheduler.start()
        # Objects alive now live as long as the process: the garbage collector need not scan them again.
        gc.collect()
        gc.freeze()

    def stop(self) -> int:
        """Returns how many rounds, visits or downloads were still running after the grace period."""
        left = self._scheduler.stop(_GRACE)
        for stream in self._streams:
            stream.close()
        self._lock.close()
        return left

    def alive(self) -> bool:
        """Whether rounds are being run. Call it every few seconds: it also detects clock jumps."""
        now, steady = time.time(), time.monotonic()
        leap = (now - self._clock[0]) - (steady - self._clock[1])
        self._clock = (now, steady)
        if abs(leap) > _LEAP:
            self._leaps += 1
            log.warning("the clock of this machine jumped", extra={"seconds": round(leap)})
        return self._scheduler.alive()

    def routes(self) -> tuple[Route, ...]:
        """Routes of the HTTP server beyond those of ``Backend``."""
        return self._reporting.routes() + self._reactions.routes()

    def server_options(self) -> ServerOptions:
        return ServerOptions(
            uploads=self._settings.reports.max_uploads,
            max_body=0,  # uploads have a limit of their own, whose refusals are counted and logged
            io_rate=_SLOWEST_UPLOAD,
            max_connections=_MOST_CONNECTIONS,
        )

    # What the HTTP server asks for

    def metrics(self, openmetrics: bool) -> bytes:
        return self._exposition.render(self._sources(), openmetrics=openmetrics)

    def probe(self, name: str, openmetrics: bool) -> bytes | None:
        return self._rounds.probe(name, openmetrics)

    def examine(self, name: str) -> tuple[Shown, ...] | None:
        return self._rounds.examine(name)

    def fleet(self) -> FleetView:
        settings = self._settings
        known = Known(
            now=time.time(),
            live=self._rounds.live.statuses(),
            past=self._rounds.past.spells(),
            reports=self._reporting.store.snapshots(),
            trails=self._reporting.intake.trails(),
            refused=self._reporting.intake.refused(),
            accesses={name: self._accesses.store.state(name) for name in settings.fleet.online_accesses},
            servers=self._accesses.watch.servers(),
            incidents=self._reactions.watch.state().incidents,
            listed=self._reactions.watch.listed(),
            alertmanagers=self._reactions.watch.up(),
            reload_ok=self._reload_ok,
            impaired=self._impaired(),
            waiting=self._rounds.database.backlog().seconds,
        )
        return fleet_view(settings, known)

    def web(self) -> Web:
        return self._settings.web

    def config_yaml(self) -> str:
        return masked_yaml(self._settings)

    def reload_also(self, prepare: Prepare) -> None:
        """Adds something that a reload reads and swaps together with the rest."""
        self._prepared.append(prepare)

    def reload(self) -> list[str]:
        """Puts the files' current content in force as a whole or, if anything fails, not at all. Raises nothing."""
        with self._reload_lock:
            try:
                settings = self._load()
                profiles = load_profiles(settings)
                commits = [prepare() for prepare in self._prepared]
                self._swap(settings, profiles)
                for commit in commits:
                    commit()
            except ConfigError as error:
                return self._not_reloaded([str(problem) for problem in error.problems])
            except Exception as error:
                log.exception("reload failed, not because of a mistake in the configuration")
                return self._not_reloaded([f"reload failed: {type(error).__name__}: {error}"])
            self._reload_ok = True
            self._reload_time = time.time()
            _warn(settings)
            self._look_after_storage()
            log.info("configuration reloaded", extra={"installations": len(settings.fleet.installations)})
            return []

    def ready(self) -> bool:
        return self._rounds.ready()

    # Inside

    def _look_after_storage(self) -> None:
        before, self._unreadable = self._unreadable, self._lock.unreadable()
        if self._unreadable > before:
            log.error("the storage folder was removed or replaced: restart the exporter")

    def _not_reloaded(self, problems: list[str]) -> list[str]:
        self._reload_ok = False
        log.error("reload failed, the old configuration stays in force", extra={"problems": len(problems)})
        return problems

    def _swap(self, settings: Settings, profiles: dict[str, Profile]) -> None:
        """All of it or, after an error in one part, none of it."""
        before, profiles_before = self._settings, self._reporting.profiles
        try:
            self._put_in_force(settings, profiles)
        except Exception:
            self._put_in_force(before, profiles_before)
            raise

    def _put_in_force(self, settings: Settings, profiles: dict[str, Profile]) -> None:
        self._reporting.configure(settings, profiles)
        for stream in (self._accesses, self._reactions, self._rounds):
            stream.configure(settings)
        self._settings = settings
        self._scheduler.set_jobs(self._jobs(settings))

    def _jobs(self, settings: Settings) -> dict[str, Job]:
        look = Job(self._look_after_storage, _STORAGE_LOOK, _STORAGE_LOOK, POOL, POOL)
        return {"storage": look} | {key: job for each in self._streams for key, job in each.jobs(settings).items()}

    def _impaired(self) -> Mapping[Impairment, int]:
        causes = self._rounds.impairments()
        causes[Impairment.QUEUE] += self._scheduler.overdue(POOL, self._settings.poll.checks)
        return causes

    def _sources(self) -> Iterator[Source]:
        settings = self._settings
        guarded = self._exposition.guarded
        yield from guarded("checks", lambda: self._rounds.sources(settings))
        yield from guarded("inventory", lambda: self._inventory_sources(settings))
        yield from guarded("reports", lambda: self._reporting.sources(settings))
        yield from guarded("online", lambda: self._accesses.sources(settings))
        yield from guarded("reaction", lambda: self._reactions.sources(settings))
        for collector in self._collectors:
            yield Source("process", id(collector), object(), collector.collect)
        yield from guarded("exporter", lambda: self._own_sources(settings))  # last: it counts the failures before it

    def _inventory_sources(self, settings: Settings) -> Iterator[Source]:
        offsets = inventory_metrics.utc_offsets(settings.fleet.installations.values(), time.time())
        yield Source("inventory", "", offsets, lambda: inventory_metrics.offset_families(offsets))

    def _own_sources(self, settings: Settings) -> Iterator[Source]:
        own = exporter_metrics.ExporterStatus(
            installations=len(settings.fleet.installations),
            rounds=self._rounds.live.rounds,
            poll_lag=self._scheduler.lag(POOL),
            check_interval=settings.poll.checks,
            reload_ok=self._reload_ok,
            reload_time=self._reload_time,
            source_errors=self._exposition.errors(),
            backlogs={FILE_NAME: self._rounds.database.backlog(), "reaction.sqlite": self._reactions.store.backlog()},
            set_aside=self._unreadable,
            clock_leaps=self._leaps,
            impaired=self._impaired(),
        )
        yield Source("exporter", "", object(), lambda: exporter_metrics.families(own))


def _warn(settings: Settings) -> None:
    for name in short_tokens(settings.fleet):
        log.warning("the token of a dealer is short enough to be guessed", extra={"dealer": name})


def _check_descriptors(installations: int, settings: Settings) -> None:
    """Raises the limit on descriptors to what this fleet needs, or logs what is missing."""
    rounds = 2 * min(installations, settings.poll.concurrency)
    needed = _DESCRIPTORS_OF_A_ROUND * rounds + _OTHER_DESCRIPTORS
    limit = raise_descriptor_limit(needed + 2 * _MOST_CONNECTIONS)
    if limit < needed:
        log.warning(
            "the limit on open files (ulimit -n, LimitNOFILE) is too low for this fleet: checks will be skipped",
            extra={"limit": limit, "needed": needed, "installations": installations},
        )

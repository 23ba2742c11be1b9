"""The running exporter: puts the rooms together and answers the HTTP server."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.registry import Collector

from kodeks_exporter.checks.chain import has_checks, run_round
from kodeks_exporter.checks.context import Tools
from kodeks_exporter.checks.planned import planned_downtime
from kodeks_exporter.checks.second_look import SecondLook
from kodeks_exporter.checks.shown import Shown, shown
from kodeks_exporter.config.document import Plain
from kodeks_exporter.config.load import load
from kodeks_exporter.config.problems import ConfigError
from kodeks_exporter.config.show import masked_yaml
from kodeks_exporter.domain.check import CheckResult, Impairment, Outcome, Round, ScheduleFacts
from kodeks_exporter.metrics import exporter as exporter_metrics
from kodeks_exporter.metrics import installation as installation_metrics
from kodeks_exporter.metrics import inventory as inventory_metrics
from kodeks_exporter.metrics import trials as trial_metrics
from kodeks_exporter.metrics.exposition import Exposition, Source, render_families
from kodeks_exporter.net.machine import raise_descriptor_limit
from kodeks_exporter.net.pinger import Pinger
from kodeks_exporter.net.resolver import Resolver
from kodeks_exporter.net.snmp import SnmpAsker
from kodeks_exporter.net.trace import Exchange
from kodeks_exporter.poll.scheduler import Job, Pace, Scheduler
from kodeks_exporter.service.changes import SUMMED_UP_AFTER, ChangeLog
from kodeks_exporter.service.online import Accesses
from kodeks_exporter.service.overview import Known, fleet_view
from kodeks_exporter.service.reaction import Reactions
from kodeks_exporter.service.reports import Reporting, load_profiles
from kodeks_exporter.settings.fleet import Installation, short_tokens
from kodeks_exporter.settings.settings import Settings, Web
from kodeks_exporter.store.database import FILE_NAME, Database
from kodeks_exporter.store.folder import StorageLock, opened, reserve, set_aside
from kodeks_exporter.store.live import LiveStatus, LiveStore
from kodeks_exporter.store.passwords import PasswordStore
from kodeks_exporter.store.past import PastStore
from kodeks_exporter.store.trials import TrialStore
from kodeks_exporter.sysinfo.profile import Profile
from kodeks_exporter.web.app import Route
from kodeks_exporter.web.server import ServerOptions
from kodeks_exporter.web.views import FleetView

log = logging.getLogger(__name__)

_SLOW_ROUND = 4.0
"""Seconds from which a round has met a time limit: its installation goes to the slow pool."""
_READY_AFTER = 20.0
"""Seconds after the start from which the exporter counts as ready although some first round still hangs."""
_LEAP = 60.0
"""Seconds by which the clock is set forward or back at once before it is worth a word."""
_PROBE_PAUSE = 1.0
"""Seconds between the two looks of /probe at something newly broken."""
_GRACE = 3.0
"""Seconds that rounds and downloads have to end, and to log out, when the exporter is asked to stop."""
_SLOWEST_UPLOAD = 4 * 1024
"""Bytes a second; many of the scripts that push reports sit behind thin lines."""
_MOST_CONNECTIONS = 1024
"""Thousands of scripts push on the hour."""
_DESCRIPTORS_OF_A_ROUND = 2
"""A connection, and a ping or a look-up."""
_OTHER_DESCRIPTORS = 200
"""Databases, journal, Alertmanager, downloads, SNMP, a few visitors."""
_WAY = ("dns", "icmp", "tcp", "tls", "http", "proxy")
_POOL, _SLOW_POOL = "checks", "checks-slow"


Prepare = Callable[[], Callable[[], None]]
"""Reads and checks, and raises what it finds wrong; gives what puts the result in force and can't fail."""


class Service:
    """Implements ``web.backend.Backend``. ``start()`` it once; all methods are safe to call from many threads."""

    def __init__(self, config_file: Path, storage: Path, changes: Plain = None) -> None:
        """``changes``: put over the file whenever it is read. Raises ``ConfigError`` and ``StorageError``."""
        self._load: Callable[[], Settings] = lambda: load(config_file, changes=changes)
        self._settings = self._load()
        self._lock = StorageLock(storage)
        self._storage = storage
        self._database, self._live, self._trials, self._past, self.passwords = opened(
            storage, FILE_NAME, lambda: _live_stores(storage)
        )
        self._tools = make_tools(self._settings)
        self._reporting = Reporting(storage, lambda: self._settings, self._resolve, self._in_planned_downtime)
        self._accesses = Accesses(storage, self._settings, self._resolve)
        self._reactions = Reactions(storage, lambda: self._settings)
        concurrency = self._settings.poll.concurrency
        self._scheduler = Scheduler(
            {_POOL: concurrency, _SLOW_POOL: concurrency}
            | self._reporting.pools()
            | self._accesses.pools()
            | self._reactions.pools()
        )
        reserve(storage)
        self._set_aside = set_aside(storage)
        self._exposition = Exposition()
        self._reload_lock = threading.Lock()
        self._prepared: list[Prepare] = []
        self._reload_ok = True
        self._reload_time = time.time()
        self._second_look = SecondLook()
        self._changes = ChangeLog()
        self._round_locks: dict[str, threading.Lock] = {}
        self._started = 0.0
        self._clock = (time.time(), time.monotonic())
        self._leaps = 0
        self._collectors: tuple[Collector, ...] = (
            ProcessCollector(registry=None),
            PlatformCollector(registry=None),
            GCCollector(registry=CollectorRegistry()),
        )

    def start(self) -> None:
        _warn(self._settings)
        self._started = time.monotonic()
        _check_descriptors(sum(map(has_checks, self._settings.fleet.installations.values())), self._settings)
        self._live.keep_only(self._settings.fleet.installations)
        self._past.keep_only(self._settings.fleet.installations)
        self._trials.note(self._settings.fleet.installations.values(), time.time())
        self._scheduler.set_jobs(self._jobs(self._settings))
        self._scheduler.start()
        # What is alive now lives as long as the process: the collector need not walk it again and again.
        gc.collect()
        gc.freeze()

    def stop(self) -> int:
        """Returns how many rounds, visits or downloads hang so long that they were not waited for."""
        left = self._scheduler.stop(_GRACE)
        self._tools.snmp.close()
        self._tools.resolver.close()
        self._reactions.close()
        self._accesses.close()
        self._reporting.close()
        self._database.close()
        self._lock.close()
        return left

    def alive(self) -> bool:
        """Whether rounds go on. Call it every few seconds: it also notes a clock that leaps."""
        now, steady = time.time(), time.monotonic()
        leap = (now - self._clock[0]) - (steady - self._clock[1])
        self._clock = (now, steady)
        if abs(leap) > _LEAP:
            self._leaps += 1
            log.warning("the clock of this machine leapt", extra={"seconds": round(leap)})
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
        installation = self._settings.fleet.installations.get(name)
        if installation is None:
            return None
        if has_checks(installation) and self._look(installation)[1]:
            time.sleep(_PROBE_PAUSE)
            self._look(installation)
        status = self._live.statuses().get(name)
        return render_families(installation_metrics.families(installation, status), openmetrics=openmetrics)

    def examine(self, name: str) -> tuple[Shown, ...] | None:
        installation = self._settings.fleet.installations.get(name)
        if installation is None:
            return None
        trace: list[Exchange] = []
        if has_checks(installation):
            self._look(installation, trace)
        return shown(trace, installation.asked_by(self._settings.checks).patterns)

    def fleet(self) -> FleetView:
        settings, live = self._settings, self._live.statuses()
        known = Known(
            now=time.time(),
            live=live,
            past=self._past.spells(),
            reports=self._reporting.snapshots(),
            trails=self._reporting.trails(),
            refused=self._reporting.refused(),
            accesses=self._accesses.states(settings.fleet.online_accesses),
            servers=self._accesses.servers(),
            incidents=self._reactions.incidents(),
            listed=self._reactions.listed(),
            alertmanagers=self._reactions.members(),
            reload_ok=self._reload_ok,
            impaired=self._impaired(live.values()),
            waiting=self._database.backlog().seconds,
        )
        return fleet_view(settings, known)

    def web(self) -> Web:
        return self._settings.web

    def config_yaml(self) -> str:
        return masked_yaml(self._settings)

    def reload_also(self, prepare: Prepare) -> None:
        """Something else that a reload reads again and swaps together with the rest."""
        self._prepared.append(prepare)

    def reload(self) -> list[str]:
        """Puts all that the files say now in force, or, whatever goes wrong, nothing of it. Raises nothing."""
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
                log.exception("reload failed for a reason that is no mistake in the configuration")
                return self._not_reloaded([f"reload failed: {type(error).__name__}: {error}"])
            self._reload_ok = True
            self._reload_time = time.time()
            _warn(settings)
            self._set_aside = set_aside(self._storage)
            log.info("configuration reloaded", extra={"installations": len(settings.fleet.installations)})
            return []

    def ready(self) -> bool:
        if time.monotonic() - self._started > _READY_AFTER:
            return True
        statuses = self._live.statuses()
        return all(name in statuses for name, each in self._settings.fleet.installations.items() if has_checks(each))

    # Inside

    def _not_reloaded(self, problems: list[str]) -> list[str]:
        self._reload_ok = False
        log.error("reload failed, the old configuration stays in force", extra={"problems": len(problems)})
        return problems

    def _swap(self, settings: Settings, profiles: dict[str, Profile]) -> None:
        """All of it or, after an error in one part, all as it was."""
        before, profiles_before = self._settings, self._reporting.profiles
        try:
            self._put_in_force(settings, profiles)
        except Exception:
            self._put_in_force(before, profiles_before)
            raise

    def _put_in_force(self, settings: Settings, profiles: dict[str, Profile]) -> None:
        self._reporting.configure(settings, profiles)
        self._accesses.configure(settings)
        self._reactions.configure(settings)
        self._apply(settings)

    def _apply(self, settings: Settings) -> None:
        if _resolving(settings) != _resolving(self._settings):
            # The old resolver is only dropped: rounds under way still use it.
            self._tools = replace(self._tools, resolver=_resolver(settings))
        self._settings = settings
        self._live.keep_only(settings.fleet.installations)
        self._past.keep_only(settings.fleet.installations)
        self._trials.note(settings.fleet.installations.values(), time.time())
        self._scheduler.set_jobs(self._jobs(settings))

    def _jobs(self, settings: Settings) -> dict[str, Job]:
        interval = settings.poll.checks
        checks = {
            _job(name): Job(
                run=lambda name=name: self._round(name),  # type: ignore[misc]
                interval=interval,
                longest=interval,
                pool=_POOL,
                slow_pool=_SLOW_POOL,
                slow_after=_SLOW_ROUND,
            )
            for name, installation in settings.fleet.installations.items()
            if has_checks(installation)
        }
        summing_up = Job(self._sum_up, SUMMED_UP_AFTER, SUMMED_UP_AFTER, _POOL, _SLOW_POOL)
        return (
            {"changes": summing_up}
            | checks
            | self._reporting.jobs(settings)
            | self._accesses.jobs()
            | self._reactions.jobs(settings)
        )

    def _round(self, name: str) -> Pace:
        installation = self._settings.fleet.installations.get(name)
        if installation is None:
            return Pace.NORMAL
        before = self._live.previous(name)
        round_, again = self._look(installation)
        if installation.hosting and before and _reachable(before) != _reachable(round_.results):
            # What fails together is reported together: the neighbours are checked now and not up to a round later.
            self._scheduler.hurry(
                _job(each.name)
                for each in self._settings.fleet.installations.values()
                if each.hosting == installation.hosting and each.name != name
            )
        return Pace.AGAIN if again else Pace.NORMAL

    def _sum_up(self) -> Pace:
        self._changes.sum_up()
        return Pace.NORMAL

    def _look(self, installation: Installation, trace: list[Exchange] | None = None) -> tuple[Round, bool]:
        """One round, never two of the same installation at a time; and whether to look again within seconds."""
        name = installation.name
        lock = self._round_locks.setdefault(name, threading.Lock())
        with lock:
            known = self._live.statuses().get(name)
            previous = self._live.previous(name)
            round_ = run_round(installation, self._settings.checks, self._tools, previous, trace)
            decision = self._second_look.decide(known.round if known is not None else None, round_)
            if decision.publish and name in self._settings.fleet.installations:
                self._changes.note(known.round if known is not None else None, round_)
                self._live.record(round_)
                self._past.note(round_)
            return round_, decision.again

    def _resolve(self, host: str) -> tuple[str, ...]:
        return self._tools.resolver.resolve(host)

    def _in_planned_downtime(self, installation: Installation) -> bool:
        known = self._live.previous(installation.name).get("schedule")
        if known is None or not isinstance(known.facts, ScheduleFacts):
            return False
        planned = self._settings.checks.planned_downtime
        return bool(planned_downtime(known.facts, installation.time_zone, time.time(), planned))

    def _impaired(self, statuses: Iterable[LiveStatus]) -> Mapping[Impairment, int]:
        causes = Counter(cause for status in statuses for cause in status.round.impairments)
        causes[Impairment.QUEUE] += self._scheduler.overdue(_POOL, self._settings.poll.checks)
        return causes

    def _sources(self) -> Iterator[Source]:
        settings = self._settings
        guarded = self._exposition.guarded
        yield from guarded("checks", lambda: self._check_sources(settings))
        yield from guarded("inventory", lambda: self._inventory_sources(settings))
        yield from guarded("reports", lambda: self._reporting.sources(settings))
        yield from guarded("online", lambda: self._accesses.sources(settings))
        yield from guarded("reaction", self._reactions.sources)
        for collector in self._collectors:
            yield Source("process", id(collector), object(), collector.collect)
        yield from guarded("exporter", lambda: self._own_sources(settings))  # last: it counts what failed before it

    def _check_sources(self, settings: Settings) -> Iterator[Source]:
        statuses = self._live.statuses()
        for name, installation in settings.fleet.installations.items():
            status = statuses.get(name)
            yield Source(
                "checks",
                name,
                (installation, status),
                lambda installation=installation, status=status: installation_metrics.families(installation, status),  # type: ignore[misc]
            )

    def _inventory_sources(self, settings: Settings) -> Iterator[Source]:
        trials = self._trials.of(settings.fleet.installations)
        yield Source("trials", "", trials, lambda: trial_metrics.families(trials))
        offsets = inventory_metrics.utc_offsets(settings.fleet.installations.values(), time.time())
        yield Source("inventory", "", offsets, lambda: inventory_metrics.offset_families(offsets))

    def _own_sources(self, settings: Settings) -> Iterator[Source]:
        own = exporter_metrics.ExporterStatus(
            installations=len(settings.fleet.installations),
            rounds=self._live.rounds,
            poll_lag=self._scheduler.lag(_POOL),
            check_interval=settings.poll.checks,
            reload_ok=self._reload_ok,
            reload_time=self._reload_time,
            source_errors=self._exposition.errors(),
            backlogs={FILE_NAME: self._database.backlog(), "reaction.sqlite": self._reactions.backlog()},
            set_aside=self._set_aside,
            clock_leaps=self._leaps,
            impaired=self._impaired(self._live.statuses().values()),
        )
        yield Source("exporter", "", object(), lambda: exporter_metrics.families(own))


def _warn(settings: Settings) -> None:
    for name in short_tokens(settings.fleet):
        log.warning("the token of a dealer is short enough to be guessed", extra={"dealer": name})


def _live_stores(storage: Path) -> tuple[Database, LiveStore, TrialStore, PastStore, PasswordStore]:
    database = Database(storage)
    return database, LiveStore(database), TrialStore(database), PastStore(database), PasswordStore(database)


def make_tools(settings: Settings, patience: float = 0.0) -> Tools:
    """The helpers that ``run_round`` wants. ``patience``: seconds to wait for the resolver, instead of the limit."""
    servers, timeout = _resolving(settings)
    return Tools(Resolver(servers, patience or timeout), Pinger(), SnmpAsker())


def _check_descriptors(installations: int, settings: Settings) -> None:
    """Raises the limit on descriptors to what this fleet needs, or says how much is missing."""
    rounds = 2 * min(installations, settings.poll.concurrency)
    needed = _DESCRIPTORS_OF_A_ROUND * rounds + _OTHER_DESCRIPTORS
    limit = raise_descriptor_limit(needed + 2 * _MOST_CONNECTIONS)
    if limit < needed:
        log.warning(
            "the limit on open files (ulimit -n, LimitNOFILE) is too low for this fleet: checks will be skipped",
            extra={"limit": limit, "needed": needed, "installations": installations},
        )


def _resolver(settings: Settings) -> Resolver:
    return Resolver(*_resolving(settings))


def _resolving(settings: Settings) -> tuple[tuple[tuple[str, int], ...], float]:
    servers = tuple((server.host, server.port) for server in settings.checks.dns.servers)
    return servers, settings.checks.timeouts.dns


def _job(installation: str) -> str:
    return f"checks {installation}"


def _reachable(results: Mapping[str, CheckResult]) -> bool:
    """Whether nothing on the way to the server failed: what installations of one hosting have in common."""
    return all(results[name].outcome is not Outcome.FAILED for name in _WAY if name in results)

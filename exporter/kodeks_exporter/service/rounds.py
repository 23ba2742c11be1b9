"""Puts live checks together: rounds, their stores and metrics."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from kodeks_exporter.checks.chain import has_checks, run_round
from kodeks_exporter.checks.context import Tools
from kodeks_exporter.checks.planned import planned_downtime
from kodeks_exporter.checks.second_look import SecondLook
from kodeks_exporter.checks.shown import Shown, shown
from kodeks_exporter.domain.check import CheckResult, Impairment, Outcome, Round, ScheduleFacts
from kodeks_exporter.metrics import installation as installation_metrics
from kodeks_exporter.metrics import trials as trial_metrics
from kodeks_exporter.metrics.exposition import Source, render_families
from kodeks_exporter.net.pinger import Pinger
from kodeks_exporter.net.resolver import Resolver
from kodeks_exporter.net.snmp import SnmpAsker
from kodeks_exporter.net.trace import Exchange
from kodeks_exporter.poll.scheduler import Job, Pace
from kodeks_exporter.service.changes import SUMMED_UP_AFTER, ChangeLog
from kodeks_exporter.settings.fleet import Installation
from kodeks_exporter.settings.settings import Settings
from kodeks_exporter.store.database import FILE_NAME, Database
from kodeks_exporter.store.folder import opened
from kodeks_exporter.store.live import LiveStore
from kodeks_exporter.store.past import PastStore
from kodeks_exporter.store.trials import TrialStore

POOL, _SLOW_POOL = "checks", "checks-slow"
_SLOW_ROUND = 4.0
"""Seconds. A longer round has hit a time limit: its installation moves to the slow pool."""
_READY_AFTER = 20.0
"""Seconds after the start from which the exporter counts as ready although some first round still hangs."""
_PROBE_PAUSE = 1.0
"""Seconds between the two checks of /probe when something is newly broken."""
_PATH = ("dns", "icmp", "tcp", "tls", "http", "proxy")


class Rounds:
    """Safe to use from many threads. ``hurry``: makes waiting jobs due now, by key."""

    def __init__(self, storage: Path, settings: Settings, hurry: Callable[[Iterable[str]], None]) -> None:
        """Raises ``StorageError``."""
        self._settings = settings
        self._hurry = hurry
        self.database, self.live, self._trials, self.past = opened(storage, FILE_NAME, lambda: _stores(storage))
        self._tools = make_tools(settings)
        self._second_look = SecondLook()
        self._changes = ChangeLog()
        self._locks: dict[str, threading.Lock] = {}
        self._started = 0.0

    def start(self) -> None:
        self._started = time.monotonic()
        self.configure(self._settings)

    def close(self) -> None:
        self._tools.close()
        self.database.close()

    def pools(self) -> dict[str, int]:
        concurrency = self._settings.poll.concurrency
        return {POOL: concurrency, _SLOW_POOL: concurrency}

    def configure(self, settings: Settings) -> None:
        """After a reload."""
        if _resolving(settings) != _resolving(self._settings):
            # The old resolver is only dropped: rounds under way still use it.
            self._tools = replace(self._tools, resolver=Resolver(*_resolving(settings)))
        self._settings = settings
        installations = settings.fleet.installations
        self.live.keep_only(installations)
        self.past.keep_only(installations)
        self._trials.note(installations.values(), time.time())

    def jobs(self, settings: Settings) -> dict[str, Job]:
        """A job for each installation that has checks."""
        interval = settings.poll.checks
        jobs: dict[str, Job] = {
            "changes": Job(self._changes.sum_up, SUMMED_UP_AFTER, SUMMED_UP_AFTER, POOL, _SLOW_POOL)
        }
        for name, installation in settings.fleet.installations.items():
            if has_checks(installation):
                run = partial(self._round, name)
                jobs[_job(name)] = Job(run, interval, interval, POOL, _SLOW_POOL, slow_after=_SLOW_ROUND)
        return jobs

    def sources(self, settings: Settings) -> Iterator[Source]:
        statuses = self.live.statuses()
        for name, installation in settings.fleet.installations.items():
            yield from installation_metrics.sources(installation, statuses.get(name))
        trials = self._trials.of(settings.fleet.installations)
        yield Source("trials", "", trials, lambda: trial_metrics.families(trials))

    def probe(self, name: str, openmetrics: bool) -> bytes | None:
        installation = self._settings.fleet.installations.get(name)
        if installation is None:
            return None
        if has_checks(installation) and self._look(installation)[1]:
            time.sleep(_PROBE_PAUSE)
            self._look(installation)
        status = self.live.statuses().get(name)
        return render_families(installation_metrics.families(installation, status), openmetrics=openmetrics)

    def examine(self, name: str) -> tuple[Shown, ...] | None:
        installation = self._settings.fleet.installations.get(name)
        if installation is None:
            return None
        trace: list[Exchange] = []
        if has_checks(installation):
            self._look(installation, trace)
        return shown(trace, installation.asked_by(self._settings.checks).patterns)

    def impairments(self) -> Counter[Impairment]:
        """How many installations can't be fully checked, by cause."""
        return Counter(cause for status in self.live.statuses().values() for cause in status.round.impairments)

    def ready(self) -> bool:
        """Whether each installation had its first round, or enough time has passed."""
        if time.monotonic() - self._started > _READY_AFTER:
            return True
        statuses = self.live.statuses()
        return all(name in statuses for name, each in self._settings.fleet.installations.items() if has_checks(each))

    def resolve(self, host: str) -> tuple[str, ...]:
        return self._tools.resolver.resolve(host)

    def in_planned_downtime(self, installation: Installation) -> bool:
        known = self.live.previous(installation.name).get("schedule")
        if known is None or not isinstance(known.facts, ScheduleFacts):
            return False
        planned = self._settings.checks.planned_downtime
        return bool(planned_downtime(known.facts, installation.time_zone, time.time(), planned))

    def _round(self, name: str) -> Pace:
        installation = self._settings.fleet.installations.get(name)
        if installation is None:
            return Pace.NORMAL
        before = self.live.previous(name)
        round_, again = self._look(installation)
        if installation.hosting and before and _reachable(before) != _reachable(round_.results):
            # Installations that fail together are reported together: the neighbours are checked now, not up to a round
            # later.
            self._hurry(
                _job(each.name)
                for each in self._settings.fleet.installations.values()
                if each.hosting == installation.hosting and each.name != name
            )
        return Pace.AGAIN if again else Pace.NORMAL

    def _look(self, installation: Installation, trace: list[Exchange] | None = None) -> tuple[Round, bool]:
        """One round, never two of the same installation at a time; and whether to check again within seconds."""
        name = installation.name
        lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            known = self.live.statuses().get(name)
            previous = self.live.previous(name)
            round_ = run_round(installation, self._settings.checks, self._tools, previous, trace)
            decision = self._second_look.decide(known.round if known is not None else None, round_)
            if decision.publish and name in self._settings.fleet.installations:
                self._changes.note(known.round if known is not None else None, round_)
                self.live.record(round_)
                self.past.note(round_)
            return round_, decision.again


def make_tools(settings: Settings, patience: float = 0.0) -> Tools:
    """The helpers that ``run_round`` wants. ``patience``: seconds to wait for the resolver, instead of the limit."""
    servers, timeout = _resolving(settings)
    return Tools(Resolver(servers, patience or timeout), Pinger(), SnmpAsker())


def _stores(storage: Path) -> tuple[Database, LiveStore, TrialStore, PastStore]:
    database = Database(storage)
    return database, LiveStore(database), TrialStore(database), PastStore(database)


def _resolving(settings: Settings) -> tuple[tuple[tuple[str, int], ...], float]:
    servers = tuple((server.host, server.port) for server in settings.checks.dns.servers)
    return servers, settings.checks.timeouts.dns


def _job(installation: str) -> str:
    return f"checks {installation}"


def _reachable(results: Mapping[str, CheckResult]) -> bool:
    """Whether nothing on the path to the server failed: what installations of one hosting have in common."""
    return all(results[name].outcome is not Outcome.FAILED for name in _PATH if name in results)

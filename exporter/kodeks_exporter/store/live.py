"""The newest round of each installation, and since when its state has held."""

import threading
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import time
from types import MappingProxyType

from kodeks_exporter.domain.check import (
    CheckResult,
    InstallationState,
    KodeksFacts,
    LoginFacts,
    Outcome,
    Round,
    ScheduleFacts,
)
from kodeks_exporter.store.database import Database


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """``since``: Unix seconds since when root cause and state are unchanged, across restarts of the exporter.

    ``maintenance_start``: Unix seconds, None outside maintenance mode.
    """

    round: Round
    since: float
    maintenance_start: float | None


@dataclass(frozen=True, slots=True)
class _Memory:
    """What survives a restart."""

    cause: str
    state: str
    since: float
    maintenance_start: float | None
    schedule: ScheduleFacts | None = None
    proven: KodeksFacts | None = None
    login: LoginFacts | None = None

    def learnt(self) -> dict[str, CheckResult]:
        """As results of blocked checks: their facts still count, and they are run at once."""
        known = (("schedule", self.schedule), ("proxy", self.proven), ("auth", self.login))
        return {name: CheckResult(name, Outcome.BLOCKED, facts=facts) for name, facts in known if facts is not None}


class LiveStore:
    """Safe to use from many threads. Writes to the database only when something changes, and waits for no disk."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._statuses: dict[str, LiveStatus] = {}
        self._rounds = 0
        self._memories: dict[str, _Memory] = _load(database)

    @property
    def rounds(self) -> int:
        """How many rounds were recorded since the start."""
        return self._rounds

    def statuses(self) -> Mapping[str, LiveStatus]:
        """A snapshot, by installation; one that was not yet checked is absent."""
        with self._lock:
            return MappingProxyType(dict(self._statuses))

    def previous(self, installation: str) -> Mapping[str, CheckResult]:
        """Results of the last round; after a restart, what was known about the server before it."""
        with self._lock:
            status = self._statuses.get(installation)
            memory = self._memories.get(installation)
        if status is not None:
            return status.round.results
        return memory.learnt() if memory is not None else {}

    def record(self, round_: Round) -> None:
        name = round_.installation
        with self._lock:
            self._rounds += 1
            before = self._memories.get(name)
            memory = _remember(round_, before)
            self._memories[name] = memory
            self._statuses[name] = LiveStatus(round_, memory.since, memory.maintenance_start)
            if memory != before:
                self._save(name, memory)

    def keep_only(self, installations: Container[str]) -> None:
        """Forgets what the inventory no longer names (after a reload)."""
        with self._lock:
            gone = {name for name in (*self._statuses, *self._memories) if name not in installations}
            for name in gone:
                self._statuses.pop(name, None)
                self._memories.pop(name, None)
        self._database.later(
            {("live", name): ("DELETE FROM live_state WHERE installation = ?", (name,)) for name in gone}
        )

    def _save(self, name: str, memory: _Memory) -> None:
        schedule = memory.schedule or ScheduleFacts(None, None)
        row = (
            name,
            memory.cause,
            memory.state,
            memory.since,
            memory.maintenance_start,
            _clock(schedule.restart),
            _clock(schedule.backup),
            memory.proven.title if memory.proven is not None else None,
            memory.login is not None,
        )
        self._database.later({("live", name): (_SAVE, row)})


_COLUMNS = "installation, cause, state, since, maintenance_start, restart, backup, title, logged_in"
_SAVE = f"INSERT OR REPLACE INTO live_state ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - fixed names


def _remember(round_: Round, before: _Memory | None) -> _Memory:
    if round_.state is None and before is not None:
        return before  # the monitor could not check: the known state stays
    root = round_.root_cause
    cause = root.check if root is not None else ""
    state = round_.state.value if round_.state is not None else ""
    same = before is not None and (before.cause, before.state) == (cause, state)
    since = before.since if before is not None and same else round_.started
    maintenance_start = None
    if round_.state is InstallationState.MAINTENANCE:
        known = before.maintenance_start if before is not None else None
        maintenance_start = round_.started if known is None else known
    schedule, proven, login = None, None, None
    for result in round_.results.values():
        match result.facts:
            case ScheduleFacts():
                schedule = result.facts
            case KodeksFacts():
                proven = result.facts
            case LoginFacts():
                login = result.facts
    return _Memory(cause, state, since, maintenance_start, schedule, proven, login)


def _load(database: Database) -> dict[str, _Memory]:
    with database.reading() as connection:
        rows = connection.execute(f"SELECT {_COLUMNS} FROM live_state").fetchall()  # noqa: S608 - fixed names
    memories = {}
    for name, cause, state, since, maintenance_start, restart, backup, title, logged_in in rows:
        announced = ScheduleFacts(_time(restart), _time(backup)) if restart or backup else None
        proven = KodeksFacts(title) if title else None
        login = LoginFacts() if logged_in else None
        memories[name] = _Memory(cause, state, since, maintenance_start, announced, proven, login)
    return memories


def _clock(moment: time | None) -> str | None:
    return moment.strftime("%H:%M") if moment is not None else None


def _time(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None

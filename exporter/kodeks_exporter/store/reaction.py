"""How people react to alerts: what fires now, who has taken it, and totals of everything that is over.

Kept in ``reaction.sqlite``. The changes of one poll of Alertmanager, totals included, are written in one transaction
shortly afterwards. A kill -9 loses at most the last polls as a whole, which are then repeated: nothing is lost or
counted twice.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from kodeks_exporter.domain.reaction import BUCKETS, Ending, Incident, Step, Taken
from kodeks_exporter.store.database import Database
from kodeks_exporter.store.handling import HandlingStore
from kodeks_exporter.store.writer import Backlog

FILE_NAME: Final = "reaction.sqlite"
MIGRATIONS: Final = (
    """
    CREATE TABLE watched (only INTEGER PRIMARY KEY CHECK (only = 1), time REAL NOT NULL);
    CREATE TABLE incident (              -- the last one of each alert
        identity TEXT PRIMARY KEY,
        labels TEXT NOT NULL,            -- msgpack, as all structures here; JSON until 0.2
        started REAL NOT NULL,
        latest REAL NOT NULL,
        told REAL,
        taken TEXT,                      -- of Taken
        inhibited INTEGER NOT NULL,
        missing REAL,
        seen REAL NOT NULL,
        over REAL,                       -- NULL: it is open
        counted INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE sums (
        manager TEXT NOT NULL,
        priority TEXT NOT NULL,
        outcomes TEXT NOT NULL,          -- outcome to number
        acknowledge TEXT NOT NULL,       -- counts of each bucket alone, and the sum of seconds
        recovery TEXT NOT NULL,          -- yes and no to the same
        PRIMARY KEY (manager, priority)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE incident ADD COLUMN extensions TEXT NOT NULL DEFAULT '[]';  -- of Taken
    CREATE TABLE handled (               -- alerts that are over, of which people were told
        id TEXT PRIMARY KEY,
        told REAL NOT NULL,
        record BLOB NOT NULL             -- msgpack of Record
    ) WITHOUT ROWID;
    CREATE INDEX handled_told ON handled (told);
    CREATE TABLE handling_step (         -- of reviews; never changed
        record TEXT NOT NULL,
        kind TEXT NOT NULL,
        step BLOB NOT NULL,              -- msgpack of Step
        PRIMARY KEY (record, kind)
    ) WITHOUT ROWID;
    """,
)
_WRITE_INCIDENT: Final = "INSERT OR REPLACE INTO incident VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
_WRITE_SUMS: Final = "INSERT OR REPLACE INTO sums VALUES (?,?,?,?,?)"
_WATCHED_EVERY: Final = 60.0
"""Seconds between two writes that only say that Alertmanager was polled and nothing has changed."""


_PAST: Final = 31 * 86400.0
"""Seconds for which ended incidents are remembered: no link lives longer, and no alert comes back later."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A histogram: ``counts`` by bucket, not cumulative, one more than BUCKETS; ``seconds``: the sum."""

    counts: tuple[int, ...] = (0,) * (len(BUCKETS) + 1)
    seconds: float = 0.0

    def plus(self, seconds: float) -> Spread:
        counts = list(self.counts)
        counts[bisect_left(BUCKETS, seconds)] += 1
        return Spread(tuple(counts), self.seconds + seconds)


@dataclass(frozen=True, slots=True)
class Sums:
    """Totals of one manager and priority. ``outcomes`` of ended alerts; ``recovery`` by whether they were
    acknowledged."""

    outcomes: Mapping[Ending, int] = field(default_factory=lambda: dict.fromkeys(Ending, 0))
    acknowledge: Spread = Spread()
    recovery: Mapping[bool, Spread] = field(default_factory=lambda: {True: Spread(), False: Spread()})


@dataclass(frozen=True, slots=True)
class ReactionState:
    """``incidents``: open ones by identity; ``past``: the last incident of alerts that are not open. ``sums`` by
    manager and priority. ``watched``: when Alertmanager was last polled, Unix seconds, 0 before the first poll."""

    incidents: Mapping[str, Incident] = field(default_factory=dict)
    past: Mapping[str, Incident] = field(default_factory=dict)
    sums: Mapping[tuple[str, str], Sums] = field(default_factory=dict)
    watched: float = 0.0


class ReactionStore:
    """Safe to use from many threads; changes must come one after another."""

    def __init__(self, directory: Path) -> None:
        """Raises ``StorageError``."""
        self._database = Database(directory, FILE_NAME, MIGRATIONS)
        self.handling: Final = HandlingStore(self._database)
        self._lock = threading.Lock()
        self._state = self._load()
        self._written = self._state.watched

    def close(self) -> None:
        self._database.close()

    def backlog(self) -> Backlog:
        """What is not yet written."""
        return self._database.backlog()

    def state(self) -> ReactionState:
        with self._lock:
            return self._state

    def record(self, step: Step, now: float) -> None:
        """Records the changes of a poll of Alertmanager at ``now``."""
        before = self.state()
        incidents, past, sums = dict(before.incidents), dict(before.past), dict(before.sums)
        for end in step.ends:
            incidents.pop(end.incident.identity, None)
            past[end.incident.identity] = end.incident
            if end.outcome is not None:
                key = _key(end.incident)
                sums[key] = _ended(sums.get(key, Sums()), end.outcome, end.lasted)
        for incident in step.opened:
            incidents[incident.identity] = incident
            past.pop(incident.identity, None)
            if incident.told is not None:
                sums.setdefault(_key(incident), Sums())  # zero while it fires, or its increase would not show
        for incident in step.answered:
            if incident.told is not None and incident.taken is not None:
                key = _key(incident)
                known = sums.get(key, Sums())
                spread = known.acknowledge.plus(max(0.0, incident.taken.at - incident.told))
                sums[key] = replace(known, acknowledge=spread)
        old = [identity for identity, each in past.items() if (each.over or 0.0) < now - _PAST] if step.ends else []
        for identity in old:
            del past[identity]
        changed = bool(step.ends or step.opened)
        if changed or not before.watched or now - self._written >= _WATCHED_EVERY:
            rows: dict[Hashable, tuple[str, tuple[Any, ...]]] = {
                "watched": ("INSERT OR REPLACE INTO watched VALUES (1, ?)", (now,))
            }
            for incident in (*(end.incident for end in step.ends), *step.opened):
                row = _row(incident)
                rows["incident", incident.identity] = (_WRITE_INCIDENT, row)
            for identity in old:
                rows["incident", identity] = ("DELETE FROM incident WHERE identity = ?", (identity,))
            for key, each in sums.items():
                if before.sums.get(key) is not each:
                    rows["sums", key] = (_WRITE_SUMS, (*key, *_sums_row(each)))
            rows.update(self.handling.rows(step.ends, now))
            self._database.later(rows)
            self._written = now
        with self._lock:
            self._state = ReactionState(incidents, past, sums, now) if changed else replace(before, watched=now)

    def _load(self) -> ReactionState:
        with self._database.reading() as connection:
            rows = connection.execute("SELECT * FROM incident").fetchall()
            totals = connection.execute("SELECT * FROM sums").fetchall()
            every = {row[0]: _incident(*row) for row in rows}
            sums = {(manager, priority): _sums(*stored) for manager, priority, *stored in totals}
            watched = connection.execute("SELECT time FROM watched").fetchone()
        if any(isinstance(row[1], str) for row in rows) or any(isinstance(row[2], str) for row in totals):
            self._rewrite(every, sums)
        incidents = {identity: each for identity, each in every.items() if each.over is None}
        past = {identity: each for identity, each in every.items() if each.over is not None}
        return ReactionState(incidents, past, sums, watched[0] if watched else 0.0)

    def _rewrite(self, incidents: Mapping[str, Incident], sums: Mapping[tuple[str, str], Sums]) -> None:
        """Rewrites what was JSON until 0.2, once."""
        with self._database.transaction() as connection:
            connection.executemany(_WRITE_INCIDENT, [_row(each) for each in incidents.values()])
            connection.executemany(_WRITE_SUMS, [(*key, *_sums_row(each)) for key, each in sums.items()])


def _encoded(plain: Any) -> bytes:
    return msgspec.msgpack.encode(plain)


def _decoded(stored: bytes | str) -> Any:
    return msgspec.json.decode(stored) if isinstance(stored, str) else msgspec.msgpack.decode(stored)


def _key(incident: Incident) -> tuple[str, str]:
    return incident.manager, incident.priority


def _ended(sums: Sums, outcome: Ending, lasted: float | None) -> Sums:
    outcomes = {**sums.outcomes, outcome: sums.outcomes[outcome] + 1}
    if lasted is None:
        return replace(sums, outcomes=outcomes)
    acknowledged = outcome is Ending.ACKNOWLEDGED
    recovery = {**sums.recovery, acknowledged: sums.recovery[acknowledged].plus(lasted)}
    return replace(sums, outcomes=outcomes, recovery=recovery)


def _row(incident: Incident) -> tuple[Any, ...]:
    taken = incident.taken
    return (
        incident.identity,
        _encoded(dict(incident.labels)),
        incident.started,
        incident.latest,
        incident.told,
        None if taken is None else _encoded(_plain_taken(taken)),
        incident.inhibited,
        incident.missing,
        incident.seen,
        incident.over,
        incident.counted,
        _encoded([_plain_taken(each) for each in incident.extensions]),
    )


def _plain_taken(taken: Taken) -> list[Any]:
    return [taken.at, taken.by, taken.comment, taken.until]


def _incident(
    identity: str, labels: bytes | str, started: float, latest: float, told: float | None, taken: bytes | str | None,
    inhibited: int, missing: float | None, seen: float, over: float | None, counted: int, extensions: bytes | str,
) -> Incident:  # fmt: skip
    return Incident(
        identity=identity,
        labels=_decoded(labels),
        started=started,
        latest=latest,
        told=told,
        taken=Taken(*_decoded(taken)) if taken else None,
        inhibited=bool(inhibited),
        missing=missing,
        seen=seen,
        over=over,
        counted=bool(counted),
        extensions=tuple(Taken(*each) for each in _decoded(extensions)),
    )


def _sums_row(sums: Sums) -> tuple[bytes, bytes, bytes]:
    return (
        _encoded({outcome.value: number for outcome, number in sums.outcomes.items()}),
        _encoded(_plain(sums.acknowledge)),
        _encoded({"yes": _plain(sums.recovery[True]), "no": _plain(sums.recovery[False])}),
    )


def _sums(outcomes: bytes | str, acknowledge: bytes | str, recovery: bytes | str) -> Sums:
    numbers, spreads = _decoded(outcomes), _decoded(recovery)
    return Sums(
        {outcome: int(numbers.get(outcome.value, 0)) for outcome in Ending},
        _spread(_decoded(acknowledge)),
        {True: _spread(spreads["yes"]), False: _spread(spreads["no"])},
    )


def _plain(spread: Spread) -> list[Any]:
    return [list(spread.counts), spread.seconds]


def _spread(plain: Any) -> Spread:
    counts, seconds = plain
    return Spread(tuple(counts), seconds)

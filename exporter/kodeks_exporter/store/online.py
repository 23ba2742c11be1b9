"""What is known about each online access: the last good figures, a year of use, searches, refusals.

Kept in ``online.sqlite``. A visit is one transaction, so a kill -9 loses at most the current visit. The figures of the
last good visit stay until the next one; ``AccessState.read`` shows their age.
"""

import hashlib
import secrets
import threading
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from kodeks_exporter.domain.online import (
    DayUse,
    HistoryDay,
    OnlineReading,
    Quota,
    Resource,
    UsePattern,
)
from kodeks_exporter.domain.report import SearchEvent
from kodeks_exporter.settings.fleet import OnlineAccess
from kodeks_exporter.settings.online import OnlineSettings
from kodeks_exporter.store.access_state import UNKNOWN, AccessState, Refusal, after_visit, decoded, encoded
from kodeks_exporter.store.database import Database

FILE_NAME: Final = "online.sqlite"
MIGRATIONS: Final = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE access (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL              -- msgpack of AccessState without its events; JSON until 0.2
    );
    CREATE TABLE day_use (
        access INTEGER NOT NULL,
        day INTEGER NOT NULL,            -- proleptic ordinal
        documents INTEGER NOT NULL,      -- used from the 1st of the month to the end of the day
        searches INTEGER NOT NULL,
        doc_limit INTEGER NOT NULL,      -- 0: not known
        PRIMARY KEY (access, day)
    ) WITHOUT ROWID;
    CREATE TABLE search (
        access INTEGER NOT NULL,
        day INTEGER NOT NULL,
        time REAL NOT NULL,
        type TEXT NOT NULL,
        status TEXT NOT NULL,
        query TEXT NOT NULL,
        found INTEGER,
        duration REAL
    );
    CREATE INDEX search_day ON search (access, day, status);
    CREATE INDEX search_age ON search (day);
    """,
)


class OnlineStore:
    """Safe to use from many threads; the visits of one access come one after another."""

    def __init__(self, directory: Path, settings: OnlineSettings | None = None) -> None:
        """``settings``: how many single searches are shown. Raises ``StorageError``, and other errors for a damaged
        file."""
        self._database = Database(directory, FILE_NAME, MIGRATIONS)
        self._lock = threading.Lock()
        self._ids: dict[str, int] = {}
        self._states: dict[str, AccessState] = {}
        self._salt = self._load_salt()
        self._load_states(settings or OnlineSettings())

    def close(self) -> None:
        self._database.close()

    def state(self, access: str) -> AccessState:
        with self._lock:
            return self._states.get(access, UNKNOWN)

    # Writing

    def record(self, reading: OnlineReading, today: date, settings: OnlineSettings) -> AccessState:
        """Records the outcome of a visit; ``today`` is the day on which it began. A day of history replaces that
        day's earlier data. Returns the new state."""
        before = self.state(reading.access)
        state = after_visit(before, reading, today, settings)
        with self._database.transaction() as connection:
            number = self._number(connection, reading.access)
            if not reading.reason:
                self._write_day(connection, number, state, today)
            totals = Counter(state.searches)
            newest = state.history_day
            for each in reading.history:
                totals.update(_replace_day(connection, number, each))
                newest = each.day if newest is None else max(newest, each.day)
            state = replace(state, searches=dict(totals), history_day=newest)
            if reading.history:
                state = replace(state, events=_newest_events(connection, number, settings))
            self._write_state(connection, number, state)
        self._set(reading.access, state)
        return state

    def set_use_pattern(self, access: str, use_pattern: UsePattern) -> None:
        self._change(access, replace(self.state(access), use_pattern=use_pattern))

    def refuse(self, access: OnlineAccess, next_try: float) -> None:
        """Remembers that this login was refused and must not be tried before ``next_try``."""
        before = self.state(access.name)
        count = before.refusal.count + 1 if before.refusal else 1
        refusal = Refusal(self._fingerprint(access), count, next_try)
        self._change(access.name, replace(before, refusal=refusal))

    def forgive(self, access: str) -> None:
        """The login was accepted, or has changed."""
        before = self.state(access)
        if before.refusal is not None:
            self._change(access, replace(before, refusal=None, login=None if before.login is False else before.login))

    def was_refused(self, access: OnlineAccess) -> bool:
        """Whether exactly this login, password and address were refused last. Takes a few ms."""
        refusal = self.state(access.name).refusal
        return refusal is not None and secrets.compare_digest(refusal.fingerprint, self._fingerprint(access))

    def prune(self, today: date, settings: OnlineSettings) -> None:
        """Drops days and searches that are too old."""
        oldest = today.toordinal() - int(settings.retention // 86400)
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM day_use WHERE day < ?", (oldest,))
            connection.execute("DELETE FROM search WHERE day < ?", (oldest,))

    # Reading

    def history(self, access: str) -> list[DayUse]:
        """Use by day, for each day that was seen, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT day, documents, searches, doc_limit FROM day_use"
                " JOIN access ON access.id = access WHERE name = ? ORDER BY day",
                (access,),
            ).fetchall()
        return [DayUse(date.fromordinal(day), documents, searches, limit) for day, documents, searches, limit in rows]

    def searches(self, access: str, since: date) -> list[SearchEvent]:
        """All kept searches since that day, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT time, type, status, query, found, duration FROM search"
                " JOIN access ON access.id = access WHERE name = ? AND day >= ? ORDER BY time",
                (access, since.toordinal()),
            ).fetchall()
        return [_event(*row) for row in rows]

    # Inside

    def _change(self, access: str, state: AccessState) -> None:
        with self._database.transaction() as connection:
            self._write_state(connection, self._number(connection, access), state)
        self._set(access, state)

    def _set(self, access: str, state: AccessState) -> None:
        with self._lock:
            self._states[access] = state

    def _number(self, connection: Any, access: str) -> int:
        known = self._ids.get(access)
        if known is not None:
            return known
        connection.execute("INSERT OR IGNORE INTO access (name, state) VALUES (?, '{}')", (access,))
        number: int = connection.execute("SELECT id FROM access WHERE name = ?", (access,)).fetchone()[0]
        self._ids[access] = number
        return number

    @staticmethod
    def _write_day(connection: Any, number: int, state: AccessState, today: date) -> None:
        documents = state.quotas.get(Resource.DOCUMENTS)
        searches = state.quotas.get(Resource.SEARCHES)
        limit = 0 if Resource.DOCUMENTS in state.uncertain else (documents and documents.limit) or 0
        connection.execute(
            "INSERT OR REPLACE INTO day_use VALUES (?, ?, ?, ?, ?)",
            (number, today.toordinal(), _used(documents), _used(searches), limit),
        )

    @staticmethod
    def _write_state(connection: Any, number: int, state: AccessState) -> None:
        connection.execute("UPDATE access SET state = ? WHERE id = ?", (encoded(state), number))

    def _fingerprint(self, access: OnlineAccess) -> str:
        login = access.credentials
        text = f"{access.url}\0{login.username}\0{login.password.reveal()}"
        return hashlib.scrypt(text.encode(errors="replace"), salt=self._salt, n=2**12, r=8, p=1, dklen=16).hex()

    def _load_salt(self) -> bytes:
        with self._database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO meta VALUES ('salt', ?)", (secrets.token_hex(16),))
            return bytes.fromhex(connection.execute("SELECT value FROM meta WHERE key = 'salt'").fetchone()[0])

    def _load_states(self, settings: OnlineSettings) -> None:
        with self._database.reading() as connection:
            for number, name, stored in connection.execute("SELECT id, name, state FROM access").fetchall():
                state = decoded(stored)
                if state.history_day is not None:
                    state = replace(state, events=_newest_events(connection, number, settings))
                self._ids[name], self._states[name] = number, state


def _used(quota: Quota | None) -> int:
    return max(0, quota.limit - quota.left) if quota is not None and quota.limit is not None else 0


def _replace_day(connection: Any, number: int, day: HistoryDay) -> Counter[tuple[str, str]]:
    """Returns how many searches were added, by type and status; never negative, because counters only grow."""
    key = (number, day.day.toordinal())
    known: Counter[tuple[str, str]] = Counter()
    for kind, status, count in connection.execute(
        "SELECT type, status, count(*) FROM search WHERE access = ? AND day = ? GROUP BY type, status", key
    ):
        known[kind, status] = count
    connection.execute("DELETE FROM search WHERE access = ? AND day = ?", key)
    connection.executemany(
        "INSERT INTO search VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(*key, each.time, each.type, each.status, each.query, each.found, each.duration) for each in day.events],
    )
    return Counter((each.type, each.status) for each in day.events) - known


def _newest_events(connection: Any, number: int, settings: OnlineSettings) -> tuple[SearchEvent, ...]:
    events: list[SearchEvent] = []
    for ok, count in ((1, settings.searches.ok_count), (0, settings.searches.unsuccessful_count)):
        rows = connection.execute(
            "SELECT time, type, status, query, found, duration FROM search"
            " WHERE access = ? AND (status = 'ok') = ? ORDER BY day DESC, time DESC LIMIT ?",
            (number, ok, count),
        )
        events.extend(_event(*row) for row in rows)
    return tuple(sorted(events, key=lambda event: event.time))


def _event(time: float, kind: str, status: str, query: str, found: int | None, duration: float | None) -> SearchEvent:
    return SearchEvent(time, "", "", "", kind, status, query, found, duration)

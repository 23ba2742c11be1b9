"""Reports: taken in, kept, and given out as snapshots. The storage is a SQLite file of its own, so that a long ingest
never holds up the live checks."""

from __future__ import annotations

import logging
import secrets
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.report import ReadSummary, ReportSink, SearchEvent, UnreadableReport, UserUsage
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.settings.history import HistorySettings
from kodeks_exporter.store import eventlog, months, rezone
from kodeks_exporter.store.bounds import EVENT_BYTES, MANY_EVENTS, is_month_of, usage_of
from kodeks_exporter.store.database import Database, StorageError, in_words
from kodeks_exporter.store.eventlog import DAY, EventKind, decode_rejections, decode_searches, known_days, merge_days
from kodeks_exporter.store.merge import merge, merge_months, merge_usage, months_before
from kodeks_exporter.store.months import MonthSums, RefusedByMonth
from kodeks_exporter.store.privacy import UserNames
from kodeks_exporter.store.sink import ReportCollector
from kodeks_exporter.store.snapshot import (
    Explanation,
    ReportSnapshot,
    UserKey,
    decode_snapshot,
    decode_usage,
    encode_snapshot,
    encode_usage,
)

log = logging.getLogger(__name__)

FILE_NAME: Final = "reports.sqlite"
PAGE_SIZE: Final = 32768
"""Bytes; days of events are large values, which cost half as much in large pages."""
MIGRATIONS: Final = (
    """
    CREATE TABLE event_day (
        installation TEXT NOT NULL,
        kind INTEGER NOT NULL,           -- 1 search, 2 rejection
        day INTEGER NOT NULL,            -- days since 1970-01-01 UTC
        digest BLOB NOT NULL,            -- SHA-256 of the day as a report had it when it was last merged
        PRIMARY KEY (installation, kind, day)
    ) WITHOUT ROWID;
    CREATE TABLE event_part (
        id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again, so that followers can remember it
        installation TEXT NOT NULL,
        kind INTEGER NOT NULL,
        day INTEGER NOT NULL,
        count INTEGER NOT NULL,
        events BLOB NOT NULL             -- elements of a msgpack array, without its header
    );
    CREATE INDEX event_part_day ON event_part (installation, kind, day);
    CREATE TABLE report_state (
        installation TEXT PRIMARY KEY,
        state BLOB NOT NULL              -- msgpack of store/snapshot.py
    ) WITHOUT ROWID;
    CREATE TABLE usage_month (
        installation TEXT NOT NULL,
        month TEXT NOT NULL,             -- YYYY-MM
        usage BLOB NOT NULL,             -- msgpack: rows of domain.report.UserUsage
        PRIMARY KEY (installation, month)
    ) WITHOUT ROWID;
    CREATE TABLE follower (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        part INTEGER NOT NULL,           -- id of the last event_part that the journal has
        file INTEGER NOT NULL,           -- number of the journal's file
        offset INTEGER NOT NULL          -- its length in bytes with all that is counted
    );
    INSERT INTO follower VALUES (1, 0, 1, 0);
    CREATE TABLE secret (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
)
"""Schema version n is reached by running the first n scripts; a script that was released never changes."""

_NOTHING: Final = ReportSnapshot()
_MONTHS_OF_REPORT: Final = 24
_PRUNE_STEP: Final = 2 * 86400.0
_ALL_DAYS: Final = 2**40


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a report brought. ``newest`` False: an older one than the report in force, which stays."""

    summary: ReadSummary
    newest: bool
    new_searches: int
    new_rejections: int
    new_users: int


@dataclass(frozen=True, slots=True)
class Position:
    """How far the journal got: the last part of the event log, the number of the file and its length in bytes."""

    part: int
    file: int
    offset: int


@dataclass(frozen=True, slots=True)
class Part:
    """A portion of searches that were new, as one report brought them."""

    number: int
    installation: str
    events: list[SearchEvent]


class ReportStore:
    """Safe to use from many threads. Reports of one installation are taken in one after another."""

    def __init__(self, directory: Path, settings: HistorySettings) -> None:
        """Raises StorageError, and whatever a damaged file leads to."""
        self._settings = settings
        self._database = Database(directory, FILE_NAME, MIGRATIONS, PAGE_SIZE)
        self._changing = threading.RLock()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._snapshots = self._load()
        self._pruned = 0.0
        self._key = self._load_key()

    def close(self) -> None:
        self._database.close()

    def configure(self, settings: HistorySettings) -> None:
        """After a reload; what is already kept stays."""
        self._settings = settings

    # What others read

    def snapshot(self, installation: str) -> ReportSnapshot | None:
        """None: nothing was ever received, not even something unreadable."""
        return self._snapshots.get(installation)

    def snapshots(self) -> Mapping[str, ReportSnapshot]:
        # Without the lock, which is held while a report is written: a scrape must not wait for that.
        return MappingProxyType(dict(self._snapshots))

    def names(self, mode: str) -> UserNames:
        """``mode``: plain, hashed or off (``privacy.user_labels``)."""
        return UserNames(mode, self._key)

    def usage(self, installation: str, month: str) -> Mapping[UserKey, UserUsage]:
        """What is known of a month, ``YYYY-MM``, of the last 13."""
        with self._database.reading() as connection:
            return _usage(connection, installation, month)

    def searches(self, installation: str, since: float) -> Iterator[SearchEvent]:
        """All searches kept from the UTC day of ``since`` (Unix seconds) on, by day."""
        with self._database.reading() as connection:
            stored = eventlog.encoded_searches(connection, installation, int(since // DAY))
        for count, elements in stored:
            yield from decode_searches(count, elements)

    # Reports

    def ingest(
        self, installation: str, read: Callable[[ReportSink], ReadSummary], zone: ZoneInfo, via: str, received: float
    ) -> Ingested:
        """Keeps the report that ``read`` puts into the sink it is given: wholly or, whatever happens, not at all.

        ``zone``: of the installation. ``via``: pull, push or hand. ``received``: Unix seconds. Raises UnreadableReport,
        after counting it in the installation's errors; the last good report then stays in force. Raises StorageError
        when it can't be kept.
        """
        with self._locks[installation], _storage_errors():
            self._move_to(installation, zone)
            with self._database.reading() as connection:
                searches = known_days(connection, installation, EventKind.SEARCH)
                rejections = known_days(connection, installation, EventKind.REJECTION)
            horizon = self._snapshots.get(installation, _NOTHING).horizon
            intake = ReportCollector(received, self._settings.searches, searches, rejections, horizon, zone)
            try:
                summary = read(intake)
                return self._keep(installation, intake, summary, (searches, rejections), zone, via, received)
            except UnreadableReport as error:
                self.record_error(installation, error.reason)
                raise
            finally:
                intake.close()

    def _move_to(self, installation: str, zone: ZoneInfo) -> None:
        """When the zone of an installation was corrected since its last report."""
        with self._changing:
            before = self._snapshots.get(installation, _NOTHING)
            if before.zone in ("", zone.key):
                return
            log.warning("time zone changed: times of reports are moved", extra={"installation": installation})
            moved = rezone.mover(ZoneInfo(before.zone), zone)
            after = rezone.move_snapshot(before, moved, zone)
            with self._database.transaction() as connection:
                rezone.move_events(connection, installation, moved)
                _write(connection, installation, after)
            self._snapshots[installation] = after

    def _keep(
        self,
        installation: str,
        intake: ReportCollector,
        summary: ReadSummary,
        known: tuple[frozenset[int], frozenset[int]],
        zone: ZoneInfo,
        via: str,
        received: float,
    ) -> Ingested:
        with self._changing:
            before = self._snapshots.get(installation, _NOTHING)
            with self._database.transaction() as connection:
                known_months = before.months or _count_months(connection, installation, before, zone)
                new_searches = merge_days(
                    connection,
                    installation,
                    EventKind.SEARCH,
                    intake.searches.days(),
                    known[0],
                    before.horizon,
                    decode_searches,
                    intake.new_searches,
                )
                new_rejections = merge_days(
                    connection,
                    installation,
                    EventKind.REJECTION,
                    intake.rejections.days(),
                    known[1],
                    before.horizon,
                    decode_rejections,
                    intake.new_rejections,
                )
                after = merge(before, intake, summary, zone, via, received)
                usage, changed = _keep_usage(connection, installation, intake, before, after)
                after = replace(after, usage=usage)
                after = replace(after, months=merge_months(known_months, intake, summary, zone, after, changed))
                if new_searches + new_rejections > MANY_EVENTS:
                    after = replace(
                        after, horizon=max(after.horizon, eventlog.cut(connection, installation, EVENT_BYTES))
                    )
                _write(connection, installation, after)
            self._snapshots[installation] = after
        return Ingested(
            summary=summary,
            newest=after.report is not before.report,
            new_searches=new_searches,
            new_rejections=new_rejections,
            new_users=len(after.users) - len(before.users),
        )

    def record_error(self, installation: str, reason: str) -> None:
        """Counts a report that could not be had or read. ``reason``: a slug, of a few dozen. Raises StorageError."""
        with _storage_errors(), self._changing:
            before = self._snapshots.get(installation, _NOTHING)
            errors = {**before.errors, reason: before.errors.get(reason, 0) + 1}
            self._replace(installation, replace(before, errors=errors))

    def prune(self, now: float, installations: Container[str]) -> None:
        """Forgets what is older than the retention: events, users not seen since and their usage, and whole
        installations that are not in ``installations`` (the inventory) any more. To be called daily.
        Raises StorageError.

        A clock that leaps ahead makes nothing old: from the newest report that is there at the first call, time goes on
        by two days a call at most.
        """
        known = [each.report for each in self.snapshots().values() if each.report is not None]
        begin = self._pruned or max((min(each.made, each.received) for each in known), default=0.0)
        now = self._pruned = min(now, begin + _PRUNE_STEP) if begin else now
        oldest = now - self._settings.retention
        try:
            self._prune_all(oldest, installations)
        finally:
            with _storage_errors():
                self._database.give_back()

    def _prune_all(self, oldest: float, installations: Container[str]) -> None:
        for name, snapshot in self.snapshots().items():
            gone = name not in installations and (snapshot.report is None or snapshot.report.received < oldest)
            with self._locks[name], _storage_errors():
                self._prune(name, oldest, gone)

    def _prune(self, installation: str, oldest: float, gone: bool) -> None:
        with self._changing:
            before = self._snapshots[installation]
            horizon = _ALL_DAYS if gone else max(before.horizon, int(oldest // DAY))
            month = datetime.fromtimestamp(oldest, UTC).strftime("%Y-%m")
            with self._database.transaction() as connection:
                eventlog.delete_before(connection, installation, horizon)
                connection.execute(
                    "DELETE FROM usage_month WHERE installation = ? AND (month < ? OR ?)", (installation, month, gone)
                )
                if gone:
                    connection.execute("DELETE FROM report_state WHERE installation = ?", (installation,))
                else:
                    horizon = max(horizon, eventlog.cut(connection, installation, EVENT_BYTES))
                    users = {key: user for key, user in before.users.items() if user.last_report >= oldest}
                    after = replace(before, users=users, horizon=horizon)
                    _write(connection, installation, after)
            if gone:
                del self._snapshots[installation]
            else:
                self._snapshots[installation] = after

    # For the journal

    def position(self) -> Position:
        with self._database.reading() as connection:
            return Position(*connection.execute("SELECT part, file, offset FROM follower").fetchone())

    def parts_after(self, number: int, events: int) -> list[Part]:
        """The next parts of the log of searches, until there are so many ``events``; at least one if there is any."""
        parts: list[Part] = []
        total = 0
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT id, installation, count, events FROM event_part WHERE id > ? AND kind = ? ORDER BY id",
                (number, EventKind.SEARCH),
            )
            for part, installation, count, elements in rows:
                parts.append(Part(part, installation, decode_searches(count, elements)))
                total += count
                if total >= events:
                    break
            rows.close()
        return parts

    def followed(
        self,
        position: Position,
        empty_searches: Mapping[str, Mapping[Explanation, int]],
        explanations: Mapping[str, Explanation],
    ) -> None:
        """Keeps how far the journal got, together with what was counted on the way, by installation."""
        with _storage_errors(), self._changing:
            changed = {}
            for installation, counts in empty_searches.items():
                before = self._snapshots.get(installation)
                if before is not None and counts:
                    total = dict(before.empty_searches)
                    for explanation, count in counts.items():
                        total[explanation] = total.get(explanation, 0) + count
                    queries = [event.query for event in before.window.unsuccessful if event.status == "empty"]
                    known = {**before.explanations, **explanations}
                    kept = {query: known[query] for query in queries if query in known}
                    changed[installation] = replace(before, empty_searches=total, explanations=kept)
            with self._database.transaction() as connection:
                for installation, after in changed.items():
                    _write(connection, installation, after)
                connection.execute(
                    "UPDATE follower SET part = ?, file = ?, offset = ?",
                    (position.part, position.file, position.offset),
                )
            self._snapshots.update(changed)

    # Inside

    def _replace(self, installation: str, snapshot: ReportSnapshot) -> None:
        with self._database.transaction() as connection:
            _write(connection, installation, snapshot)
        self._snapshots[installation] = snapshot

    def _load(self) -> dict[str, ReportSnapshot]:
        snapshots = {}
        with self._database.reading() as connection:
            rows = connection.execute("SELECT installation, state FROM report_state").fetchall()
            for installation, state in rows:
                snapshot = decode_snapshot(state, {})
                if snapshot.report is not None:
                    usage = _usage(connection, installation, snapshot.report.month)
                    snapshot = replace(snapshot, usage=usage)
                snapshots[installation] = snapshot
        self.position()
        return snapshots

    def _load_key(self) -> Secret:
        with self._database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO secret VALUES ('user_labels', ?)", (secrets.token_hex(32),))
            row = connection.execute("SELECT value FROM secret WHERE name = 'user_labels'").fetchone()
        return Secret(row[0])


@contextmanager
def _storage_errors() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"{FILE_NAME}: {in_words(error)}") from error


def _write(connection: sqlite3.Connection, installation: str, snapshot: ReportSnapshot) -> None:
    connection.execute("INSERT OR REPLACE INTO report_state VALUES (?, ?)", (installation, encode_snapshot(snapshot)))


def _usage(connection: sqlite3.Connection, installation: str, month: str) -> dict[UserKey, UserUsage]:
    row = connection.execute(
        "SELECT usage FROM usage_month WHERE installation = ? AND month = ?", (installation, month)
    ).fetchone()
    return {} if row is None else decode_usage(row[0])


def _keep_usage(
    connection: sqlite3.Connection,
    installation: str,
    intake: ReportCollector,
    before: ReportSnapshot,
    after: ReportSnapshot,
) -> tuple[Mapping[UserKey, UserUsage], Mapping[str, Mapping[UserKey, UserUsage]]]:
    """Writes the months that the report has. Gives the one that is in force afterwards, and all that it changed."""
    assert after.report is not None
    current = after.report.month
    in_force = before.usage if before.report is not None and before.report.month == current else None
    changed = {}
    own = max(current, f"{datetime.fromtimestamp(intake.made, UTC):%Y-%m}")
    told = [month for month in sorted(intake.usage_by_month) if is_month_of(month, own)]
    for month in told[-_MONTHS_OF_REPORT:]:
        stored = in_force if month == current and in_force is not None else _usage(connection, installation, month)
        merged = usage_of(merge_usage(stored, intake.usage_by_month[month]), after.users)
        if merged != stored:
            connection.execute(
                "INSERT OR REPLACE INTO usage_month VALUES (?, ?, ?)", (installation, month, encode_usage(merged))
            )
            stored = changed[month] = merged
        if month == current:
            in_force = stored
    return _usage(connection, installation, current) if in_force is None else in_force, changed


def _count_months(
    connection: sqlite3.Connection, installation: str, before: ReportSnapshot, zone: ZoneInfo
) -> Mapping[str, MonthSums]:
    """The months of a storage of before they were counted, from what it has."""
    if before.report is None:
        return {}
    last = months.before(before.report.month)
    refused = RefusedByMonth(zone)
    for count, elements in connection.execute(
        "SELECT count, events FROM event_part WHERE installation = ? AND kind = ?", (installation, EventKind.REJECTION)
    ):
        refused.add(decode_rejections(count, elements))
    return months_before(before, _usage(connection, installation, last), refused.counts())

"""Stores reports and provides snapshots of them. They have their own SQLite file, so that a long ingest never blocks
the live checks."""

import logging
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

import msgspec

from kodeks_exporter.domain.report import ReadSummary, ReportSink, SearchEvent, UnreadableReport, UserUsage
from kodeks_exporter.settings.history import HistorySettings
from kodeks_exporter.store import eventlog, rezone
from kodeks_exporter.store import report_tables as tables
from kodeks_exporter.store.bounds import EVENT_BYTES, MANY_EVENTS
from kodeks_exporter.store.database import Database, StorageError, in_words
from kodeks_exporter.store.eventlog import DAY, EventKind, decode_rejections, decode_searches, known_days, merge_days
from kodeks_exporter.store.merge import merge, merge_months
from kodeks_exporter.store.privacy import UserNames
from kodeks_exporter.store.report_tables import Part, Position
from kodeks_exporter.store.sink import ReportCollector
from kodeks_exporter.store.snapshot import (
    Explanation,
    ReportSnapshot,
    UserKey,
    decode_snapshot,
)

log = logging.getLogger(__name__)

FILE_NAME: Final = "reports.sqlite"
_NOTHING: Final = ReportSnapshot()
_PRUNE_STEP: Final = 2 * 86400.0
_ALL_DAYS: Final = 2**40


@dataclass(frozen=True, slots=True)
class Ingested:
    """The result of taking a report in. ``newest`` False: it is older than the report in force, which stays."""

    summary: ReadSummary
    newest: bool
    new_searches: int
    new_rejections: int
    new_users: int


class ReportStore:
    """Safe to use from many threads. Reports of one installation are taken in one after another."""

    def __init__(self, directory: Path, settings: HistorySettings) -> None:
        """Raises StorageError, and whatever a damaged file leads to."""
        self._settings = settings
        self._database = Database(directory, FILE_NAME, tables.MIGRATIONS, tables.PAGE_SIZE)
        self._changing = threading.RLock()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._snapshots = self._load()
        self._pruned = 0.0
        with self._database.transaction() as connection:
            self._key = tables.key_of_labels(connection)

    def close(self) -> None:
        self._database.close()

    def configure(self, settings: HistorySettings) -> None:
        """After a reload; what is already kept stays."""
        self._settings = settings

    # What others read

    def snapshot(self, installation: str) -> ReportSnapshot | None:
        """None: nothing was ever received, not even an unreadable report."""
        return self._snapshots.get(installation)

    def snapshots(self) -> Mapping[str, ReportSnapshot]:
        # Without the lock, which is held while a report is written: a scrape must not wait.
        return MappingProxyType(dict(self._snapshots))

    def names(self, mode: str) -> UserNames:
        """``mode``: plain, hashed or off (``privacy.user_labels``)."""
        return UserNames(mode, self._key)

    def usage(self, installation: str, month: str) -> Mapping[UserKey, UserUsage]:
        """Usage of a month, ``YYYY-MM``, one of the last 13."""
        with self._database.reading() as connection:
            return tables.usage_in(connection, installation, month)

    def searches(self, installation: str, since: float) -> Iterator[SearchEvent]:
        """All searches kept from the UTC day of ``since`` (Unix seconds) on, by day."""
        with self._database.reading() as connection:
            stored = eventlog.encoded_searches(connection, installation, int(since // DAY))
        for count, elements in stored:
            yield from decode_searches(count, elements)

    @contextmanager
    def _storage_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageError(f"{FILE_NAME}: {in_words(error)}") from error
        except msgspec.MsgspecError as error:
            self._database.damaged(error)
            raise StorageError(f"{FILE_NAME}: {error}; restart the exporter, which sets it aside") from error

    # Reports

    def ingest(
        self, installation: str, read: Callable[[ReportSink], ReadSummary], zone: ZoneInfo, via: str, received: float
    ) -> Ingested:
        """Stores the report that ``read`` passes to the sink: completely or not at all.

        ``zone``: of the installation. ``via``: pull, push or hand. ``received``: Unix seconds. Raises UnreadableReport,
        after counting the error; the last good report then stays in force. Raises StorageError when the report can't be
        stored.
        """
        with self._locks[installation], self._storage_errors():
            self._move_to(installation, zone)
            with self._database.reading() as connection:
                searches = known_days(connection, installation, EventKind.SEARCH)
                rejections = known_days(connection, installation, EventKind.REJECTION)
            before = self._snapshots.get(installation, _NOTHING)
            intake = ReportCollector(
                received, self._settings.searches, searches, rejections, before.horizon, zone, before
            )
            try:
                summary = read(intake)
                return self._keep(installation, intake, summary, (searches, rejections), zone, via, received)
            except UnreadableReport as error:
                self.record_error(installation, error.reason)
                raise
            finally:
                intake.close()

    def _move_to(self, installation: str, zone: ZoneInfo) -> None:
        """Moves times if the installation's zone was corrected since its last report."""
        with self._changing:
            before = self._snapshots.get(installation, _NOTHING)
            if before.zone in ("", zone.key):
                return
            log.warning("time zone changed: times of reports are moved", extra={"installation": installation})
            moved = rezone.mover(ZoneInfo(before.zone), zone)
            after = rezone.move_snapshot(before, moved, zone)
            with self._database.transaction() as connection:
                rezone.move_events(connection, installation, moved)
                tables.write_state(connection, installation, after)
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
                known_months = before.months or tables.count_months(connection, installation, before, zone)
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
                usage, changed = tables.keep_usage(connection, installation, intake, before, after)
                after = replace(after, usage=usage)
                after = replace(after, months=merge_months(known_months, intake, summary, zone, after, changed))
                if new_searches + new_rejections > MANY_EVENTS:
                    after = replace(
                        after, horizon=max(after.horizon, eventlog.cut(connection, installation, EVENT_BYTES))
                    )
                tables.write_state(connection, installation, after)
            self._snapshots[installation] = after
        return Ingested(
            summary=summary,
            newest=after.report is not before.report,
            new_searches=new_searches,
            new_rejections=new_rejections,
            new_users=len(after.users) - len(before.users),
        )

    def record_error(self, installation: str, reason: str) -> None:
        """Counts a report that could not be fetched or read. ``reason``: one of a few dozen slugs. Raises
        StorageError."""
        with self._storage_errors(), self._changing:
            before = self._snapshots.get(installation, _NOTHING)
            errors = {**before.errors, reason: before.errors.get(reason, 0) + 1}
            self._replace(installation, replace(before, errors=errors))

    def prune(self, now: float, installations: Container[str]) -> None:
        """Deletes what is older than the retention: events, users not seen since and their usage, and installations
        that are no longer in ``installations`` (the inventory). Call it daily. Raises StorageError.

        A clock that jumps ahead deletes nothing: starting from the newest report at the first call, time advances by at
        most two days a call.
        """
        known = [each.report for each in self.snapshots().values() if each.report is not None]
        begin = self._pruned or max((min(each.made, each.received) for each in known), default=0.0)
        now = self._pruned = min(now, begin + _PRUNE_STEP) if begin else now
        oldest = now - self._settings.retention
        try:
            self._prune_all(oldest, installations)
        finally:
            with self._storage_errors():
                self._database.give_back()

    def _prune_all(self, oldest: float, installations: Container[str]) -> None:
        for name, snapshot in self.snapshots().items():
            gone = name not in installations and (snapshot.report is None or snapshot.report.received < oldest)
            with self._locks[name], self._storage_errors():
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
                    tables.write_state(connection, installation, after)
            if gone:
                del self._snapshots[installation]
            else:
                self._snapshots[installation] = after

    # For the journal

    def position(self) -> Position:
        with self._database.reading() as connection:
            return tables.position(connection)

    def parts_after(self, number: int, events: int) -> list[Part]:
        """The next parts of the log of searches, until there are so many ``events``; at least one if there is any."""
        with self._database.reading() as connection:
            return tables.parts_after(connection, number, events)

    def followed(
        self,
        position: Position,
        empty_searches: Mapping[str, Mapping[Explanation, int]],
        explanations: Mapping[str, Explanation],
    ) -> None:
        """Stores the journal's position together with what it counted, by installation."""
        with self._storage_errors(), self._changing:
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
                    tables.write_state(connection, installation, after)
                connection.execute(
                    "UPDATE follower SET part = ?, file = ?, offset = ?",
                    (position.part, position.file, position.offset),
                )
            self._snapshots.update(changed)

    # Inside

    def _replace(self, installation: str, snapshot: ReportSnapshot) -> None:
        with self._database.transaction() as connection:
            tables.write_state(connection, installation, snapshot)
        self._snapshots[installation] = snapshot

    def _load(self) -> dict[str, ReportSnapshot]:
        snapshots = {}
        with self._database.reading() as connection:
            rows = connection.execute("SELECT installation, state FROM report_state").fetchall()
            for installation, state in rows:
                snapshot = decode_snapshot(state, {})
                if snapshot.report is not None:
                    usage = tables.usage_in(connection, installation, snapshot.report.month)
                    snapshot = replace(snapshot, usage=usage)
                snapshots[installation] = snapshot
        self.position()
        return snapshots

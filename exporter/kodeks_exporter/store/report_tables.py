"""The tables of reports.sqlite, and what is read from and written to them."""

import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.report import SearchEvent, UserUsage
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.store import months
from kodeks_exporter.store.bounds import is_month_of, usage_of
from kodeks_exporter.store.eventlog import EventKind, decode_rejections, decode_searches
from kodeks_exporter.store.merge import merge_usage, months_before
from kodeks_exporter.store.months import MonthSums, RefusedByMonth
from kodeks_exporter.store.sink import ReportCollector
from kodeks_exporter.store.snapshot import ReportSnapshot, UserKey, decode_usage, encode_snapshot, encode_usage

PAGE_SIZE: Final = 32768
"""Bytes; days of events are large values, which take half the space in large pages."""
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

_MONTHS_OF_REPORT: Final = 24


@dataclass(frozen=True, slots=True)
class Position:
    """How far the journal got: the last part of the event log, the number of the file and its length in bytes."""

    part: int
    file: int
    offset: int


@dataclass(frozen=True, slots=True)
class Part:
    """New searches from one report."""

    number: int
    installation: str
    events: list[SearchEvent]


def position(connection: sqlite3.Connection) -> Position:
    return Position(*connection.execute("SELECT part, file, offset FROM follower").fetchone())


def parts_after(connection: sqlite3.Connection, number: int, events: int) -> list[Part]:
    """The next parts of the log of searches, until they have that many ``events``; at least one if there is any."""
    parts: list[Part] = []
    total = 0
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


def key_of_labels(connection: sqlite3.Connection) -> Secret:
    """The key that hashes users' names, made at the first call."""
    connection.execute("INSERT OR IGNORE INTO secret VALUES ('user_labels', ?)", (secrets.token_hex(32),))
    return Secret(connection.execute("SELECT value FROM secret WHERE name = 'user_labels'").fetchone()[0])


def write_state(connection: sqlite3.Connection, installation: str, snapshot: ReportSnapshot) -> None:
    connection.execute("INSERT OR REPLACE INTO report_state VALUES (?, ?)", (installation, encode_snapshot(snapshot)))


def usage_in(connection: sqlite3.Connection, installation: str, month: str) -> dict[UserKey, UserUsage]:
    row = connection.execute(
        "SELECT usage FROM usage_month WHERE installation = ? AND month = ?", (installation, month)
    ).fetchone()
    return {} if row is None else decode_usage(row[0])


def keep_usage(
    connection: sqlite3.Connection,
    installation: str,
    intake: ReportCollector,
    before: ReportSnapshot,
    after: ReportSnapshot,
) -> tuple[Mapping[UserKey, UserUsage], Mapping[str, Mapping[UserKey, UserUsage]]]:
    """Writes the report's months. Returns the usage in force afterwards, and all changed months."""
    assert after.report is not None
    current = after.report.month
    in_force = before.usage if before.report is not None and before.report.month == current else None
    changed = {}
    own = max(current, f"{datetime.fromtimestamp(intake.made, UTC):%Y-%m}")
    own_months = [month for month in sorted(intake.usage_by_month) if is_month_of(month, own)]
    for month in own_months[-_MONTHS_OF_REPORT:]:
        stored = in_force if month == current and in_force is not None else usage_in(connection, installation, month)
        merged = usage_of(merge_usage(stored, intake.usage_by_month[month]), after.users)
        if merged != stored:
            connection.execute(
                "INSERT OR REPLACE INTO usage_month VALUES (?, ?, ?)", (installation, month, encode_usage(merged))
            )
            stored = changed[month] = merged
        if month == current:
            in_force = stored
    return usage_in(connection, installation, current) if in_force is None else in_force, changed


def count_months(
    connection: sqlite3.Connection, installation: str, before: ReportSnapshot, zone: ZoneInfo
) -> Mapping[str, MonthSums]:
    """The months of a storage from before they were counted, computed from its content."""
    if before.report is None:
        return {}
    last = months.before(before.report.month)
    refused = RefusedByMonth(zone)
    for count, elements in connection.execute(
        "SELECT count, events FROM event_part WHERE installation = ? AND kind = ?", (installation, EventKind.REJECTION)
    ):
        refused.add(decode_rejections(count, elements))
    return months_before(before, usage_in(connection, installation, last), refused.counts())

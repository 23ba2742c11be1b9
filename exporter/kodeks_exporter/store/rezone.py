"""Moves stored times when a time zone was corrected, so that the next report matches them.

Reports have local times (known), and the storage has them converted by the zone configured at that time. Without this,
every event of a report would count again, shifted by some hours.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.report import Rejection, SearchEvent
from kodeks_exporter.store.eventlog import DAY, EventKind, add_part, decode_rejections, decode_searches, encode
from kodeks_exporter.store.sink import CLOCK_TOLERANCE
from kodeks_exporter.store.snapshot import KnownUser, LastReport, ReportSnapshot, Window

_UNCOMPARED: Final = b""
"""Digest of a day that must be compared with the next report."""

Moved = Callable[[float], float]


def mover(old: ZoneInfo, new: ZoneInfo) -> Moved:
    """Converts a Unix time to that of the same local time in the new zone."""
    shifts: dict[int, float] = {}

    def moved(time: float) -> float:
        quarter = int(time // 900)  # offsets change on quarters of an hour
        shift = shifts.get(quarter)
        if shift is None:
            local = datetime.fromtimestamp(quarter * 900, old).replace(tzinfo=new)
            shift = shifts[quarter] = local.timestamp() - quarter * 900
        return time + shift

    return moved


def move_events(connection: sqlite3.Connection, installation: str, moved: Moved) -> None:
    """Parts that the journal has already seen keep their numbers or get negative ones, so that they do not look new."""
    (followed,) = connection.execute("SELECT part FROM follower").fetchone()
    parts = connection.execute("SELECT id FROM event_part WHERE installation = ?", (installation,)).fetchall()
    (lowest,) = connection.execute("SELECT min(id) FROM event_part").fetchone()
    spare = iter(range(min(lowest or 0, 0) - 1, -(2**62), -1))
    for (part,) in parts:
        _move_part(connection, installation, part, moved, spare if part <= followed else None)
    connection.execute("DELETE FROM event_day WHERE installation = ?", (installation,))
    connection.execute(
        "INSERT INTO event_day SELECT DISTINCT installation, kind, day, ? FROM event_part WHERE installation = ?",
        (_UNCOMPARED, installation),
    )


def _move_part(
    connection: sqlite3.Connection, installation: str, part: int, moved: Moved, spare: Iterator[int] | None
) -> None:
    kind, count, elements = connection.execute(
        "SELECT kind, count, events FROM event_part WHERE id = ?", (part,)
    ).fetchone()
    events: list[SearchEvent] | list[Rejection]
    events = decode_searches(count, elements) if kind == EventKind.SEARCH else decode_rejections(count, elements)
    by_day: defaultdict[int, list[SearchEvent | Rejection]] = defaultdict(list)
    for event in events:
        there = event._replace(time=moved(event.time))
        by_day[int(there.time // DAY)].append(there)
    connection.execute("DELETE FROM event_part WHERE id = ?", (part,))
    number: int | None = part
    for day, found in by_day.items():
        add_part(connection, (installation, EventKind(kind), day), len(found), encode(found), number)
        number = next(spare) if spare is not None else None


def move_snapshot(snapshot: ReportSnapshot, moved: Moved, zone: ZoneInfo) -> ReportSnapshot:
    window = snapshot.window
    before = snapshot.report
    after = None if before is None else _move_report(before, moved, zone)

    def reported(made: float) -> float:
        """When the report with a user was made."""
        return after.made if before is not None and after is not None and made == before.made else moved(made)

    return replace(
        snapshot,
        zone=zone.key,
        report=after,
        users={key: _move_user(user, moved, reported) for key, user in snapshot.users.items()},
        window=Window(
            tuple(event._replace(time=moved(event.time)) for event in window.ok),
            tuple(event._replace(time=moved(event.time)) for event in window.unsuccessful),
        ),
        kassist={date: day._replace(time=moved(day.time)) for date, day in snapshot.kassist.items()},
    )


def _move_report(report: LastReport, moved: Moved, zone: ZoneInfo) -> LastReport:
    header = report.header

    def maybe(time: float | None) -> float | None:
        return None if time is None else moved(time)

    created = maybe(header.created)
    # As on arrival: a report without a time, or with one in the future, counts as made then.
    made = report.received if created is None or created > report.received + CLOCK_TOLERANCE else created
    local = datetime.fromtimestamp(made, zone)
    return replace(
        report,
        made=made,
        date=local.date().isoformat(),
        month=local.strftime("%Y-%m"),
        header=replace(header, created=created, started=maybe(header.started), expires=maybe(header.expires)),
        sessions=tuple(each._replace(since=maybe(each.since)) for each in report.sessions),
        volumes=tuple(each._replace(expires=maybe(each.expires)) for each in report.volumes),
        operup=tuple(each._replace(date=moved(each.date)) for each in report.operup),
    )


def _move_user(user: KnownUser, moved: Moved, reported: Moved) -> KnownUser:
    return user._replace(
        registered=None if user.registered is None else moved(user.registered),
        first_report=reported(user.first_report),
        last_seen=None if user.last_seen is None else moved(user.last_seen),
        last_report=reported(user.last_report),
    )

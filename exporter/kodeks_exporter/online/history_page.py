"""Reads a day of the search history. The markup is assumed: a table with a row for each search."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.report import SearchEvent
from kodeks_exporter.online.markup import Table, tables
from kodeks_exporter.settings.online import OnlinePatterns

MAX_EVENTS: Final = 10_000
"""Per day; more are left out."""
_LONGEST_QUERY: Final = 2000
_RUSSIAN_DATE: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_ISO_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_WHOLE: Final = re.compile(r"\d{1,9}")
_DECIMAL: Final = re.compile(r"\d{1,9}(?:[.,]\d{1,9})?")
_DEFAULT_ORDER: Final = (0, 1, 2, 3, 4)


def read_history(
    source: str, text: str, day: date, login: str, patterns: OnlinePatterns, zone: ZoneInfo
) -> tuple[SearchEvent, ...] | None:
    """The searches of ``day`` (rows of other days are left out), or None when the page is not understood.

    ``text`` is the page's visible text: a page without a table may say in words that there was nothing.
    """
    for table in tables(source):
        columns = _columns(table, patterns)
        if columns is None:
            continue
        events = [event for row in table if (event := _event(row, columns, day, login, zone))]
        return tuple(events[:MAX_EVENTS])
    if any(pattern.search(text) for pattern in patterns.history_empty):
        return ()
    return None


def _columns(table: Table, patterns: OnlinePatterns) -> Sequence[int] | None:
    """Places of time, type, query, found, duration; -1: not there. None: not a table of searches."""
    if not table:
        return None
    # The name «Тип поиска» must not be taken for the query, so each column serves once, in this order.
    places: list[int] = []
    for expressions in (
        patterns.history_time,
        patterns.history_type,
        patterns.history_query,
        patterns.history_found,
        patterns.history_duration,
    ):
        places.append(
            next(
                (
                    i
                    for i, cell in enumerate(table[0])
                    if i not in places and any(each.search(cell[:200]) for each in expressions)
                ),
                -1,
            )
        )
    if places[0] >= 0 and places[2] >= 0:
        return places
    headless = len(table[0]) >= len(_DEFAULT_ORDER) and _CLOCK.search(table[0][0]) is not None
    return _DEFAULT_ORDER if headless else None


def _event(row: Sequence[str], columns: Sequence[int], day: date, login: str, zone: ZoneInfo) -> SearchEvent | None:
    when, kind, query, found, duration = (row[i] if 0 <= i < len(row) else "" for i in columns)
    moment = _moment(when[:100], day, zone)
    if moment is None:
        return None
    hits = _WHOLE.search("".join(found[:50].split()))
    number = int(hits[0]) if hits else None
    seconds = _DECIMAL.search(duration[:50])
    return SearchEvent(
        time=moment,
        login=login,
        catalog="",
        source="",
        type=_type(kind),
        status=_status(number, found),
        query=query[:_LONGEST_QUERY],
        found=number,
        duration=float(seconds[0].replace(",", ".")) if seconds else None,
    )


def _moment(text: str, day: date, zone: ZoneInfo) -> float | None:
    clock = _CLOCK.search(text)
    if clock is None:
        return None
    try:
        written = day
        if russian := _RUSSIAN_DATE.search(text):
            written = date(int(russian[3]), int(russian[2]), int(russian[1]))
        elif iso := _ISO_DATE.search(text):
            written = date(int(iso[1]), int(iso[2]), int(iso[3]))
        at = time(int(clock[1]), int(clock[2]), int(clock[3] or 0))
    except ValueError:
        return None
    return datetime.combine(written, at, zone).timestamp() if written == day else None


def _type(text: str) -> str:
    lowered = text.lower()
    if "интеллект" in lowered:
        return "intellectual"
    return "attribute" if "атрибут" in lowered else "other"


def _status(found: int | None, text: str) -> str:
    if found is not None:
        return "ok" if found else "empty"
    return "error" if "ошибк" in text.lower() else "other"

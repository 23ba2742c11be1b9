"""Alertmanager's configuration for a faster clock: waiting times are divided, working hours are shifted.

Routes, receivers, inhibitions and texts stay as they are.
"""

from __future__ import annotations

import calendar
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from kodeks_exporter.render.hours import INNER, WINDOWS
from replay import clock

Document = dict[str, Any]
_DEFAULTS: Final = {"group_wait": "30s", "group_interval": "5m", "repeat_interval": "4h"}
"""Alertmanager's defaults for the root route."""
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ALWAYS: Final[list[Document]] = [{}]
_NEVER: Final[list[Document]] = [{"years": ["1970"]}]


class ScaleError(ValueError):
    """Working hours that can't be represented with a faster clock."""


@dataclass(frozen=True, slots=True)
class Edge:
    """``at``: when working hours begin or end. ``begins``: which of the two."""

    at: datetime
    begins: bool


def scaled(document: Document, speed: float) -> Document:
    """A copy with every duration divided by ``speed``."""
    made = deepcopy(document)
    root = made["route"]
    for key, value in _DEFAULTS.items():
        root.setdefault(key, value)
    _scale(root, speed)
    settings = made.get("global", {})
    if "resolve_timeout" in settings:
        settings["resolve_timeout"] = divided(settings["resolve_timeout"], speed)
    return made


def divided(duration: str, speed: float) -> str:
    """In milliseconds, at least one: Alertmanager rejects a group_interval of 0."""
    return f"{max(1, round(clock.seconds(duration) * 1000 / speed))}ms"


def _scale(route: Document, speed: float) -> None:
    for key in _DEFAULTS:
        if key in route:
            route[key] = divided(route[key], speed)
    for child in route.get("routes", []):
        _scale(child, speed)


def at_any_hour(document: Document) -> Document:
    """A copy in which digests are sent at once, only once, and separately: a faster clock has no room for mornings."""
    made = deepcopy(document)
    _wake(made["route"])
    made["time_intervals"] = [each for each in made.get("time_intervals", []) if not each["name"].startswith(WINDOWS)]
    return made


def _wake(route: Document) -> None:
    if str(*route.get("active_time_intervals", ())).startswith(WINDOWS):
        for key in ("active_time_intervals", "group_by", "group_interval"):
            del route[key]
        route["repeat_interval"] = "5d"
    for child in route.get("routes", []):
        _wake(child)


def edges(document: Document, start: datetime, end: datetime) -> dict[str, tuple[bool, list[Edge]]]:
    """For each time interval: whether it is active at ``start``, and when that changes up to ``end``."""
    found = {}
    spans = {each["name"]: each for each in document.get("time_intervals", [])}
    for name in spans:
        # The minutes in which the day and night receivers are both active vanish on a faster clock.
        interval = spans[name.removesuffix(INNER)]
        minute = start.replace(second=0, microsecond=0)
        before = first = _holds(interval, minute)
        changes = []
        while (minute := minute + timedelta(minutes=1)) <= end:
            now = _holds(interval, minute)
            if now != before:
                changes.append(Edge(minute.astimezone(UTC), now))
            before = now
        found[name] = (first, changes)
    return found


def _holds(interval: Document, moment: datetime) -> bool:
    for each in interval["time_intervals"]:
        if set(each) - {"times", "weekdays", "days_of_month", "location"}:
            raise ScaleError(f"time interval {interval['name']!r}: months and years can't be shifted")
        local = moment.astimezone(ZoneInfo(each.get("location", "UTC")))
        if not any(_in_month(local, days) for days in each.get("days_of_month", ["1:31"])):
            continue
        if any(_DAYS[local.weekday()] in _span(days) for days in each.get("weekdays", ["sunday:saturday"])) and any(
            _minutes(times["start_time"]) <= local.hour * 60 + local.minute < _minutes(times["end_time"])
            for times in each.get("times", [{"start_time": "00:00", "end_time": "24:00"}])
        ):
            return True
    return False


def _in_month(day: datetime, days: str) -> bool:
    """Negative ones are counted from the month's end, as Alertmanager does."""
    length = calendar.monthrange(day.year, day.month)[1]
    first, _, last = days.partition(":")
    begin, end = (number + length + 1 if number < 0 else number for number in map(int, (first, last or first)))
    return begin <= day.day <= end


def _span(days: str) -> tuple[str, ...]:
    # Alertmanager's weeks begin on Sunday.
    week = (_DAYS[-1], *_DAYS[:-1])
    first, _, last = days.partition(":")
    return week[week.index(first) : week.index(last or first) + 1]


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def the_edge(found: dict[str, tuple[bool, list[Edge]]]) -> datetime | None:
    """The one moment at which working hours change while a script runs. Raises ScaleError if there are several.

    Alertmanager's working hours have a resolution of one minute, so only one moment can be placed exactly.
    """
    moments = {edge.at for _, changes in found.values() for edge in changes}
    if len(moments) > 1:
        raise ScaleError("working hours begin or end at several moments of the script: divide it")
    return next(iter(moments), None)


def pinned(document: Document, found: dict[str, tuple[bool, list[Edge]]], edge: datetime) -> Document:
    """A copy whose intervals change at ``edge``, a whole minute of the real clock, and not otherwise."""
    made = deepcopy(document)
    zone = zone_of_noon(edge)
    clock_time = edge.astimezone(zone).strftime("%H:%M")
    for interval in made.get("time_intervals", []):
        holds, changes = found[interval["name"]]
        if not changes:
            interval["time_intervals"] = _ALWAYS if holds else _NEVER
            continue
        span = ("00:00", clock_time) if holds else (clock_time, "24:00")
        times = [{"start_time": span[0], "end_time": span[1]}]
        interval["time_intervals"] = [{"times": times, "location": str(zone)}]
    return made


def zone_of_noon(moment: datetime) -> tzinfo:
    """A zone where it is about noon then, so that midnight is far away. (Etc/GMT-3 is east of Greenwich.)"""
    hour = moment.astimezone(UTC).hour
    return ZoneInfo(f"Etc/GMT{hour - 12:+}" if hour != 12 else "Etc/GMT")

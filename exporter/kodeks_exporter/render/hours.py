"""Working hours as Alertmanager's time intervals, and how long days and nights last."""

from dataclasses import dataclass
from itertools import groupby
from typing import Final

from kodeks_exporter.settings.fleet import Manager

_DAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_DAY_MINUTES: Final = 24 * 60
INNER: Final = ", without the edges"
"""Suffix of an interval that is another one without its edges."""
_EDGE: Final = 2
"""Minutes at either edge during which the receivers of day and night are both active. More than a group_interval, so
that an alert that ends there gets a RESOLVED from at least one of them."""


_USUAL_START: Final = 8 * 60
_USUAL_DAYS: Final = "monday:friday"
_WINDOW: Final = 30
"""Minutes during which a digest may be sent: a little more than a group_interval of its route."""
WINDOWS: Final = ("mornings", "mondays", "month-turns")
"""Days of digests: every one, the first working day of the week, the first working days from the 20th on and the last
ones of the month."""


@dataclass(frozen=True, slots=True)
class DigestHours:
    """The half hour in which somebody's digests of a kind are sent. ``spans``: further keys of the interval."""

    name: str
    start: str
    end: str
    zone: str
    spans: dict[str, list[str]]


def window_of(person: Manager, kind: str) -> DigestHours:
    """``kind``: of ``WINDOWS``. It begins with the working day, or at 8:00 by default."""
    hours = person.working_hours
    start = hours.start.hour * 60 + hours.start.minute if hours else _USUAL_START
    start = min(start, _DAY_MINUTES - 1 - _WINDOW)
    days = hours.days if hours else _USUAL_DAYS
    spans: dict[str, dict[str, list[str]]] = {
        "mornings": {},
        "mondays": {"weekdays": [days.split(":")[0]]},
        "month-turns": {"weekdays": [days], "days_of_month": ["20:22", "-3:-1"]},
    }
    whose = "" if kind == "mornings" else f" {spans[kind]['weekdays'][0]}"
    zone = person.time_zone.key
    name = f"{kind}{whose} {_clock(start)} {zone}"
    return DigestHours(name, _clock(start), _clock(start + _WINDOW), zone, spans[kind])


@dataclass(frozen=True, slots=True)
class Day:
    """When a person may be disturbed.

    ``shortest_day``, ``shortest_night``: in seconds, within a week. ``inner``: without the edges; in it the receivers
    of the night are muted.
    """

    start: str
    end: str
    inner: tuple[str, str]
    weekdays: str
    zone: str
    shortest_day: float
    shortest_night: float

    @property
    def name(self) -> str:
        """People with the same hours share an interval of this name."""
        return f"{self.weekdays} {self.start}-{self.end} {self.zone}"

    @property
    def inner_name(self) -> str:
        return self.name if self.inner == (self.start, self.end) else self.name + INNER


def day_of(person: Manager) -> Day | None:
    """None: any hour, because no hours are given or they fill the week."""
    hours = person.working_hours
    if hours is None:
        return None
    start = hours.start.hour * 60 + hours.start.minute
    end = hours.end.hour * 60 + hours.end.minute
    if end == _DAY_MINUTES - 1:  # the latest time that can be written means midnight
        end = _DAY_MINUTES
    first, last = hours.days.split(":")[0], hours.days.split(":")[-1]
    working = range(_DAYS.index(first), _DAYS.index(last) + 1)
    week = [day in working and start <= minute < end for day in range(len(_DAYS)) for minute in range(_DAY_MINUTES)]
    if all(week):
        return None
    # The week is circular: rotate it so that it begins where something changes.
    turn = next(index for index in range(len(week)) if week[index] != week[index - 1])
    spells = [(works, len(list(minutes))) for works, minutes in groupby(week[turn:] + week[:turn])]
    # Days that touch at midnight have no edge there, and a very short day has no room for two.
    edge = _EDGE if end - start > 4 * _EDGE and (start, end) != (0, _DAY_MINUTES) else 0
    return Day(
        start=_clock(start),
        end=_clock(end),
        inner=(_clock(start + edge), _clock(end - edge)),
        weekdays=hours.days,
        zone=person.time_zone.key,
        shortest_day=60.0 * min(length for works, length in spells if works),
        shortest_night=60.0 * min(length for works, length in spells if not works),
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"

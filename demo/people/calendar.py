"""When people work: days off, the seasons of an office."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

OPENS, CLOSES = 8 * 60, 19 * 60
"""Minutes of the day between which anybody works; nothing happens outside of them."""
DAY_OFF = 0.03
"""How much of an ordinary day's life there is on a day off."""

_HOLIDAYS = {(1, day) for day in range(1, 9)} | {(2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)}
_SEASON = {1: 0.85, 5: 0.85, 7: 0.8, 8: 0.75, 12: 1.15}


def works(day: dt.date) -> bool:
    """Whether the day is a working one: no weekend, no public holiday (moved days off are not modelled)."""
    return day.weekday() < 5 and (day.month, day.day) not in _HOLIDAYS


@lru_cache(4096)
def pace(day: dt.date) -> float:
    """How likely people are to work on a day, 1 on an ordinary one."""
    return _SEASON.get(day.month, 1.0) * (1.0 if works(day) else DAY_OFF)


def month_of(day: dt.date) -> str:
    """``YYYY-MM``."""
    return f"{day:%Y-%m}"

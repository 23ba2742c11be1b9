"""Times and durations as written in scripts. All scripts use one wall clock."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Moscow")
"""The time zone of Alertmanager's machine, used in scripts and messages."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_PART = re.compile(r"(\d+)(ms|[smhdwy])")
_CLOCK = re.compile(r"(?:\+(\d+)d )?(\d{1,2}):(\d\d)(?::(\d\d))?")


def seconds(text: str) -> float:
    """A duration in Prometheus' notation, such as ``1h30m``, in seconds. Raises ValueError."""
    if text == "0":
        return 0.0
    if not re.fullmatch(f"(?:{_PART.pattern})+", text):
        raise ValueError(f"not a duration: {text!r}")
    return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def placed(text: str, start: datetime) -> str:
    """A time that the rules wrote into a text, such as ``01.01 03:05 MSK``: for them a script starts with 1970."""
    passed = datetime.strptime(f"1970 {text}", "%Y %d.%m %H:%M MSK") - datetime(1970, 1, 1, 3)
    return f"{start + passed:%d.%m %H:%M} MSK"


def moment(text: str, start: datetime) -> datetime:
    """``21:00``, ``21:00:15`` or ``+2d 10:00``: a time on the day that the script starts, or on a later day.

    Raises ValueError.
    """
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(f"not a time such as 21:00 or '+2d 10:00': {text!r}")
    days, hour, minute, second = (int(each or 0) for each in found.groups())
    return start.replace(hour=hour, minute=minute, second=second, microsecond=0) + timedelta(days=days)

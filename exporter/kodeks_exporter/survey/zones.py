"""The time zone of a server, found by comparing its clock with the current time."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from zoneinfo import ZoneInfo

_STEP: Final = 15 * 60
_OFF: Final = 5 * 60.0
"""Seconds by which a clock may differ from a multiple of a quarter of an hour, as all offsets are."""
_USUAL: Final = {
    2: "Europe/Kaliningrad", 3: "Europe/Moscow", 4: "Europe/Samara", 5: "Asia/Yekaterinburg", 6: "Asia/Omsk",
    7: "Asia/Krasnoyarsk", 8: "Asia/Irkutsk", 9: "Asia/Yakutsk", 10: "Asia/Vladivostok", 11: "Asia/Magadan",
    12: "Asia/Kamchatka",
}  # fmt: skip
"""A Russian zone with that offset from UTC in hours."""
_ELSEWHERE: Final = {5.5: "Asia/Kolkata", 4.5: "Asia/Kabul", 3.5: "Asia/Tehran", 5.75: "Asia/Kathmandu"}


def shift_of(local: float, now: float) -> timedelta | None:
    """The clock's offset from UTC. ``local``: its time read as UTC. None: it does not show the current time."""
    seconds = local - now
    whole = round(seconds / _STEP) * _STEP
    if abs(seconds - whole) > _OFF or not -12 * 3600 <= whole <= 14 * 3600:
        return None
    return timedelta(seconds=whole)


def has_shift(zone: ZoneInfo, shift: timedelta, now: float) -> bool:
    return datetime.fromtimestamp(now, UTC).astimezone(zone).utcoffset() == shift


def zone_with(shift: timedelta) -> str:
    """The name of a zone with that offset."""
    hours = shift.total_seconds() / 3600
    if hours in _USUAL:
        return _USUAL[int(hours)]
    if hours in _ELSEWHERE:
        return _ELSEWHERE[hours]
    whole = int(hours)
    return "UTC" if not whole else f"Etc/GMT{-whole:+d}"


def server_time(date_header: str) -> float | None:
    """Unix seconds of a ``Date`` header. Kodeks' own ends in ``UTC`` (known)."""
    try:
        date = parsedate_to_datetime(date_header.replace("UTC", "GMT"))
    except (ValueError, TypeError):
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def in_words(shift: timedelta) -> str:
    minutes = int(shift.total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")

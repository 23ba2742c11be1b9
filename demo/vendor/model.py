"""Clients of all kinds, and how much each has used at a moment.

All of it follows from the names, so that the same client is the same person in each run. Assumed: nothing is used on
weekends, and a month's units are spread evenly over its working days.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from zlib import crc32

RESOURCES = ("documents", "searches", "prints", "uploads")


class Kind(StrEnum):
    """How a client uses the access."""

    NEVER = "never"
    LOW = "low"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"
    NORMAL = "normal"
    HIGH = "high"
    SHARED = "shared"
    EXHAUSTED = "exhausted"


_SHARE = {
    Kind.NEVER: 0.0,
    Kind.LOW: 0.06,
    Kind.MONTHLY: 0.4,
    Kind.QUARTERLY: 0.5,
    Kind.HALF_YEARLY: 0.5,
    Kind.YEARLY: 0.6,
    Kind.NORMAL: 0.45,
    Kind.HIGH: 0.82,
    Kind.SHARED: 0.94,
    Kind.EXHAUSTED: 1.6,
}
"""Of the documents limit, in a busy month."""
_BUSY_MONTHS = {Kind.QUARTERLY: (3, 6, 9, 12), Kind.HALF_YEARLY: (5, 11), Kind.YEARLY: (11,)}
_MONTHLY_DAYS = 7
_PER_DOCUMENT = {"documents": 1.0, "searches": 2.0, "prints": 0.3, "uploads": 0.1}


@dataclass(frozen=True, slots=True)
class Limits:
    """Units of a month (the numbers seen at the vendor)."""

    documents: int = 300
    searches: int = 3000
    prints: int = 3000
    uploads: int = 3000


@dataclass(frozen=True, slots=True)
class Access:
    login: str
    password: str
    kind: Kind = Kind.NORMAL
    limits: Limits = field(default_factory=Limits)
    client: str = ""

    def used(self, resource: str, moment: datetime) -> int:
        """Units used from the 1st of the month until ``moment``, never more than the limit."""
        limit: int = getattr(self.limits, resource)
        month = _SHARE[self.kind] * self.limits.documents * self._mood(f"{moment:%Y-%m}") * _PER_DOCUMENT[resource]
        return min(limit, round(month * self._progress(moment)))

    def documents_on(self, day: date) -> int:
        """Documents of one day, for the search history."""
        end = datetime(day.year, day.month, day.day, 23, 59)
        before = self.used("documents", end.replace(day=day.day - 1)) if day.day > 1 else 0
        return max(0, self.used("documents", end) - before)

    def _mood(self, month: str) -> float:
        """No two months are quite the same: 0.95 to 1.05."""
        return 0.95 + crc32(f"{self.login} {month}".encode()) / 2**32 / 10

    def _progress(self, moment: datetime) -> float:
        months = _BUSY_MONTHS.get(self.kind)
        if months is not None and moment.month not in months:
            return 0.0
        days = [
            day
            for day in range(1, calendar.monthrange(moment.year, moment.month)[1] + 1)
            if date(moment.year, moment.month, day).weekday() < 5
        ]
        if self.kind is Kind.MONTHLY:
            days = days[: _MONTHLY_DAYS - 2]
        today = 1.0 if moment.day in days else 0.0
        worked = sum(day < moment.day for day in days) + today * min(1.0, max(0.0, (moment.hour - 8) / 10))
        return worked / len(days)


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """One of the vendor's servers. ``form``: it asks for the login by a form and not by HTTP Basic.

    ``limits_told`` False: the profile shows only what is left. ``charset`` of all pages.
    """

    name: str
    accesses: tuple[Access, ...]
    host: str = "127.0.0.1"
    port: int = 0
    folder: str = "/kodeks01"
    form: bool = False
    limits_told: bool = True
    charset: str = "utf-8"

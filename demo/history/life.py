"""A year of one installation in figures: what both the metrics and the truth are made of."""

from __future__ import annotations

import datetime as dt
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from demo.history.incidents import Incident
from demo.history.sites import Site
from demo.people.diary import Usage

BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)
"""Buckets of the durations of searches, seconds."""
NEW_KINDS = ("all", "searched", "opened", "filled")
RECENT_DAYS = 31
DETAILED_DAYS = 2
"""Last days of which counters are sampled every hour of work."""
KINDS = (
    "requests", "documents", "services", "links", "searches_intellectual", "searches_attribute", "searches_empty",
    "prints", "saves", "kassist", "rejections",
)  # fmt: skip
"""Kinds of the monthly sums: the fields of ``Usage`` by their names in metrics, and refused connections."""
OPEN_HOURS = range(7, 21)


@dataclass(slots=True)
class Month:
    """Sums of a calendar month, from its 1st. ``complete``: the history holds its end."""

    usage: list[int] = field(default_factory=lambda: [0] * len(Usage._fields))
    active: int = 0
    """Users with requests."""
    domains: dict[str, list[int]] = field(default_factory=dict)
    """By domain, sums in the order of ``KINDS``."""
    activity: int = 0
    searches: Counter[str] = field(default_factory=Counter)
    """By status, of the days within the history."""
    rejections: int = 0
    """Of the days within the history."""
    hours: int = 0
    """Of the history in this month, UTC; 0 where nobody looks."""
    succeeded: Counter[str] = field(default_factory=Counter)
    """Hours in which a check succeeded."""
    complete: bool = False


class Found(NamedTuple):
    """A search. ``at``: Unix seconds; ``duration``: seconds."""

    at: int
    login: str
    catalog: str
    source: str
    type: str
    status: str
    duration: float
    query: str


@dataclass(slots=True)
class Domain:
    """Series of a domain at the daily moments: sums of the running month in the order of ``KINDS``, users known, and
    users with requests."""

    sums: list[array[int]] = field(default_factory=lambda: [array("q") for _ in KINDS])
    users: array[int] = field(default_factory=lambda: array("q"))
    active: array[int] = field(default_factory=lambda: array("q"))


@dataclass(slots=True)
class Life:
    """Series of an installation. All lists named after a rhythm are as long as its list of moments (Unix seconds).

    Daily moments are evenings, and half an hour past midnight on the 1st, where monthly counters are 0 again; on the
    last ``DETAILED_DAYS`` the full hours of work, too.
    """

    site: Site
    start: int
    hours: int
    moments: list[int] = field(default_factory=list)
    dates: list[dt.date] = field(default_factory=list)
    seldom: list[int] = field(default_factory=list)
    """Indices of daily moments that are enough where only sums count: Sundays, both ends of a month, the last month."""
    counters: list[list[array[int]]] = field(default_factory=list)
    """By user, then by field of ``Usage``: daily values; a user's begin at ``joined``."""
    joined: list[int] = field(default_factory=list)
    """Index of a user's first daily moment."""
    seen: list[dt.datetime | None] = field(default_factory=list)
    """When each user was last there, local time; None: never."""
    domains: dict[str, Domain] = field(default_factory=dict)
    users: array[int] = field(default_factory=lambda: array("q"))
    active: array[int] = field(default_factory=lambda: array("q"))
    activity: array[int] = field(default_factory=lambda: array("q"))
    new: dict[str, array[int]] = field(default_factory=lambda: {kind: array("q") for kind in NEW_KINDS})
    """Users registered in the last 30 days, by what they did until then."""
    silent: array[int] = field(default_factory=lambda: array("q"))
    """Users not seen for 60 days, from registration on."""
    search_counts: dict[tuple[str, str, str, str], array[int]] = field(default_factory=dict)
    """Catalog, source, type, status: daily totals since the history's start."""
    causes: dict[tuple[str, str], array[int]] = field(default_factory=dict)
    """Cause and family of empty searches, likewise."""
    buckets: list[array[int]] = field(default_factory=list)
    """Daily totals of successful searches per bucket, not cumulative over buckets."""
    seconds: array[float] = field(default_factory=lambda: array("d"))
    rejected: dict[int, array[int]] = field(default_factory=dict)
    """By user, daily totals."""
    kassist: array[int] = field(default_factory=lambda: array("q"))
    """Uses of kAssist on the day before."""
    seat_moments: list[int] = field(default_factory=list)
    seats_used: list[int] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    empty: list[Found] = field(default_factory=list)
    """Empty searches."""
    recent: list[Found] = field(default_factory=list)
    """Other searches of the last day."""
    months: dict[str, Month] = field(default_factory=dict)

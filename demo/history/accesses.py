"""A year of online accesses: logins at the vendor's servers with monthly limits, of every kind of use."""

from __future__ import annotations

import datetime as dt
from array import array
from dataclasses import dataclass, field
from random import Random
from statistics import median
from typing import NamedTuple
from zoneinfo import ZoneInfo

from demo.history.sites import BRANCHES
from demo.people import calendar, words
from demo.people.company import mix
from demo.people.diary import empty_query

ZONE = ZoneInfo("Europe/Moscow")
RESOURCES = ("documents", "searches", "prints", "uploads")
SERVERS = ("nps2.example", "nps5.example", "nps7.example")
_MANAGERS = {"ivanova": 0, "petrov": 1, "sidorova": 2, "kuznetsov": 3}

KINDS = (
    ("never", 0.10, 0.0),
    ("low", 0.33, 0.05),
    ("quarterly", 0.10, 0.5),
    ("half_yearly", 0.05, 0.6),
    ("normal", 0.22, 0.4),
    ("high", 0.10, 0.82),
    ("exhausted", 0.05, 1.25),
    ("shared", 0.05, 0.97),
)
"""Kind of use, share of the accesses, documents of a busy month as a share of the limit."""
_PER_DOCUMENT = {"documents": 1.0, "searches": 2.4, "prints": 0.25, "uploads": 0.5}
_NEAR = {"normal": (0.6, 1.4), "high": (0.94, 1.06), "shared": (0.97, 1.02), "exhausted": (0.95, 1.3)}
"""How far a month may be from the usual."""


_LEVELS = (("low", 0.15), ("normal", 0.75), ("high", 0.9), ("shared", 0.995))
"""Classes by the share of the documents that is used in a month: below."""
CLASSES = ("new", "never", "low", "seasonal", "normal", "high", "shared", "exhausted")
_SEASONS_SEEN = 7
EVENT_DAYS = 14
SEARCHES = (
    ("intellectual", "ok", 0.62), ("intellectual", "empty", 0.06), ("intellectual", "error", 0.01),
    ("attribute", "ok", 0.28), ("attribute", "empty", 0.03),
)  # fmt: skip
"""Type, status, share of an access' searches."""


class Event(NamedTuple):
    """A search. ``at``: Unix seconds; ``duration``: seconds."""

    at: int
    type: str
    status: str
    query: str
    duration: float


@dataclass(slots=True)
class Access:
    """An online access. ``left``: by resource, at ``Accesses.moments``."""

    account: str
    client: str
    manager: str
    branch: str
    server: str
    login: str
    kind: str
    limits: dict[str, int]
    left: dict[str, array[int]] = field(default_factory=dict)
    used: dict[str, dict[str, int]] = field(default_factory=dict)
    """By month and resource: what was used of the limit by the month's end (or the history's)."""
    searches: dict[tuple[str, str], array[int]] = field(default_factory=dict)
    """By type and status, at ``Accesses.moments``: all searches since the history's start, known the night after."""
    events: list[Event] = field(default_factory=list)
    """Searches of the last days, oldest first."""
    refused_since: int | None = None
    """Index of the probe from which on the login is refused."""

    def use(self, month: str) -> str:
        """How it is used, as its complete months before ``month`` tell: a class of ``kodeks_online_class``."""
        shares = [used["documents"] / self.limits["documents"] for name, used in self.used.items() if name < month]
        if not shares:
            return "new"
        if not any(shares):
            return "never"
        if self.kind in ("quarterly", "half_yearly") and len(shares) >= _SEASONS_SEEN:
            return "seasonal"
        level = median(shares[-3:])
        return next((name for name, limit in _LEVELS if level < limit), "exhausted")


@dataclass(slots=True)
class Accesses:
    """All accesses. ``moments``: Unix seconds of the daily samples, evenings and the restoring on the 1st.

    ``probes``: every six hours, with ``down``: indices of them at which a server did not answer.
    """

    accesses: list[Access]
    moments: list[int]
    probes: list[int]
    down: dict[str, set[int]]


def online(seed: int, count: int, start: dt.date, days: int) -> Accesses:
    """``count`` accesses; counting begins on the 1st of the first month."""
    begin = int(dt.datetime.combine(start, dt.time(), dt.UTC).timestamp())
    probes = list(range(begin, begin + days * 86400, 6 * 3600))
    down = {server: _outages(seed, server, len(probes)) for server in SERVERS}
    accesses = [_access(seed, number, count) for number in range(count)]
    moments: list[int] = []
    end = start + dt.timedelta(days=days)
    for access in accesses:
        own = _live(seed, access, start, end)
        moments = moments or own
        _search(seed, access, moments, end)
        if access.kind == "never" and access.account.endswith("3"):
            access.refused_since = max(0, len(probes) - 20)
    return Accesses(accesses, moments, probes, down)


def _outages(seed: int, server: str, probes: int) -> set[int]:
    rng = Random(mix(seed, "vendor", server))
    return {rng.randrange(probes) for _ in range(rng.randint(0, 3))} if probes else set()


def _access(seed: int, number: int, count: int) -> Access:
    rng = Random(mix(seed, "access", number))
    place, kind = (number + 0.5) / count, "shared"
    for kind, share, _ in KINDS:  # noqa: B007 - the one at which it ends is meant
        place -= share
        if place < 0:
            break
    manager = rng.choice(tuple(_MANAGERS))
    return Access(
        account=f"online-{number:03}",
        client=f"ООО «Онлайн-{number:03}»",
        manager=manager,
        branch=BRANCHES[_MANAGERS[manager]],
        server=rng.choice(SERVERS),
        login=f"u{seed % 10}{number:05}",
        kind=kind,
        limits={"documents": rng.choice((300, 300, 320, 350)), "searches": rng.choice((3000, 4000)),
                "prints": rng.choice((3000, 4000)), "uploads": rng.choice((3000, 4000))},
    )  # fmt: skip


def _busy(kind: str, phase: int, month: int) -> bool:
    if kind == "quarterly":
        return month % 3 == phase % 3
    return month % 6 == phase if kind == "half_yearly" else True


def _live(seed: int, access: Access, start: dt.date, end: dt.date) -> list[int]:
    rng = Random(mix(seed, "use", access.account))
    phase = rng.randrange(6)
    usual = next(share for kind, share, _ in ((k, m, s) for k, s, m in KINDS) if kind == access.kind)
    low, high = _NEAR.get(access.kind, (0.5, 1.5))
    moments: list[int] = []
    access.left = {resource: array("q") for resource in RESOURCES}
    day = start.replace(day=1)
    left = dict(access.limits)
    pace = 0.0
    while day < end:
        if day.day == 1:
            left = dict(access.limits)
            wanted = usual * access.limits["documents"] if _busy(access.kind, phase, day.month) else 0.0
            pace = wanted * rng.uniform(low, high) / _working_days(day)
            if day >= start:
                _sample(access, moments, day, dt.time(0, 30), left)
        if calendar.works(day):
            documents = min(left["documents"], int(pace * rng.uniform(0.4, 1.6) + rng.random() * (pace > 0)))
            for resource, share in _PER_DOCUMENT.items():
                left[resource] = max(0, left[resource] - int(documents * share))
        if day >= start:
            _sample(access, moments, day, dt.time(23), left)
        access.used[calendar.month_of(day)] = {each: access.limits[each] - left[each] for each in RESOURCES}
        day += dt.timedelta(days=1)
    return moments


def _working_days(first: dt.date) -> int:
    days = (first + dt.timedelta(days=number) for number in range(31))
    return sum(day.month == first.month and calendar.works(day) for day in days)


def _sample(access: Access, moments: list[int], day: dt.date, time: dt.time, left: dict[str, int]) -> None:
    moments.append(int(dt.datetime.combine(day, time, ZONE).timestamp()))
    for resource, series in access.left.items():
        series.append(left[resource])


def _search(seed: int, access: Access, moments: list[int], end: dt.date) -> None:
    """Searches by type and status out of what was used of the limit, and the last ones one by one."""
    rng = Random(mix(seed, "searches", access.account))
    counts = {(kind, status): 0 for kind, status, _ in SEARCHES}
    access.searches = {key: array("q") for key in counts}
    left, waiting = access.limits["searches"], dict.fromkeys(counts, 0)
    shown = int(dt.datetime.combine(end, dt.time(), ZONE).timestamp()) - EVENT_DAYS * 86400
    for at, now in zip(moments, access.left["searches"], strict=True):
        for key, more in waiting.items():
            counts[key] += more
        for key, series in access.searches.items():
            series.append(counts[key])
        used, left = max(0, left - now), now
        waiting = {(kind, status): int(used * share + rng.random()) if used else 0 for kind, status, share in SEARCHES}
        if at >= shown:
            evening = at - 4 * 3600
            access.events += sorted(
                _event(rng, evening - rng.randrange(9 * 3600), kind, status)
                for (kind, status), count in waiting.items()
                for _ in range(count)
            )


def _event(rng: Random, at: int, kind: str, status: str) -> Event:
    query = empty_query(rng) if status == "empty" else rng.choice(words.FOUND)
    return Event(at, kind, status, query, round(rng.uniform(8, 20) if status == "empty" else rng.uniform(0.2, 4), 2))

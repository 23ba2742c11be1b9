"""A year of one installation, counted up from its people's diary: what both the metrics and the truth are made of."""

from __future__ import annotations

import datetime as dt
from array import array
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from demo.history.incidents import Incident, incidents
from demo.history.sites import Site
from demo.people import calendar, words
from demo.people.diary import Usage, refusals, searches, visits

BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)
"""Buckets of the durations of searches, seconds."""
EVENING = dt.time(23)
"""When the daily samples are taken, local time: work is over, and the day is still the same."""
RECENT_DAYS = 31
_RESET = dt.time(0, 30)
OPEN_HOURS = range(7, 21)
_NO_USE = Usage()


@dataclass(slots=True)
class Month:
    """Sums of a calendar month, from its 1st. ``complete``: the history holds its end."""

    usage: list[int] = field(default_factory=lambda: [0] * len(Usage._fields))
    active: int = 0
    """Users with requests."""
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


@dataclass(slots=True)
class Life:
    """Series of an installation. All lists named after a rhythm are as long as its list of moments (Unix seconds).

    Daily moments are evenings, and half an hour past midnight on the 1st, where monthly counters are 0 again.
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
    seen: list[dt.datetime] = field(default_factory=list)
    """When each user was last there, local time."""
    users: array[int] = field(default_factory=lambda: array("q"))
    active: array[int] = field(default_factory=lambda: array("q"))
    activity: array[int] = field(default_factory=lambda: array("q"))
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
    empty: list[tuple[int, str, str, str, str, float, str]] = field(default_factory=list)
    """Empty searches: Unix seconds, login, catalog, source, type, duration, query."""
    months: dict[str, Month] = field(default_factory=dict)


def live(seed: int, site: Site, start: dt.date, days: int) -> Life:
    """The installation's life from ``start`` (UTC midnight) on; counters begin on the 1st of that month."""
    begin = int(dt.datetime.combine(start, dt.time(), dt.UTC).timestamp())
    life = Life(site, begin, days * 24)
    life.incidents = incidents(seed, site, start, life.hours)
    _Counting(life, start, days).run()
    _availability(life)
    return life


class _Counting:
    """One pass through the days."""

    def __init__(self, life: Life, start: dt.date, days: int) -> None:
        self.life, self.start, self.end = life, start, start + dt.timedelta(days=days)
        people = life.site.company.people
        self.sums = [[0] * len(Usage._fields) for _ in people]
        self.searches: Counter[tuple[str, str, str, str]] = Counter()
        self.causes: Counter[tuple[str, str]] = Counter()
        self.rejected: Counter[int] = Counter()
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0
        self.kassist = 0
        life.counters = [[array("q") for _ in Usage._fields] for _ in people]
        life.joined = [-1] * len(people)
        life.buckets = [array("q") for _ in self.buckets]
        life.seen = [dt.datetime.combine(person.registered, dt.time(12)) for person in people]
        self.offset = int(
            dt.datetime.combine(start, dt.time(), life.site.zone).utcoffset().total_seconds()  # type: ignore[union-attr]
        )

    def run(self) -> None:
        day = self.start.replace(day=1)
        while day < self.end:
            if day.day == 1:
                self.sums = [[0] * len(Usage._fields) for _ in self.sums]
                if day >= self.start:
                    self._sample(day, _RESET)
            kassist = self._work(day)
            if day >= self.start:
                self._sample(day, EVENING)
            self.kassist = kassist
            self._close(day)
            day += dt.timedelta(days=1)
        recent = self.end - dt.timedelta(days=RECENT_DAYS)
        self.life.seldom = [
            place
            for place, day in enumerate(self.life.dates)
            if day >= recent or day.weekday() == 6 or day.day == 1 or (day + dt.timedelta(days=1)).day == 1
        ]

    def _epoch(self, day: dt.date) -> int:
        """Unix seconds of the local midnight; the zones of the fleet know no summer time."""
        return int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()) - self.offset

    def _work(self, day: dt.date) -> int:
        life, company = self.life, self.life.site.company
        come = visits(company, day)
        inside = day >= self.start
        month = life.months.setdefault(calendar.month_of(day), Month())
        change = [0] * 25
        for visit in come:
            sums = self.sums[visit.person]
            for place, count in enumerate(visit.usage):
                sums[place] += count
                month.usage[place] += count
            life.seen[visit.person] = dt.datetime.combine(day, dt.time(visit.leave // 60, visit.leave % 60))
            change[-(-visit.arrive // 60)] += 1
            change[-(-visit.leave // 60)] -= 1
        if not inside:
            return sum(visit.usage.kassist for visit in come)
        midnight, here, seats = self._epoch(day), 0, life.site.seats
        for hour in range(OPEN_HOURS.stop):
            here += change[hour]
            if hour >= OPEN_HOURS.start and (hour == OPEN_HOURS.stop - 1 or come):
                life.seat_moments.append(midnight + hour * 3600)
                life.seats_used.append(min(here, seats))
        for visit in refusals(company, come):
            self.rejected[visit.person] += 1
            month.rejections += 1
            if visit.person not in life.rejected:
                life.rejected[visit.person] = array("q", [0] * len(life.moments))
        people = company.people
        for each in searches(company, day, come) if come else ():
            key = (each.catalog, each.source, each.type, each.status)
            if key not in life.search_counts:
                life.search_counts[key] = array("q", [0] * len(life.moments))
            self.searches[key] += 1
            month.searches[each.status] += 1
            if each.status == "ok":
                self.buckets[bisect_left(BOUNDS, each.duration)] += 1
                self.seconds += each.duration
            elif each.status == "empty":
                why = (words.cause(each.query), words.family(each.query))
                if why not in life.causes:
                    life.causes[why] = array("q", [0] * len(life.moments))
                self.causes[why] += 1
                life.empty.append((
                    midnight + each.second, people[each.person].login, each.catalog, each.source, each.type,
                    each.duration, each.query,
                ))  # fmt: skip
        return sum(visit.usage.kassist for visit in come)

    def _sample(self, day: dt.date, time: dt.time) -> None:
        life, place = self.life, len(self.life.moments)
        life.moments.append(self._epoch(day) + time.hour * 3600 + time.minute * 60)
        life.dates.append(day)
        known = active = activity = 0
        for person, (card, sums) in enumerate(zip(life.site.company.people, self.sums, strict=True)):
            if card.registered > day:
                continue
            known += 1
            active += sums[0] > 0
            activity += sums[1] + sums[4]
            if life.joined[person] < 0:
                life.joined[person] = place
            for series, value in zip(life.counters[person], sums, strict=True):
                series.append(value)
        life.users.append(known)
        life.active.append(active)
        life.activity.append(activity)
        for key, totals in life.search_counts.items():
            totals.append(self.searches[key])
        for why, totals in life.causes.items():
            totals.append(self.causes[why])
        for person, totals in life.rejected.items():
            totals.append(self.rejected[person])
        for series, value in zip(life.buckets, self.buckets, strict=True):
            series.append(value)
        life.seconds.append(self.seconds)
        life.kassist.append(self.kassist)

    def _close(self, day: dt.date) -> None:
        month = self.life.months[calendar.month_of(day)]
        month.active = sum(sums[0] > 0 for sums in self.sums)
        month.activity = sum(sums[1] + sums[4] for sums in self.sums)
        month.complete = (day + dt.timedelta(days=1)).day == 1


def _availability(life: Life) -> None:
    """Hourly results of the checks, by UTC month, as Prometheus sees them."""
    if life.site.mode == "push":
        return
    at = {hour: each for each in life.incidents for hour in range(each.begin, each.end)}
    first = dt.datetime.fromtimestamp(life.start, dt.UTC)
    for hour in range(life.hours):
        month = life.months.setdefault(f"{first + dt.timedelta(hours=hour):%Y-%m}", Month())
        month.hours += 1
        incident = at.get(hour)
        for check in ("tcp", "http"):
            result = 1 if incident is None else incident.result(check)
            month.succeeded[check] += result or 0

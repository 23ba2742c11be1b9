"""Counts an installation's year up from its people's diary."""

from __future__ import annotations

import datetime as dt
from array import array
from bisect import bisect_left
from collections import Counter

from demo.history.incidents import incidents
from demo.history.life import BOUNDS, DETAILED_DAYS, KINDS, OPEN_HOURS, RECENT_DAYS, Domain, Found, Life, Month
from demo.history.sites import Site
from demo.people import calendar, words
from demo.people.diary import Search, Usage, Visit, refusals, searches, visits

_NEW, _SILENT = dt.timedelta(days=30), dt.timedelta(days=60)
EVENING = dt.time(23)
"""When the daily samples are taken, local time: work is over, and the day is still the same."""
_RESET = dt.time(0, 30)
_DETAILED_HOURS = range(9, 20)
_NO_USE = Usage()
_NO_SUMS = (0,) * len(KINDS)


def live(seed: int, site: Site, start: dt.date, days: int, detailed: int = DETAILED_DAYS) -> Life:
    """The installation's life from ``start`` (UTC midnight) on; counters begin on the 1st of that month.

    ``detailed``: days at its end of which counters are sampled every hour of work.
    """
    begin = int(dt.datetime.combine(start, dt.time(), dt.UTC).timestamp())
    life = Life(site, begin, days * 24)
    life.incidents = incidents(seed, site, start, life.hours)
    _Counting(life, start, days, detailed).run()
    _availability(life)
    return life


class _Counting:
    """One pass through the days."""

    def __init__(self, life: Life, start: dt.date, days: int, detailed: int) -> None:
        self.life, self.start, self.end = life, start, start + dt.timedelta(days=days)
        self.detailed = self.end - dt.timedelta(days=detailed)
        people = life.site.company.people
        self.sums = [[0] * len(Usage._fields) for _ in people]
        self.searches: Counter[tuple[str, str, str, str]] = Counter()
        self.causes: Counter[tuple[str, str]] = Counter()
        self.rejected: Counter[int] = Counter()
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0
        self.kassist = 0
        self.searched: set[int] = set()
        self.opened: set[int] = set()
        life.counters = [[array("q") for _ in Usage._fields] for _ in people]
        life.joined = [-1] * len(people)
        life.buckets = [array("q") for _ in self.buckets]
        life.seen = [None] * len(people)
        life.domains = {person.domain: Domain() for person in people}
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
            come = visits(self.life.site.company, day)
            if day >= self.start:
                self._seats(day, come)
                self._events(day, come)
            else:
                self._work(day, come, EVENING, [_NO_USE] * len(come))
            self.kassist = sum(visit.usage.kassist for visit in come)
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

    def _seats(self, day: dt.date, come: list[Visit]) -> None:
        life, change = self.life, [0] * 25
        for visit in come:
            change[-(-visit.arrive // 60)] += 1
            change[-(-visit.leave // 60)] -= 1
        midnight, here, seats = self._epoch(day), 0, life.site.seats
        for hour in range(OPEN_HOURS.stop):
            here += change[hour]
            if hour >= OPEN_HOURS.start and (hour == OPEN_HOURS.stop - 1 or come):
                life.seat_moments.append(midnight + hour * 3600)
                life.seats_used.append(min(here, seats))

    def _events(self, day: dt.date, come: list[Visit]) -> None:
        """What was done, refused and searched until each sample of the day."""
        company = self.life.site.company
        detailed = day >= self.detailed
        done = [_NO_USE] * len(come)
        refused = refusals(company, come)
        made = searches(company, day, come) if come else []
        for time in (*(dt.time(hour) for hour in _DETAILED_HOURS if detailed), EVENING):
            self._work(day, come, time, done)
            late = [visit for visit in refused if visit.arrive > time.hour * 60]
            self._refuse(day, refused[: len(refused) - len(late)])
            refused = late
            count = bisect_left(made, time.hour * 3600, key=lambda each: each.second)
            self._search(day, made[:count])
            made = made[count:]
            self._sample(day, time)

    def _work(self, day: dt.date, come: list[Visit], time: dt.time, done: list[Usage]) -> None:
        """Counts what visitors did until ``time`` and not yet in ``done``."""
        month = self.life.months.setdefault(calendar.month_of(day), Month())
        people, minute = self.life.site.company.people, time.hour * 60
        for number, visit in enumerate(come):
            if visit.arrive >= minute:
                continue
            part = visit.usage
            if visit.leave > minute:
                share = (minute - visit.arrive) / (visit.leave - visit.arrive)
                part = Usage(*(int(count * share) for count in part))
            of_domain = month.domains.setdefault(people[visit.person].domain, [0] * len(KINDS))
            sums = self.sums[visit.person]
            for place, (count, before) in enumerate(zip(part, done[number], strict=True)):
                more = count - before
                sums[place] += more
                month.usage[place] += more
                of_domain[place] += more
            done[number] = part
            left = min(visit.leave, minute)
            self.life.seen[visit.person] = dt.datetime.combine(day, dt.time(left // 60, left % 60))

    def _refuse(self, day: dt.date, refused: list[Visit]) -> None:
        life = self.life
        month = life.months[calendar.month_of(day)]
        for visit in refused:
            domain = life.site.company.people[visit.person].domain
            self.rejected[visit.person] += 1
            month.rejections += 1
            month.domains.setdefault(domain, [0] * len(KINDS))[-1] += 1
            if visit.person not in life.rejected:
                life.rejected[visit.person] = array("q", [0] * len(life.moments))

    def _search(self, day: dt.date, made: list[Search]) -> None:
        life, people = self.life, self.life.site.company.people
        month, midnight = life.months[calendar.month_of(day)], self._epoch(day)
        last = day == self.end - dt.timedelta(days=1)
        for each in made:
            key = (each.catalog, each.source, each.type, each.status)
            if key not in life.search_counts:
                life.search_counts[key] = array("q", [0] * len(life.moments))
            self.searches[key] += 1
            month.searches[each.status] += 1
            found = Found(
                midnight + each.second, people[each.person].login, each.catalog, each.source, each.type, each.status,
                each.duration, each.query,
            )  # fmt: skip
            if each.status == "ok":
                self.buckets[bisect_left(BOUNDS, each.duration)] += 1
                self.seconds += each.duration
            elif each.status == "empty":
                why = (words.cause(each.query), words.family(each.query))
                if why not in life.causes:
                    life.causes[why] = array("q", [0] * len(life.moments))
                self.causes[why] += 1
                life.empty.append(found)
            if last and each.status != "empty":
                life.recent.append(found)

    def _sample(self, day: dt.date, time: dt.time) -> None:
        life, place = self.life, len(self.life.moments)
        life.moments.append(self._epoch(day) + time.hour * 3600 + time.minute * 60)
        life.dates.append(day)
        known = active = activity = silent = 0
        new = Counter[str]()
        now = dt.datetime.combine(day, time)
        known_of, active_of = dict.fromkeys(life.domains, 0), dict.fromkeys(life.domains, 0)
        for person, (card, sums) in enumerate(zip(life.site.company.people, self.sums, strict=True)):
            if card.registered > day:
                continue
            known += 1
            known_of[card.domain] += 1
            registered = dt.datetime.combine(card.registered, dt.time())
            silent += now - (life.seen[person] or registered) > _SILENT
            if sums[1]:
                self.opened.add(person)
            if sums[4] or sums[5]:
                self.searched.add(person)
            if now - registered <= _NEW:
                new["all"] += 1
                new["searched"] += person in self.searched
                new["opened"] += person in self.opened
                new["filled"] += all((card.fullname, card.position, card.department, card.phone, card.email))
            active_of[card.domain] += sums[0] > 0
            active += sums[0] > 0
            activity += sums[1] + sums[4]
            if life.joined[person] < 0:
                life.joined[person] = place
            for series, value in zip(life.counters[person], sums, strict=True):
                series.append(value)
        month = life.months.get(calendar.month_of(day), Month())
        for domain, figures in life.domains.items():
            done = month.domains.get(domain, _NO_SUMS)
            for series, value in zip(figures.sums, done, strict=True):
                series.append(value)
            figures.users.append(known_of[domain])
            figures.active.append(active_of[domain])
        life.users.append(known)
        life.active.append(active)
        life.activity.append(activity)
        life.silent.append(silent)
        for kind, counts in life.new.items():
            counts.append(new[kind])
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

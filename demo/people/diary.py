"""What the people of a company do: day by day for the history, to the second for the reports.

Facts kept: counters of a user accumulate in a calendar month and restart on the 1st (known). Assumed: searches that
came from kAssist count as kassist and not as searches of the user; every search is a request, too.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import OrderedDict
from math import exp, log
from operator import itemgetter
from random import Random
from typing import NamedTuple

from demo.people import calendar, words
from demo.people.company import EPOCH, Company

_DAY_KEY = 1_000_003
_REMEMBERED_DAYS = 100


class Usage(NamedTuple):
    """Counters of a user, in the order of a report."""

    requests: int = 0
    documents: int = 0
    services: int = 0
    links: int = 0
    searches_intellectual: int = 0
    searches_attribute: int = 0
    searches_empty: int = 0
    printed: int = 0
    saved: int = 0
    kassist: int = 0


class Visit(NamedTuple):
    """A user's day: minutes of the day of coming and leaving, and what is done in between."""

    person: int
    arrive: int
    leave: int
    usage: Usage


class Search(NamedTuple):
    """A search. ``second``: of the local day."""

    second: int
    person: int
    catalog: str
    source: str
    type: str
    status: str
    found: int
    duration: float
    query: str


class Day(NamedTuple):
    """A day to the second. ``refused``: (second, person) of connections for which no seat was free."""

    visits: tuple[Visit, ...]
    searches: tuple[Search, ...]
    refused: tuple[tuple[int, int], ...]


def visits(company: Company, day: dt.date) -> list[Visit]:
    """Everybody who came on a day."""
    rng = Random(company.key + day.toordinal() * _DAY_KEY)
    draw = rng.random
    pace = calendar.pace(day) * max(0.1, 1 + company.growth * ((day - dt.date(2026, 5, 1)).days / 365))
    come = []
    missing = 0.0 if company.calm else 0.07
    for index, person in enumerate(company.people):
        if draw() >= person.presence * pace or day < person.registered:
            continue
        scale = person.diligence * (0.2 - log(1 - draw()))
        documents = int(3.2 * scale + draw())
        intellectual = int(2.6 * scale * draw() + draw())
        attribute = int(0.9 * scale * draw() + 0.3 * draw())
        searches = intellectual + attribute
        empty = sum(draw() < missing for _ in range(searches)) if searches else 0
        links = int(2.0 * scale * draw() + draw())
        services = int(0.6 * scale * draw() + 0.2)
        printed, saved = int(0.5 * scale * draw() + 0.1), int(1.1 * scale * draw() + 0.2)
        kassist = int(4 * scale * draw()) if company.kassist and index % 3 == 0 else 0
        requests = documents + searches + links + services + kassist + 1 + int(scale * draw())
        arrive = calendar.OPENS + int(draw() * 180)
        leave = min(arrive + 40 + int(draw() * 500), calendar.CLOSES)
        usage = Usage(
            requests, documents, services, links, intellectual, attribute, empty, printed, saved, kassist
        )  # fmt: skip
        come.append(Visit(index, arrive, leave, usage))
    return come


def refusals(company: Company, come: list[Visit] | tuple[Visit, ...]) -> list[Visit]:
    """Those of a day who found every seat taken when they came: they get in a few minutes later."""
    if not company.seats or len(come) <= company.seats:
        return []
    refused: list[Visit] = []
    leaving: list[int] = []
    for visit in sorted(come, key=itemgetter(1)):
        leaving = [leave for leave in leaving if leave > visit.arrive]
        if len(leaving) >= company.seats:
            refused.append(visit)
        else:
            leaving.append(visit.leave)
    return refused


def present(company: Company, come: list[Visit] | tuple[Visit, ...], minute: int) -> list[Visit]:
    """Who holds a seat at a minute of the day; never more than there are seats."""
    here = sorted((visit for visit in come if visit.arrive <= minute < visit.leave), key=itemgetter(1))
    return here[: company.seats] if company.seats else here


def duration(rng: Random, company: Company, status: str) -> float:
    """Seconds of a search. Empty ones are always slow (known)."""
    if status == "empty":
        return round(rng.uniform(8, 20), 2)
    if status == "error":
        return round(rng.uniform(0.1, 30), 2)
    usual = exp(rng.gauss(-0.2, 0.7))
    return round(min(usual + (rng.uniform(10, 25) if rng.random() < (0.2 if company.slow else 0.012) else 0), 60), 2)


def empty_query(rng: Random) -> str:
    """A query that finds nothing, of one of the four causes."""
    chance = rng.random()
    for share, queries in ((0.62, words.ABSENT), (0.14, words.LAYOUT), (0.15, words.SLIPS)):
        if chance < share:
            return rng.choice(queries)
        chance -= share
    return rng.choice(words.PASTED)


def searches(company: Company, day: dt.date, come: list[Visit] | tuple[Visit, ...]) -> list[Search]:
    """Every search of a day, by time. As many of each kind as the visits count."""
    rng = Random(company.key + day.toordinal() * _DAY_KEY + 1)
    made = []
    for visit in come:
        usage = visit.usage
        kinds = ["intellectual"] * usage.searches_intellectual + ["attribute"] * usage.searches_attribute
        empty = set(rng.sample(range(len(kinds)), usage.searches_empty))
        jobs = [("ksrv", kind, "empty" if place in empty else "") for place, kind in enumerate(kinds)]
        jobs += [("kassist", "intellectual", "")] * (usage.kassist // 5)
        for source, kind, wanted in jobs:
            status = wanted or ("error" if rng.random() < 0.006 and not company.calm else "ok")
            query = empty_query(rng) if status == "empty" else rng.choice(words.FOUND)
            made.append(
                Search(
                    second=rng.randrange(visit.arrive * 60, visit.leave * 60),
                    person=visit.person,
                    catalog=company.catalogs[0] if rng.random() < 0.8 else rng.choice(company.catalogs),
                    source=source,
                    type=kind,
                    status=status,
                    found=rng.randint(1, 400) if status == "ok" else 0,
                    duration=duration(rng, company, status),
                    query=query,
                )
            )
    made.sort()
    return made


class Diary:
    """A company's days, remembered. One thread at a time.

    Asked about a moment it goes on from the month it was last asked about, so live reports cost only their new day.
    """

    def __init__(self, company: Company) -> None:
        self.company = company
        self._days: OrderedDict[dt.date, Day] = OrderedDict()
        self._sums: OrderedDict[dt.date, tuple[dict[int, Usage], dict[int, dt.date]]] = OrderedDict()

    def day(self, date: dt.date) -> Day:
        """A whole day."""
        known = self._days.get(date)
        if known is None:
            come = visits(self.company, date)
            refused = sorted(((visit.arrive - 1) * 60 + visit.person % 60, visit.person)
                             for visit in refusals(self.company, come))  # fmt: skip
            known = self._days[date] = Day(tuple(come), tuple(searches(self.company, date, come)), tuple(refused))
            if len(self._days) > _REMEMBERED_DAYS:
                self._days.popitem(last=False)
        return known

    def usage(self, moment: dt.datetime) -> dict[int, Usage]:
        """Counters of the running month at a local moment, of those who did anything."""
        month, _ = self._before(moment.date())
        sums = dict(month)
        for person, part in self._today(moment).items():
            sums[person] = Usage(*map(int.__add__, sums.get(person, _NOTHING), part))
        return sums

    def last_seen(self, moment: dt.datetime) -> dict[int, dt.datetime]:
        """When those who came in the 13 months before a local moment were last there."""
        _, seen = self._before(moment.date())
        when = {person: self._left(day, person) for person, day in seen.items()}
        minute = moment.hour * 60 + moment.minute
        for visit in self.day(moment.date()).visits:
            if visit.arrive <= minute:
                when[visit.person] = _at(moment.date(), min(visit.leave, minute))
        return when

    def _left(self, day: dt.date, person: int) -> dt.datetime:
        return next(_at(day, visit.leave) for visit in visits_of(self, day) if visit.person == person)

    def _before(self, day: dt.date) -> tuple[dict[int, Usage], dict[int, dt.date]]:
        """Counters of the month and days of the last visit, as the day begins."""
        known = self._sums.get(day)
        if known is not None:
            return known
        yesterday = day - dt.timedelta(days=1)
        sums: dict[int, Usage] = {}
        seen: dict[int, dt.date] = {}
        if yesterday in self._sums:
            sums, seen = dict(self._sums[yesterday][0]), dict(self._sums[yesterday][1])
            begin = yesterday
        else:
            begin = max(EPOCH, (day.replace(day=1) - dt.timedelta(days=396)).replace(day=1))
        while begin < day:
            if begin.day == 1:
                sums = {}
            for visit in visits_of(self, begin):
                sums[visit.person] = Usage(*map(int.__add__, sums.get(visit.person, _NOTHING), visit.usage))
                seen[visit.person] = begin
            begin += dt.timedelta(days=1)
        if day.day == 1:
            sums = {}
        self._sums[day] = sums, seen
        if len(self._sums) > 3:
            self._sums.popitem(last=False)
        return sums, seen

    def _today(self, moment: dt.datetime) -> dict[int, Usage]:
        """What has been done of the day so far: searches to the second, the rest in proportion."""
        day = self.day(moment.date())
        second = moment.hour * 3600 + moment.minute * 60 + moment.second
        done: dict[int, list[int]] = {}
        for search in day.searches[: bisect_right(day.searches, second, key=itemgetter(0))]:
            counts = done.setdefault(search.person, [0, 0, 0])
            if search.source == "ksrv":
                counts[search.type == "attribute"] += 1
                counts[2] += search.status == "empty"
        sums = {}
        for visit in day.visits:
            begin, end = visit.arrive * 60, visit.leave * 60
            if second < begin:
                continue
            share = min(1.0, (second - begin) / (end - begin))
            usage = visit.usage
            intellectual, attribute, empty = done.get(visit.person, (0, 0, 0))
            documents, services, links, kassist = (
                int(count * share) for count in (usage.documents, usage.services, usage.links, usage.kassist)
            )
            certain = documents + services + links + kassist + intellectual + attribute
            extra = usage.requests - sum(usage[1:6]) - usage.kassist
            sums[visit.person] = Usage(
                certain + int(extra * share), documents, services, links, intellectual, attribute, empty,
                int(usage.printed * share), int(usage.saved * share), kassist,
            )  # fmt: skip
        return sums


def visits_of(diary: Diary, day: dt.date) -> tuple[Visit, ...] | list[Visit]:
    """The visits of a day, remembered or not."""
    known = diary._days.get(day)
    return known.visits if known is not None else visits(diary.company, day)


_NOTHING = Usage()


def _at(day: dt.date, minute: int) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(minute // 60, minute % 60))

"""The report of a server at a moment, out of its people's diary and its own circumstances."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from demo.people import Diary, Usage
from demo.people.company import mix
from demo.people.diary import present
from demo.stand.reports.report import ExtraSearch, Report, Row

REPORT_DAYS = 7
"""Days of searches and refusals that a report holds (assumed), so that hourly reports overlap."""
_KASSIST_DAYS = 14
_SYSINFO_VERSION, _KASSIST_VERSION = "2.0.6.15", "5.1.0.88"
_VOLUME_ERRORS = {
    "2007": ("2007", "Ошибка защиты (2007)"),
    "4101": ("4101", "Ошибка защиты (4101)"),
    "none": ("", "Ошибка подключения тома"),
}
"""What is written for a volume with code 2007, with 4101, and with an error that has no code."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is true of the server beside its people. ``restart``: local HH:MM of the nightly restart.

    ``volume_error``: 2007, 4101, ``none`` (an error without a code) or empty. ``occasional``: now and then a volume has
    an error or a file of updates is stale, by week, without any fault.
    """

    version: str = "6.4.5.127"
    windows: bool = False
    regnum: str = "0599_123456"
    organisation: str = 'ООО "Ромашка"'
    seats: int = 25
    expires: dt.date = dt.date(2027, 1, 31)
    restart: str = "03:30"
    key_error: int = 0
    key_message: str = ""
    full: bool = False
    """Every seat is taken."""
    spp_ok: bool = True
    volume_error: str = ""
    operup_age: int = 0
    """Days by which the first file of daily updates is too old."""
    occasional: bool = False
    missing: frozenset[str] = frozenset()
    """Blocks that the report leaves out; ``protection`` and ``spp`` too."""
    visitors: Sequence[tuple[str, str, dt.datetime]] = ()
    """Sessions that are not of the diary: login, address, since."""
    extra: Sequence[ExtraSearch] = ()
    refused: Sequence[tuple[dt.datetime, str]] = ()
    """Refusals on command: time, login."""
    days: int = field(default=REPORT_DAYS)


def make(diary: Diary, moment: dt.datetime, around: Circumstances = Circumstances()) -> Report:
    """The report of a naive local moment. The same arguments give the same report."""
    moment = moment.replace(microsecond=0)
    users, usage = _users(diary, moment, around.extra)
    blocks: dict[str, Sequence[Row]] = {
        "modules": [("ksrv", around.version), ("kassist", _KASSIST_VERSION)],
        "sessions": _sessions(diary, moment, around),
        "volumes": _volumes(diary, moment, around),
        "operup": _operup(diary, moment, around),
        "users": users,
        "usage": usage,
        "searches": _searches(diary, moment, around),
        "rejections": _rejections(diary, moment, around),
        "kassist": _kassist(diary, moment),
    }
    return Report(_info(moment, around), {name: rows for name, rows in blocks.items() if name not in around.missing})


def _info(moment: dt.datetime, around: Circumstances) -> Mapping[str, str]:
    hour, minute = (int(part) for part in around.restart.split(":"))
    started = moment.replace(hour=hour, minute=minute, second=40)
    if started > moment:
        started -= dt.timedelta(days=1)
    info = {
        "sysinfo_version": _SYSINFO_VERSION,
        "created": moment.isoformat(),
        "server_version": f"{around.version} (x64)",
        "os": "Windows Server 2019" if around.windows else "Debian GNU/Linux 12",
        "started": started.isoformat(),
        "regnum": around.regnum,
        "client": around.organisation,
        "seats": str(around.seats),
        "expires": around.expires.isoformat(),
    }
    if "protection" not in around.missing:
        info |= {
            "protection_binding": "SenseLock",
            "protection_status": "error" if around.key_error else "ok",
            "protection_code": str(around.key_error),
            "protection_message": around.key_message,
        }
    if "spp" not in around.missing:
        info["spp_status"] = "ok" if around.spp_ok else "error"
    return info


def _users(diary: Diary, moment: dt.datetime, extra: Sequence[ExtraSearch]) -> tuple[list[Row], list[Row]]:
    counters, seen = diary.usage(moment), diary.last_seen(moment)
    month = f"{moment:%Y-%m}"
    more: dict[str, list[ExtraSearch]] = {}
    for search in extra:
        if search.time <= moment:
            more.setdefault(search.login, []).append(search)
    users: list[Row] = []
    usage: list[Row] = []
    for index, person in enumerate(diary.company.people):
        if person.registered > moment.date():
            continue
        own = more.pop(person.login, [])
        last = seen.get(index) or min(dt.datetime.combine(person.registered, dt.time(12)), moment)
        last = max([last, *(search.time for search in own)])
        users.append((
            person.login, person.domain, person.fullname, person.position, person.department, person.phone,
            person.email, person.registered.isoformat(), last.isoformat(timespec="seconds"),
        ))  # fmt: skip
        usage.append((person.login, month, *_with(counters.get(index, Usage()), own, month)))
    for login, own in more.items():  # a login that nobody has seen before
        first, last = own[0].time, own[-1].time
        users.append((login, "", "", "", "", "", "", first.date().isoformat(), last.isoformat(timespec="seconds")))
        usage.append((login, month, *_with(Usage(), own, month)))
    return users, usage


def _with(usage: Usage, extra: Sequence[ExtraSearch], month: str) -> Usage:
    mine = [search for search in extra if f"{search.time:%Y-%m}" == month]
    return usage._replace(
        requests=usage.requests + len(mine),
        searches_intellectual=usage.searches_intellectual + sum(each.type == "intellectual" for each in mine),
        searches_attribute=usage.searches_attribute + sum(each.type == "attribute" for each in mine),
        searches_empty=usage.searches_empty + sum(each.status == "empty" for each in mine),
    )


def _sessions(diary: Diary, moment: dt.datetime, around: Circumstances) -> list[Row]:
    midnight = dt.datetime.combine(moment.date(), dt.time())
    here = present(diary.company, diary.day(moment.date()).visits, moment.hour * 60 + moment.minute)
    people = diary.company.people
    holders = [(visit.person, midnight + dt.timedelta(minutes=visit.arrive)) for visit in here]
    if around.full:  # whoever is registered has come, and nobody leaves
        taken = {person for person, _ in holders}
        rest = (index for index, person in enumerate(people) if index not in taken)
        since = moment.replace(minute=0, second=0)
        holders += [(index, since) for index, _ in zip(rest, range(around.seats - len(holders)), strict=False)]
    rows: list[Row] = [
        (people[index].login, people[index].domain, people[index].ip, people[index].browser, since.isoformat())
        for index, since in holders
    ]
    if around.full:  # one login more than once, where there are more seats than people
        rows += [rows[number % len(rows)] for number in range(around.seats - len(rows))] if rows else []
    return rows + [
        (login, "", address, "", since.isoformat(timespec="seconds")) for login, address, since in around.visitors
    ]


def _week(diary: Diary, moment: dt.datetime) -> Random:
    year, week, _ = moment.isocalendar()
    return Random(mix(diary.company.key, "week", year, week))


def _volumes(diary: Diary, moment: dt.datetime, around: Circumstances) -> list[Row]:
    luck = _week(diary, moment)
    error, ill = around.volume_error, 0
    if around.occasional and not error:
        error = luck.choice(("2007", "2007", "4101", "none")) if luck.random() < 0.3 else ""
        ill = luck.randrange(len(diary.company.volumes))
    rows: list[Row] = []
    for number, (product, title, file) in enumerate(diary.company.volumes):
        # One volume is licensed for a shorter time than the rest.
        sooner = 47 if number == 1 else 0
        code, message = _VOLUME_ERRORS[error] if error and number == ill else ("0", "")
        path = f"D:\\Kodeks\\Bases\\{file}.vol" if around.windows else f"/var/kodeks/bases/{file}.vol"
        expires = around.expires - dt.timedelta(days=sooner)
        rows.append((path, product, title, f"{moment:%y%m}", expires.isoformat(), _number(code), message))
    return rows


def _number(code: str) -> int | str:
    return int(code) if code else ""


def _operup(diary: Diary, moment: dt.datetime, around: Circumstances) -> list[Row]:
    luck = _week(diary, moment)
    luck.random()
    age = around.operup_age or (luck.randint(4, 6) if around.occasional and luck.random() < 0.2 else 0)
    newest = moment.replace(hour=2, minute=15, second=0)
    if newest > moment:
        newest -= dt.timedelta(days=1)
    rows: list[Row] = []
    for number, (_, _, file) in enumerate(diary.company.volumes):
        path = f"D:\\Kodeks\\OperUp\\{file}.opu" if around.windows else f"/var/kodeks/operup/{file}.opu"
        date = newest + dt.timedelta(seconds=37 * number) - dt.timedelta(days=age if number == 0 else 0)
        rows.append((path, date.isoformat()))
    return rows


def _window(moment: dt.datetime, days: int) -> list[tuple[dt.date, int]]:
    """The dates of a report, oldest first, each with the second up to which it counts."""
    today = moment.hour * 3600 + moment.minute * 60 + moment.second
    dates = [moment.date() - dt.timedelta(days=back) for back in range(days, -1, -1)]
    return [(date, today if date == moment.date() else 86400) for date in dates]


def _stamp(date: str, second: int) -> str:
    return f"{date}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def _searches(diary: Diary, moment: dt.datetime, around: Circumstances) -> list[Row]:
    logins = [person.login for person in diary.company.people]
    rows: list[Row] = []
    for date, until in _window(moment, around.days):
        prefix = date.isoformat()
        rows += [
            (_stamp(prefix, each.second), logins[each.person], each.catalog, each.source, each.type, each.status,
             each.found, each.duration, each.query)
            for each in diary.day(date).searches
            if each.second <= until
        ]  # fmt: skip
    oldest = moment - dt.timedelta(days=around.days)
    mine = [each for each in around.extra if oldest <= each.time <= moment]
    if mine:
        rows += [
            (each.time.isoformat(timespec="seconds"), each.login, each.catalog, each.source, each.type, each.status,
             each.found, each.duration, each.query)
            for each in mine
        ]  # fmt: skip
        rows.sort(key=lambda row: str(row[0]))
    return rows


def _rejections(diary: Diary, moment: dt.datetime, around: Circumstances) -> list[Row]:
    logins = [person.login for person in diary.company.people]
    rows: list[Row] = [
        (_stamp(date.isoformat(), second), logins[person], "seats")
        for date, until in _window(moment, around.days)
        for second, person in diary.day(date).refused
        if second <= until
    ]
    oldest = moment - dt.timedelta(days=around.days)
    rows += [
        (time.isoformat(timespec="seconds"), login, "seats")
        for time, login in around.refused
        if oldest <= time <= moment
    ]
    return sorted(rows, key=lambda row: str(row[0]))


def _kassist(diary: Diary, moment: dt.datetime) -> list[Row]:
    """Links of the days that are over."""
    rows: list[Row] = []
    for back in range(_KASSIST_DAYS, 0, -1):
        date = moment.date() - dt.timedelta(days=back)
        links = kassist_links(sum(visit.usage.kassist for visit in diary.day(date).visits))
        if links[1]:
            rows.append((date.isoformat(), *links))
    return rows


def kassist_links(uses: int) -> tuple[int, int, int, int]:
    """Unique added, all added, without match and checked active links of a day with so many uses of kAssist."""
    return uses * 7 // 10, uses, uses // 9, uses // 2

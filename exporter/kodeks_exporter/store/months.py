"""Sums of a calendar month by domain, as far as reports have them. Pure.

A month is in the installation's local time, ``YYYY-MM``. Usage comes from the users' counters, which the storage keeps
by month; refused connections are counted when their events are new, so each counts once. The month of the newest
report, the one before and the one after are kept: a late report still corrects last month, and an event just past
midnight is there when the first report of the new month comes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.report import Rejection, UserUsage

NAMED: Final = 20
"""Domains of a month with their own figures, those with most users; the rest is ``OTHER``."""
OTHER: Final = "other"
USAGE_FIELDS: Final = UserUsage._fields[3:]
"""Counters of a user, in the order of ``MonthSums.usage``."""
_REQUESTS: Final = USAGE_FIELDS.index("requests")
_MOST_LOGINS: Final = 5000
_LATEST: Final = 32_503_680_000.0
"""The year 3000: no event is of a month after it."""

Refused = Mapping[tuple[str, str], int]
"""By month and login."""


@dataclass(frozen=True, slots=True)
class MonthSums:
    """``made``: Unix seconds, when the newest report of the month was made; 0: none yet. ``users`` and ``seats`` are
    from that report. All mappings are by domain; ``usage`` has None for counters that are not reported; ``refused``
    has every domain once reports mention refusals."""

    month: str
    made: float = 0.0
    named: tuple[str, ...] = ()
    users: Mapping[str, int] = field(default_factory=dict)
    active: Mapping[str, int] = field(default_factory=dict)
    """Users with requests."""
    usage: Mapping[str, tuple[int | None, ...]] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    seats: int | None = None

    def label(self, domain: str) -> str:
        return domain if domain in self.named else OTHER


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """A report in figures. ``users``: number by domain, None without that block. ``usage``: everything known about
    the months that the report changed. ``fields``: counters that the installation reports for the report's own
    month. ``refused``: new ones; ``has_refused``: whether it has the block."""

    month: str
    made: float
    users: Mapping[str, int] | None
    seats: int | None
    usage: Mapping[str, Iterable[UserUsage]]
    fields: frozenset[str]
    refused: Refused
    has_refused: bool


def before(month: str) -> str:
    """The month before."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year}-{number - 1:02}" if number > 1 else f"{year - 1:04}-12"


def after(month: str) -> str:
    """The month after."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year}-{number + 1:02}" if number < 12 else f"{year + 1:04}-01"


def add(
    months: Mapping[str, MonthSums], report: MonthFacts, newest: str, domains: Mapping[str, Sequence[str]]
) -> dict[str, MonthSums]:
    """Adds a report to ``months``. ``newest``: month of the report in force. ``domains``: known domains of each
    login; a login in none or several gets the domain ""."""
    kept = (before(newest), newest, after(newest))
    refused: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (month, login), count in report.refused.items():
        known = domains.get(login, ())
        refused[month][known[0] if len(known) == 1 else ""] += count
    wanted = {report.month, *report.usage, *refused, *months}.intersection(kept)
    return {month: _month(months.get(month, MonthSums(month)), report, refused[month]) for month in sorted(wanted)}


def _month(sums: MonthSums, report: MonthFacts, refused: Counter[str]) -> MonthSums:
    own = report.month == sums.month
    newest = own and report.made >= sums.made
    rows = list(report.usage[sums.month]) if sums.month in report.usage else None
    if not (own or refused or rows is not None):
        return sums
    users = report.users if newest and report.users is not None else None
    sums = _name(sums, users or {}, rows or (), refused)
    if newest:
        sums = replace(sums, made=report.made, seats=sums.seats if report.seats is None else report.seats)
    if users is not None:
        sums = replace(sums, users=_by_label(sums, users))
    if rows is not None:
        sums = _use(sums, rows, report.fields if own else frozenset())
    counts = _by_label(sums, refused)
    if counts or (own and report.has_refused) or sums.refused:
        labels = {*sums.users, *sums.usage, *sums.refused, *counts}
        sums = replace(sums, refused={each: sums.refused.get(each, 0) + counts.get(each, 0) for each in sorted(labels)})
    return sums


def _name(
    sums: MonthSums, users: Mapping[str, int], rows: Iterable[UserUsage], refused: Mapping[str, int]
) -> MonthSums:
    """A named domain keeps its name all month, so that no sum ever decreases."""
    met = Counter(users) + Counter(row.domain for row in rows)
    met.update(dict.fromkeys((*users, *refused), 0))
    new = sorted(met.keys() - set(sums.named), key=lambda domain: (-met[domain], domain))
    return replace(sums, named=(*sums.named, *new)[:NAMED])


def _by_label(sums: MonthSums, counts: Mapping[str, int]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for domain, count in counts.items():
        found[sums.label(domain)] += count
    return dict(found)


def _use(sums: MonthSums, rows: Iterable[UserUsage], counters: frozenset[str]) -> MonthSums:
    """``counters``: counters that are 0, not unknown, when nobody has a row; so are those known before."""
    known = {
        name
        for total in sums.usage.values()
        for name, each in zip(USAGE_FIELDS, total, strict=True)
        if each is not None
    }
    nothing = [0 if name in counters or name in known else None for name in USAGE_FIELDS]
    totals: dict[str, list[int | None]] = {label: list(nothing) for label in sums.users}
    active = dict.fromkeys(sums.users, 0)
    for row in rows:
        label = sums.label(row.domain)
        total = totals.setdefault(label, list(nothing))
        for place, value in enumerate(row[3:]):
            if value is not None:
                total[place] = (total[place] or 0) + value
        active[label] = active.get(label, 0) + bool(row.requests)
    usage = {label: tuple(total) for label, total in totals.items() if any(each is not None for each in total)}
    has_requests = any(total[_REQUESTS] is not None for total in usage.values())
    return replace(sums, usage=usage, active=active if has_requests else {})


class RefusedByMonth:
    """Counts refused connections by local month and login. Logins over the bound count as ""."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, events: Iterable[Rejection]) -> None:
        # Months begin and offsets change on quarters of an hour.
        for (login, quarter), count in Counter((event.login, event.time // 900) for event in events).items():
            time = quarter * 900
            if 0 <= time < _LATEST:
                key = (f"{datetime.fromtimestamp(time, self._zone):%Y-%m}", login)
                known = key in self._counts or len(self._counts) < _MOST_LOGINS
                self._counts[key if known else (key[0], "")] += count

    def counts(self) -> Refused:
        return self._counts

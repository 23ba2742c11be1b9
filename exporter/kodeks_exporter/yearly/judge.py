"""What changed, and the conclusions. docs/report.md explains the same rules to readers."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from kodeks_exporter.yearly.facts import Access, Demand, Facts, Month

ACTIVITY = 20
"""A month's target in the support standard."""
INVOLVEMENT = 0.6
USUAL_AVAILABILITY = 0.95
HIGH_AVAILABILITY = 0.99
REFUSED_MONTHS = 3
"""From this many months with refused connections, more seats are advised."""
MORE_SEATS = 0.1
"""The smallest share of the bought seats worth adding."""
FEW = 20
"""Below this no percentages are given: «+100 %» for three that became six says nothing."""
WORKING_DAYS = 21
"""Of a month, about."""
ROOM_SEATS = 5
"""With fewer seats, spare room is not mentioned."""
REFUSED_LEAST = 5
"""Fewer refused connections in the year are no reason to buy seats."""
WEAK_MONTHS = 3
"""With fewer whole months a report says little."""
ROOM = 0.5
"""Peak per seat below which there is room for more users."""
ROOM_MONTHS = 6
DEMAND_SEARCHES = 5
DEMAND_MONTHS = 2
LEAST_MONTHS = 2
"""Whole months that a half-year must have to be compared."""
LEAST_COMMON = 3
"""Whole months that two years must have in common to be compared."""
SLIPS = 0.2
"""From this share of empty searches that training would help with, training is advised."""
SLIPS_LEAST = 10
ENDS_FIRST = 30
"""Days before the end during which renewal comes first."""
ENDS_SOON = 90
"""Days before the end of a registration during which renewal is advised."""
LOW_USE, HIGH_USE, SHARED_USE = 0.15, 0.75, 0.9
"""Bounds of an online access' share of documents used, from the support standard."""


class Missing(Enum):
    """Why there is no change in percent."""

    NO_DATA = "no data"
    NO_BEFORE = "no data before"
    FROM_ZERO = "was zero"


def change(now: float | None, before: float | None) -> float | Missing:
    """The change as a ratio, 0.1 for 10 % more, or why there is none, such as a division by zero."""
    if now is None:
        return Missing.NO_DATA
    if before is None:
        return Missing.NO_BEFORE
    if before == 0:
        return Missing.FROM_ZERO
    return now / before - 1


@dataclass(frozen=True, slots=True)
class Figure:
    """A monthly figure. ``mean``: months are averaged, not summed."""

    key: str
    of: Callable[[Month], float | None]
    mean: bool = False


def _usage(kind: str) -> Callable[[Month], float | None]:
    return lambda month: month.usage.get(kind)


DOCUMENTS = Figure("documents", _usage("documents"))
SAVES = Figure("saves", _usage("saves"))
PRINTS = Figure("prints", _usage("prints"))
REFUSED = Figure("rejections", _usage("rejections"))
ACTIVE = Figure("active", lambda month: month.active, mean=True)
ACTIVITY_FIGURE = Figure("activity", lambda month: month.activity)
KASSIST = Figure("kassist", _usage("kassist"))
EMPTY = Figure("empty", _usage("searches_empty"))
INVOLVED = Figure("involvement", lambda month: month.involvement, mean=True)

TABLE = (DOCUMENTS, SAVES, PRINTS, REFUSED, ACTIVITY_FIGURE, KASSIST)
"""Columns of the month table, as on the renewal dashboard."""
COMPARED = (DOCUMENTS, ACTIVITY_FIGURE, ACTIVE, SAVES, PRINTS, KASSIST, REFUSED)


class Basis(Enum):
    """What is compared with what."""

    YEARS = "years"
    HALVES = "halves"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure then and now. For years: sums (or means) over the same months; for halves: monthly means."""

    figure: Figure
    before: float | None
    now: float | None

    @property
    def change(self) -> float | Missing:
        return change(self.now, self.before)


@dataclass(frozen=True, slots=True)
class Comparison:
    """``earlier`` and ``later``: names of the months on either side."""

    basis: Basis
    rows: Sequence[Compared] = ()
    earlier: Sequence[str] = ()
    later: Sequence[str] = ()


def compare(facts: Facts) -> Comparison:
    """With the year before if enough whole months of both are known, else between the halves of the year."""
    whole = {month.name[5:]: month for month in facts.months if month.whole}
    past = {month.name[5:]: month for month in facts.before if month.whole}
    common = sorted(whole.keys() & past.keys())
    if len(common) >= LEAST_COMMON:
        return _compared(Basis.YEARS, [past[key] for key in common], [whole[key] for key in common])
    first = [month for key, month in sorted(whole.items()) if key <= "06"]
    second = [month for key, month in sorted(whole.items()) if key > "06"]
    if min(len(first), len(second)) >= LEAST_MONTHS:
        return _compared(Basis.HALVES, first, second)
    return Comparison(Basis.NOTHING)


def _compared(basis: Basis, earlier: Sequence[Month], later: Sequence[Month]) -> Comparison:
    rows = []
    for figure in COMPARED:
        mean = figure.mean or basis is Basis.HALVES
        if basis is Basis.YEARS:  # a month that lacks the figure on one side is left out on both
            pairs = [(figure.of(one), figure.of(two)) for one, two in zip(earlier, later, strict=True)]
            known = [(one, two) for one, two in pairs if one is not None and two is not None]
            before, now = [one for one, _ in known], [two for _, two in known]
        else:
            before = [value for month in earlier if (value := figure.of(month)) is not None]
            now = [value for month in later if (value := figure.of(month)) is not None]
        rows.append(Compared(figure, _together(before, mean), _together(now, mean)))
    return Comparison(basis, rows, [month.name for month in earlier], [month.name for month in later])


def _together(values: Sequence[float], mean: bool) -> float | None:
    if not values:
        return None
    return sum(values) / len(values) if mean else sum(values)


def total(months: Sequence[Month], figure: Figure) -> float | None:
    """Over all months that have it, including the running one; None when none has."""
    return _together([value for month in months if (value := figure.of(month)) is not None], figure.mean)


def average(months: Sequence[Month], figure: Figure) -> float | None:
    """Over the whole months, or over all that have it when no month is whole."""
    known = [(month.whole, value) for month in months if (value := figure.of(month)) is not None]
    return _together([value for whole, value in known if whole] or [value for _, value in known], mean=True)


class SeatsAdvice(Enum):
    """The conclusion about an installation's seats."""

    UNKNOWN = "unknown"
    MORE = "more"
    WATCH = "watch"
    ROOM = "room"
    ENOUGH = "enough"


@dataclass(frozen=True, slots=True)
class SeatsYear:
    """An installation's seats. ``months``: with refusals. ``add``: seats to add at first, 0 for none."""

    installation: str
    bought: float | None
    peak: float | None
    refused: float | None
    refused_months: int
    months: int
    advice: SeatsAdvice
    add: int = 0


def seats(facts: Facts) -> list[SeatsYear]:
    """Of each installation."""
    return [_seats(each.name, facts.months) for each in facts.installations]


def _seats(name: str, months: Sequence[Month]) -> SeatsYear:
    known = [month.seats[name] for month in months if name in month.seats]
    bought = next((each.bought for each in reversed(known) if each.bought is not None), None)
    peaks = [each.peak for each in known if each.peak is not None]
    refused = [each.refused for each in known if each.refused is not None]
    peak = max(peaks, default=None)
    refused_months = sum(each > 0 for each in refused)
    add = 0
    if not refused:
        advice = SeatsAdvice.UNKNOWN
    elif refused_months >= REFUSED_MONTHS and sum(refused) >= REFUSED_LEAST:
        advice, add = SeatsAdvice.MORE, max(1, math.ceil((bought or 0) * MORE_SEATS))
    elif refused_months:
        advice = SeatsAdvice.WATCH
    elif bought and bought >= ROOM_SEATS and peak is not None and len(peaks) >= ROOM_MONTHS and peak < bought * ROOM:
        advice = SeatsAdvice.ROOM
    else:
        advice = SeatsAdvice.ENOUGH
    total_ = sum(refused) if refused else None
    return SeatsYear(name, bought, peak, total_, refused_months, len(refused), advice, add)


def wanted(demand: Sequence[Demand]) -> list[Demand]:
    """Families worth an offer: searched for often, in more than one month, and not in the set."""
    return [
        each
        for each in absent(demand)
        if each.total >= DEMAND_SEARCHES and sum(count > 0 for count in each.months.values()) >= DEMAND_MONTHS
    ]


def absent(demand: Sequence[Demand]) -> list[Demand]:
    """Families missing from the set, the most wanted first; searches without a family come last."""
    absent_ones = [each for each in demand if each.cause == "absent"]
    return sorted(absent_ones, key=lambda each: (each.family in UNNAMED, -each.total, each.family))


UNNAMED = ("прочее", "")


def causes(demand: Sequence[Demand]) -> Mapping[str, int]:
    """Empty searches of the year by cause."""
    found: dict[str, int] = {}
    for each in demand:
        found[each.cause] = found.get(each.cause, 0) + each.total
    return found


def training_helps(demand: Sequence[Demand]) -> bool:
    """Whether many of the empty searches were mistyped."""
    found = causes(demand)
    slips = sum(count for cause, count in found.items() if cause not in ("absent", ""))
    return slips >= SLIPS_LEAST and slips >= SLIPS * sum(found.values())


def available(months: Sequence[Month]) -> float | None:
    """Share of the checked time during which the main page opened."""
    known = [month.interface for month in months if month.interface is not None]
    return sum(each.up for each in known) / sum(each.hours for each in known) if known else None


class Use(Enum):
    """The class of an online access, by its average share of documents in whole months."""

    UNKNOWN = "unknown"
    NEVER = "never"
    LOW = "low"
    GOOD = "good"
    HIGH = "high"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class AccessYear:
    """``mean``: share of the documents in an average month. ``spent``: months that ended with less than one left."""

    access: Access
    mean: float | None
    spent: int
    months: int
    use: Use


def access_years(facts: Facts) -> list[AccessYear]:
    return [access_year(each, facts.running) for each in facts.accesses]


def access_year(access: Access, running: str) -> AccessYear:
    shares = {name: used for name in access.left if (used := access.used(name, "documents")) is not None}
    over = [used for name, used in shares.items() if name != running] or list(shares.values())
    spent = sum(left.get("documents", 1) < 1 for left in access.left.values())
    if not over:
        return AccessYear(access, None, spent, 0, Use.UNKNOWN)
    mean = sum(over) / len(over)
    if not any(shares.values()):
        use = Use.NEVER
    elif mean < LOW_USE:
        use = Use.LOW
    elif mean < HIGH_USE:
        use = Use.GOOD
    else:
        use = Use.HIGH if mean < SHARED_USE else Use.SHARED
    return AccessYear(access, mean, spent, len(shares), use)


def weaknesses(facts: Facts) -> list[str]:
    """In Russian: what a manager should know before handing over such a report. Empty: nothing is wrong with it."""
    found = []
    if facts.installations:
        whole = sum(month.whole for month in facts.months)
        activity, up = average(facts.months, ACTIVITY_FIGURE), available(facts.months)
        if whole < WEAK_MONTHS:
            found.append(f"полных месяцев с данными — {whole}, судить почти не о чем")
        if activity is not None and activity <= ACTIVITY:
            found.append("системой почти не пользуются: сначала поговорите с клиентом")
        if up is not None and up < USUAL_AVAILABILITY:
            found.append("доступность ниже обычной: подготовьте объяснение")
    elif max((len(access.left) for access in facts.accesses), default=0) < WEAK_MONTHS:
        found.append("данных меньше чем за три месяца, судить почти не о чем")
    uses = [each.use for each in access_years(facts)]
    if uses and all(use in (Use.NEVER, Use.LOW) for use in uses):
        found.append("онлайн-доступами почти не пользуются: сначала поговорите с клиентом")
    return found

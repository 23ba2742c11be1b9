"""How an access is used, judged by its own history. Pure functions; docs/online.md has the rules for people.

Thresholds of use are the support standard's: below 15 % of the documents limit poorly adopted, up to 75 % good, up to
90 % high, above that probably shared by several people. Everything else here is this project's choice.
"""

import calendar
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median
from typing import Final

from kodeks_exporter.domain.online import Advice, DayUse, Deviation, UseClass, UsePattern

LOW, HIGH, SHARED, EXHAUSTED = 0.15, 0.75, 0.90, 0.995
"""Shares of the documents limit used in a month."""
NEW_DAYS: Final = 30
"""An access seen for a shorter time is new: no judgement yet."""
LEVEL_MONTHS: Final = 3
"""The level of use is the median of so many last complete months."""
ACTIVE_SHARE, ACTIVE_DOCUMENTS = 0.03, 3
"""A month counts as busy from this share of the limit (or from this many documents if the limit is unknown)."""
USUAL_LIMIT: Final = 300
"""If no limit is known at all (assumed: the smallest one sold)."""
WINDOW_DAYS: Final = 8
WINDOW_SHARE: Final = 0.8
"""Monthly season: this share of a month's documents within this many consecutive days, at the same time of the
month."""
ENOUGH_WORKING_DAYS: Final = 5
"""Working days of the month before its pace is judged."""
NOTICEABLE: Final = 10
"""Documents; less is no deviation."""
OVERDUE_MONTHS: Final = 1
"""A busy time may come this many months early or late."""

_HOLIDAYS: Final = frozenset({*((1, day) for day in range(1, 9)), (2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)})
"""Russian public holidays by month and day (known); days moved by the government's yearly decision are not counted."""


@dataclass(frozen=True, slots=True)
class _Month:
    """``index``: year * 12 + month - 1. ``days``: rows of this month, ``used``: documents by its end or so far."""

    index: int
    days: tuple[DayUse, ...]
    used: int
    limit: int

    @property
    def share(self) -> float:
        return self.used / (self.limit or USUAL_LIMIT)

    @property
    def busy(self) -> bool:
        return self.share >= ACTIVE_SHARE if self.limit else self.used >= ACTIVE_DOCUMENTS

    def by_day(self, day: int) -> int:
        """Documents used by the end of a day of the month."""
        position = bisect_right(self.days, day, key=lambda each: each.day.day)
        return max((each.documents for each in self.days[:position]), default=0)


@dataclass(frozen=True, slots=True)
class Season:
    """``period``: months between busy times; ``length``: months that one lasts; ``last``: index of the month in which
    the last one began."""

    period: int
    length: int
    last: int


def judge(history: Sequence[DayUse], today: date) -> UsePattern:
    """How an access is used, on ``today``, from its days in any order. Never raises, whatever the days say."""
    days = sorted((each for each in history if each.day <= today), key=lambda each: each.day)
    if not days:
        return UsePattern(today, UseClass.NEW)
    months = _months(days)
    present = months.pop() if months and months[-1].index == _index(today) else _Month(_index(today), (), 0, 0)
    complete = [month for month in months if _is_whole(month, days[0].day)]
    season = find_season(complete, present)
    use = _use_class(days, complete, present, season, today)
    if use is not UseClass.SEASONAL:
        season = None
    expected = _expected(complete, season, today) if use is not UseClass.NEW else None
    deviation = _deviation(use, complete, present, season, expected, today)
    advice, why = _advice(use, present, season, deviation, today)
    return UsePattern(
        day=today,
        use=use,
        season=season.period if season else 0,
        next_busy=_next_busy(season, today) if season and season.period > 1 else None,
        expected=expected,
        deviation=deviation,
        advice=advice,
        advice_reason=why,
    )


def working_days(year: int, month: int, until: int) -> int:
    """Working days from the 1st to day ``until``, both included."""
    return sum(
        date(year, month, day).weekday() < 5 and (month, day) not in _HOLIDAYS
        for day in range(1, min(until, calendar.monthrange(year, month)[1]) + 1)
    )


# --- months


def _index(day: date) -> int:
    return day.year * 12 + day.month - 1


def _months(days: Sequence[DayUse]) -> list[_Month]:
    grouped: dict[int, list[DayUse]] = {}
    for each in days:
        grouped.setdefault(_index(each.day), []).append(each)
    found = []
    for index, rows in sorted(grouped.items()):
        limit = max((row.limit for row in rows if row.limit > 0), default=0)
        found.append(_Month(index, tuple(rows), max(0, *(row.documents for row in rows), 0), limit))
    return found


def _is_whole(month: _Month, first: date) -> bool:
    """Whether enough of a past month was seen: from before its middle until near its end."""
    seen_from = month.index > _index(first) or first.day <= 5
    return seen_from and month.days[-1].day.day >= 20


# --- classes


def _use_class(
    days: Sequence[DayUse], complete: Sequence[_Month], present: _Month, season: Season | None, today: date
) -> UseClass:
    if (today - days[0].day).days < NEW_DAYS:
        return UseClass.NEW
    if not any(each.documents > 0 or each.searches > 0 for each in days):
        return UseClass.NEVER
    if season is not None and season.period > 1:
        return UseClass.SEASONAL
    recent = complete[-LEVEL_MONTHS:] or [present]
    ran_out = sum(month.share >= EXHAUSTED for month in recent)
    level = median(month.share for month in recent)
    if ran_out * 2 > len(recent):
        return UseClass.EXHAUSTED
    if level >= SHARED:
        return UseClass.SHARED
    if level >= HIGH:
        return UseClass.HIGH
    if season is not None:
        return UseClass.SEASONAL
    return UseClass.NORMAL if level >= LOW else UseClass.LOW


def find_season(complete: Sequence[_Month], present: _Month) -> Season | None:
    """Regular busy times with quiet between them; None when there is no regularity."""
    months = [*complete, present] if present.busy else list(complete)
    if not months:
        return None
    runs = _busy_runs(months)
    silent = sum(not month.busy for month in complete)
    # A busy time that has only just begun proves nothing.
    if runs and runs[0][0] != present.index and silent * 10 >= len(complete) * 4:
        starts = [run[0] for run in runs]
        length = max(1, round(median(len(run) for run in runs)))
        period = _period([after - before for before, after in pairwise(starts)], len(complete), silent)
        if period:
            return Season(period, length, starts[-1])
    return Season(1, 1, months[-1].index) if _is_monthly(complete) else None


def _busy_runs(months: Sequence[_Month]) -> list[list[int]]:
    """Indices of busy months, consecutive ones grouped."""
    runs: list[list[int]] = []
    for month in months:
        if not month.busy:
            continue
        if runs and runs[-1][-1] == month.index - 1:
            runs[-1].append(month.index)
        else:
            runs.append([month.index])
    return runs


def _period(gaps: Sequence[int], seen: int, silent: int) -> int:
    """Months between busy times: 3, 6 or 12; 0 for none. A gap may be one month off.

    A single busy time in a year seen nearly completely counts as yearly until proven otherwise.
    """
    for period, least in ((3, 2), (6, 1), (12, 1)):
        if len(gaps) >= least and all(abs(gap - period) <= 1 for gap in gaps):
            return period
    return 12 if not gaps and seen >= 11 and silent >= seen - 3 else 0


def _is_monthly(complete: Sequence[_Month]) -> bool:
    """Busy every month, but only in the same few days of it (in most of the last months)."""
    recent = [month for month in complete[-6:] if month.used >= NOTICEABLE]
    if len(recent) < LEVEL_MONTHS or len(recent) < len(complete[-6:]):
        return False
    centres = [centre for month in recent if (centre := _window(month)) is not None]
    if len(centres) * 4 < len(recent) * 3:
        return False
    middle = median(centres)
    near = sum(abs(centre - middle) <= WINDOW_DAYS / 2 for centre in centres)
    return near * 4 >= len(recent) * 3


def _window(month: _Month) -> int | None:
    """The first day of the ``WINDOW_DAYS`` that hold most of a month's documents; None when they hold too few."""
    totals = [month.by_day(day) for day in range(32)]
    first = max(range(1, 32 - WINDOW_DAYS + 1), key=lambda day: totals[day + WINDOW_DAYS - 1] - totals[day - 1])
    inside = totals[first + WINDOW_DAYS - 1] - totals[first - 1]
    return first if inside >= month.used * WINDOW_SHARE else None


# --- what is to be expected


def _cycle(season: Season, index: int) -> int:
    """Months from the beginning of the last busy time to a month, within one period."""
    return (index - season.last) % season.period


def _in_season(season: Season, index: int) -> bool:
    """Whether a busy time is due in a month, give or take ``OVERDUE_MONTHS``."""
    if season.period == 1:
        return True
    tolerance = OVERDUE_MONTHS if season.period > 3 else 0
    place = _cycle(season, index)
    return place < season.length + tolerance or place >= season.period - tolerance


def _next_busy(season: Season, today: date) -> date:
    """First day of the month in which the next busy time is due."""
    cycles = max(1, -(-(_index(today) - season.last) // season.period))
    if _index(today) - season.last < season.length:
        cycles = 1
    index = season.last + cycles * season.period
    year, month = divmod(index, 12)
    return date(min(year, 9999), month + 1, 1)


def _expected(complete: Sequence[_Month], season: Season | None, today: date) -> float | None:
    """Documents by this day of the month, from past months; None when there are too few."""
    if len(complete) < LEVEL_MONTHS:
        return None
    day = today.day if (today + timedelta(days=1)).month == today.month else 31
    if season is not None and season.period > 1:
        index = _index(today)
        alike = [month.by_day(day) for month in complete if (index - month.index) % season.period == 0]
    else:
        alike = [month.by_day(day) for month in complete[-6:]]
    return float(median(alike)) if alike else 0.0


def _deviation(
    use: UseClass,
    complete: Sequence[_Month],
    present: _Month,
    season: Season | None,
    expected: float | None,
    today: date,
) -> Deviation | None:
    if expected is None or working_days(today.year, today.month, today.day) < ENOUGH_WORKING_DAYS:
        return None
    limit = present.limit or max((month.limit for month in complete), default=0) or USUAL_LIMIT
    if season is not None and season.period > 1:
        # In the last month in which it may come, it is awaited until the 20th.
        late = _index(today) - season.last - season.period - OVERDUE_MONTHS + (today.day >= 20)
        if late > 0 and not present.busy:
            return Deviation.SILENT
        quiet = max((month.used for month in complete if not month.busy), default=0)
        odd = not _in_season(season, _index(today)) and _is_burst(present.used, limit, quiet)
        return Deviation.BUSY if odd else None
    if use in (UseClass.NEVER, UseClass.LOW):
        usual = max((month.by_day(today.day) for month in complete[-6:]), default=0)
        if _is_burst(present.used, limit, usual):
            return Deviation.BUSY
    if expected >= max(NOTICEABLE, limit * 0.05) and present.used <= expected * 0.2:
        return Deviation.SILENT
    return None


def _is_burst(used: int, limit: int, usual: int) -> bool:
    return used >= max(NOTICEABLE, limit * LOW) and used >= usual * 3


# --- advice


def _advice(
    use: UseClass, present: _Month, season: Season | None, deviation: Deviation | None, today: date
) -> tuple[Advice | None, str]:
    why = _why_call(use, present, deviation, today)
    if why:
        return Advice.CALL, why
    if season is not None and season.period > 1 and not present.busy:
        return Advice.WAIT, "season"
    return None, ""


def _why_call(use: UseClass, present: _Month, deviation: Deviation | None, today: date) -> str:
    if present.limit and present.used >= present.limit:
        return "exhausted"
    if _ends_early(present, today):
        return "limit_ends"
    if deviation is not None:
        return deviation.value
    if use is UseClass.NEVER:
        return "never_used"
    if use is UseClass.LOW and today.day >= 20 and present.share < 0.10:
        return "low"
    if use in (UseClass.EXHAUSTED, UseClass.SHARED) and present.share >= HIGH:
        return "upsale"
    return ""


def _ends_early(present: _Month, today: date) -> bool:
    """At this month's pace per working day the limit ends before the month does."""
    elapsed = working_days(today.year, today.month, today.day)
    total = working_days(today.year, today.month, 31)
    if not present.limit or elapsed < ENOUGH_WORKING_DAYS:
        return False
    return present.used * total > present.limit * elapsed

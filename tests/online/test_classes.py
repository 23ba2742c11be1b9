"""A year of each kind of client is classed rightly, and who is to be called is told for a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.vendor import Access, Kind
from kodeks_exporter.domain.online import ADVICE, Advice, DayUse, Deviation, UseClass, UsePattern
from kodeks_exporter.online.classes import judge, working_days

LIMIT = 300
TODAY = date(2026, 11, 18)
Used = Callable[[datetime], int]


def days(used: Used, until: date = TODAY, count: int = 395, limit: int = LIMIT) -> list[DayUse]:
    """A row for each day, as the exporter writes them."""
    found = []
    for number in range(count, -1, -1):
        day = until - timedelta(days=number)
        documents = min(limit or 10**6, used(datetime(day.year, day.month, day.day, 23, 59)))
        found.append(DayUse(day, documents, documents * 2, limit))
    return found


def client(kind: Kind, login: str = "u1") -> Used:
    access = Access(login, "x", kind)
    return lambda moment: access.used("documents", moment)


def per_month(documents: Callable[[date], int]) -> Used:
    """So many documents in each month, evenly over its working days; the argument is the 1st of the month."""

    def used(moment: datetime) -> int:
        total = working_days(moment.year, moment.month, 31)
        worked = working_days(moment.year, moment.month, moment.day)
        return round(documents(moment.date().replace(day=1)) * worked / total)

    return used


@pytest.mark.parametrize(
    ("kind", "use", "season"),
    [
        (Kind.NEVER, UseClass.NEVER, 0),
        (Kind.LOW, UseClass.LOW, 0),
        (Kind.MONTHLY, UseClass.SEASONAL, 1),
        (Kind.QUARTERLY, UseClass.SEASONAL, 3),
        (Kind.HALF_YEARLY, UseClass.SEASONAL, 6),
        (Kind.YEARLY, UseClass.SEASONAL, 12),
        (Kind.NORMAL, UseClass.NORMAL, 0),
        (Kind.HIGH, UseClass.HIGH, 0),
        (Kind.SHARED, UseClass.SHARED, 0),
        (Kind.EXHAUSTED, UseClass.EXHAUSTED, 0),
    ],
)
def test_a_year_of_each_kind_of_client(kind: Kind, use: UseClass, season: int) -> None:
    for login in ("u1", "u2", "u3"):
        # On any day of a month, not only at its end.
        for today in (TODAY, date(2026, 11, 1), date(2026, 10, 31), date(2026, 9, 9)):
            profile = judge(days(client(kind, login), today), today)
            assert (profile.use, profile.season) == (use, season), (login, today)


@pytest.mark.parametrize("kind", list(Kind))
def test_who_does_as_always_does_not_deviate_on_any_day(kind: Kind) -> None:
    for number in range(90):
        today = TODAY + timedelta(days=number)
        profile = judge(days(client(kind), today), today)
        assert profile.deviation is None, today


@pytest.mark.parametrize(
    ("share", "use"),
    [
        (0.0, UseClass.NEVER), (0.14, UseClass.LOW), (0.16, UseClass.NORMAL), (0.74, UseClass.NORMAL),
        (0.76, UseClass.HIGH), (0.89, UseClass.HIGH), (0.91, UseClass.SHARED), (1.0, UseClass.EXHAUSTED),
    ],
)  # fmt: skip
def test_the_support_standards_thresholds(share: float, use: UseClass) -> None:
    assert judge(days(per_month(lambda month: round(LIMIT * share))), TODAY).use is use


def test_new_until_thirty_days_have_passed() -> None:
    used = client(Kind.NORMAL)
    assert judge([], TODAY).use is UseClass.NEW
    assert judge(days(used, count=29), TODAY).use is UseClass.NEW
    assert judge(days(used, count=30), TODAY).use is UseClass.NORMAL
    assert judge(days(client(Kind.NEVER), count=29), TODAY).advice is None
    assert judge(days(client(Kind.NEVER), count=30), TODAY).use is UseClass.NEVER


def test_only_searches_is_not_never() -> None:
    rows = [day._replace(searches=1) for day in days(client(Kind.NEVER))]
    assert judge(rows, TODAY).use is UseClass.LOW


def test_without_a_known_limit_the_smallest_one_counts() -> None:
    assert judge(days(per_month(lambda month: 130), limit=0), TODAY).use is UseClass.NORMAL
    assert judge(days(client(Kind.QUARTERLY), limit=0), TODAY).season == 3


def quarter(month: date) -> int:
    return 150 if month.month in (3, 6, 9, 12) else 0


def test_a_quarterly_client_in_its_silent_months_is_left_alone() -> None:
    for month in (10, 11):
        for day in (1, 10, 20, 30):
            today = date(2026, month, day)
            profile = judge(days(per_month(quarter), today), today)
            assert (profile.use, profile.deviation) == (UseClass.SEASONAL, None)
            assert (profile.advice, profile.advice_reason) == (Advice.WAIT, "season")
            assert profile.next_busy == date(2026, 12, 1)
            assert profile.expected == 0


def test_a_quarterly_client_who_does_not_come_is_told_a_month_late() -> None:
    def stopped(month: date) -> int:
        return 0 if month >= date(2026, 12, 1) else quarter(month)

    def on(today: date) -> UsePattern:
        return judge(days(per_month(stopped), today), today)

    assert on(date(2026, 12, 30)).deviation is None  # may be a month late
    assert on(date(2027, 1, 15)).deviation is None
    late = on(date(2027, 1, 25))
    assert (late.deviation, late.advice, late.advice_reason) == (Deviation.SILENT, Advice.CALL, "silent")


@pytest.mark.parametrize(("month", "deviation"), [(10, Deviation.BUSY), (11, None)])
def test_a_quarterly_client_out_of_season(month: int, deviation: Deviation | None) -> None:
    """November is only a month early."""

    def extra(first: date) -> int:
        return 120 if first == date(2026, month, 1) else quarter(first)

    today = date(2026, month, 20)
    profile = judge(days(per_month(extra), today), today)
    assert (profile.season, profile.deviation) == (3, deviation)


def test_a_quarterly_client_a_month_early_or_late_stays_quarterly() -> None:
    def irregular(month: date) -> int:
        return 150 if (month.year, month.month) in {(2026, 1), (2026, 3), (2026, 6), (2026, 10)} else 0

    assert judge(days(per_month(irregular)), TODAY).season == 3


def test_an_ordinary_client_who_falls_silent() -> None:
    def stopped(month: date) -> int:
        return 0 if month == date(2026, 11, 1) else 140

    assert judge(days(per_month(stopped), date(2026, 11, 6)), date(2026, 11, 6)).deviation is None  # 4 working days
    profile = judge(days(per_month(stopped)), TODAY)
    assert (profile.deviation, profile.advice_reason) == (Deviation.SILENT, "silent")
    assert profile.expected is not None
    assert 60 <= profile.expected <= 100


def test_a_silent_client_who_begins() -> None:
    def begins(month: date) -> int:
        return 160 if month == date(2026, 11, 1) else 0

    profile = judge(days(per_month(begins)), TODAY)
    assert (profile.deviation, profile.advice_reason) == (Deviation.BUSY, "busy")


def test_new_years_holidays_are_nobodys_silence() -> None:
    today = date(2027, 1, 12)
    profile = judge(days(per_month(lambda month: 0 if month.month == 1 else 140), today), today)
    assert profile.deviation is None


@pytest.mark.parametrize(
    ("share", "day", "reason"),
    [
        (0.95, 12, ""), (1.1, 12, "limit_ends"), (1.1, 5, ""), (2.2, 27, "exhausted"), (0.93, 27, "upsale"),
    ],
)  # fmt: skip
def test_who_needs_more_is_called(share: float, day: int, reason: str) -> None:
    today = date(2026, 11, day)
    profile = judge(days(per_month(lambda month: round(LIMIT * share)), today), today)
    assert profile.advice_reason == reason


def test_who_does_not_use_it_is_called() -> None:
    assert judge(days(client(Kind.NEVER)), TODAY).advice_reason == "never_used"
    assert judge(days(client(Kind.LOW)), TODAY).advice_reason == ""
    late = date(2026, 11, 20)
    assert judge(days(client(Kind.LOW), late), late).advice_reason == "low"
    assert judge(days(client(Kind.NORMAL)), TODAY).advice is None


def test_gaps_in_the_days_do_not_change_the_class() -> None:
    for kind in Kind:
        rows = days(client(kind))
        thinned = [row for number, row in enumerate(rows) if number % 3 != 1]
        assert judge(thinned, TODAY).use is judge(rows, TODAY).use, kind


def test_working_days() -> None:
    assert working_days(2026, 11, 30) == 20  # 4 November is a holiday
    assert working_days(2027, 2, 99) == 19
    assert working_days(2028, 2, 29) == 20
    assert working_days(2027, 1, 10) == 0
    assert working_days(2026, 11, 0) == 0


DAYS = st.dates(date(2025, 1, 1), date(2027, 12, 31))
NUMBERS = st.integers(-5, 10**9)


@given(st.lists(st.builds(DayUse, DAYS, NUMBERS, NUMBERS, NUMBERS), max_size=80), DAYS)
def test_no_history_breaks_it(rows: list[DayUse], today: date) -> None:
    profile = judge(rows, today)
    assert profile.day == today
    assert profile.season in (0, 1, 3, 6, 12)
    assert (profile.advice is None) == (profile.advice_reason == "")
    assert profile.advice_reason in ("", *ADVICE)


@given(st.lists(st.integers(0, 320), min_size=14, max_size=14), st.integers(1, 28))
def test_no_year_breaks_it(months: list[int], day: int) -> None:
    today = date(2026, 11, day)
    profile = judge(days(per_month(lambda month: months[month.month % 12]), today), today)
    assert profile.use in UseClass
    assert profile.next_busy is None or profile.next_busy > date(2026, 10, 31)

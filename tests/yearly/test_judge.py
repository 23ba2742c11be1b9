"""The rules of docs/report.md."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest

from kodeks_exporter.yearly import judge
from kodeks_exporter.yearly.facts import Access, Demand, Facts, Month, Seats, ServerFacts
from kodeks_exporter.yearly.judge import Basis, Missing, SeatsAdvice, Use


def facts(months: Sequence[Month], before: Sequence[Month] = (), **more: Any) -> Facts:
    begin = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    year = begin, begin.replace(year=2026), dt.date(2025, 12, 31)
    return Facts("К", ["и"], "", 2025, *year, [ServerFacts("a")], months, before, **more)


def month(number: int, year: int = 2025, documents: float = 10.0, **more: Any) -> Month:
    return Month(f"{year}-{number:02}", {"documents": documents, "rejections": 0.0}, **more)


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        (110.0, 100.0, pytest.approx(0.1)),
        (0.0, 100.0, -1.0),
        (5.0, 0.0, Missing.FROM_ZERO),
        (0.0, 0.0, Missing.FROM_ZERO),
        (5.0, None, Missing.NO_BEFORE),
        (None, 5.0, Missing.NO_DATA),
        (None, None, Missing.NO_DATA),
    ],
)
def test_change(now: float | None, before: float | None, told: object) -> None:
    assert judge.change(now, before) == told


def test_two_years_are_compared_by_the_months_that_both_know() -> None:
    now = [month(number, documents=20.0) for number in range(1, 13)]
    past = [month(1, 2024), month(2, 2024), month(3, 2024, running=True), month(4, 2024), Month("2024-05")]
    told = judge.compare(facts(now, past))
    assert told.basis is Basis.YEARS
    assert list(told.later) == ["2025-01", "2025-02", "2025-04"]
    documents = told.rows[0]
    assert (documents.before, documents.now, documents.change) == (30.0, 60.0, 1.0)


def test_halves_are_compared_by_their_average_month() -> None:
    months = [month(1, documents=10.0), month(2, documents=20.0), month(8, documents=30.0), month(9, documents=60.0)]
    told = judge.compare(facts(months, [month(1, 2024), month(2, 2024)]))
    assert told.basis is Basis.HALVES
    assert (told.rows[0].before, told.rows[0].now) == (15.0, 45.0)


def test_too_little_is_not_compared() -> None:
    assert judge.compare(facts([month(1), month(2), month(8)])).basis is Basis.NOTHING
    late = dt.datetime(2025, 9, 20, tzinfo=dt.UTC)
    cut = [month(8), month(9, reported=late)]
    assert judge.compare(facts([month(1), month(2), *cut])).basis is Basis.NOTHING


@pytest.mark.parametrize(
    ("refused", "peak", "advice", "add"),
    [
        ([1, 0, 2, 0, 3, 0], 20.0, SeatsAdvice.MORE, 2),
        ([1, 0, 2, 0, 0, 0], 20.0, SeatsAdvice.WATCH, 0),
        ([0, 0, 0, 0, 0, 0], 9.0, SeatsAdvice.ROOM, 0),
        ([0, 0, 0, 0, 0, 0], 10.0, SeatsAdvice.ENOUGH, 0),
        ([0, 0, 0, 0, 0], 9.0, SeatsAdvice.ENOUGH, 0),
        ([None] * 6, 20.0, SeatsAdvice.UNKNOWN, 0),
    ],
)
def test_seats(refused: list[float | None], peak: float, advice: SeatsAdvice, add: int) -> None:
    months = [
        Month(f"2025-{place + 1:02}", {"documents": 1.0}, seats={"a": Seats(20.0, peak, count)})
        for place, count in enumerate(refused)
    ]
    (told,) = judge.seats(facts(months))
    assert (told.advice, told.add) == (advice, add)


def test_at_least_one_seat_is_advised() -> None:
    months = [Month(f"2025-0{n}", {"a": 1.0}, seats={"a": Seats(3.0, 3.0, 2.0)}) for n in (1, 2, 3)]
    assert judge.seats(facts(months))[0].add == 1


def test_demand_is_what_is_absent_often_and_more_than_once() -> None:
    demand = [
        Demand("ГОСТ", "absent", {"2025-01": 3, "2025-02": 2}),
        Demand("СП", "absent", {"2025-01": 50, "2025-02": 0}),
        Demand("РД", "absent", {"2025-01": 2, "2025-02": 2}),
        Demand("ТУ", "layout", {"2025-01": 30, "2025-02": 30}),
        Demand("прочее", "absent", {"2025-01": 300, "2025-02": 300}),
    ]
    assert [each.family for each in judge.wanted(demand)] == ["ГОСТ", "прочее"]
    assert [each.family for each in judge.absent(demand)] == ["СП", "ГОСТ", "РД", "прочее"]


def test_training_is_for_a_good_part_of_slips() -> None:
    def demand(slips: int, absent: int) -> list[Demand]:
        return [Demand("ГОСТ", "typo", {"2025-01": slips}), Demand("ГОСТ", "absent", {"2025-01": absent})]

    assert judge.training_helps(demand(10, 40))
    assert not judge.training_helps(demand(9, 1))
    assert not judge.training_helps(demand(10, 41))


@pytest.mark.parametrize(
    ("left", "use"),
    [
        ([300, 300], Use.NEVER),
        ([270, 260], Use.LOW),
        ([255, 255], Use.GOOD),
        ([75, 75], Use.HIGH),
        ([30, 30], Use.SHARED),
        ([], Use.UNKNOWN),
    ],
)
def test_use_of_an_access(left: list[float], use: Use) -> None:
    names = [f"2025-{place + 1:02}" for place in range(len(left))]
    access = Access(
        "a", "u1", "nps",
        {name: {"documents": each} for name, each in zip(names, left, strict=True)},
        {name: {"documents": 300.0} for name in names},
    )  # fmt: skip
    assert judge.access_year(access, "").use is use


def test_the_running_month_does_not_make_an_access_idle() -> None:
    access = Access("a", "u", "s", {"2025-01": {"documents": 30.0}, "2025-02": {"documents": 299.0}},
                    {"2025-01": {"documents": 300.0}, "2025-02": {"documents": 300.0}})  # fmt: skip
    assert judge.access_year(access, "2025-02").use is Use.SHARED


def test_averages_are_of_whole_months() -> None:
    months = [month(1, documents=10.0), month(2, documents=30.0), month(3, documents=1.0, running=True)]
    assert judge.average(months, judge.DOCUMENTS) == 20.0
    assert judge.total(months, judge.DOCUMENTS) == 41.0
    assert judge.average(months[2:], judge.DOCUMENTS) == 1.0
    assert judge.average([Month("2025-01")], judge.DOCUMENTS) is None

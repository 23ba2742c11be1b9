"""How managers reacted, as the dashboard tells it, beside what the history's model knows."""

from __future__ import annotations

import functools
import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.dashboards.test_truth import BOARDS, by, close_all, figures, one, target, view
from tests.year import year

pytestmark = pytest.mark.timeout(900)  # the first one may have to build the year

BOARD, TABLE = "reaction", "Реакция по менеджерам"
BUCKETS = (0, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 259200)
DAY, WEEK = 86400, 7 * 86400
OUTCOMES = {"Взято": "acknowledged", "Молча": "mended", "Без ответа": "unanswered", "Не видели": "unseen"}
Case = dict[str, Any]


@functools.cache
def shown() -> tuple[float, float]:
    """From which midnight on cases are counted, and the newest sample."""
    start, end = BOARDS[BOARD].range(year().end)
    return start // DAY * DAY, end // 3600 * 3600


def managers() -> dict[str, list[Case]]:
    return {name: each["cases"] for name, each in year().truth["reaction"].items()}


def manners(name: str) -> list[str]:
    return [manager for manager, each in year().truth["reaction"].items() if each["manner"] == name]


def over(cases: Sequence[Case], within: tuple[float, float] | None = None) -> Counter[str]:
    """How those ended that ended within the range shown."""
    since, until = within or shown()
    return Counter(each["outcome"] for each in cases if since < each["end"] <= until)


def waits(cases: Sequence[Case]) -> list[float]:
    """Seconds until they were taken, of those taken within the range shown."""
    since, until = shown()
    return sorted(each["taken"] - each["begin"] for each in cases if since < (each["taken"] or 0) <= until)


def lasted(cases: Sequence[Case]) -> list[float]:
    """Seconds until they were over."""
    since, until = shown()
    return sorted(
        each["end"] - each["begin"] for each in cases if since < each["end"] <= until and each["outcome"] != "unseen"
    )


def open_now(cases: Sequence[Case]) -> tuple[list[Case], list[Case]]:
    """Those that wait, and those that somebody has taken."""
    _, until = shown()
    firing = [each for each in cases if each["begin"] <= until < each["end"]]
    taken = [each for each in firing if each["taken"] is not None and each["taken"] <= until]
    return [each for each in firing if each not in taken], taken


def in_its_bucket(hours: float, share: float, seconds: list[float]) -> bool:
    """Whether ``hours`` are a quantile of these seconds as exactly as buckets tell it."""
    told = round(3600 * hours, 6)
    true = seconds[math.ceil(share * len(seconds)) - 1]
    place = bisect_left(BUCKETS, true)
    if place == len(BUCKETS):
        return told == BUCKETS[-1]
    return BUCKETS[place - 1] <= told <= BUCKETS[place]


def test_how_alerts_ended_by_managers() -> None:
    counts = {name: over(cases) for name, cases in managers().items()}
    assert by("manager", figures(BOARD, TABLE, "Кончилось")) == {name: each.total() for name, each in counts.items()}
    for column, outcome in OUTCOMES.items():
        shares = {name: each[outcome] / each.total() for name, each in counts.items()}
        assert by("manager", figures(BOARD, TABLE, column)) == close_all(shares), column
    everybody = sum(counts.values(), Counter[str]())
    told = one(figures(BOARD, "Взято за период"))
    assert told == pytest.approx(everybody["acknowledged"] / everybody.total())
    assert everybody.total() > 400


@pytest.mark.parametrize(
    ("column", "share", "of"),
    [
        ("Реакция 50 %", 0.5, waits),
        ("Реакция 90 %", 0.9, waits),
        ("Конец 50 %", 0.5, lasted),
        ("Конец 90 %", 0.9, lasted),
    ],
)
def test_times_by_managers(column: str, share: float, of: Callable[[Sequence[Case]], list[float]]) -> None:
    told = by("manager", figures(BOARD, TABLE, column))
    expected = {name: of(cases) for name, cases in managers().items()}
    assert told.keys() == {name for name, seconds in expected.items() if seconds}
    for name, value in told.items():
        assert in_its_bucket(value, share, expected[name]), (name, value)


def test_good_managers_are_told_from_bad_ones() -> None:
    told = by("manager", figures(BOARD, TABLE, "Реакция 50 %"))
    good, middling, bad = ([told[name] for name in manners(kind)] for kind in ("good", "middling", "bad"))
    assert max(good) < min(middling)
    assert max(middling) < min(bad)
    unanswered = by("manager", figures(BOARD, TABLE, "Без ответа"))
    assert max(unanswered[name] for name in manners("good")) < min(unanswered[name] for name in manners("bad"))


def test_who_is_waited_for_now() -> None:
    open_ = {name: open_now(cases) for name, cases in managers().items()}
    waiting = {name: len(each) for name, (each, _) in open_.items()}
    assert by("manager", figures(BOARD, TABLE, "Ждут")) == waiting
    since = by("manager", figures(BOARD, TABLE, "Ждут с"))
    assert since == {name: 1000 * min(case["begin"] for case in each) for name, (each, _) in open_.items() if each}
    assert one(figures(BOARD, "Ждут ответа сейчас")) == sum(waiting.values()) > 0
    assert one(figures(BOARD, "В работе сейчас")) == sum(len(taken) for _, taken in open_.values()) > 0
    waits_longest = (year().end - min(since.values()) / 1000) / 3600
    assert one(figures(BOARD, "Дольше всего ждёт")) == pytest.approx(waits_longest)


def test_who_waits_for_nobody_shows_zero_and_not_nothing() -> None:
    calm = next(name for name in manners("good") if not open_now(managers()[name])[0])
    assert one(figures(BOARD, "Ждут ответа сейчас", manager=calm)) == 0
    assert one(figures(BOARD, "Дольше всего ждёт", manager=calm)) == 0
    told = by("manager", figures(BOARD, TABLE, "Кончилось", manager=calm))
    assert told == {calm: over(managers()[calm]).total()}


def test_by_priority() -> None:
    cases = [case for each in managers().values() for case in each]
    priorities = {case["priority"] for case in cases}
    panel = "Реакция по приоритетам"
    told = by("priority", figures(BOARD, panel, "Кончилось"))
    medians = by("priority", figures(BOARD, panel, "Реакция 50 %"))
    taken = by("priority", figures(BOARD, panel, "Взятые 50 %"))
    others = by("priority", figures(BOARD, panel, "Прочие 50 %"))
    assert priorities == told.keys() == medians.keys() == taken.keys() == others.keys()
    for priority in priorities:
        own = [case for case in cases if case["priority"] == priority]
        assert told[priority] == over(own).total()
        assert in_its_bucket(medians[priority], 0.5, waits(own)), priority
        for value, said in ((taken[priority], True), (others[priority], False)):
            seconds = lasted([case for case in own if (case["taken"] is not None) == said])
            assert in_its_bucket(value, 0.5, seconds), (priority, said)


def test_managers_without_alerts_of_a_priority_have_no_figure_there() -> None:
    for priority in ("K1", "K5"):
        panel = "До реакции: менеджеры и приоритеты"
        told = by("manager", figures(BOARD, panel, priority))
        expected = {
            name: seconds
            for name, cases in managers().items()
            if (seconds := waits([case for case in cases if case["priority"] == priority]))
        }
        assert told.keys() == expected.keys() < managers().keys()
        assert all(in_its_bucket(value, 0.5, expected[name]) for name, value in told.items())
        waiting = by("manager", figures(BOARD, "Ждут сейчас: менеджеры и приоритеты", priority))
        assert waiting == {
            name: len([case for case in open_now(cases)[0] if case["priority"] == priority])
            for name, cases in managers().items()
            if any(case["priority"] == priority for case in cases)
        }


def test_week_by_week() -> None:
    query = view(BOARD).query(target(BOARD, "Взято по неделям", "{{manager}}"))
    assert query.step == WEEK
    points = 0
    for labels, samples in year().matrix(query.expression, query.start, query.end, query.step):
        told = {at: float(value) for at, value in samples}
        for at, share in told.items():
            ended = over(managers()[labels["manager"]], (at - WEEK, at))
            assert share == pytest.approx(ended["acknowledged"] / ended.total()), (labels, at)
            points += 1
    assert points > 100
    sums = {}
    for outcome in ("взято", "прошло молча", "без ответа", "не видели"):
        query = view(BOARD).query(target(BOARD, "Чем кончились оповещения по неделям", outcome))
        ((_, samples),) = year().matrix(query.expression, query.start, query.end, query.step)
        sums[outcome] = sum(float(value) for _, value in samples)
        weeks = (samples[0][0] - WEEK, samples[-1][0])
    cases = [case for each in managers().values() for case in each]
    ended = over(cases, weeks)
    assert sums == {"взято": ended["acknowledged"], "прошло молча": ended["mended"],
                    "без ответа": ended["unanswered"], "не видели": ended["unseen"]}  # fmt: skip


def test_what_reviewers_gave() -> None:
    scores = year().truth["handling"]
    table = "Как ведут случаи: менеджеры"
    means = {name: sum(points.values()) / len(points) for name, points in scores.items()}
    assert by("manager", figures(BOARD, table, "Оценка")) == close_all(means)
    lowest = {name: min(points.values()) for name, points in scores.items()}
    assert by("manager", figures(BOARD, table, "Слабый пункт")) == close_all(lowest)
    signs = by("manager", figures(BOARD, table, "Признаков"))
    assert {name for name, number in signs.items() if number} == set(manners("bad"))
    told = figures(BOARD, "Как ведут случаи: пункты", "Оценка")
    assert len(told) == sum(map(len, scores.values()))

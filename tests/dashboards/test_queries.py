"""Every query of every dashboard, asked as Grafana would, over the year of history in a real Prometheus.

It answers without error, with data where the stand has such, fast, and reads nothing that would be too much in a real
Prometheus, which has a sample every 15 s where the stand has one an hour or a day.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from demo.grafana import Board, Query, View, boards
from demo.tools import ROOT
from tests.dashboards.reading import selectors
from tests.year import year

pytestmark = pytest.mark.timeout(900)  # the first one may have to build the year

BOARDS = {board.name: board for board in boards(ROOT / "grafana-dashboards")}
SLOWEST = 2.0
"""Seconds that one query may take."""
DAY = 86400
LONG = 7 * DAY
"""Over more than this only figures are read that were recorded once an hour or more seldom."""
PERIODS = {r".*:hourly": 3600, r".*:avg6h": 6 * 3600, r".*:daily|client:kodeks_score.*": DAY}
"""Sparse recorded series, and seconds between their samples: nothing is seen without a window of that length."""
SHORT_LIVED = {"ALERTS"}
"""Exist only while something is wrong: may be read over months."""

MAY_BE_EMPTY: Mapping[str, str] = {
    r".* / annotation (Аварии|Массовые аварии) / annotation": "shown where few are chosen, or when several are away",
    r"client-profile / (Доступы|Установки) по месяцам года: .* / M": "December is still to come",
    r"db-errors / Томов с ошибкой за неделю / B": "fewer have errors than are shown by name",
    r"for-managers / Количество пользователей, которые не смогли .* / B": "fewer refuse than are shown by name",
}
"""By ``board / panel / ref`` (a regular expression): why the stand has nothing there."""


@dataclass(frozen=True)
class Outcome:
    """A query and how it went."""

    query: Query
    seconds: float
    empty: bool
    error: str = ""


@functools.cache
def somebody() -> dict[str, Sequence[str]]:
    """A client with all kinds of use, an online access that is neither idle nor used up, and their managers."""
    truth = year().truth
    installations = max(
        (each for each in truth["installations"].values() if each["mode"] == "pull" and _total(each, "kassist")),
        key=lambda each: (_total(each, "rejections") > 0, _total(each, "activity")),
    )
    access = max(
        (each for each in truth["online"].values() if each["kind"] == "normal"),
        key=lambda each: min(month["used"]["documents"] for month in each["months"].values()),
    )
    return {
        "client": [installations["client"], access["client"]], "manager": [installations["manager"], access["manager"]],
    }  # fmt: skip


def _total(installation: Mapping[str, Any], figure: str) -> float:
    return float(sum(month[figure] for month in installation["months"].values()))


ONE_OF_TWO = {"installation", "account", "domain", "login"}
VIEWS = ("as opened", "one manager", "one client")


def _wishes(view: str, board: Board) -> dict[str, Sequence[str]]:
    """What somebody would choose. Boards of one client (renewal) have one in every view."""
    everybody = any(each["name"] == "client" and each.get("includeAll") for each in board.variables())
    if view == "one manager":
        return {"manager": somebody()["manager"]} | ({} if everybody else {"client": somebody()["client"]})
    if view == "one client" or not everybody:
        return {"client": somebody()["client"]}
    return {}


@functools.cache
def outcomes(name: str, view: str) -> tuple[Outcome, ...]:
    """All targets of a dashboard, asked one after another."""
    board = BOARDS[name]
    opened = View(board, year(), year().end, _wishes(view, board))
    return tuple(_ask(opened.query(target)) for target in board.targets())


def _ask(query: Query) -> Outcome:
    begun = time.monotonic()
    try:
        empty = not any(_numbers(query))
        taken = time.monotonic() - begun
        if taken > SLOWEST:  # others may have had the processor: count what Prometheus had
            before = _processor_seconds()
            any(_numbers(query))
            taken = _processor_seconds() - before
    except (RuntimeError, ValueError) as error:
        return Outcome(query, 0, True, str(error))
    return Outcome(query, taken, empty)


def _processor_seconds() -> float:
    """What Prometheus has used so far."""
    text = requests.get(f"{year().url}/metrics", timeout=10).text
    match = re.search(r"^process_cpu_seconds_total (\S+)$", text, re.MULTILINE)
    assert match
    return float(match[1])


def _numbers(query: Query) -> Iterator[bool]:
    """For each series, whether it has a number."""
    if query.step:
        for _, samples in year().matrix(query.expression, query.start, query.end, query.step):
            yield any(value != "NaN" for _, value in samples)
    else:
        for _, _, value in year().vector(query.expression, query.end):
            yield value != "NaN"


def test_there_are_dashboards() -> None:
    assert BOARDS


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("board", BOARDS)
def test_no_query_fails_or_is_slow(board: str, view: str) -> None:
    told = outcomes(board, view)
    failed = [f"{each.query.name}: {each.error}\n    {each.query.expression}" for each in told if each.error]
    assert not failed, "\n".join(failed)
    slow = [f"{each.query.name}: {each.seconds:.1f} s\n    {each.query.expression}" for each in told
            if each.seconds > SLOWEST]  # fmt: skip
    assert not slow, "\n".join(slow)


@pytest.mark.parametrize("board", BOARDS)
def test_every_query_has_data(board: str) -> None:
    empty = [each.query for each in outcomes(board, "as opened") if each.empty]
    wrong = [
        f"{query.name}\n    {query.expression}"
        for query in empty
        if not any(re.fullmatch(pattern, query.name) for pattern in MAY_BE_EMPTY)
    ]
    assert not wrong, "\n".join(wrong)


def test_what_may_be_empty_is_there_and_empty() -> None:
    names = {each.query.name: each.empty for board in BOARDS for each in outcomes(board, "as opened")}
    for pattern in MAY_BE_EMPTY:
        matching = [empty for name, empty in names.items() if re.fullmatch(pattern, name)]
        assert matching, f"no such target: {pattern}"
        assert any(matching), f"has data by now: {pattern}"


@pytest.mark.parametrize("view", VIEWS[1:])
def test_filters_leave_something(view: str) -> None:
    for board in BOARDS:
        wide, narrow = ([not each.empty for each in outcomes(board, seen)] for seen in (VIEWS[0], view))
        assert sum(narrow) >= min(1, sum(wide)), board


@pytest.mark.parametrize("board", BOARDS)
def test_all_variables_have_values_and_are_replaced(board: str) -> None:
    for view in VIEWS:
        opened = View(BOARDS[board], year(), year().end, _wishes(view, BOARDS[board]))
        for variable in BOARDS[board].variables():
            # A manager or a client may have installations only, or online accesses only.
            if variable["type"] in ("query", "custom") and (view == VIEWS[0] or variable["name"] not in ONE_OF_TWO):
                assert opened.offered[variable["name"]], f"{view}: {variable['name']} offers nothing"
        for each in outcomes(board, view):
            left = re.search(r"\$[a-zA-Z_]\w*|\$\{[a-zA-Z_]|\[\[", each.query.expression)
            assert left is None, f"{each.query.name}: no such variable: {each.query.expression}"


def test_every_target_is_asked() -> None:
    for name, board in BOARDS.items():
        told = sorted(each["expr"] for each in _expressions(board.document))
        assert sorted(str(target.target.get("expr")) for target in board.targets()) == told, name
        for view in VIEWS:
            assert len(outcomes(name, view)) == len(told), name


def _expressions(part: Any) -> Iterator[dict[str, Any]]:
    """Every object with a query, wherever it stands."""
    if isinstance(part, dict):
        if isinstance(part.get("expr"), str):
            yield part
        for each in part.values():
            yield from _expressions(each)
    elif isinstance(part, list):
        for each in part:
            yield from _expressions(each)


@pytest.mark.parametrize("board", BOARDS)
def test_long_ranges_read_recorded_figures_only(board: str) -> None:
    wrong = {
        f"{query.name}: reads {name} over {days:.0f} days"
        for query in (each.query for each in outcomes(board, "as opened"))
        for name, days in _reads(query)
        if days * DAY > LONG and name not in SHORT_LIVED and not _period(name)
    }
    assert not wrong, "\n".join(sorted(wrong))


def _reads(query: Query) -> Iterator[tuple[str, float]]:
    """Names of what a query reads, and over how many days."""
    for selector in selectors(query.expression):
        shown = query.end - query.start if query.step and not selector.pinned else 0
        for name in selector.names:
            yield name, (shown + selector.window + selector.around) / DAY


@pytest.mark.parametrize("board", BOARDS)
def test_sparse_figures_are_read_with_a_window(board: str) -> None:
    wrong = {
        f"{each.query.name}: {name} over {selector.window:.0f} s has no sample at most moments"
        for each in outcomes(board, "as opened")
        for selector in selectors(each.query.expression)
        for name in selector.names
        if selector.window < _period(name)
    }
    assert not wrong, "\n".join(sorted(wrong))


def _period(name: str) -> int:
    """Seconds between the samples of a sparse series; 0 for others."""
    return next((seconds for pattern, seconds in PERIODS.items() if re.fullmatch(pattern, name)), 0)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("up", [("up", 0, 0, False)]),
        ('sum by (a, b) (rate(x_total{a="}"}[5m])) / on (a) group_left (c) y:z @ end()',
         [("x_total", 300, 0, False), ("y:z", 0, 0, True)]),
        ("max_over_time(avg by (a) (x offset 1d)[30d:6h]) > bool 0 or vector(1)", [("x", 0, 30 * DAY, False)]),
        ('{__name__=~"a|b", c="d"} unless on () (hour() == 0)', [("a|b", 0, 0, False)]),
        ("last_over_time(x:daily[400d] @ 1700000000 offset -1h) and y", [("x:daily", 400 * DAY, 0, True),
                                                                        ("y", 0, 0, False)]),
        ('count_values("version", x) # up', [("x", 0, 0, False)]),
    ],
)  # fmt: skip
def test_what_an_expression_reads(expression: str, expected: list[tuple[str, float, float, bool]]) -> None:
    year().vector(expression, year().end)
    found = [("|".join(each.names), each.window, each.around, each.pinned) for each in selectors(expression)]
    assert found == expected

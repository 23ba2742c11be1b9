"""Tables over the year of history: the answers to a table's queries fit together to the rows that it promises."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from demo.grafana import Board, Target, View, boards
from demo.tools import ROOT
from tests.dashboards.merging import Row, merged
from tests.year import year

pytestmark = pytest.mark.timeout(400)  # the first one may have to build the year

BOARDS = boards(ROOT / "grafana-dashboards")
TABLES = [
    (board.name, panel["title"]) for board in BOARDS for panel in board.document["panels"] if panel["type"] == "table"
]


def opened(board: Board) -> View:
    clients = sorted(each["client"] for each in year().truth["installations"].values())
    everybody = any(each["name"] == "client" and each.get("includeAll") for each in board.variables())
    return View(board, year(), year().end, {} if everybody else {"client": clients})


@functools.cache
def view(name: str) -> View:
    (board,) = (board for board in BOARDS if board.name == name)
    return opened(board)


def frames(name: str, title: str) -> Mapping[str, list[Row]]:
    """Answers by the letters of the queries, with what Grafana calls their columns."""
    found: dict[str, list[Row]] = {}
    targets = [each for each in view(name).board.targets() if each.panel["title"] == title]
    for target in targets:
        ref = target.target["refId"]
        value = f"Value #{ref}" if len(targets) > 1 else "Value"
        found[ref] = [{"Time": "now", **labels, value: number} for labels, number in _answer(view(name), target)]
    return found


def _answer(of: View, target: Target) -> Iterator[tuple[dict[str, str], str]]:
    for labels, _, value in year().vector(of.query(target).expression, year().end):
        yield {name: text for name, text in labels.items() if name != "__name__"}, value


def columns(name: str, title: str) -> dict[str, str]:
    panel: dict[str, Any]
    (panel,) = (each for each in view(name).board.document["panels"] if each["title"] == title)
    (names,) = (each["options"]["renameByName"] for each in panel["transformations"] if each["id"] == "organize")
    return dict(names)


@pytest.mark.parametrize(("name", "title"), TABLES, ids=lambda text: text)
def test_queries_of_a_table_fit_together(name: str, title: str) -> None:
    answers = frames(name, title)
    first = next(iter(answers.values()))
    rows = merged(list(answers.values()))
    if len(answers) > 1:
        assert len(rows) == len(first), "a query adds rows of its own, or splits them"
    if "client" in columns(name, title):
        assert [row for row in rows if not row.get("client")] == [], "rows without a client"
    told = [tuple(sorted(row.items())) for row in rows]
    assert len(told) == len(set(told)), "the same row twice"

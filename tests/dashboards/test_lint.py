"""Rules of the dashboard-linter kind for every dashboard."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards import ALL, Board
from dashboards.model import refs
from demo.grafana import seconds
from tests.dashboards.built import DOCUMENTS

KINDS = {
    "barchart", "bargauge", "gauge", "piechart", "row", "stat", "state-timeline", "table", "text", "timeseries",
}  # fmt: skip
TRANSFORMATIONS = {
    "convertFieldType",
    "filterFieldsByName",
    "groupBy",
    "labelsToFields",
    "merge",
    "organize",
    "reduce",
    "sortBy",
}
"""What Grafana 9.4 has already."""
NUMBERS = {"barchart", "bargauge", "gauge", "piechart", "stat", "timeseries"}
LEGENDS = {"barchart", "piechart", "state-timeline", "timeseries"}
BUILT_IN = {"__all", "__interval", "__rate_interval", "__range", "__range_s", "__data", "__field", "__value"}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
LONGEST_OF_USERS = 31 * 86400

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?:[:.][^}]*)?\}|([A-Za-z_]\w*))")
_WINDOW = re.compile(r"\[(\w+)(?::(\w*))?\]")

boards = pytest.mark.parametrize("board", ALL, ids=lambda board: board.name)


def made(board: Board) -> dict[str, Any]:
    return DOCUMENTS[board.name]


def panels(board: Board) -> Iterator[dict[str, Any]]:
    yield from made(board)["panels"]


def with_queries(board: Board) -> Iterator[dict[str, Any]]:
    for panel in panels(board):
        if panel["type"] not in ("row", "text"):
            yield panel


def used(text: str) -> set[str]:
    return {match[1] or match[2] for match in _VARIABLE.finditer(text)}


def wrong(board: Board, is_wrong: Callable[[dict[str, Any]], object]) -> list[str]:
    return [panel["title"] for panel in with_queries(board) if is_wrong(panel)]


@boards
def test_loads_in_grafana_9_4(board: Board) -> None:
    found = made(board)
    assert found["schemaVersion"] == 37
    for panel in found["panels"]:
        assert panel["type"] in KINDS, panel["title"]
        assert {each["id"] for each in panel.get("transformations", [])} <= TRANSFORMATIONS, panel["title"]
        if panel["type"] == "table":
            # Without it newer Grafanas fail to migrate the colours of cells.
            assert panel["fieldConfig"]["defaults"]["custom"]["displayMode"] == "auto", panel["title"]


@boards
def test_data_source_is_the_one_chosen(board: Board) -> None:
    found = made(board)
    for panel in with_queries(board):
        assert panel["datasource"] == SOURCE, panel["title"]
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            assert target["datasource"] == SOURCE, panel["title"]
    first, *others = found["templating"]["list"]
    assert (first["type"], first["name"]) == ("datasource", "datasource")
    for variable in others:
        if variable["type"] == "query":
            assert variable["datasource"] == SOURCE, variable["name"]


@boards
def test_variables_do_not_overwrite_each_other(board: Board) -> None:
    """Grafana 9.4 to 12 keep variables by ``id ?? name``: ids alike leave one variable, and panels without a source."""
    variables = made(board)["templating"]["list"]
    assert [each.get("id", each["name"]) for each in variables] == [each["name"] for each in variables]


@boards
def test_dashboard_is_described(board: Board) -> None:
    assert re.search("[а-яё]{3}", board.about)
    assert board.about.endswith((".", "?"))
    assert "kodeks" in made(board)["tags"]
    assert 86400 / 4 <= seconds(board.time) <= 400 * 86400
    if board.refresh:
        assert seconds(board.refresh) >= 30
        assert seconds(board.time) <= 7 * 86400, "long ranges must not refresh by themselves"


@boards
def test_panels_have_titles_and_descriptions(board: Board) -> None:
    titles = [panel.title for panel in board.panels()]
    assert len(titles) == len(set(titles)), "two panels of one title"
    for panel in board.panels():
        assert panel.title.strip() == panel.title != ""
        if panel.made.type_val == "text":
            continue
        sentences = re.findall(r"[.?!](?: |$)", panel.about)
        assert len(panel.about) >= 80, f"{panel.title}: what it shows, how it is counted, what to do"
        assert len(sentences) >= 2, f"{panel.title}: what it shows, how it is counted, what to do"
        assert len(re.findall("[а-яё]", panel.about)) > len(panel.about) / 2, f"{panel.title}: not Russian"
        assert "  " not in panel.about, panel.title


@boards
def test_columns_are_named_for_people(board: Board) -> None:
    for panel in with_queries(board):
        if panel["type"] == "table":
            (names,) = (
                each["options"]["renameByName"] for each in panel["transformations"] if each["id"] == "organize"
            )
            assert len(set(names.values())) == len(names), f"{panel['title']}: two columns of one name"
            for raw, name in names.items():
                assert name, f"{panel['title']}: {raw}"
                assert raw != name, f"{panel['title']}: {raw}"


@boards
def test_numbers_have_units(board: Board) -> None:
    for panel in with_queries(board):
        defaults = panel["fieldConfig"]["defaults"]
        if panel["type"] in NUMBERS:
            assert defaults["unit"], panel["title"]
        assert defaults["unit"] != "percent" or "100 *" in json.dumps(panel["targets"]), panel["title"]
        for target in panel["targets"]:
            about_seconds = re.search(r"_seconds(_sum)?\{", target["expr"]) and panel["type"] in NUMBERS
            if about_seconds and "_timestamp_" not in target["expr"] and "count" not in target["expr"]:
                assert defaults["unit"] != "none", f"{panel['title']}: seconds without a unit"


@boards
def test_no_data_is_told_from_zero(board: Board) -> None:
    assert wrong(board, lambda panel: not panel["fieldConfig"]["defaults"]["noValue"]) == []
    for panel in with_queries(board):
        for target in panel["targets"]:
            assert not re.search(r"or (on \(\) )?vector\(0\)", target["expr"]), (
                f"{panel['title']}: green where nobody looks; count what was looked at (queries.number_of)"
            )
            if "or 0 * count(" in target["expr"]:
                about = panel["description"]
                assert "0 —" in about or "0, если" in about, f"{panel['title']}: say what 0 means"


@boards
def test_variables_exist_and_are_used(board: Board) -> None:
    known = {variable.name for variable in board.variables}
    asked_for = {name for target in board.targets() for name in used(target.query.expr)}
    everywhere = used(json.dumps(made(board), ensure_ascii=False))
    assert everywhere - BUILT_IN - known == set(), "variables that do not exist"
    in_variables = {name for variable in board.variables for name in used(variable.query)}
    in_queries_of_others = {
        name
        for variable in board.variables
        for name in used(variable.query)
        if variable.name in asked_for | in_variables
    }
    assert known - asked_for - in_queries_of_others - {"datasource"} == set(), "variables that nothing uses"
    for variable in board.variables:
        assert re.search("[А-яё]", variable.label), variable.name


@boards
def test_variables_of_many_values_are_matched_as_such(board: Board) -> None:
    many = {variable.name for variable in board.variables if variable.many}
    for target in board.targets():
        for operator, name in re.findall(r'(=~|!~|!=|=)"\$\{?([a-z]\w*)\}?"', target.query.expr):
            assert (operator in ("=~", "!~")) == (name in many), f"{target.panel}: {name}"


@boards
def test_filters_reach_every_panel(board: Board) -> None:
    """Who chose a client must not see others' figures."""
    names = {variable.name for variable in board.variables}
    for target in board.targets():
        wanted = {"client", "manager", "branch"} & names
        if used(target.query.expr) & {"installation", "account", "client"}:
            assert wanted <= used(target.query.expr), f"{target.panel} {target.ref}"


@boards
def test_ranges_of_queries(board: Board) -> None:
    whole = seconds(board.time)
    for target in board.targets():
        expr = target.query.expr
        assert (
            "rate(" not in expr.replace("$__rate_interval", "")
            or "$__rate_interval" in expr
            or re.search(r"rate\([^\[]*\[\d+[mhd]\]", expr)
        ), f"{target.panel}: rate without a sane range"
        for window, step in _WINDOW.findall(expr):
            if window.startswith("__"):
                continue
            assert seconds(window) >= 60, f"{target.panel}: {window}"
            assert not step or step.startswith("__") or seconds(step) >= 60, f"{target.panel}: {step}"
        if not target.query.instant and ":hourly" in expr:
            assert seconds(target.query.step) >= 3600, f"{target.panel}: hourly samples need a step of 1h"
        if not target.query.instant and ":daily" in expr:
            assert seconds(target.query.step) >= 86400, f"{target.panel}: daily samples need a step of 1d"
        if not target.query.instant and whole > LONGEST_OF_USERS:
            assert ":hourly" in expr or ":daily" in expr or target.query.step, (
                f"{target.panel}: raw series over {board.time}"
            )


@boards
def test_sparse_rules_are_read_over_a_window(board: Board) -> None:
    for target in board.targets():
        for match in re.finditer(r":(?:hourly|daily)\b(?:\{[^}]*\})?(.?)", target.query.expr):
            assert match[1] == "[", f"{target.panel}: {match[0]}"


@boards
def test_series_of_single_users_are_not_read_over_a_year(board: Board) -> None:
    whole = seconds(board.time)
    for target in board.targets():
        for match in re.finditer(
            r"kodeks_(?:user|session|search_event)_\w+(?:\{[^}]*\})?(?:\[(\w+)[^\]]*\])?", target.query.expr
        ):
            window = match[1] or ""
            read = whole if window == "__range" or not target.query.instant else 0
            read = max(read, seconds(window) if window and not window.startswith("__") else 0)
            assert read <= LONGEST_OF_USERS, f"{target.panel}: {match[0]}"


@boards
def test_tables_ask_once(board: Board) -> None:
    for panel in with_queries(board):
        for target in panel["targets"]:
            if panel["type"] in ("table", "barchart"):
                assert target["format"] == "table", panel["title"]
                assert target["instant"], panel["title"]
            elif panel["type"] in ("timeseries", "state-timeline"):
                assert target["range"], panel["title"]
        if panel["type"] == "table" and len(panel["targets"]) > 1:
            assert any(each["id"] == "merge" for each in panel["transformations"]), panel["title"]


@boards
def test_legends(board: Board) -> None:
    for panel in with_queries(board):
        if panel["type"] in LEGENDS:
            assert panel["options"]["legend"]["showLegend"], panel["title"]
        if panel["type"] in ("timeseries", "state-timeline", "bargauge", "piechart"):
            for target in panel["targets"]:
                assert target.get("legendFormat"), f"{panel['title']}: series without a name"
        if panel["type"] == "timeseries":
            assert panel["options"]["legend"]["calcs"], panel["title"]


@boards
def test_panels_do_not_overlap(board: Board) -> None:
    taken: set[tuple[int, int]] = set()
    numbers = []
    for panel in panels(board):
        place = panel["gridPos"]
        numbers.append(panel["id"])
        assert place["x"] + place["w"] <= 24, panel["title"]
        assert place["h"] >= 1, panel["title"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len(numbers) == len(set(numbers))


@boards
def test_queries_are_told_apart(board: Board) -> None:
    for panel in with_queries(board):
        assert [each["refId"] for each in panel["targets"]] == refs(len(panel["targets"])), panel["title"]
        exprs = [(each["expr"], each.get("legendFormat")) for each in panel["targets"]]
        assert len(set(exprs)) == len(exprs), f"{panel['title']}: the same query twice"


def test_prometheus_understands_every_query(tool: Callable[[str], str], tmp_path: Path) -> None:
    rules = []
    for board in ALL:
        for number, target in enumerate(board.targets()):
            expr = re.sub(r"\$__\w+", "1h", target.query.expr.replace("$__range_s", "1"))
            expr = re.sub(r"\$\{?[A-Za-z]\w*\}?", "2026", expr)
            rules.append({"record": f"{board.name.replace('-', '_')}:{number}:{target.ref}", "expr": expr})
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}, width=10_000), encoding="utf-8")
    found = subprocess.run([tool("promtool"), "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr

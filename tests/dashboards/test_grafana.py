"""What a real Grafana makes of the JSON: faults that were seen there, a test for each kind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from dashboards import ALL, Board
from dashboards.alerts import FEW
from dashboards.queries import SHOWN
from demo.grafana import seconds
from tests.dashboards.built import DOCUMENTS

boards = pytest.mark.parametrize("board", ALL, ids=lambda board: board.name)


def panels(check: Callable[[dict[str, Any]], None]) -> Callable[[Board], None]:
    """A test for each board that checks all its panels."""

    @boards
    def every_panel(board: Board) -> None:
        for panel in DOCUMENTS[board.name]["panels"]:
            if panel["type"] not in ("row", "text"):
                try:
                    check(panel)
                except (AssertionError, KeyError) as error:
                    raise AssertionError(f"{panel['title']}: {error}") from error

    every_panel.__doc__ = check.__doc__
    return every_panel


NEITHER = {"#808080", "transparent", "text"}
"""Colours that say nothing good or bad."""
ROOM = 53
"""Pixels of one of the grid's 24 columns, on a screen of 1366."""
FRAME = 24
"""Pixels of a panel beside its table."""
LETTER = 7.5
"""Pixels, in the mean."""


def defaults(panel: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = panel["fieldConfig"]["defaults"]
    return found


def overrides(panel: Mapping[str, Any], by: str = "byName") -> dict[str, dict[str, Any]]:
    """Properties by the name (or type) of the field."""
    return {
        each["matcher"]["options"]: {one["id"]: one["value"] for one in each["properties"]}
        for each in panel["fieldConfig"]["overrides"]
        if each["matcher"]["id"] == by
    }


def headings(panel: Mapping[str, Any]) -> dict[str, str]:
    """Columns of a table by the fields of the answers, from the left."""
    (names,) = (each["options"]["renameByName"] for each in panel["transformations"] if each["id"] == "organize")
    return dict(names)


def fields(panel: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field whose look is settled, and how."""
    yield "", defaults(panel)
    yield from overrides(panel).items()


def shown(mappings: list[dict[str, Any]], value: str | float | None) -> dict[str, Any] | None:
    """Grafana's getValueMappingResult (9.4): the first mapping that fits, in the order of the array."""
    number = value if isinstance(value, float) else None
    text = "" if value is None else f"{value:g}" if isinstance(value, float) else value
    for mapping in mappings:
        options = mapping["options"]
        match mapping["type"]:
            case "value" if value is not None and text in options:
                return dict(options[text])
            case "regex" if isinstance(value, str) and re.search(options["pattern"].strip("/"), value):
                return dict(options["result"])
            case "special":
                not_a_number = number is None or number != number
                fits = {"null": value is None, "nan": not_a_number, "null+nan": not_a_number}[options["match"]]
                if fits:
                    return dict(options["result"])
    return None


@panels
def test_what_is_not_known_is_neither_good_nor_bad(panel: dict[str, Any]) -> None:
    """Without a mapping a missing value takes the colour of the lowest limit."""
    values = {heading for field, heading in headings(panel).items() if field.startswith("Value")} if (
        panel["type"] == "table"
    ) else set()  # fmt: skip
    for name, field in fields(panel):
        tile = panel["type"] in ("stat", "gauge", "bargauge") and not name
        cell = panel["type"] == "table" and "displayMode" in field.get("custom.displayMode", "") + "displayMode"
        colored = (tile and len(field["thresholds"]["steps"]) > 1) or (
            cell and field.get("custom.displayMode") == "color-background-solid"
        )
        if not colored:
            continue
        unknown = [None, float("nan")] if tile or name in values else [None]
        for value in unknown:
            found = shown(field.get("mappings", []), value)
            assert found, f"{name}: {value} has no colour of its own"
            assert found["color"] in NEITHER, f"{name}: {value} is {found['color']}"


@panels
def test_words_are_those_of_the_value(panel: dict[str, Any]) -> None:
    """Grafana takes the first mapping that fits and heeds no ``index``: a pattern before a value hides it, and ``nan``
    before ``null`` takes what is absent as well."""
    for name, field in fields(panel):
        for mapping in (each for each in field.get("mappings", []) if each["type"] == "value"):
            for value, result in mapping["options"].items():
                assert shown(field["mappings"], value) == result, f"{name}: {value}"
        ways = [each["options"]["match"] for each in field.get("mappings", []) if each["type"] == "special"]
        assert ways == sorted(ways, key=["null", "null+nan", "nan"].index), name
        # To Grafana every text is nan.
        assert not ({"nan", "null+nan"} & set(ways)) or name not in texts(panel), name


def texts(panel: Mapping[str, Any]) -> set[str]:
    """Headings of columns with labels."""
    if panel["type"] != "table":
        return set()
    return {heading for field, heading in headings(panel).items() if not field.startswith("Value")}


@panels
def test_messages_stand_in_no_cell(panel: dict[str, Any]) -> None:
    """«Аварий нет» is said instead of an empty table, and not in each empty cell of one with rows."""
    if panel["type"] != "table":
        return
    assert re.fullmatch("нет данных|.* не видно", defaults(panel)["noValue"]), "no table knows why it has no rows"
    by_type = overrides(panel, "byType")
    assert {kind: by_type[kind]["noValue"] for kind in ("string", "number", "time")} == dict.fromkeys(by_type, "—")
    for name, field in overrides(panel).items():
        assert field.get("noValue", "") != defaults(panel)["noValue"], name


@panels
def test_times_in_labels_are_shown_as_times(panel: dict[str, Any]) -> None:
    """A label has ISO times: nobody reads «2026-11-29T09:43:00», and texts in another order do not sort."""
    if panel["type"] != "table":
        return
    converted = {
        each["targetField"]: (each["destinationType"], each["dateFormat"])
        for step in panel["transformations"]
        if step["id"] == "convertFieldType"
        for each in step["options"]["conversions"]
    }
    times = {field for field in headings(panel) if field in ("time", "since")}
    assert converted == dict.fromkeys(times, ("time", "YYYY-MM-DD[T]HH:mm:ss"))
    for field in times:
        assert overrides(panel)[headings(panel)[field]]["unit"].startswith("time:DD.MM")


@panels
def test_a_single_bar_has_its_name(panel: dict[str, Any]) -> None:
    """Grafana leaves out the name of a bar that is the only one, unless it is told to show it."""
    if panel["type"] == "bargauge" and len(panel["targets"]) == 1:
        legend = panel["targets"][0]["legendFormat"]
        assert defaults(panel)["displayName"] == re.sub(r"\{\{(\w+)\}\}", r"${__field.labels.\1}", legend)


@boards
def test_no_menu_carries_all_clients_to_a_board_for_one(board: Board) -> None:
    links = DOCUMENTS[board.name]["links"]
    for link in links:
        assert link["type"] == "dashboards"
        reached = [each for each in ALL if {*link["tags"]} <= {*DOCUMENTS[each.name]["tags"]}]
        assert reached, link["title"]
        if link["includeVars"] and not board.one_client:
            assert [each.name for each in reached if each.one_client] == [], link["title"]
    reached_by_any = {
        each.name for each in ALL for link in links if {*link["tags"]} <= {*DOCUMENTS[each.name]["tags"]}
    }  # fmt: skip
    assert reached_by_any == {each.name for each in ALL}, "a dashboard that no menu leads to"


@boards
def test_links_to_boards_for_one_client_name_one(board: Board) -> None:
    few = {f"kodeks-{each.name}" for each in ALL if each.one_client}
    for url in re.findall(r'"url": "(/d/[^"]+)"', json.dumps(DOCUMENTS[board.name], ensure_ascii=False)):
        if re.match(r"/d/([\w-]+)", url)[1] in few:  # type: ignore[index]
            assert re.search(r"var-client=\$\{__(data|field)", url), url
        assert "${client" not in url, "carries All"


@panels
def test_tables_fit_a_screen_of_1366(panel: dict[str, Any]) -> None:
    """Fixed widths and least widths of the others; and each heading has the room it needs."""
    if panel["type"] != "table":
        return
    own = overrides(panel)
    widths = {}
    for heading in headings(panel).values():
        widths[heading] = own[heading].get("custom.width") or own[heading]["custom.minWidth"]
        assert widths[heading] >= LETTER * len(heading) + 8, f"{heading}: cut"
    room = panel["gridPos"]["w"] * ROOM - FRAME
    assert sum(widths.values()) <= room, widths
    # Grafana 12 and 13 give an equal share to each column without a width of its own, and to some more than that.
    fixed = {heading: own[heading].get("custom.width", 0) for heading in widths}
    share = (room - sum(fixed.values())) / list(fixed.values()).count(0)
    assert sum(fixed[each] or max(widths[each], share) for each in widths) <= room + 1, widths
    assert any("custom.minWidth" in own[heading] for heading in headings(panel).values()), "nobody takes what is left"


@panels
def test_titles_of_tiles_fit_a_screen_of_1366(panel: dict[str, Any]) -> None:
    if panel["type"] in ("stat", "gauge", "piechart"):
        corners = 48
        assert len(panel["title"]) * LETTER <= panel["gridPos"]["w"] * ROOM - corners


@panels
def test_bars_of_many_are_stacked_and_lines_not_filled(panel: dict[str, Any]) -> None:
    if panel["type"] != "timeseries":
        return
    custom = defaults(panel)["custom"]
    if custom.get("drawStyle") == "bars":
        assert custom["stacking"]["mode"] == "normal"
    elif custom.get("drawStyle", "line") == "line":
        assert custom["fillOpacity"] == 0


@panels
def test_a_fleet_of_hundreds_is_readable(panel: dict[str, Any]) -> None:
    """Of every installation or access a line: then a few have names, and the others are one."""
    if panel["type"] != "timeseries" or "search-duration" in json.dumps(panel):
        return
    for target in panel["targets"]:
        if "installation" in target["legendFormat"] or "account" in target["legendFormat"]:
            assert re.search(rf"(?:top|bottom)k\({SHOWN}, ", target["expr"])
            (rest,) = (each for each in panel["targets"] if each["legendFormat"].startswith("остальные"))
            assert " unless on (" in rest["expr"]
            assert re.search(r"\[1m:1m\] @ end\(\)", target["expr"]), "other series would lead at each point"


@panels
def test_footers_sum_nothing(panel: dict[str, Any]) -> None:
    """Grafana's footer sums whatever is a number, shares and marks too, and is headed in English: sums are rows."""
    assert not panel.get("options", {}).get("footer", {}).get("show")


@panels
def test_axes_have_all_their_ticks(panel: dict[str, Any]) -> None:
    """With no decimals Grafana leaves out ticks that are no integers (20 %), and writes the word for no value there."""
    if panel["type"] in ("timeseries", "barchart"):
        assert defaults(panel).get("decimals") != 0


@panels
def test_months_under_an_axis_do_not_overlap(panel: dict[str, Any]) -> None:
    if panel["type"] == "barchart":
        named = overrides(panel)
        colors = [each["color"]["fixedColor"] for each in named.values() if "color" in each]
        assert len(colors) == len(panel["targets"]) == len(set(colors)), "bars and legend in different colours"
        if panel["options"]["xTickLabelRotation"] == 0 and panel["options"]["xField"] == "Месяц":
            words = [each["options"]["result"]["text"] for each in overrides(panel)["Месяц"]["mappings"]]
            assert len(words) * LETTER * (max(map(len, words)) + 1) <= panel["gridPos"]["w"] * ROOM - FRAME


@panels
def test_timelines_tell_what_their_colours_mean(panel: dict[str, Any]) -> None:
    if panel["type"] == "state-timeline":
        assert defaults(panel)["color"]["mode"] == "fixed"


@panels
def test_slices_of_a_pie_are_told_apart(panel: dict[str, Any]) -> None:
    if panel["type"] == "piechart":
        colors = [field["color"]["fixedColor"] for field in overrides(panel).values()]
        assert len(set(colors)) == len(colors), colors


@panels
def test_units_are_russian(panel: dict[str, Any]) -> None:
    """Grafana's units of time and size are English whatever the language of the page: «2 day», «1.5 GB»."""
    for name, field in fields(panel):
        unit = field.get("unit", "none")
        assert unit in ("none", "percent", "percentunit") or re.fullmatch(
            r"suffix:[а-яА-Я]+|time:DD\.MM(\.YYYY)?( HH:mm)?", unit
        ), f"{name}: {unit}"


@pytest.mark.parametrize("name", ["server-metrics", "availability", "analytics"])
def test_incidents_are_marked_on_time_series(name: str) -> None:
    few, many = DOCUMENTS[name]["annotations"]["list"]
    whole = seconds(DOCUMENTS[name]["time"]["from"].removeprefix("now-"))
    for each in (few, many):
        assert each["enable"]
        assert "label_replace" in each["expr"], "alerts by their names in people's words"
        # Grafana asks for a hundred points, and joins into one span what is no more than the step apart.
        assert seconds(each["step"]) >= 0.8 * whole / 100
        assert "[$__interval]" in each["expr"], "short incidents fall between two points"
        assert set(re.findall(r"{{(\w+)}}", each["textFormat"])) <= {"title", "client", "installation"}
    # On graphs of a whole fleet only what several have at once: else there would be a mark at every point.
    assert few["expr"].endswith(f" <= {FEW}")
    assert many["expr"].partition(" unless ")[2] == few["expr"].rpartition(") and ")[2]


@boards
def test_nobody_edits_what_is_made_from_code(board: Board) -> None:
    assert DOCUMENTS[board.name]["editable"] is False


@boards
def test_no_address_is_written_into_a_board(board: Board) -> None:
    """What differs from site to site comes from data or is left out."""
    text = re.sub(r"http://\$\{__data", "", json.dumps(DOCUMENTS[board.name]))
    assert re.findall(r"https?://[^\"\\ ]+", text) == []

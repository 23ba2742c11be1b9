"""Charts as a parser of XML and a reader without eyes see them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from markupsafe import Markup

from kodeks_exporter.yearly import svg
from kodeks_exporter.yearly.svg import Bar, Caption, Level, Point
from kodeks_exporter.yearly.words import number

CAPTION = Caption("key", "Документы <b>", 'январь — "1" & нет данных')
VALUES = st.one_of(st.none(), st.floats(0, 1e12), st.integers(0, 10))


def parsed(chart: Markup) -> etree._Element:
    return etree.fromstring(str(chart))


def texts(chart: Markup, kind: str) -> list[str]:
    return [each.text or "" for each in parsed(chart).iter("text") if each.get("class") == kind]


def columns(values: Sequence[float | None], level: Level | None = None) -> Markup:
    return svg.columns(CAPTION, [Point(f"м{place}", value) for place, value in enumerate(values)], number, level)


def test_it_names_itself_and_escapes() -> None:
    root = parsed(columns([1.0]))
    assert (root.findtext("title"), root.findtext("desc")) == (CAPTION.title, CAPTION.summary)
    assert root.get("role") == "img"
    named = (root.get("aria-labelledby") or "").split()
    assert named == [root.find("title").get("id"), root.find("desc").get("id")]  # type: ignore[union-attr]


def test_what_is_not_known_is_said_and_zero_is_drawn() -> None:
    chart = columns([None, 0.0, 5.0])
    assert texts(chart, "gap") == ["нет данных"]
    assert texts(chart, "value") == ["0", "5"]
    assert len([each for each in parsed(chart).iter("rect") if each.get("class") == "column"]) == 2


def test_months_to_come_stay_empty() -> None:
    chart = svg.columns(CAPTION, [Point("дек", None, future=True)], number)
    assert texts(chart, "gap") == []
    assert texts(chart, "label") == ["дек"]


def test_an_unfinished_month_differs_in_shape() -> None:
    chart = svg.columns(CAPTION, [Point("янв", 5.0), Point("фев", 5.0, unfinished=True)], number)
    fills = [each.get("fill") for each in parsed(chart).iter("rect") if "column" in (each.get("class") or "")]
    assert fills == [None, "url(#key-hatching)"]
    assert parsed(chart).find("defs/pattern").get("id") == "key-hatching"  # type: ignore[union-attr]


@given(st.lists(VALUES, max_size=12), st.one_of(st.none(), st.floats(0, 1e9)))
def test_columns_stay_on_the_picture(values: list[float | None], level: float | None) -> None:
    chart = columns(values, None if level is None else Level(level, "мест"))
    root = parsed(chart)
    _, _, width, height = map(float, (root.get("viewBox") or "").split())
    for each in root.iter("rect"):
        if "column" not in (each.get("class") or ""):
            continue
        x, y, w, h = (float(each.get(name) or 0) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + w <= width
        assert -0.2 <= y <= y + h <= height
    for line in root.iter("line"):
        assert -0.2 <= float(line.get("y1") or 0) <= height
    assert 2 <= len(texts(chart, "tick")) <= 7


@given(st.lists(VALUES.filter(lambda value: value is None or value <= 1), max_size=12))
def test_points_stay_on_the_picture(values: list[float | None]) -> None:
    told = [Point("м", value) for value in values]
    root = parsed(svg.points(CAPTION, told, number, 0.5, 1.0, [Level(0.95, "95"), Level(0.1, "10")]))
    assert len(list(root.iter("circle"))) == sum(value is not None for value in values)
    for dot in root.iter("circle"):
        assert 0 <= float(dot.get("cy") or -1) <= float((root.get("viewBox") or "").split()[3])
    assert len([each for each in root.iter("line") if each.get("class") == "level"]) == 1


def test_unknown_months_break_the_line() -> None:
    told = [Point("м", value) for value in (0.9, 0.9, None, 0.9)]
    joins = [each for each in parsed(svg.points(CAPTION, told, number, 0.5, 1.0)).iter("line")
             if each.get("class") == "join"]  # fmt: skip
    assert len(joins) == 1


@pytest.mark.parametrize("bars", [[], [Bar("<script>", 0.0, "0")], [Bar("Ж" * 500, 5.0, "5"), Bar("б", 1.0, "1")]])
def test_bars(bars: list[Bar]) -> None:
    chart = svg.bars(CAPTION, bars)
    assert len(texts(chart, "name")) == len(bars)
    assert all(len(name) <= 30 for name in texts(chart, "name"))
    assert "<script" not in chart


def test_nothing_from_outside() -> None:
    chart = str(columns([1.0, None, 3.0], Level(2.0, "мест")))
    assert not re.search(r"https?:|href|<script|<style|style=|font-family|data:", chart)

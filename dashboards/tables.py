"""Tables: a row for each thing, a column for each label or figure, cells coloured by the standard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.builders import common as builders
from grafana_foundation_sdk.builders import table as sdk

from dashboards import queries as q
from dashboards.fields import mappings, override, shaped, thresholds
from dashboards.links import Link
from dashboards.model import Panel, Query, refs
from dashboards.panels import finished
from dashboards.standard import CHANGE, GREY, Scale
from dashboards.words import MISSING, MONTH_NAMES, Word, Words


@dataclass(frozen=True, slots=True)
class Label:
    """A column with a label's values."""

    name: str
    title: str
    words: Words | None = None
    colored: bool = False
    """Colour the cell as ``words`` tell."""
    links: Sequence[Link] = ()
    width: int = 0


@dataclass(frozen=True, slots=True)
class Value:
    """A column with a query's values."""

    title: str
    expr: str
    unit: str = "none"
    decimals: int | None = None
    scale: Scale | None = None
    """Colours the cell."""
    words: Words | None = None
    """Texts instead of numbers; colours the cell, too."""
    links: Sequence[Link] = ()
    width: int = 0
    missing: str = MISSING
    shown: bool = True
    """False where only the query's labels are wanted, for ``Label`` columns."""


Column = Label | Value

DATE = "time:DD.MM.YYYY"
"""Unit of a Value whose query gives milliseconds: ``1000 * kodeks_…_timestamp_seconds``."""

MOMENT = "time:DD.MM.YYYY HH:mm"


def table(
    title: str,
    about: str,
    columns: Sequence[Column],
    *,
    rows: str = "",
    sort: str = "",
    descending: bool = True,
    footer: Literal["", "sum", "mean", "max"] = "",
    missing: str = MISSING,
    width: int = 24,
    height: int = 12,
) -> Panel:
    """One row for each set of those labels that all queries share.

    ``rows``: a query whose labels make the rows (and most ``Label`` columns) but whose value is not shown, such as
    ``queries.INSTALLATIONS``; without it the first ``Value`` does that. Other queries need only the labels that tell
    rows apart (``by (installation)``, as ``queries.of`` makes them), and must be filtered like the rows, or would add
    rows of their own. ``sort``: the title of a column. ``footer``: a last row with the sum or mean of numbers.
    """
    values = [each for each in columns if isinstance(each, Value)]
    asked = ([rows] if rows else []) + [each.expr for each in values]
    letters = refs(len(asked))[1 if rows else 0 :]
    fields = {
        id(each): f"Value #{letter}" if len(asked) > 1 else "Value"
        for each, letter in zip(values, letters, strict=True)
    }
    names = {
        each.name if isinstance(each, Label) else fields[id(each)]: each.title
        for each in columns
        if isinstance(each, Label) or each.shown
    }
    made = sdk.Panel().show_header(True)
    if sort:
        made.sort_by([builders.TableSortByFieldState().display_name(sort).desc(descending)])
    if footer:
        made.footer(builders.TableFooterOptions().show(True).reducer([footer]).count_rows(False))
    panel = made.build()
    panel.transformations = [*shaped(names, many=len(asked) > 1)]
    # Grafana's migration of cells' colours needs the field to be there.
    panel.field_config.defaults.custom = {"align": "auto", "displayMode": "auto", "filterable": True, "inspect": False}
    panel.field_config.overrides = [override(each.title, _properties(each)) for each in columns if _properties(each)]
    return finished(
        panel, title, about, [Query(expr, instant=True) for expr in asked], width, height, table=True, missing=missing
    )


def _properties(column: Column) -> dict[str, object]:
    made: dict[str, object] = {}
    if isinstance(column, Value):
        made["unit"] = column.unit
        if column.decimals is not None:
            made["decimals"] = column.decimals
        if column.scale:
            made["thresholds"] = thresholds(column.scale)
        if column.missing != MISSING:
            made["noValue"] = column.missing
    if column.words:
        made["mappings"] = mappings(column.words)
    if (isinstance(column, Value) and (column.scale or column.words)) or (isinstance(column, Label) and column.colored):
        made["custom.displayMode"] = "color-background-solid"
    if column.links:
        made["links"] = [each.json() for each in column.links]
    if column.width:
        made["custom.width"] = column.width
    return made


@dataclass(frozen=True, slots=True)
class Figure:
    """A column of a month table."""

    title: str
    expr: q.Months
    """Of a matcher of months: the figure ``by (month)``."""
    unit: str = "none"
    decimals: int | None = None
    scale: Scale | None = None
    change: bool = True
    """Followed by a column with the change to the month before."""


MONTHS: Words = {f"/.*-{number:02}/": Word(f"{number:02} {name}") for number, name in enumerate(MONTH_NAMES, start=1)}

_CHANGES: Words = {
    f"{q.DIVIDED_BY_ZERO:.0f}": Word("было 0", GREY),
    "nan": Word("0 и было 0", GREY),
}


def months(
    title: str,
    about: str,
    figures: Sequence[Figure],
    *,
    footer: Literal["", "sum", "mean"] = "",
    width: int = 24,
    height: int = 15,
) -> Panel:
    """January to December of ``$year``, a row each; a column for each figure and one for its change, in percent.

    The board needs ``variables.year()``.
    """
    columns: list[Column] = [Label("month", "Месяц", words=MONTHS, width=130)]
    for each in figures:
        now = each.expr('month=~"$year-.*"')
        columns.append(Value(each.title, now, unit=each.unit, decimals=each.decimals, scale=each.scale))
        if each.change:
            change = q.change(each.expr)
            columns.append(Value(f"{each.title}, %", change, unit="percent", decimals=0, scale=CHANGE, words=_CHANGES))
    return table(
        title,
        about,
        columns,
        rows=q.twelve(),
        sort="Месяц",
        descending=False,
        footer=footer,
        width=width,
        height=height,
    )

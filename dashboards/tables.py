"""Tables: a row for each thing, a column for each label or figure, cells coloured by the standard."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common as builders
from grafana_foundation_sdk.builders import table as sdk

from dashboards import links
from dashboards import queries as q
from dashboards.fields import mappings, override, shaped, thresholds, unknown
from dashboards.links import Link
from dashboards.model import Panel, Query, refs
from dashboards.panels import finished
from dashboards.standard import CHANGE, CLEAR, GREY, Scale
from dashboards.units import DATE, MOMENT, MOMENT_OF_YEAR
from dashboards.words import MISSING, MONTH_NAMES, Word, Words

NOTHING = "—"
"""In a cell with an unknown value."""


@dataclass(frozen=True, slots=True)
class Label:
    """A column with a label's values."""

    name: str
    title: str
    words: Words | None = None
    colored: bool = False
    """Colour the cell according to ``words``."""
    links: Sequence[Link] = ()
    width: int = 0
    moment: bool = False
    """The label is an ISO time without a zone: shown in the local format and sorted as a time."""


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
    missing: str = NOTHING
    shown: bool = True
    """False where only the query's labels are needed, for ``Label`` columns."""


Column = Label | Value

CLIENT = Label("client", "Клиент", links=(links.profile(),))
INSTALLATION = Label("installation", "Установка", links=(links.fleet(),))
MANAGER = Label("manager", "Менеджер")

_LONGEST = {DATE: 10, MOMENT: 16, MOMENT_OF_YEAR: 11}
"""Letters."""


def table(
    title: str,
    about: str,
    columns: Sequence[Column],
    *,
    rows: str = "",
    sort: str = "",
    then: str = "",
    descending: bool = True,
    missing: str = MISSING,
    width: int = 24,
    height: int = 12,
) -> Panel:
    """One row for each set of those labels that all queries share.

    ``rows``: a query whose labels make the rows (and most ``Label`` columns) but whose value is not shown, such as
    ``queries.INSTALLATIONS``; without it the first ``Value`` does. Other queries need only the labels that identify
    rows (``by (installation)``, as ``queries.of`` makes them), and the same filters, or they would add rows of their
    own. ``sort``: the title of a column, unknown values last; ``then``: that of another, for equal values. Empty: rows
    as the first query sorts them. ``missing``: text in place of a table without rows.
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
    widths = {each.title: _width(each, each.title == sort) for each in columns if _shown(each)}
    _fitted(columns, widths, width)
    made = sdk.Panel().show_header(True)
    if sort:
        titles = (sort, then) if then else (sort,)
        made.sort_by([builders.TableSortByFieldState().display_name(each).desc(descending) for each in titles])
    panel = made.build()
    times = [each.name for each in columns if isinstance(each, Label) and each.moment]
    panel.transformations = [*shaped(names, many=len(asked) > 1, times=times)]
    # Grafana's migration of cells' colours needs the field to be there.
    panel.field_config.defaults.custom = {"align": "auto", "displayMode": "auto", "filterable": True, "inspect": False}
    panel.field_config.overrides = [
        # or the message for a table without rows would be in every empty cell
        override("string", {"noValue": NOTHING}, by="byType"),
        override("number", {"noValue": NOTHING}, by="byType"),
        override("time", {"noValue": NOTHING}, by="byType"),
        *(override(each.title, {**_properties(each), **widths[each.title]}) for each in columns if _shown(each)),
    ]
    return finished(
        panel, title, about, [Query(expr, instant=True) for expr in asked], width, height, table=True, missing=missing
    )


def _shown(column: Column) -> bool:
    return isinstance(column, Label) or column.shown


def _properties(column: Column) -> dict[str, object]:
    made: dict[str, object] = {}
    words = column.words or {}
    if isinstance(column, Value):
        colored = bool(column.scale or any(word.color != CLEAR for word in words.values()))
        made["unit"] = column.unit
        made["custom.filterable"] = False
        if column.decimals is not None:
            made["decimals"] = column.decimals
        if column.scale:
            made["thresholds"] = thresholds(column.scale)
        if column.missing != NOTHING:
            made["noValue"] = column.missing
        if colored and "null" not in words:
            words = {**unknown(column.missing, CLEAR), **words}
    else:
        if column.width:  # there is no room for the button
            made["custom.filterable"] = False
        colored = column.colored
        if colored:
            words = {"null": Word(NOTHING), **words}
        if column.moment:
            made["unit"] = MOMENT
            made["custom.filterable"] = False
    if words:
        made["mappings"] = mappings(words)
    if colored:
        made["custom.displayMode"] = "color-background-solid"
    if column.links:
        made["links"] = [each.json() for each in column.links]
    return made


_CAPITAL, _LETTER, _MARGINS, _ARROW, _FUNNEL = 9, 8, 16, 20, 20
"""Pixels: of a letter in a heading and in a cell, and of the space around them."""
_COLUMN, _FRAME = 53, 24
"""Pixels of one of the grid's 24 columns on a screen of 1366, and of a panel's border."""
_ROOM = {"client": 160, "url": 106, "query": 180, "title": 190, "text": 300, "order": 126}
"""Smallest width of columns with long texts, in pixels."""
_LONG = ("query", "title", "text")
"""Labels with sentences."""


def _width(column: Column, sorted_: bool) -> dict[str, int]:
    """Columns of numbers as narrow as heading and values allow; columns of text share the rest."""
    heading = _CAPITAL * len(column.title) + _MARGINS + (_ARROW if sorted_ else 0)
    if column.width:
        return {"custom.width": column.width}
    if isinstance(column, Label) and column.moment:
        return {"custom.width": max(heading, _LETTER * _LONGEST[MOMENT] + _MARGINS)}
    if isinstance(column, Value):
        digits = 4 + column.decimals if column.decimals else 5
        number = _LONGEST.get(column.unit, digits + (0 if column.unit == "none" else 2))
        longest = min(20, max((len(word.text) for word in (column.words or {}).values()), default=number))
        return {"custom.width": max(heading, _LETTER * longest + _MARGINS)}
    longest = min(20, max((len(word.text) for word in (column.words or {}).values()), default=0))
    return {"custom.minWidth": max(heading + _FUNNEL, _LETTER * longest + _MARGINS, _ROOM.get(column.name, 0))}


def _fitted(columns: Sequence[Column], widths: dict[str, dict[str, int]], width: int) -> None:
    """Columns that share the remaining width, so that a screen of 1366 pixels is enough.

    Up to Grafana 11 a column that needs more than its share gets it, and the others share the rest; from 12 on all keep
    their share and the last one may be off the screen, so only the longest has no fixed width then. Names of clients
    get up to 80 pixels of the rest.
    """
    labels = {each.title: each.name for each in columns if isinstance(each, Label)}
    shared = {title: each["custom.minWidth"] for title, each in widths.items() if "custom.minWidth" in each}
    room = _COLUMN * width - _FRAME - sum(each.get("custom.width", 0) for each in widths.values())
    for title in shared:
        if labels[title] == "client":
            shared[title] += max(0, min(room - sum(shared.values()), 80))
    needed = dict(shared)
    first = min(shared, key=lambda title: (labels[title] not in _LONG, -shared[title]))
    if labels[first] in _LONG or max(shared.values()) > room / len(shared):
        shared = {first: shared[first]}
    for title, pixels in needed.items():
        widths[title] = {"custom.minWidth" if title in shared else "custom.width": pixels}


@dataclass(frozen=True, slots=True)
class Figure:
    """A column of a month table."""

    title: str
    expr: q.Months
    """Makes the figure ``by (month)`` from a matcher of months."""
    change: str = ""
    """Heading of a further column with the change from the month before in percent; empty: none."""
    unit: str = "none"
    decimals: int | None = None
    scale: Scale | None = None
    total: bool = True
    """Whether months may be summed: not shares or states at a moment."""
    more_is_better: bool = True
    """Only then is the change coloured."""


_TOTAL = "$year-13"
"""The month of the sum over the year, after December."""

MONTHS: Words = {
    **{f"/.*-{number:02}/": Word(f"{number:02} {name}") for number, name in enumerate(MONTH_NAMES, start=1)},
    "/.*-13/": Word("Итого"),
}

SHORT_MONTHS: Words = {f"/.*-{number:02}/": Word(name[:3].lower()) for number, name in enumerate(MONTH_NAMES, start=1)}
"""For axes: twelve full names would overlap."""

_CHANGES: Words = {
    f"{q.DIVIDED_BY_ZERO:.0f}": Word("было 0", GREY),
    "null": Word(NOTHING),
    "nan": Word("0 и было 0", GREY),
}


def months(title: str, about: str, figures: Sequence[Figure], *, width: int = 24, height: int = 16) -> Panel:
    """A row for each month of ``$year`` and a last one with sums if there are any; a column for each figure and one for
    its change in percent.

    The board needs ``variables.year()``.
    """
    columns: list[Column] = [Label("month", "Месяц", words=MONTHS)]
    for each in figures:
        now = each.expr('month=~"$year-.*"')
        if each.total:
            now = f'{now} or label_replace(sum({now}), "month", "{_TOTAL}", "", "")'
        columns.append(Value(each.title, now, unit=each.unit, decimals=each.decimals, scale=each.scale))
        if each.change:
            change = q.change(each.expr)
            scale = CHANGE if each.more_is_better else None
            columns.append(Value(each.change, change, unit="percent", decimals=0, scale=scale, words=_CHANGES))
    rows = q.twelve()
    if any(each.total for each in figures):
        rows += f' or label_replace(vector(0), "month", "{_TOTAL}", "", "")'
    return table(title, about, columns, rows=rows, sort="Месяц", descending=False, width=width, height=height)

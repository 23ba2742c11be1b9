"""Panels of each kind, written once. Figures over time are in ``series``, tables in ``tables``.

Every function takes the title and ``about`` first: what the panel shows, how it is counted, what to do with it, in
Russian. An empty panel says «нет данных», never 0.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TypedDict, Unpack

from grafana_foundation_sdk.builders import barchart, bargauge, gauge, piechart, stat, statetimeline, text
from grafana_foundation_sdk.builders import common as builders
from grafana_foundation_sdk.builders import dashboard as builders_
from grafana_foundation_sdk.builders import prometheus as asked
from grafana_foundation_sdk.models import common, dashboard, prometheus
from grafana_foundation_sdk.models import piechart as pie_model
from grafana_foundation_sdk.models import text as text_model

from dashboards.fields import mappings, override, shaped, thresholds, unknown
from dashboards.links import Link
from dashboards.model import Panel, Query, refs
from dashboards.standard import BLUE, GREEN, GREY, ORANGE, PLAIN, PURPLE, Scale
from dashboards.variables import DATASOURCE
from dashboards.words import MISSING, Words

_COLORED = ("stat", "gauge", "bargauge")
"""Kinds of panel that a value colours as a whole."""

_LAST = builders.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
_LEGEND = (
    builders.VizLegendOptions()
    .display_mode(common.LegendDisplayMode.LIST)
    .placement(common.LegendPlacement.BOTTOM)
    .show_legend(True)
    .calcs([])
)
_SERIES = (BLUE, ORANGE, PURPLE, GREEN)
"""Colours of the bars of several queries."""


class Look(TypedDict, total=False):
    """How a panel shows its values: arguments of all kinds of panels."""

    unit: str
    decimals: int | None
    scale: Scale | None
    words: Words | None
    links: Sequence[Link]
    missing: str
    least: float | None
    most: float | None


def finished(
    made: dashboard.Panel, title: str, about: str, queries: Sequence[Query], width: int, height: int, *,
    table: bool = False, **look: Unpack[Look],
) -> Panel:  # fmt: skip
    """The common part of all kinds of panels. ``made`` is the library's panel with the options of its kind."""
    scale, words, missing = look.get("scale"), look.get("words"), look.get("missing", MISSING)
    made.title = title
    made.description = about
    made.datasource = DATASOURCE
    made.targets = [_target(ref, query, table) for ref, query in zip(refs(len(queries)), queries, strict=True)]
    field = made.field_config.defaults
    field.unit = look.get("unit", "none")
    field.decimals = look.get("decimals")
    field.no_value = missing
    field.min_val, field.max_val = look.get("least"), look.get("most")
    field.thresholds = thresholds(scale or PLAIN)
    if made.type_val in _COLORED and (words or scale not in (None, PLAIN)):
        words = {**(words or {}), **unknown(missing, GREY)}
    field.mappings = mappings(words or {})
    if links := look.get("links"):
        # The library has no type for data links: they are three of these fields.
        field.links = [
            dashboard.DashboardLink(title=each.title, url=each.url, target_blank=each.new_tab) for each in links
        ]
    return Panel(made, tuple(queries), width, height)


def number(
    title: str,
    about: str,
    queries: Query | Sequence[Query],
    *,
    graph: bool = False,
    width: int = 6,
    height: int = 4,
    **look: Unpack[Look],
) -> Panel:
    """One big number (or one for each series). Instant queries, unless ``graph`` shows the history below it."""
    asked_ = (queries,) if isinstance(queries, Query) else tuple(queries)
    colored = look.get("words") or look.get("scale") not in (None, PLAIN)
    made = (
        stat.Panel()
        .color_mode(common.BigValueColorMode.BACKGROUND if colored else common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.AREA if graph else common.BigValueGraphMode.NONE)
        .text_mode(common.BigValueTextMode.AUTO)
        .reduce_options(_LAST)
        .build()
    )
    return finished(made, title, about, asked_, width, height, **look)


def dial(
    title: str,
    about: str,
    query: Query,
    *,
    unit: str = "percentunit",
    scale: Scale,
    most: float = 1,
    width: int = 6,
    height: int = 6,
) -> Panel:
    """A gauge from 0 to ``most``."""
    made = gauge.Panel().reduce_options(_LAST).show_threshold_markers(True).build()
    return finished(made, title, about, (query,), width, height, unit=unit, decimals=0, scale=scale, least=0, most=most)


def bars(
    title: str,
    about: str,
    queries: Sequence[Query],
    *,
    width: int = 12,
    height: int = 10,
    **look: Unpack[Look],
) -> Panel:
    """A horizontal bar for each series, named by the query's legend: a comparison of current values.

    Instant queries. Sort in the query itself (``sort_desc (…)``).
    """
    made = (
        bargauge.Panel()
        .display_mode(common.BarGaugeDisplayMode.BASIC)
        .orientation(common.VizOrientation.HORIZONTAL)
        .reduce_options(_LAST)
        .show_unfilled(True)
        .build()
    )
    if len(queries) == 1:
        # by default Grafana leaves out the name of the only bar
        made.field_config.defaults.display_name = re.sub(r"\{\{(\w+)\}\}", r"${__field.labels.\1}", queries[0].legend)
    if look.get("scale") is None:
        made.field_config.defaults.color = dashboard.FieldColor(mode=dashboard.FieldColorModeId.PALETTE_CLASSIC)
    look.setdefault("least", 0)
    return finished(made, title, about, queries, width, height, **look)


def columns(
    title: str,
    about: str,
    queries: Sequence[Query],
    by: str,
    *,
    names: Mapping[str, str],
    slanted: bool = False,
    width: int = 12,
    height: int = 10,
    **look: Unpack[Look],
) -> Panel:
    """A bar chart by the label ``by``: a group of bars for each of its values, a bar for each query.

    ``names``: Russian names of the label and, by its letter, of each query: ``{"month": "Месяц", "A": "Документы"}``.
    Instant queries with ``by`` as their only label. ``slanted``: the names below, for long or many ones.
    """
    made = (
        barchart.Panel()
        .orientation(common.VizOrientation.VERTICAL)
        .x_field(names[by])
        .x_tick_label_spacing(0)
        .x_tick_label_rotation(-45 if slanted else 0)
        .color_scheme(builders_.FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC))
        .show_value(common.VisibilityMode.AUTO)
        .stacking(common.StackingMode.NONE)
        .group_width(0.7)
        .bar_width(0.9)
        .legend(_LEGEND)
        .build()
    )
    letters = refs(len(queries))
    values = {"Value" if len(queries) == 1 else f"Value #{letter}": names[letter] for letter in letters}
    made.transformations = [*shaped({by: names[by], **values}, many=len(queries) > 1, sort=names[by])]
    # by name: Grafana numbers the series of bars and of the legend differently
    made.field_config.overrides = [
        override(names[letter], {"color": {"mode": "fixed", "fixedColor": color}})
        for letter, color in zip(letters, _SERIES, strict=False)
    ]
    if words := look.pop("words", None):
        made.field_config.overrides.append(override(names[by], {"mappings": mappings(words)}))
    return finished(made, title, about, queries, width, height, table=True, **look)


def timeline(
    title: str,
    about: str,
    queries: Sequence[Query],
    *,
    words: Words,
    links: Sequence[Link] = (),
    width: int = 24,
    height: int = 12,
) -> Panel:
    """States over time: a line for each series, named by the legend; ``words``: text and colour of its values."""
    made = (
        statetimeline.Panel()
        # only in this mode the legend explains the colours
        .color_scheme(builders_.FieldColor().mode(dashboard.FieldColorModeId.FIXED))
        .merge_values(True)
        .show_value(common.VisibilityMode.NEVER)
        .row_height(0.85)
        .legend(_LEGEND)
        .build()
    )
    return finished(made, title, about, queries, width, height, words=words, links=links)


def pie(
    title: str,
    about: str,
    query: Query,
    *,
    colors: Words | None = None,
    unit: str = "none",
    width: int = 8,
    height: int = 10,
) -> Panel:
    """Shares of a whole, a slice for each series (named by the legend). ``colors``: by the slice's name."""
    made = (
        piechart.Panel()
        .pie_type(pie_model.PieChartType.DONUT)
        .display_labels([pie_model.PieChartLabels.PERCENT])
        .reduce_options(_LAST)
        .legend(
            piechart.PieChartLegendOptions()
            .display_mode(common.LegendDisplayMode.TABLE)
            .placement(common.LegendPlacement.RIGHT)
            .show_legend(True)
            .values([pie_model.PieChartLegendValues.VALUE])
        )
        .build()
    )
    made.field_config.overrides = [
        override(name, {"displayName": word.text, "color": {"mode": "fixed", "fixedColor": word.color}})
        for name, word in (colors or {}).items()
    ]
    return finished(made, title, about, (query,), width, height, unit=unit)


def note(title: str, about: str, markdown: str, *, width: int = 24, height: int = 3) -> Panel:
    """A text."""
    made = text.Panel().mode(text_model.TextMode.MARKDOWN).content(markdown).build()
    return finished(made, title, about, (), width, height)


def _target(ref: str, query: Query, table: bool) -> prometheus.Dataquery:
    made = asked.Dataquery().expr(query.expr).ref_id(ref).datasource(DATASOURCE)
    made.editor_mode(prometheus.QueryEditorMode.CODE)
    made.format(prometheus.PromQueryFormat.TABLE if table else prometheus.PromQueryFormat.TIME_SERIES)
    if query.legend:
        made.legend_format(query.legend)
    if query.step:
        made.interval(query.step)
    if query.instant or table:
        made.instant()
    else:
        made.range()
    return made.build()

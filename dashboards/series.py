"""Figures over time, of a few installations or a whole fleet."""

from collections.abc import Mapping, Sequence
from typing import Literal, Unpack

from grafana_foundation_sdk.builders import common as builders
from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.models import common

from dashboards import queries as q
from dashboards.model import Panel, Query
from dashboards.panels import Look, finished

Calc = Literal["min", "max", "mean", "last", "sum"]

_CALCS: Mapping[Calc, str] = {"min": "min", "max": "max", "mean": "mean", "last": "lastNotNull", "sum": "sum"}
_HEADINGS: Mapping[Calc, str] = {"min": "Min", "max": "Max", "mean": "Mean", "last": "Last *", "sum": "Total"}
"""Grafana's own headings in a legend."""


class _Lines(Look, total=False):
    """Arguments of ``lines`` besides its queries."""

    legend: Sequence[Calc]
    style: Literal["line", "bars", "points", "steps"]
    gaps: float | bool
    rising: bool
    width: int
    height: int


def lines(
    title: str,
    about: str,
    queries: Sequence[Query],
    *,
    legend: Sequence[Calc] = ("min", "max", "last"),
    style: Literal["line", "bars", "points", "steps"] = "line",
    gaps: float | bool = False,
    rising: bool = False,
    width: int = 24,
    height: int = 10,
    **look: Unpack[Look],
) -> Panel:
    """Figures over time; the legend is a table with ``legend``, sorted by its last column, ``rising`` where the lowest
    matters.

    Bars are stacked, to show their sum. ``decimals``: at least 1; with 0 Grafana leaves out all ticks that are not
    integers, such as 20 %. ``scale`` draws the standard's limits as dashed lines. ``gaps``: milliseconds over which two
    samples are still joined by a line, True for any (sparse rules: their own interval and a half).
    """
    columns = [_CALCS[each] for each in legend]
    made = (
        timeseries.Panel()
        .legend(
            builders.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.TABLE)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(columns)
            .sort_by(_HEADINGS[legend[-1]])
            .sort_desc(not rising)
        )
        .tooltip(builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING))
        .span_nulls(gaps)
    )
    match style:
        case "bars":
            made.draw_style(common.GraphDrawStyle.BARS).fill_opacity(70).line_width(0)
            made.stacking(builders.StackingConfig().mode(common.StackingMode.NORMAL))
        case "points":
            made.draw_style(common.GraphDrawStyle.POINTS).point_size(6)
        case "steps":
            made.line_interpolation(common.LineInterpolation.STEP_AFTER).line_width(1).fill_opacity(0)
        case "line":
            # no filling: lines of many clients would become one brown area
            made.line_width(1).fill_opacity(0)
    if look.get("scale"):
        made.thresholds_style(builders.GraphThresholdsStyleConfig().mode(common.GraphTresholdsStyleMode.DASHED))
    if look.get("least") is None:
        made.axis_soft_min(0)
    return finished(made.build(), title, about, queries, width, height, **look)


def many(
    title: str,
    about: str,
    figure: str,
    rank: str,
    name: str,
    *,
    step: str,
    lowest: bool = False,
    of: Literal["installation", "account"] = "installation",
    **more: Unpack[_Lines],
) -> Panel:
    """``lines`` of a figure of every installation (or access): the leaders by ``rank`` by name, the others as their
    sum (bars) or mean (lines). See ``queries.leading``. ``name``: of a series; who is shown is added to ``about``."""
    bars_ = more.get("style") == "bars"
    named, others = q.leading(figure, rank, least=lowest, rest="sum" if bars_ else "avg", by=of)
    shown = f"Поимённо показаны {q.SHOWN} {'самых низких' if lowest else 'самых высоких'}, остальные — "
    rest = "остальные вместе" if bars_ else "остальные в среднем"
    queries = (Query(named, name, step=step), Query(others, rest, step=step))
    more["rising"] = lowest
    return lines(title, f"{about} {shown}{'одной суммой' if bars_ else 'одной линией'}.", queries, **more)

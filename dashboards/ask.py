"""What Grafana would send to Prometheus for a target: variables and intervals filled in, the step chosen.

For tests and measurements; Grafana itself does not need it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboards.model import Board, Query

POINTS = 1000
"""Points of a line that a panel of usual width asks for."""

SCRAPE = 15
"""Seconds; Grafana's setting of the data source (``timeInterval``)."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_NICE = (15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800, 2592000)


@dataclass(frozen=True, slots=True)
class Asked:
    """A query of the HTTP API; ``start`` and ``step`` are 0 for an instant one."""

    expr: str
    start: float
    end: float
    step: int


def seconds(duration: str) -> int:
    """``90m``, ``30d`` …"""
    match = re.fullmatch(r"(\d+)([smhdwy])", duration)
    if match is None:
        raise ValueError(duration)
    return int(match[1]) * _UNITS[match[2]]


def defaults(board: Board) -> Mapping[str, str | Sequence[str]]:
    """Values of the variables as the dashboard opens, of those that need no Prometheus to tell."""
    found: dict[str, str | Sequence[str]] = {}
    for each in board.variables:
        if each.kind in ("custom", "text") or (each.many and each.every and each.all_value):
            chosen = each.default or each.query.split(",")[0].strip()
            found[each.name] = each.all_value if each.many else chosen.rpartition(" : ")[2]
    return found


def asked(board: Board, query: Query, values: Mapping[str, str | Sequence[str]], end: float) -> Asked:
    """The query as sent when the range ends at ``end`` (Unix seconds).

    ``values``: of the variables; several values become a regular expression. KeyError for a variable without value.
    """
    whole = seconds(board.time)
    least = seconds(query.step) if query.step else SCRAPE
    step = next((nice for nice in _NICE if nice >= whole / POINTS), _NICE[-1])
    step = max(step, least)
    built_in = {
        "__interval": f"{step}s",
        "__rate_interval": f"{max(step + SCRAPE, 4 * SCRAPE)}s",
        "__range": f"{whole}s",
        "__range_s": str(whole),
    }

    def filled(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name in built_in:
            return built_in[name]
        value = values[name]
        return value if isinstance(value, str) else f"({'|'.join(_escaped(each) for each in value)})"

    expr = re.sub(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))", filled, query.expr)
    if query.instant:
        return Asked(expr, 0, end, 0)
    end = end - end % step
    return Asked(expr, end - whole, end, step)


def _escaped(value: str) -> str:
    """For a regular expression within PromQL's quotes."""
    return re.sub(r"([\\^$*+?.()|\[\]{}])", r"\\\\\1", value).replace('"', '\\"')

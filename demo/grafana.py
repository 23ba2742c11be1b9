"""What Grafana asks Prometheus for when somebody opens a dashboard, worked out from the dashboard's JSON.

As Grafana 9.4 to 13 do it, as far as our dashboards need it: variables with their chains, `$__interval` and its kin,
steps, time ranges. No Grafana runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

WIDTH = 1600
"""Pixels of a panel across the screen; Grafana asks for so many points at most."""
SCRAPE = 15.0
"""Seconds: the data source's scrape interval, which is Grafana's default as well."""
ALL = "$__all"
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "M": 30 * 86400, "y": 365 * 86400}
_ROUND = (
    (17500, 15000), (25000, 20000), (45000, 30000), (90000, 60000), (210000, 120000),
    (450000, 300000), (750000, 600000), (1050000, 900000), (1500000, 1200000), (2700000, 1800000),
    (5400000, 3600000), (9000000, 7200000), (16200000, 10800000), (32400000, 21600000), (86400000, 43200000),
    (604800000, 86400000), (1814400000, 604800000), (3628800000, 2592000000),
)  # fmt: skip
"""Grafana's roundInterval: below so many milliseconds, so many; from the scrape interval on."""

Value = str | list[str]


class Asked(Protocol):
    """A Prometheus, as far as variables need it."""

    def label_values(self, label: str, match: str, start: float, end: float) -> list[str]: ...

    def vector(self, expression: str, at: float) -> list[tuple[dict[str, str], float, str]]:
        """Labels, time and value of each series."""
        ...


@dataclass(frozen=True, slots=True)
class Query:
    """One question, ready to be asked. ``step`` 0: an instant query at ``end``. Times: Unix seconds."""

    board: str
    panel: str
    ref: str
    legend: str
    expression: str
    start: float
    end: float
    step: float

    @property
    def name(self) -> str:
        return f"{self.board} / {self.panel} / {self.ref}"


@dataclass(frozen=True, slots=True)
class Target:
    """A target as it stands in the JSON."""

    board: str
    panel: Mapping[str, Any]
    target: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.board} / {self.panel.get('title', '')} / {self.target.get('refId', '')}"

    @property
    def instant(self) -> bool:
        return bool(self.target.get("instant")) and not self.target.get("range")


@dataclass(slots=True)
class Board:
    """A dashboard's file."""

    name: str
    document: dict[str, Any]

    def targets(self) -> list[Target]:
        """Every target of every panel, those inside of rows and of annotations too."""
        found = [Target(self.name, panel, each) for panel in self._panels() for each in panel.get("targets") or ()]
        for each in (self.document.get("annotations") or {}).get("list") or ():
            if each.get("expr"):
                panel = {"title": f"annotation {each.get('name', '')}", "datasource": each.get("datasource")}
                found.append(Target(self.name, panel, {**each, "refId": "annotation", "interval": each.get("step")}))
        return found

    def variables(self) -> list[dict[str, Any]]:
        return list((self.document.get("templating") or {}).get("list") or ())

    def range(self, now: float) -> tuple[float, float]:
        """The time range that is shown first."""
        time = self.document["time"]
        return moment(time["from"], now), moment(time["to"], now)

    def _panels(self) -> Iterator[dict[str, Any]]:
        for panel in self.document.get("panels") or ():
            yield panel
            yield from panel.get("panels") or ()


def boards(folder: Path) -> list[Board]:
    """All dashboards of a folder, by name."""
    return [Board(path.stem, json.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.json"))]


@dataclass(slots=True)
class View:
    """A dashboard as somebody has opened it at ``now``.

    ``wishes``: values of variables by name, tried in turn: the first that the variable offers is chosen, when there is
    none what Grafana would choose.
    """

    board: Board
    prometheus: Asked
    now: float
    wishes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    chosen: dict[str, Value] = field(init=False, default_factory=dict)
    """What each variable has; ``ALL`` for all."""
    offered: dict[str, list[str]] = field(init=False, default_factory=dict)
    """By variable, all that may be chosen."""

    def __post_init__(self) -> None:
        for variable in self.board.variables():
            name = variable["name"]
            self.offered[name] = offered = self._offer(variable)
            wished = next((each for each in self.wishes.get(name, ()) if each in offered), None)
            current = (variable.get("current") or {}).get("value")
            if isinstance(current, list) and len(current) == 1:
                current = current[0]
            if wished is not None:
                self.chosen[name] = [wished] if variable.get("multi") else wished
            elif variable["type"] == "textbox":
                self.chosen[name] = str(current if current not in (None, "") else variable.get("query", ""))
            elif variable.get("includeAll") and current in (None, "", [], ALL, "All"):
                self.chosen[name] = ALL
            elif isinstance(current, str) and current in offered:
                self.chosen[name] = [current] if variable.get("multi") else current
            elif variable.get("includeAll"):
                self.chosen[name] = ALL
            else:
                self.chosen[name] = offered[:1] if variable.get("multi") else (offered or [""])[0]

    def query(self, target: Target) -> Query:
        """What Grafana would send for ``target``."""
        start, end = self.board.range(self.now)
        told = target.target
        step = _step(str(told.get("interval") or ""), start, end)
        scope = {"__interval": f"{step:.0f}s", **_range_scope(start, end)}
        expression = self.interpolate(str(told.get("expr", "")), scope)
        if not target.instant:  # both ends on full steps
            start, end = start // step * step, end // step * step
        return Query(
            self.board.name, str(target.panel.get("title", "")), str(told.get("refId", "")),
            str(told.get("legendFormat") or ""), expression, start, end, 0 if target.instant else step,
        )  # fmt: skip

    def interpolate(self, text: str, scope: Mapping[str, str]) -> str:
        """``text`` with its variables, written ``$name``, as the Prometheus data source replaces them.

        An unknown ``$name`` stays as it is, as in Grafana; it is for the caller to complain.
        """
        by_name = {each["name"]: each for each in self.board.variables()}

        def one(match: re.Match[str]) -> str:
            name = match[1]
            if name not in self.chosen:
                return scope.get(name, match[0])
            return _formatted(by_name[name], self.chosen[name], self.offered[name])

        return re.sub(r"\$(\w+)", one, text)

    def _offer(self, variable: dict[str, Any]) -> list[str]:
        kind = variable["type"]
        if kind == "query":
            values = self._ask(variable)
        elif kind == "custom":
            parts = re.split(r"(?<!\\),", str(variable.get("query") or ""))
            values = [part.strip().partition(" : ")[2].strip() or part.strip() for part in parts if part.strip()]
        elif kind == "datasource":
            values = ["prometheus"]
        else:
            values = [str(variable.get("query", ""))]
        return values

    def _ask(self, variable: dict[str, Any]) -> list[str]:
        asked = variable.get("query")
        text = asked["query"] if isinstance(asked, dict) else str(asked)
        start, end = self.board.range(self.now)
        text = self.interpolate(text, _range_scope(start, end)).strip()
        if match := re.fullmatch(r"label_values\((?:(.+),\s*)?(\w+)\)", text, re.DOTALL):
            values = self.prometheus.label_values(match[2], (match[1] or "").strip(), start, end)
        elif match := re.fullmatch(r"query_result\((.+)\)", text, re.DOTALL):
            values = [_result(*each) for each in self.prometheus.vector(match[1], end)]
        else:
            raise ValueError(f"variable {variable['name']}: unknown kind of query {text!r}")
        return _sorted(_filtered(values, str(variable.get("regex") or "")), int(variable.get("sort") or 0))


def moment(text: str, now: float) -> float:
    """``now`` or ``now-30d`` as Unix seconds. ValueError for anything else."""
    return now if text == "now" else now - seconds(text.removeprefix("now-"))


def seconds(text: str) -> float:
    """``15s``, ``1h``, ``30d``, ``>1h``, ``1h30m`` in seconds. ValueError for anything else."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhdwMy])", text.lstrip(">"))
    if not parts or "".join(a + b for a, b in parts) != text.lstrip(">"):
        raise ValueError(f"no interval: {text!r}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _step(own: str, start: float, end: float) -> float:
    """``own``: the target's "Min step"."""
    span = end - start
    raw = 1000 * span / WIDTH
    rounded = next((value for bound, value in _ROUND if raw < bound), 365 * 86400 * 1000) / 1000
    interval = max(rounded, SCRAPE)
    return max(interval, seconds(own) if own else interval)


def _range_scope(start: float, end: float) -> dict[str, str]:
    span = round(end - start)
    return {"__range": f"{span}s", "__range_s": str(span)}


def _formatted(variable: Mapping[str, Any], value: Value, offered: list[str]) -> str:
    every = value == ALL or value == [ALL]
    if every and variable.get("allValue"):
        return str(variable["allValue"])  # as it is
    values = list(offered) if every else value
    if not variable.get("multi") and not variable.get("includeAll"):
        return _quoted(values if isinstance(values, str) else "".join(values))
    told = [_escaped(each) for each in ([values] if isinstance(values, str) else values)]
    return told[0] if len(told) == 1 else f"({'|'.join(told)})"


def _quoted(value: str) -> str:
    """Grafana's prometheusRegularEscape."""
    return value.replace("\\", "\\\\").replace("'", "\\\\'")


def _escaped(value: str) -> str:
    """Grafana's prometheusSpecialRegexEscape: for a regular expression within a PromQL string."""
    return re.sub(r"[$^*{}\[\]'+?.()|]", r"\\\\\g<0>", value.replace("\\", "\\\\\\\\"))


def _result(labels: Mapping[str, str], at: float, value: str) -> str:
    """A line of ``query_result`` as Grafana writes it."""
    inside = ",".join(f'{name}="{told}"' for name, told in labels.items() if name != "__name__")
    return f"{labels.get('__name__', '')}{{{inside}}} {value} {int(at * 1000)}"


def _filtered(values: Sequence[str], pattern: str) -> list[str]:
    """``pattern``: ``/…(…)…/``, of which the first group is taken."""
    if pattern:
        hits = [re.search(pattern.strip("/"), value) for value in values]
        values = [hit[1] for hit in hits if hit]
    return list(dict.fromkeys(values))


def _sorted(values: list[str], order: int) -> list[str]:
    """As Grafana does for 0 (as they come), 1 (alphabetical) and 2 (the other way)."""
    return sorted(values, reverse=order == 2) if order else values

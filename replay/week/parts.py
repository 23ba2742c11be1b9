"""Rules in two parts: those of live checks, with short steps, and those of hourly data, with long ones.

With all of them every five minutes, three weeks would take an hour of CPU time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from replay import clock, engine

_LIVE: Final = 60.0
"""Seconds: groups evaluated at least this often are about live checks."""
_HOURLY_TOO: Final = ("kodeks-host", "kodeks-certificate")
"""Groups whose series change slowly here."""
_NAME: Final = re.compile(r"[a-zA-Z_][\w:]*")
_PATTERN: Final = re.compile(r'__name__=~"([^"]+)"')
_BEFORE: Final = "offset 15s"
"""How rules refer to the previous evaluation."""


@dataclass(frozen=True, slots=True)
class Part:
    """``rules``: a rule file without texts, whose queries would be most of the work."""

    rules: Path
    _read: re.Pattern[str]

    def reads(self, series: Mapping[str, str]) -> dict[str, str]:
        """Only the series that its rules read."""
        return {name: values for name, values in series.items() if self._read.fullmatch(name.partition("{")[0])}


def part(rules: Iterable[Path], folder: Path, step: float, *, live: bool) -> Part:
    """The alerts of one part with everything recorded for them. ``step``: seconds between two evaluations."""
    groups = [
        group
        for path in engine.ordered(rules)
        for group in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)["groups"]
    ]
    wanted, read = set(_alerts(groups, live)), set[str]()
    before = -1
    while len(wanted) > before:
        before = len(wanted)
        read = {name for expr in wanted for name in (*_NAME.findall(expr), *_PATTERN.findall(expr))}
        wanted |= {rule["expr"] for group in groups for rule in group["rules"] if rule.get("record") in read}
    kept = []
    for group in groups:
        some = [
            _bare(rule, step)
            for rule in group["rules"]
            if rule["expr"] in wanted and ("record" in rule or _is_live(group) == live)
        ]
        if some:
            kept.append({"name": group["name"], "rules": some})
    path = folder / f"{'live' if live else 'hourly'}.yml"
    path.write_text(yaml.safe_dump({"groups": kept}, allow_unicode=True), encoding="utf-8")
    return Part(path, re.compile("|".join(sorted(read))))


def _alerts(groups: Iterable[Mapping[str, Any]], live: bool) -> Iterator[str]:
    for group in groups:
        if _is_live(group) == live:
            yield from (rule["expr"] for rule in group["rules"] if "alert" in rule)


def _is_live(group: Mapping[str, Any]) -> bool:
    return clock.seconds(group.get("interval", "15s")) <= _LIVE and group["name"] not in _HOURLY_TOO


def _bare(rule: Mapping[str, Any], step: float) -> dict[str, Any]:
    expr = rule["expr"].replace(_BEFORE, f"offset {step:.0f}s")
    return {key: value for key, value in rule.items() if key != "annotations"} | {"expr": expr}

"""The project's recording rules as the year needs them: in an order, and how often."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from demo.tools import ROOT
from demo.year.prometheus import LOOKBACK

RULES = ROOT / "rules"
FILES = ("inventory.yml", "recording.yml", "history.yml", "site.yml", "score.yml")
"""Those whose figures dashboards read, and not only alerts."""
HOUR, DAY = 3600, 86400
_LATEST = re.compile(r"(?<=\[)5m(?=\])")
"""What Prometheus looks back for, where a rule says so itself. The year's has fewer samples and looks back longer."""
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_CONDITIONS = ((re.compile(r"hour\(\)\s*==\s*0"), DAY), (re.compile(r"hour\(\)\s*%\s*6\s*==\s*0"), 6 * HOUR))
_HOURLY = re.compile(r"installation:kodeks_(interface_up|port_up|seats_used):")
"""What the history tells every hour. Of all else it has a sample a day: hourly copies of it would only take room."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A recording rule. ``step``: seconds between its samples; ``fine``: where a year is kept finely (``record``).

    ``below``: what its group records after it. What it reads of that is of the round before, and does not order them.
    """

    name: str
    expression: str
    labels: tuple[tuple[str, str], ...]
    step: int
    fine: int
    below: tuple[str, ...] = ()


def recording(folder: Path = RULES) -> list[Rule]:
    """The recording rules of ``FILES``.

    Those that keep a sample only on the full day or six hours are asked for just then, and the score, whose rules read
    each other at such moments; of the others, what the history tells hourly every hour, the rest every hour where a
    year is kept finely and once a day elsewhere.
    """
    found = []
    for path in [folder / name for name in FILES if (folder / name).exists()]:
        for group in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)["groups"]:
            for place, rule in enumerate(group["rules"]):
                if "record" in rule:
                    below = {each["record"] for each in group["rules"][place + 1 :] if "record" in each}
                    labels = tuple(sorted(rule.get("labels", {}).items()))
                    daily = path.name in ("score.yml", "site.yml")
                    steps = (DAY, DAY) if daily else _steps(rule["record"], rule["expr"])
                    expression = _LATEST.sub(LOOKBACK, rule["expr"])
                    found.append(
                        Rule(rule["record"], expression, labels, *steps, tuple(sorted(below - {rule["record"]})))
                    )
    return found


def _steps(name: str, expression: str) -> tuple[int, int]:
    for condition, seconds in _CONDITIONS:
        if condition.search(expression):
            return seconds, seconds
    if name == "kodeks:installation:info" or re.search(r":(avg30d|max7d|predict14d)$", name):
        return 6 * HOUR, 6 * HOUR
    return (HOUR, HOUR) if _HOURLY.match(name) else (DAY, HOUR)


def read_by_others(rules: Sequence[Rule]) -> set[str]:
    """Names of those that another rule reads."""
    names = {rule.name for rule in rules}
    return {name for rule in rules for name in _NAME.findall(rule.expression) if name in names and name != rule.name}


def levels(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Rules that read only samples, then those that read these, and so on. ValueError: a circle."""
    names = {rule.name for rule in rules}
    reads = {name: set[str]() for name in names}
    for rule in rules:
        reads[rule.name] |= set(_NAME.findall(rule.expression)) & names - {rule.name} - set(rule.below)
    sorted_out: list[list[Rule]] = []
    done: set[str] = set()
    while len(done) < len(names):
        ready = {name for name in names - done if reads[name] <= done}
        if not ready:
            raise ValueError(f"recording rules in a circle: {', '.join(sorted(names - done))}")
        sorted_out.append([rule for rule in rules if rule.name in ready])
        done |= ready
    return sorted_out

"""Runs the score's rules over series given by hand, in promtool, and tells what came out."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import yaml

from demo import tools

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "rules" / "score.yml"
SITE = ROOT / "rules" / "site.yml"
GROUPS = ("kodeks-score-settings", "kodeks-score-words", "kodeks-score", "kodeks-score-fell")

_GOT = re.compile(r'expr: (".*"), time: .*\n\s+exp: .*\n\s+got: ?(.*)')
_SAMPLE = re.compile(r"(\{.*?\}) ([-+0-9.eENaInf]+)(?:, (?=\{)|$)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Series:
    """Samples from day 0 on, one a day where nothing else is said, as the daily rules record them; None: none."""

    name: str
    labels: Mapping[str, str]
    values: Sequence[float | None]

    def __str__(self) -> str:
        text = ",".join(f'{key}="{value}"' for key, value in self.labels.items())
        return f"{self.name}{{{text}}}"


def constant(name: str, value: float, days: int, **labels: str) -> Series:
    return Series(name, labels, [value] * (days + 1))


Result = dict[frozenset[tuple[str, str]], float]
"""By labels without the name."""


def evaluate(
    series: Iterable[Series], day: int, queries: Sequence[str], site: str = "", *, sampled: int = 1, evaluated: int = 1
) -> dict[str, Result]:
    """What ``queries`` give at 00:00 of ``day``, by query. ``site``: a text in place of rules/site.yml.

    ``sampled``, ``evaluated``: days between the samples of the series, and between evaluations of the rules.
    """
    with tempfile.TemporaryDirectory() as folder:
        numbers = SITE
        if site:
            numbers = Path(folder) / "site.yml"
            numbers.write_text(site, encoding="utf-8")
        document = {
            "rule_files": [str(numbers), str(RULES)],
            "evaluation_interval": f"{evaluated}d",
            "group_eval_order": list(GROUPS),
            "tests": [
                {
                    "interval": f"{sampled}d",
                    "input_series": [
                        {
                            "series": str(each),
                            "values": " ".join("_" if v is None else f"{v:.10g}" for v in each.values),
                        }
                        for each in series
                    ],
                    # An expectation that nothing meets: promtool tells what it got instead.
                    "promql_expr_test": [
                        {
                            "expr": query,
                            "eval_time": f"{day}d",
                            "exp_samples": [{"labels": 'never{given="so"}', "value": 1}],
                        }
                        for query in queries
                    ],
                }
            ],
        }
        test = Path(folder) / "score.test.yml"
        test.write_text(json.dumps(document), encoding="utf-8")  # JSON is YAML, and quicker
        told = subprocess.run(
            [tools.find("promtool") or "promtool", "test", "rules", str(test)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    output = told.stdout + told.stderr
    found = {yaml.safe_load(query): _samples(text) for query, text in _GOT.findall(output)}
    if set(found) != set(queries):
        raise AssertionError(f"promtool told of {sorted(found)} only:\n{output[:4000]}")
    return found


def _notation(values: Sequence[float | None]) -> str:
    """promtool's: ``3x4`` is five times 3."""
    runs = [(value, len(list(same))) for value, same in groupby("_" if v is None else f"{v:.10g}" for v in values)]
    return " ".join(f"{value}x{count - 1}" if value != "_" else f"_x{count}" for value, count in runs)


def _samples(text: str) -> Result:
    if text in ("nil", ""):
        return {}
    result = {}
    for labels, value in _SAMPLE.findall(text):
        pairs = _LABEL.findall(labels)
        result[frozenset((key, yaml.safe_load(f'"{own}"')) for key, own in pairs if key != "__name__")] = float(value)
    return result


def of(result: Result, **labels: str) -> float | None:
    """The value of the one series with these labels among its own; None: there is none."""
    wanted = set(labels.items())
    found = [value for own, value in result.items() if wanted <= own]
    assert len(found) <= 1, f"{labels}: {len(found)} series"
    return found[0] if found else None

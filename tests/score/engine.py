"""Runs the score's rules over series given by hand, in promtool, and tells what came out."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from demo import tools

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "rules" / "score.yml"
GROUPS = ("kodeks-score-settings", "kodeks-score-words", "kodeks-score", "kodeks-score-fell")

_GOT = re.compile(r'expr: (".*"), time: .*\n\s+exp: .*\n\s+got: ?(.*)')
_SAMPLE = re.compile(r"(\{.*?\}) ([-+0-9.eENaInf]+)(?:, (?=\{)|$)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Series:
    """One sample a day from day 0 on, as the daily rules record them; None: none that day."""

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


def evaluate(series: Iterable[Series], day: int, queries: Sequence[str], rules: str = "") -> dict[str, Result]:
    """What ``queries`` give at 00:00 of ``day``, by query. ``rules``: a rule file's text in place of the project's."""
    with tempfile.TemporaryDirectory() as folder:
        path = RULES
        if rules:
            path = Path(folder) / "score.yml"
            path.write_text(rules, encoding="utf-8")
        document = {
            "rule_files": [str(path)],
            "evaluation_interval": "1d",
            "group_eval_order": list(GROUPS),
            "tests": [
                {
                    "interval": "1d",
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
        test.write_text(yaml.safe_dump(document, allow_unicode=True, width=10_000), encoding="utf-8")
        told = subprocess.run(
            [tools.find("promtool") or "promtool", "test", "rules", str(test)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    output = told.stdout + told.stderr
    found = {yaml.safe_load(query): _samples(text) for query, text in _GOT.findall(output)}
    if set(found) != set(queries):
        raise AssertionError(f"promtool told of {sorted(found)} only:\n{output[:4000]}")
    return found


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

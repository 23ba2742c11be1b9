"""Prometheus' rule engine over a script's series: ``promtool test rules``, which steps time.

No duration in a rule is changed. promtool compares alerts with expectations and prints what it got where they differ.
So the test expects that no alert ever fires, at any step, and the differences are the result.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from demo import tools
from replay.script import Answer, Script

LEFT_OUT: Final = ("score.yml", "history.yml")
"""Quarterly figures: ten days can't change them, and they are half of the work."""
WATCHDOG: Final = "KodeksWatchdog"
"""Always fires, and is not meant for people."""
_LONGEST: Final = 3600.0
Labels = tuple[tuple[str, str], ...]
_BASES: Final = ("site.yml", "inventory.yml", "recording.yml")
"""Evaluated first, so that the others see what they record at the same step."""


class EngineError(RuntimeError):
    """promtool does not run, or prints something other than firing alerts."""


@dataclass(frozen=True, slots=True)
class Firing:
    """A firing alert, with its texts at that step."""

    labels: tuple[tuple[str, str], ...]
    annotations: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return dict(self.labels)["alertname"]


def alert_names(rules: Iterable[Path]) -> list[str]:
    """All alerts in the rule files except the watchdog, sorted."""
    return sorted({str(rule["alert"]) for _, rule in _rules(rules) if "alert" in rule} - {WATCHDOG})


def evaluated(
    script: Script, series: Mapping[str, str], rules: list[Path], folder: Path
) -> tuple[list[frozenset[Firing]], str]:
    """What fires after each step's evaluation, and what promtool says about the script's questions.

    An empty text means that every answer is as the script expects. The test file is written to ``folder``. Raises
    EngineError, OSError.
    """
    asked = alert_names(rules)
    document = _test_file(script, series, rules)
    document["tests"][0]["alert_rule_test"] = [
        {"eval_time": _spelled(step * script.step), "alertname": name, "exp_alerts": []}
        for step in range(script.steps)
        for name in asked
    ]
    document["tests"][0]["promql_expr_test"] = [_question(script, answer) for answer in script.answers]
    alerts, expression, wrong = _run(document, folder / "replay.test.yml").partition("    expr: ")
    steps: list[set[Firing]] = [set() for _ in range(script.steps)]
    for seconds, found in _differences(alerts):
        steps[round(seconds / script.step)].update(found)
    return [frozenset(each) for each in steps], (expression + wrong).strip()


def changes(
    script: Script, series: Mapping[str, str], rules: list[Path], folder: Path, first: int = 0
) -> list[tuple[int, set[Labels], set[Labels]]]:
    """Steps from ``first`` on at which alerts start or stop firing, and which: started, stopped.

    Labels only: for a month, all texts at all steps would be gigabytes. Raises EngineError, OSError.
    """
    now = f'ALERTS{{alertstate="firing", alertname!="{WATCHDOG}"}}'
    before = f"({now} offset {_spelled(script.step)})"
    document = _test_file(script, series, rules)
    document["tests"][0]["promql_expr_test"] = [
        {"expr": expr, "eval_time": _spelled(step * script.step), "exp_samples": []}
        for step in range(first, script.steps)
        for expr in ((now,) if step == first else (f"{now} unless {before}", f"{before} unless {now}"))
    ]
    found: dict[int, tuple[set[Labels], set[Labels]]] = {}
    text = _run(document, folder / "changes.test.yml")
    for expr, time, got in _ANSWER.findall(text):
        sets = {_alert_labels(inside) for inside in _BRACES.findall(got)}
        found.setdefault(round(_parsed(time) / script.step), (set(), set()))[expr.startswith("(")].update(sets)
    if text.strip() and not found:
        raise EngineError(text.strip()[:2000])
    return [(step, *found[step]) for step in sorted(found)]


_ANSWER: Final = re.compile(r'expr: "(.*)", time: (\w+),\n\s*exp:.*\n\s*got:(.*)')
_BRACES: Final = re.compile(r"\{((?:[^\"}]|\"(?:[^\"\\]|\\.)*\")*)\}")


def _alert_labels(inside: str) -> Labels:
    return tuple(sorted((name, value) for name, value in _pairs(inside) if name not in ("__name__", "alertstate")))


def _question(script: Script, answer: Answer) -> dict[str, Any]:
    # A comparison may keep labels, so the query asks how many series satisfy it, and for their maximum.
    return {
        "expr": f"max({answer.expr})",
        "eval_time": _spelled(script.seconds(answer.at)),
        "exp_samples": [{"labels": "{}", "value": answer.value}],
    }


def _rules(files: Iterable[Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in files:
        for group in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)["groups"]:
            for rule in group["rules"]:
                yield group["name"], rule


def ordered(rules: Iterable[Path]) -> list[Path]:
    return sorted(rules, key=lambda path: (_BASES.index(path.name) if path.name in _BASES else len(_BASES), path.name))


def _test_file(script: Script, series: Mapping[str, str], rules: list[Path]) -> dict[str, Any]:
    files = ordered(rules)
    return {
        "rule_files": [str(path.resolve()) for path in files],
        "evaluation_interval": _spelled(script.step),
        "group_eval_order": list(dict.fromkeys(group for group, _ in _rules(files))),
        "tests": [
            {
                "interval": _spelled(script.step),
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
            }
        ],
    }


def _spelled(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


def _run(document: dict[str, Any], path: Path) -> str:
    """promtool's complaints, or an empty text."""
    # JSON is YAML, and much faster to write: there are tens of thousands of entries.
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    done = subprocess.run(
        [tools.find("promtool") or "promtool", "test", "rules", str(path)],
        capture_output=True, text=True, encoding="utf-8", check=False, timeout=_LONGEST,
        env={**os.environ, "GOGC": "1000"},  # a third less CPU time for some memory
    )  # fmt: skip
    output = done.stdout + done.stderr
    if done.returncode == 0:
        return ""
    if "FAILED" not in output:
        raise EngineError(output[-2000:])
    return output.partition("FAILED:")[2]


_HEAD: Final = re.compile(r"^\s*alertname:\s*(?P<name>\w+),\s*time:\s*(?P<time>\w+),\s*$", re.MULTILINE)
_PAIR: Final = re.compile(r'"?(?P<name>[A-Za-z_]\w*)"?="(?P<value>(?:[^"\\]|\\.)*)"')
_SETS: Final = re.compile(r"(Labels|Annotations):\{((?:[^\"}]|\"(?:[^\"\\]|\\.)*\")*)\}")


def _differences(text: str) -> Iterator[tuple[float, list[Firing]]]:
    """Seconds, and what fired then, for one alert name each. Raises EngineError if the text contains anything else."""
    heads = list(_HEAD.finditer(text))
    if not heads and text.strip():
        raise EngineError(text.strip()[:2000])
    if heads and text[: heads[0].start()].strip():
        raise EngineError(text[: heads[0].start()].strip()[:2000])
    for head, following in zip(heads, [*heads[1:], None], strict=False):
        body = text[head.end() : following.start() if following else len(text)]
        found = _SETS.findall(body.partition("got:")[2])
        sets = [tuple(_pairs(inside)) for _, inside in found]
        if not sets or len(sets) % 2:
            raise EngineError(f"promtool's output is not understood: {body[:500]}")
        alerts = [Firing(*pair) for pair in zip(sets[::2], sets[1::2], strict=True)]
        yield _parsed(head["time"]), alerts


def _pairs(inside: str) -> Iterator[tuple[str, str]]:
    for pair in _PAIR.finditer(inside):
        yield pair["name"], _unquoted(pair["value"])


_ESCAPE: Final = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[0-7]{3}|.)")
_SIMPLE: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def _unquoted(text: str) -> str:
    """Go's %q, without the quotes."""

    def plain(escape: re.Match[str]) -> str:
        code = escape[1]
        if code[0] in "xuU":
            return chr(int(code[1:], 16))
        return _SIMPLE.get(code, code)

    return _ESCAPE.sub(plain, text)


_GO_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s|d|w|y)")
_GO_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}


def _parsed(text: str) -> float:
    return sum(float(number) * _GO_UNITS[unit] for number, unit in _GO_DURATION.findall(text))

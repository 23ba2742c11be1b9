"""Prometheus' rule engine over a script's series: ``promtool test rules``, which steps time.

No duration of a rule is changed. promtool compares what it got with expectations and prints both where they differ; so
nothing is expected, ever, and the differences are the answer. It is asked twice: first which alerts fire at all, then
for the labels and texts of these at every step.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from demo import tools
from replay.script import Answer, Script

WATCHDOG: Final = "KodeksWatchdog"
"""Always fires and is for no person."""
_LONGEST: Final = 300.0
_BASES: Final = ("inventory.yml", "recording.yml")
"""Evaluated first, so that what they record is there for the others at the same step."""


class EngineError(RuntimeError):
    """promtool does not run, or says something else than which alerts fire."""


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that fires, with its texts as they are at that step."""

    labels: tuple[tuple[str, str], ...]
    annotations: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return dict(self.labels)["alertname"]


def firing(script: Script, series: Mapping[str, str], rules: list[Path], folder: Path) -> list[frozenset[Firing]]:
    """What fires after each step's evaluation. ``folder`` takes the test file. Raises EngineError, OSError."""
    document = _test_file(script, series, rules)
    asked = _that_fire(script, document, folder)
    if not asked:
        return [frozenset()] * script.steps
    document["tests"][0]["alert_rule_test"] = [
        {"eval_time": _spelled(step * script.step), "alertname": name, "exp_alerts": []}
        for step in range(script.steps)
        for name in asked
    ]
    text = _run(document, folder / "replay.test.yml")
    steps: list[set[Firing]] = [set() for _ in range(script.steps)]
    for seconds, found in _differences(text):
        steps[round(seconds / script.step)].update(found)
    return [frozenset(each) for each in steps]


def _that_fire(script: Script, document: dict[str, Any], folder: Path) -> list[str]:
    """Names of the alerts that fire at some step."""
    end = (script.steps - 1) * script.step
    span = _spelled(end + script.step)
    question = {
        "expr": f'count by (alertname) (max_over_time(ALERTS{{alertstate="firing",alertname!="{WATCHDOG}"}}[{span}]))',
        "eval_time": _spelled(end),
        "exp_samples": [],
    }
    test = {**document["tests"][0], "promql_expr_test": [question]}
    text = _run({**document, "tests": [test]}, folder / "names.test.yml")
    found = re.findall(r'alertname="(\w+)"', text.rpartition("got:")[2])
    if text and not found:
        raise EngineError(text[:2000])
    return sorted(set(found))


def wrong_answers(script: Script, series: Mapping[str, str], rules: list[Path], folder: Path) -> str:
    """What promtool says of the script's questions; empty: every answer is as the script has it."""
    if not script.answers:
        return ""
    document = _test_file(script, series, rules)
    document["tests"][0]["promql_expr_test"] = [_question(script, answer) for answer in script.answers]
    return _run(document, folder / "answers.test.yml")


def _question(script: Script, answer: Answer) -> dict[str, Any]:
    # A comparison may leave labels, so the question is how many series satisfy it and what they say at most.
    return {
        "expr": f"max({answer.expr})",
        "eval_time": _spelled(script.seconds(answer.at)),
        "exp_samples": [{"labels": "{}", "value": answer.value}],
    }


def _rules(files: Iterable[Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in files:
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                yield group["name"], rule


def _test_file(script: Script, series: Mapping[str, str], rules: list[Path]) -> dict[str, Any]:
    ordered = sorted(rules, key=lambda path: (path.name not in _BASES, path.name))
    return {
        "rule_files": [str(path.resolve()) for path in ordered],
        "evaluation_interval": _spelled(script.step),
        "group_eval_order": list(dict.fromkeys(group for group, _ in _rules(ordered))),
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
    """promtool's complaints, empty when it has none."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # thousands of entries
    path.write_text(yaml.dump(document, Dumper=dumper, allow_unicode=True, sort_keys=False), encoding="utf-8")
    done = subprocess.run(
        [tools.find("promtool") or "promtool", "test", "rules", str(path)],
        capture_output=True, text=True, encoding="utf-8", check=False, timeout=_LONGEST,
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
    """Seconds, and what fired then, of one alert name each. EngineError: there is something else in the text."""
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
            raise EngineError(f"promtool's words are not understood: {body[:500]}")
        alerts = [Firing(*pair) for pair in zip(sets[::2], sets[1::2], strict=True)]
        yield _parsed(head["time"]), alerts


def _pairs(inside: str) -> Iterator[tuple[str, str]]:
    for pair in _PAIR.finditer(inside):
        yield pair["name"], _unquoted(pair["value"])


_ESCAPE: Final = re.compile(r'\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[0-7]{3}|.)')
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

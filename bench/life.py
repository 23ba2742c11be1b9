"""The rules under uneven conditions: every alert in a table, with lost scrapes and restarted, absent or double
exporters.

promtool steps through time by 15 s, the real scrape interval (WHOLE), or by a minute for a sample in the tests
(SAMPLE). It evaluates every group at every step, which hides what slower groups see. So each rule is rewritten to be
evaluated at its group's own interval, with its own phase, and to keep its last result in between. Within a step the
groups that others ask who can be seen come last: in Prometheus they may come a whole step after a lost scrape.

Each alert has its own installations (or accesses), healthy ones and faulty ones, so that one run covers them all. A run
combines a topology (one exporter, two, sharding by hashmod) and a life. No alert may fire for the healthy ones; for the
faulty ones every alert must fire and keep firing.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from bench.life_cases import Subject, Value, cases, subjects, summaries
from demo import tools
from replay import clock

RULES: Final = Path(__file__).resolve().parent.parent / "rules"


@dataclass(frozen=True, slots=True)
class Scale:
    """Seconds per step, number of steps, the step at which faults begin, and the one by which every alert must fire:
    the slowest waits 10 minutes in a group with its own interval; then the one at which somebody joins each summary."""

    step: int
    steps: int
    begin: int
    fired: int
    joins: int


WHOLE: Final = Scale(15, 240, 12, 110, 180)
SAMPLE: Final = Scale(60, 50, 4, 26, 28)
_LEFT_OUT: Final = {"history.yml", "score.yml"}
TOPOLOGIES: Final = ("one", "two", "hashmod")
LIVES: Final = ("calm", "lossy", "restarts", "away", "renamed", "nan", "infinite")
BLINKS: Final = "blinks"
"""A life in which each fault of the healthy lasts one scrape, every nine minutes: once in each phase of the 4-minute
groups. What tells at once tells these."""
WELL: Final = "well-"
"""Begins the names of the half that is healthy."""
_RENAMED: Final = 1800
"""Seconds at which all clients are renamed; a second exporter reads its new configuration a minute later."""
_WAITS: Final = 900
"""Seconds after which the slowest alert fires: `for: 10m` and an interval of 4 minutes."""
_NO_NUMBERS: Final = {"nan": (math.nan, math.nan), "infinite": (math.inf, -math.inf)}
"""What takes the place of a case's values for ten minutes: five and five."""
_PROBED: Final = ("kodeks_check_", "kodeks_installation_state", "kodeks_maintenance_start", "kodeks_tls_")


def _clients(text: str, exporter: int, scale: Scale) -> dict[str, list[float | None]]:
    """An info series, under the old name of its client and then under the new one."""
    last = [step * scale.step < _RENAMED + 60 * exporter for step in range(scale.steps)]
    return {
        text: [1.0 if old else None for old in last],
        text.replace('client="ООО', 'client="АО'): [None if old else 1.0 for old in last],
    }


def _values(healthy: Value, faulty: Value, wrong: Sequence[bool], scale: Scale) -> list[float | None]:
    def at(value: Value, step: int) -> float | None:
        return float(step * scale.step) if value == "now" else value if value is None else float(value)

    return [at(faulty if each else healthy, step) for step, each in enumerate(wrong)]


def _broken(text: str, subject: Subject, fails: bool) -> bool:
    """Is this one of the series that show no number? A figure of a report is then as good as not there, so an alert
    about it ends; a check without a new time is a check that is not made."""
    return text in subject.own and not (fails and subject.report) and not text.startswith("kodeks_check_last_run")


def _no_numbers(values: list[float | None], instead: tuple[float, float], scale: Scale) -> list[float | None]:
    return [
        instead[step * scale.step >= 2100] if 1800 <= step * scale.step < 2400 and value is not None else value
        for step, value in enumerate(values)
    ]


def _seen(life: str, exporter: int, step: int, scale: Scale) -> bool:
    """Does this exporter answer this scrape?"""
    seconds = step * scale.step
    match life:
        case "lossy":  # every third, every seventh
            return step % (3, 7)[exporter] != 1
        case "restarts":  # a minute every quarter of an hour, not both at once
            return (seconds + 450 * exporter) % 900 not in range(750, 810)
        case "away":  # 12 minutes, both
            return seconds not in range(1800, 2520)
        case _:
            return True


def series(topology: str, life: str, scale: Scale) -> dict[str, list[float | None]]:
    """Series with the labels that Prometheus adds, to a value for every step; None: it is not there."""
    found: dict[str, list[float | None]] = {}
    exporters = (0,) if topology == "one" else (0, 1)

    def put(text: str, values: list[float | None], exporter: int, subject: str) -> None:
        job, instance = "kodeks", f"exporter{exporter}"
        if topology == "hashmod" and text.startswith(_PROBED):
            if exporter != zlib.crc32(subject.encode()) % 2:
                return
            job, instance = "probe-kodeks", subject
        seen = [value if _seen(life, exporter, step, scale) else None for step, value in enumerate(values)]
        found[f'{text[:-1]},job="{job}",instance="{instance}"}}'.replace("{,", "{")] = seen

    everybody = [(fails, each) for fails in (False, True) for each in subjects(mark="" if fails else WELL)]
    for exporter in exporters:
        found[f'up{{job="kodeks",instance="exporter{exporter}"}}'] = [
            float(_seen(life, exporter, step, scale)) for step in range(scale.steps)
        ]
        if life == "renamed":
            read = [step * scale.step >= _RENAMED + 60 * exporter for step in range(scale.steps)]
            put("kodeks_exporter_config_last_reload_success_timestamp_seconds{}",
                [float(_RENAMED + 60 * exporter if new else exporter) for new in read], exporter, "")  # fmt: skip
        for fails, subject in everybody:
            begin = scale.joins if subject.late else scale.begin
            wrong = [step >= begin if fails else life == BLINKS and step % 9 == 4 for step in range(scale.steps)]
            for text, (healthy, faulty) in subject.series.items():
                values = _values(healthy, faulty, wrong, scale)
                if exporter and text.startswith(("kodeks_check_last_run", "kodeks_online_read")):
                    values = [None if value is None else value - 120 for value in values]  # its clock is behind
                if life in _NO_NUMBERS and not exporter and _broken(text, subject, fails):
                    values = _no_numbers(values, _NO_NUMBERS[life], scale)
                if life == "renamed" and "_info{" in text:
                    for name, shown in _clients(text, exporter, scale).items():
                        put(name, shown, exporter, subject.name)
                else:
                    put(text, values, exporter, subject.name)
    return found


def _notation(values: Sequence[float | None]) -> str:
    words = []
    before: float | None = None
    for value in values:
        words.append(f"{value:.15g}" if value is not None else "stale" if before is not None else "_")
        before = value
    return " ".join(words)


def paced(folder: Path, scale: Scale, rules: Path) -> list[Path]:
    """The rule files with every rule evaluated at its group's own interval, with its own phase."""
    written = []
    for path in sorted(rules.glob("*.yml")):
        if path.name in _LEFT_OUT:
            continue
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for group in document["groups"]:
            for rule in group["rules"]:
                rule.pop("annotations", None)  # nobody reads the texts here, and their queries take most of the time
            interval = clock.seconds(group.pop("interval", f"{scale.step}s"))
            if interval <= scale.step:
                continue
            phase = zlib.crc32(group["name"].encode()) % int(interval / scale.step) * scale.step
            now = f"on () (vector(time() % {interval:g}) == {phase})"
            evaluated: list[dict[str, object]] = []
            for number, rule in enumerate(group["rules"]):
                name, labels = rule.get("record"), rule.get("labels", {})
                own = dict(labels)
                if name is None:
                    name, own = f"bench:{rule['alert']}:{number}", {}
                chosen = name + "{" + ",".join(f'{key}="{value}"' for key, value in own.items()) + "}"
                expression = f"(({rule['expr']}) and {now}) or ({chosen} unless {now})"
                if "alert" in rule:
                    evaluated.append({"record": name, "expr": expression})
                    waits = -(-clock.seconds(str(rule.get("for", "0s"))) // interval) * interval
                    evaluated.append({**rule, "expr": name, "for": f"{waits:.0f}s"})
                else:
                    evaluated.append({**rule, "expr": expression})
            group["rules"] = evaluated
        written.append(folder / path.name)
        written[-1].write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return written


def faults(topology: str, life: str, scale: Scale = WHOLE, rules: Path = RULES) -> str:
    """In words, what the rules do wrong; empty: nothing."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = paced(folder, scale, rules)
        files.append(folder / "bench.yml")
        files[-1].write_text(json.dumps({"groups": [_FIRES]}), encoding="utf-8")
        groups = [group["name"] for path in files for group in yaml.safe_load(path.read_text("utf-8"))["groups"]]
        last = ["kodeks-sources", "kodeks-inventory", "kodeks-installations"]
        document = {
            "rule_files": [path.name for path in files],
            "evaluation_interval": f"{scale.step}s",
            "group_eval_order": sorted(groups, key=lambda name: last.index(name) if name in last else -1),
            "tests": [
                {
                    "interval": f"{scale.step}s",
                    "input_series": [
                        {"series": name, "values": _notation(values)}
                        for name, values in series(topology, life, scale).items()
                    ],
                    "promql_expr_test": [_begun(scale), _went_on(life, scale), _told(scale)],
                }
            ],
        }
        test = folder / "life.test.yml"
        test.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        done = subprocess.run(
            [tools.find("promtool") or "promtool", "test", "rules", str(test)],
            capture_output=True, text=True, encoding="utf-8", check=False,
            env={**os.environ, "GOGC": "1000"},  # a third less CPU time for some memory
        )  # fmt: skip
        return _differences(done.stdout + done.stderr) if done.returncode else ""


def _begun(scale: Scale) -> dict[str, object]:
    """What told anything of the healthy: nothing."""
    end = (scale.steps - 1) * scale.step
    firing = f'ALERTS{{alertstate="firing",manager=~"{WELL}.*"}}'
    return {
        "expr": f"count by (alertname, manager) (count_over_time({firing}[{end}s]))",
        "eval_time": f"{end}s",
        "exp_samples": [],
    }


def _went_on(life: str, scale: Scale) -> dict[str, object]:
    """Which of the faulty had their alert at every step of the rest: all. A case's manager bears the alert's name.

    Under a new name an alert waits anew: it may be absent for as long as the slowest one takes.
    """
    end = (scale.steps - 1) * scale.step
    rest = scale.steps - scale.fired
    absent = _WAITS / scale.step if life == "renamed" else 0
    whole = f"count_over_time(bench:fires[{rest * scale.step}s]) >= {rest - absent:g}"
    named = f'label_replace(max by (manager) ({whole}), "alertname", "$1", "manager", "(.+)-(?:pull|push|access)")'
    return {
        "expr": f"count by (manager) ({whole} and on (alertname, manager) {named})",
        "eval_time": f"{end}s",
        "exp_samples": [{"labels": f'{{manager="{name}"}}', "value": 1} for name, _ in cases()],
    }


def _told(scale: Scale) -> dict[str, object]:
    """How many different things each summary told: two, as one has joined. More would be messages about nothing."""
    rest = (scale.steps - scale.fired) * scale.step
    told = f'count_over_time(ALERTS{{alertstate="firing",told!="",manager!~"{WELL}.*"}}[{rest}s])'
    return {
        "expr": f"count by (alertname, manager) (count by (alertname, manager, told) ({told}))",
        "eval_time": f"{(scale.steps - 1) * scale.step}s",
        "exp_samples": [
            {"labels": f'{{alertname="{alert}",manager="{name}"}}', "value": 2} for name, alert in summaries().items()
        ],
    }


_FIRES: Final = {
    "name": "bench",
    "rules": [{"record": "bench:fires", "expr": 'max by (alertname, manager) (ALERTS{alertstate="firing"})'}],
}
"""The last group of a round: a client's new name, or another limit that a summary told, is no new alert."""
_SAMPLE: Final = re.compile(r"\{[^}]*\}")
_ANSWER: Final = re.compile(r"exp:(.*)\n\s*got:(.*)")


def _differences(text: str) -> str:
    """Which alerts ended or never began, and which began."""
    answers = _ANSWER.findall(text)
    words = []
    for wanted, got in answers:
        missing = sorted(set(_SAMPLE.findall(wanted)) - set(_SAMPLE.findall(got)))
        if "alertname" in wanted:
            words.append(f"told not twice, as one has joined: {got.strip()}")
        else:
            words.append(f"did not fire all the time: {', '.join(missing)}" if missing else f"began: {got.strip()}")
    return "; ".join(words) or text.strip()[-1500:]


def main(arguments: Sequence[str] | None = None) -> None:
    """``arguments``: topologies and lives to play, all of those where none is named."""
    chosen = sys.argv[1:] if arguments is None else arguments
    wrong = 0
    for topology in [each for each in TOPOLOGIES if each in chosen] or TOPOLOGIES:
        for life in [each for each in LIVES if each in chosen] or LIVES:
            began = time.monotonic()
            found = faults(topology, life)
            wrong += bool(found)
            print(f"{topology}, {life}, {time.monotonic() - began:.0f} s: {found or 'as it should be'}", flush=True)
    print(f"{2 * len(list(cases()))} cases; {wrong} runs went wrong")


if __name__ == "__main__":
    main()

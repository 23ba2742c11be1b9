"""The rules under uneven conditions: every alert in a table, with lost scrapes and restarted, absent or double
exporters.

promtool steps through time by 15 s, the real scrape interval (WHOLE), or by a minute for a sample in the tests
(SAMPLE). It evaluates every group at every step, which hides what slower groups see. So each rule is rewritten to be
evaluated at its group's own interval, with its own phase, and to keep its last result in between.

Each alert has its own installations (or accesses), so that one run covers them all. A run combines a topology (one
exporter, two, sharding by hashmod) and a life. Healthy: nothing may start firing. Faulty: every alert starts and goes
on.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from bench.life_cases import FLEET, Value, cases, subjects
from demo import tools
from replay import clock

RULES: Final = Path(__file__).resolve().parent.parent / "rules"


@dataclass(frozen=True, slots=True)
class Scale:
    """Seconds per step, number of steps, the step at which faults begin, and the one by which every alert must fire:
    the slowest waits 10 minutes in a group with its own interval."""

    step: int
    steps: int
    begin: int
    fired: int


WHOLE: Final = Scale(15, 240, 12, 110)
SAMPLE: Final = Scale(60, 45, 4, 26)
_LEFT_OUT: Final = {"history.yml", "score.yml"}
TOPOLOGIES: Final = ("one", "two", "hashmod")
LIVES: Final = ("calm", "lossy", "restarts", "away")
BLINKS: Final = "blinks"
"""A life in which each fault lasts one scrape, every nine minutes: once in each phase of the 4-minute groups."""
_PROBED: Final = ("kodeks_check_", "kodeks_installation_state", "kodeks_maintenance_start", "kodeks_tls_")


def _values(healthy: Value, faulty: Value, wrong: Sequence[bool], scale: Scale) -> list[float | None]:
    def at(value: Value, step: int) -> float | None:
        return float(step * scale.step) if value == "now" else value if value is None else float(value)

    return [at(faulty if each else healthy, step) for step, each in enumerate(wrong)]


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


def series(topology: str, life: str, fails: bool, scale: Scale) -> dict[str, list[float | None]]:
    """Series, with the labels that Prometheus adds, to a value for every step; None: absent."""
    found: dict[str, list[float | None]] = {}
    exporters = (0,) if topology == "one" else (0, 1)
    wrong = [step % 9 == 4 if life == BLINKS else fails and step >= scale.begin for step in range(scale.steps)]

    def put(text: str, values: list[float | None], exporter: int, subject: str) -> None:
        job, instance = "kodeks", f"exporter{exporter}"
        if topology == "hashmod" and text.startswith(_PROBED):
            if exporter != zlib.crc32(subject.encode()) % 2:
                return
            job, instance = "probe-kodeks", subject
        seen = [value if _seen(life, exporter, step, scale) else None for step, value in enumerate(values)]
        found[f'{text[:-1]},job="{job}",instance="{instance}"}}'.replace("{,", "{")] = seen

    for exporter in exporters:
        found[f'up{{job="kodeks",instance="exporter{exporter}"}}'] = [
            float(_seen(life, exporter, step, scale)) for step in range(scale.steps)
        ]
        for subject in subjects():
            for text, (healthy, faulty) in subject.series.items():
                values = _values(healthy, faulty, wrong, scale)
                if exporter and text.startswith(("kodeks_check_last_run", "kodeks_online_read")):
                    values = [None if value is None else value - 120 for value in values]  # its clock is behind
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


def faults(topology: str, life: str, fails: bool, scale: Scale = WHOLE, rules: Path = RULES) -> str:
    """What the rules do wrong, in words; empty: nothing. ``fails``: every case must fire and go on; otherwise none
    may."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = paced(folder, scale, rules)
        groups = [group["name"] for path in files for group in yaml.safe_load(path.read_text("utf-8"))["groups"]]
        first = ["kodeks-inventory", "kodeks-sources", "kodeks-counters", "kodeks-figures", "kodeks-slow-figures"]
        document = {
            "rule_files": [path.name for path in files],
            "evaluation_interval": f"{scale.step}s",
            "group_eval_order": sorted(groups, key=lambda name: first.index(name) if name in first else len(first)),
            "tests": [
                {
                    "interval": f"{scale.step}s",
                    "input_series": [
                        {"series": name, "values": _notation(values)}
                        for name, values in series(topology, life, fails, scale).items()
                    ],
                    "promql_expr_test": [_question(fails, scale)],
                }
            ],
        }
        test = folder / "life.test.yml"
        test.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        done = subprocess.run(
            [tools.find("promtool") or "promtool", "test", "rules", str(test)],
            capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        return _differences(done.stdout + done.stderr) if done.returncode else ""


def _question(fails: bool, scale: Scale) -> dict[str, object]:
    end = (scale.steps - 1) * scale.step
    own = f'ALERTS{{alertstate="firing",alertname!~"{"|".join(sorted(FLEET))}"}}'
    if not fails:
        began = f"count by (alertname, manager) (count_over_time({own}[{end}s]))"
        return {"expr": began, "eval_time": f"{end}s", "exp_samples": []}
    # A case's manager has the name of its alert. Which of them fired at every remaining step.
    rest = scale.steps - scale.fired
    whole = f"max by (alertname, manager) (count_over_time({own}[{rest * scale.step}s]) >= {rest})"
    named = f'label_replace(max by (manager) ({whole}), "alertname", "$1", "manager", "(.+)-(?:pull|push|access)")'
    return {
        "expr": f"count by (manager) ({whole} and on (alertname, manager) {named})",
        "eval_time": f"{end}s",
        "exp_samples": [{"labels": f'{{manager="{name}"}}', "value": 1} for name, _ in cases()],
    }


_SAMPLE: Final = re.compile(r"\{[^}]*\}")


def _differences(text: str) -> str:
    """Which alerts ended or never started, or which did start."""
    if "exp:" not in text:
        return text.strip()[-1500:]
    wanted, _, got = text.partition("exp:")[2].partition("got:")
    missing = sorted(set(_SAMPLE.findall(wanted)) - set(_SAMPLE.findall(got)))
    return f"did not fire all the time: {', '.join(missing)}" if missing else f"began: {got.strip()}"


def main() -> None:
    wrong = 0
    for topology in TOPOLOGIES:
        for life in LIVES:
            for fails in (False, True):
                found = faults(topology, life, fails)
                wrong += bool(found)
                print(
                    f"{topology}, {life}, {'faulty' if fails else 'healthy'}: {found or 'as it should be'}", flush=True
                )
    print(f"{len(list(cases()))} cases; {wrong} runs went wrong")


if __name__ == "__main__":
    main()

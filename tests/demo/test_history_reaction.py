"""Reaction to alerts in the year of history: written as the exporter would, and what the model knows to be true."""

from __future__ import annotations

import io
import re
from collections import Counter
from statistics import median
from types import SimpleNamespace
from typing import Any

import pytest

from demo.history.openmetrics import Writer
from demo.history.reaction import BOUNDS, reaction, told

DAY = 86400
END = 1764201600
START = END - 200 * DAY
MANAGERS = [f"manager-{number}" for number in range(6)]
_LINE = re.compile(r"(\w+)\{(.*)\} (\S+) (\d+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')

Key = tuple[str, frozenset[tuple[str, str]]]


def history() -> Any:
    return SimpleNamespace(
        lives=[SimpleNamespace(site=SimpleNamespace(manager=name)) for name in MANAGERS],
        online=SimpleNamespace(accesses=[]),
        start=START,
        end=END,
        days=range(START, END, DAY),
        last_hours=range(END - 48 * 3600, END, 3600),
    )


@pytest.fixture(scope="module")
def written() -> dict[Key, list[tuple[int, float]]]:
    file = io.StringIO()
    reaction(history(), Writer(file))
    found: dict[Key, list[tuple[int, float]]] = {}
    for line in file.getvalue().splitlines():
        if match := _LINE.fullmatch(line):
            key = match[1], frozenset(_LABEL.findall(match[2]))
            found.setdefault(key, []).append((int(match[4]), float(match[3])))
    return found


@pytest.fixture(scope="module")
def truth() -> Any:
    return told(history())


def last(written: dict[Key, list[tuple[int, float]]], name: str, **labels: str) -> float:
    return sum(values[-1][1] for (family, own), values in written.items() if family == name and own >= labels.items())


def test_counters_are_the_cases_that_are_over(written: dict[Key, list[tuple[int, float]]], truth: Any) -> None:
    until = END - 3600  # the last sample
    for manager in MANAGERS:
        over = Counter(case["outcome"] for case in truth[manager]["cases"] if case["end"] <= until)
        for outcome in ("acknowledged", "mended", "unanswered", "unseen"):
            shown = last(written, "kodeks_reaction_alerts_total", manager=manager, outcome=outcome)
            assert shown == over[outcome], (manager, outcome)
        waits = [case["taken"] - case["begin"] for case in truth[manager]["cases"] if (case["taken"] or END) <= until]
        for bound in (*BOUNDS, float("inf")):
            le = "+Inf" if bound == float("inf") else f"{bound}.0"
            shown = last(written, "kodeks_reaction_acknowledge_seconds_bucket", manager=manager, le=le)
            assert shown == sum(each <= bound for each in waits), (manager, le)
        lasted = [case for case in truth[manager]["cases"] if case["end"] <= until and case["outcome"] != "unseen"]
        for said in ("yes", "no"):
            shown = last(written, "kodeks_reaction_recovery_seconds_count", manager=manager, acknowledged=said)
            assert shown == sum((case["taken"] is not None) == (said == "yes") for case in lasted), (manager, said)


def test_those_that_still_fire(written: dict[Key, list[tuple[int, float]]], truth: Any) -> None:
    until = END - 3600
    for manager in MANAGERS:
        open_ = [case for case in truth[manager]["cases"] if case["begin"] <= until < case["end"]]
        waiting = [case for case in open_ if case["taken"] is None or case["taken"] > until]
        assert last(written, "kodeks_reaction_waiting", manager=manager) == len(waiting)
        assert last(written, "kodeks_reaction_taken", manager=manager) == len(open_) - len(waiting)
        since = min((case["begin"] for case in waiting), default=0)
        assert last(written, "kodeks_reaction_oldest_waiting_timestamp_seconds", manager=manager) == since
    assert last(written, "kodeks_reaction_waiting") >= 4
    assert last(written, "kodeks_reaction_taken") >= 2


def test_nothing_that_counts_ever_falls(written: dict[Key, list[tuple[int, float]]]) -> None:
    counters = 0
    for (name, labels), values in written.items():
        if name.endswith(("_bucket", "_total", "_count", "_sum")):
            assert [value for _, value in values] == sorted(value for _, value in values), (name, labels)
            counters += 1
    assert counters > 300


def test_managers_are_good_middling_and_bad(truth: Any) -> None:
    seen = Counter(truth[manager]["manner"] for manager in MANAGERS)
    assert seen == {"good": 2, "middling": 2, "bad": 2}
    waits, shares = {}, {}
    for name in ("good", "middling", "bad"):
        met = [case for each in truth.values() if each["manner"] == name for case in each["cases"]]
        waits[name] = median(case["taken"] - case["begin"] for case in met if case["taken"])
        shares[name] = sum(case["outcome"] == "acknowledged" for case in met) / len(met)
    assert waits["good"] * 4 < waits["middling"] < waits["bad"] / 3
    assert shares["good"] > 0.8 > shares["middling"] > 0.4 > shares["bad"]

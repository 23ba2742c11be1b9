"""A day of a fleet in fast motion: looks that fail by themselves alarm nobody, what breaks is told in two minutes.

The exporter's own decision is under test, with the pauses of its scheduler and the waits of the rules as they are
shipped. Time is counted, not waited for.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import yaml

from kodeks_exporter.checks.second_look import SecondLook
from kodeks_exporter.domain.check import CheckResult, InstallationState, Outcome, Round
from kodeks_exporter.poll.scheduler import AGAIN_AFTER, JITTER
from kodeks_exporter.settings.checks import CheckLimits, CheckTimeouts

ROOT = Path(__file__).resolve().parents[2]
DAY = 86400.0
INTERVAL = 30.0
SCRAPE = EVALUATION = 15.0
GROUP_WAIT = 20.0
RANDOM_FAILURES = 0.01
"""Of single looks, whatever the reason; one in five of them by a time limit."""
PACKET_LOSS = 0.05
PING_LOST = (1 - (1 - PACKET_LOSS) ** 2) ** CheckLimits().icmp_attempts
HEALTHY = 0.1
REFUSED = 0.1
BLACK_HOLE = 0.2 * (CheckLimits().icmp_attempts - 1) + CheckTimeouts().icmp + CheckTimeouts().connect
HANGS = CheckTimeouts().http


def waits_of_the_rules() -> dict[str, float]:
    """``for`` of the alerts of the way, seconds."""
    found = {}
    for name in ("network", "dns"):
        for group in yaml.safe_load((ROOT / "rules" / f"{name}.yml").read_text("utf-8"))["groups"]:
            for rule in group["rules"]:
                if "alert" in rule and not rule["alert"].endswith("Count"):
                    found[rule["alert"]] = float(re.fullmatch(r"(\d+)s", rule.get("for", "0s"))[1])  # type: ignore[index]
    return found


@dataclass
class Fault:
    start: float
    end: float
    length: float
    """How long a look at it takes, seconds."""


@dataclass
class Installation:
    name: str
    fault: Fault | None = None
    published: list[tuple[float, bool]] = field(default_factory=list)
    """Since when the world was told that it is broken, or not."""


def round_of(name: str, started: float, duration: float, broken: bool) -> Round:
    outcome = Outcome.FAILED if broken else Outcome.OK
    state = InstallationState.UNREACHABLE if broken else InstallationState.OK
    return Round(name, started, duration, MappingProxyType({"tcp": CheckResult("tcp", outcome, "x")}), state)


def live(installation: Installation, second_look: SecondLook, chance: random.Random) -> None:
    """A day of rounds, as the scheduler has them."""
    now, known = chance.uniform(0, INTERVAL), round_of(installation.name, 0, HEALTHY, False)
    due = now
    while now < DAY:
        fault = installation.fault
        length = HEALTHY
        if fault is not None and fault.start <= now + HEALTHY and now < fault.end:
            length = fault.length
        elif chance.random() < RANDOM_FAILURES:
            length = chance.choice((REFUSED, REFUSED, REFUSED, REFUSED, HANGS)) + 0.001
        elif chance.random() < PING_LOST:
            length = BLACK_HOLE
        seen = round_of(installation.name, now, length, length != HEALTHY)
        ended = now + length
        decision = second_look.decide(known, seen)
        if decision.publish:
            known = seen
            if not installation.published or installation.published[-1][1] != (length != HEALTHY):
                installation.published.append((ended, length != HEALTHY))
        pause = INTERVAL * (1 + chance.uniform(-JITTER, JITTER))
        due = now = ended + AGAIN_AFTER if decision.again else max(due + pause, ended + pause / 2)


def messages(installation: Installation, wait: float, chance: random.Random) -> Iterator[float]:
    """When Alertmanager tells of it. Prometheus sees what the last scrape saw, and waits ``wait`` seconds."""
    scraped, evaluated = chance.uniform(0, SCRAPE), chance.uniform(0, EVALUATION)
    history = [*installation.published, (DAY, False)]
    for (begin, broken), (end, _) in pairwise(history):
        if not broken:
            continue
        first = next_of(scraped, SCRAPE, begin)
        last = next_of(scraped, SCRAPE, end)  # this scrape hears that it is over
        if first >= last:
            continue
        active = next_of(evaluated, EVALUATION, first)
        fires = active
        while fires - active < wait:
            fires += EVALUATION
        if fires < last:
            yield fires + GROUP_WAIT


def next_of(phase: float, period: float, moment: float) -> float:
    return phase + period * -((phase - moment) // period)


def test_a_day_of_300_installations() -> None:
    chance = random.Random(1)
    second_look = SecondLook()
    fleet = [Installation(f"c{number}") for number in range(300)]
    for installation in fleet[::5]:
        start = chance.uniform(600, DAY - 1800)
        length = chance.choice((REFUSED + 0.001, BLACK_HOLE, HANGS))
        installation.fault = Fault(start, start + chance.uniform(180, 900), length)
    waits = waits_of_the_rules()
    assert {"KodeksTcpStatus", "KodeksHttp200Status", "KodeksIcmp", "KodeksDnsFailure"} <= waits.keys()
    false, late = [], []
    for installation in fleet:
        live(installation, second_look, chance)
        told = list(messages(installation, max(waits.values()), chance))
        fault = installation.fault
        if fault is not None:
            real = [moment for moment in told if fault.start <= moment <= fault.end + 60]
            told = [moment for moment in told if moment not in real]
            if not real or min(real) - fault.start > 120:
                late.append((min(real, default=DAY) - fault.start, fault.length))
        false += told
    assert false == []
    assert late == []


def test_one_bad_look_is_told_nobody_and_three_in_a_row_always_are() -> None:
    look = SecondLook()
    good, bad = round_of("a", 0, HEALTHY, False), round_of("a", 0, HEALTHY, True)
    first = look.decide(good, bad)
    assert (first.publish, first.again) == (False, True)
    assert look.decide(good, good) == type(first)(publish=True, again=False), "it was nothing"
    assert not look.decide(good, bad).publish
    assert look.decide(good, bad) == type(first)(publish=True, again=True)
    assert look.decide(bad, bad).publish
    assert look.decide(bad, good).publish, "what has passed is told at once"


def test_what_was_broken_already_is_told_at_once_and_what_is_new_beside_it_is_not() -> None:
    look = SecondLook()
    results = {"tcp": CheckResult("tcp", Outcome.OK), "snmp": CheckResult("snmp", Outcome.FAILED)}
    known = Round("a", 0, 1, results, InstallationState.OK)
    assert look.decide(known, known).publish
    worse = Round("a", 0, 1, results | {"tcp": CheckResult("tcp", Outcome.FAILED)}, InstallationState.UNREACHABLE)
    assert not look.decide(known, worse).publish
    assert look.decide(known, worse).publish


def test_a_first_look_after_the_start_is_no_certainty() -> None:
    assert not SecondLook().decide(None, round_of("a", 0, HEALTHY, True)).publish
    assert SecondLook().decide(None, round_of("a", 0, HEALTHY, False)).publish


def test_looks_at_a_lasting_fault_end() -> None:
    look = SecondLook()
    known, again = round_of("a", 0, HEALTHY, False), 0
    for _ in range(20):
        seen = round_of("a", 0, HEALTHY, True)
        decision = look.decide(known, seen)
        known, again = seen if decision.publish else known, again + decision.again
    assert again == 4

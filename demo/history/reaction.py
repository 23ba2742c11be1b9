"""How managers reacted to alerts over the year, as an exporter that watched Alertmanager would have counted it.

Some managers take nearly everything within minutes, some take half of it within hours, and some mend or wait without a
word. What they react to is drawn apart from the incidents of the installations, of which a fleet of the stand's size
has too few to measure people by.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from demo.history.model import History
from demo.history.openmetrics import Writer, labels
from demo.people.company import mix

BOUNDS = (60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 259200)
"""Buckets of both histograms, seconds."""
OUTCOMES = ("acknowledged", "mended", "unanswered", "unseen")
_REPEAT_HOURS = {"K1": 2, "K2": 4, "K3": 8, "K4": 24, "K5": 72}
"""After so long a message is sent again: what is over then without a word was not answered."""
_PRIORITIES = (("K1", "K3"), ("K2", "K4"), ("K1", "K5"), ("K2", "K3"))
"""Each manager has two: all five would be more than twice as many series."""
_DAYS_BETWEEN = 1.6
_UNSEEN = 0.02
_LATE = 24
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@dataclass(frozen=True, slots=True)
class Manner:
    """How somebody reacts. ``taken``: share of alerts; medians are seconds."""

    name: str
    taken: float
    acknowledge: float
    mend: float
    """From the alert on, where it was taken."""
    alone: float
    """Where it was not."""


MANNERS = (
    Manner("good", 0.9, 8 * _MINUTE, 1.5 * _HOUR, 0.4 * _HOUR),
    Manner("middling", 0.6, 75 * _MINUTE, 6 * _HOUR, 4 * _HOUR),
    Manner("bad", 0.15, 9 * _HOUR, 20 * _HOUR, 26 * _HOUR),
)


@dataclass(frozen=True, slots=True)
class Case:
    """An alert with a manager. Unix seconds; ``taken`` None: nobody said a word; ``end`` may lie after the history."""

    priority: str
    begin: int
    taken: int | None
    end: int
    outcome: str
    """One of ``OUTCOMES``, once it is over."""


def manners(history: History) -> Mapping[str, Manner]:
    """By manager of installations or accesses."""
    names = {life.site.manager for life in history.lives} | {access.manager for access in history.online.accesses}
    return {name: MANNERS[place % len(MANNERS)] for place, name in enumerate(sorted(names))}


def cases(history: History) -> Mapping[str, Sequence[Case]]:
    """By manager, in order of their beginning."""
    return {
        name: _cases(name, manner, _PRIORITIES[place % len(_PRIORITIES)], history.start, history.end)
        for place, (name, manner) in enumerate(manners(history).items())
    }


@lru_cache(64)
def _cases(name: str, manner: Manner, priorities: Sequence[str], start: int, end: int) -> Sequence[Case]:
    rng = Random(mix("reaction", name))
    found = []
    at = start + rng.expovariate(1 / _DAYS_BETWEEN) * _DAY
    while at < end:
        found.append(_case(rng, manner, rng.choice(priorities), int(at)))
        at += rng.expovariate(1 / _DAYS_BETWEEN) * _DAY
    # As the history ends somebody good has one in work, and the others let one wait.
    since, priority = end - 30 * _HOUR, priorities[1]
    taken = since + 5 * _MINUTE if manner.name == "good" else None
    found.append(Case(priority, since, taken, end + _DAY, "acknowledged" if taken else "unanswered"))
    return tuple(sorted(found, key=lambda case: case.begin))


def _case(rng: Random, manner: Manner, priority: str, begin: int) -> Case:
    if rng.random() < manner.taken:
        waited = _about(rng, manner.acknowledge)
        return Case(priority, begin, begin + waited, begin + waited + _about(rng, manner.mend), "acknowledged")
    lasted = _about(rng, manner.alone)
    if rng.random() < _UNSEEN:
        outcome = "unseen"
    else:
        outcome = "mended" if lasted < _REPEAT_HOURS[priority] * _HOUR else "unanswered"
    return Case(priority, begin, None, begin + lasted, outcome)


def _about(rng: Random, median: float) -> int:
    return max(1, round(median * rng.lognormvariate(0, 0.8)))


def reaction(history: History, writer: Writer) -> None:
    """Families ``kodeks_reaction_…``: at every midnight, and every hour of the last days."""
    moments = sorted({*history.days, *history.last_hours})
    pairs = list(_pairs(history, moments))
    _histogram(writer, "acknowledge", [
        (labels_, seen, [(case.taken, case.taken - case.begin) for case in met if case.taken is not None])
        for labels_, seen, met in pairs
    ])  # fmt: skip
    _histogram(writer, "recovery", [
        (labels_ | {"acknowledged": said}, seen, [
            (case.end, case.end - case.begin)
            for case in met
            if case.outcome != "unseen" and (case.taken is not None) == (said == "yes")
        ])
        for labels_, seen, met in pairs
        for said in ("yes", "no")
    ])  # fmt: skip
    for labels_, seen, met in pairs:
        for outcome in OUTCOMES:
            ended = sorted(case.end for case in met if case.outcome == outcome)
            named = "kodeks_reaction_alerts_total" + labels(**labels_, outcome=outcome)
            writer.write(named, seen, [bisect_right(ended, at) for at in seen])
        for name, wanted in (("waiting", False), ("taken", True)):
            counts = [
                sum(case.end > at and _taken(case, at) == wanted for case in met if case.begin <= at) for at in seen
            ]
            writer.write(f"kodeks_reaction_{name}" + labels(**labels_), seen, counts)
    _oldest(history, writer)
    writer.constant("kodeks_reaction_alertmanager_up" + labels(alertmanager="127.0.0.1:9093"), history.last_hours)


_Pair = tuple[dict[str, str], list[int], list[Case]]


def _pairs(history: History, moments: Sequence[int]) -> Iterator[_Pair]:
    """Labels of each manager and priority, the moments at which they have series, and their cases."""
    for name, met in cases(history).items():
        for priority in sorted({case.priority for case in met}):
            own = [case for case in met if case.priority == priority]
            seen = [at for at in moments if at >= own[0].begin]
            yield {"manager": name, "priority": priority}, seen, own


def _histogram(
    writer: Writer, name: str, rows: Sequence[tuple[dict[str, str], Sequence[int], list[tuple[int, int]]]]
) -> None:
    """``rows``: labels, moments, and when how many seconds were counted."""
    family = f"kodeks_reaction_{name}_seconds"
    for given, moments, counted in rows:
        counted.sort()
        for bound in (*map(float, BOUNDS), float("inf")):
            times = [at for at, seconds in counted if seconds <= bound]
            le = "+Inf" if bound == float("inf") else str(bound)
            values = [bisect_right(times, at) for at in moments]
            writer.write(f"{family}_bucket" + labels(**given, le=le), moments, values)
        late = moments[-_LATE:]  # nobody asks for these over a year
        sums = [[seconds for at, seconds in counted if at <= moment] for moment in late]
        writer.write(f"{family}_count" + labels(**given), late, map(len, sums))
        writer.write(f"{family}_sum" + labels(**given), late, map(sum, sums))


def _taken(case: Case, at: int) -> bool:
    return case.taken is not None and case.taken <= at


def _oldest(history: History, writer: Writer) -> None:
    """Only of those who wait to the end: that others no longer do could not be seen between samples an hour apart."""
    name = "kodeks_reaction_oldest_waiting_timestamp_seconds"
    for manager, met in cases(history).items():
        waiting = [min((case.begin for case in met if case.begin <= at < case.end and not _taken(case, at)), default=0)
                   for at in history.last_hours]  # fmt: skip
        if waiting and waiting[-1]:
            rows = [(at, since) for at, since in zip(history.last_hours, waiting, strict=True) if since]
            writer.write(name + labels(manager=manager), [at for at, _ in rows], [since for _, since in rows])


def told(history: History) -> dict[str, object]:
    """For the truth, by manager: ``manner``, and ``cases`` that began within the history, as in ``Case``."""
    return {
        name: {
            "manner": manner.name,
            "cases": [
                {"priority": case.priority, "begin": case.begin, "taken": case.taken, "end": case.end,
                 "outcome": case.outcome}
                for case in cases(history)[name]
            ],
        }
        for name, manner in manners(history).items()
    }  # fmt: skip

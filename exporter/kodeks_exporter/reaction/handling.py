"""Analyses records of handled alerts: signs of gaming a measure, the week's sample, the figures. Pure.

docs/handling.md states the same rules in words.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from statistics import median
from typing import Final

from kodeks_exporter.domain.handling import Kind, Record, ReviewStep, score

PERIOD: Final = 30 * 86400.0
"""The period of signs and scores, seconds."""
_AGAIN: Final = 5
"""This many times make a habit."""
_INSTANT: Final = 30.0
_NO_BETTER: Final = 0.8
_SAME: Final = 2 / 3
_LATE: Final = 120.0
"""Alerts outlast their cause by this long (``keep_firing_for``): one taken then was already over."""
_LATE_SHARE: Final = 0.25
_WAITED: Final = 600.0
_EXTENDED: Final = 2
_EXTENDED_SHARE: Final = 1 / 3
_ONE_NAME: Final = 0.9


class Sign(StrEnum):
    """A sign that somebody games the measure instead of helping the client."""

    INSTANT = "instant"
    SAME_COMMENT = "same_comment"
    EXTENDED = "extended"
    AFTERWARDS = "afterwards"
    ONE_NAME = "one_name"


SIGNS: Final[Mapping[Sign, str]] = {
    Sign.INSTANT: "берут за секунды, а чинится не быстрее, чем без этого",
    Sign.SAME_COMMENT: "один и тот же комментарий",
    Sign.EXTENDED: "тишину продлевают, вместо того чтобы чинить",
    Sign.AFTERWARDS: "берут, когда всё уже прошло",
    Sign.ONE_NAME: "за всех берёт одно и то же имя",
}

Found = Mapping[str, Mapping[Sign, frozenset[str]]]
"""Manager to signs, each with its records."""


def signs(records: Iterable[Record], names: Mapping[str, str]) -> Found:
    """``names``: the managers' names as people use them."""
    everything = list(records)
    taken: defaultdict[str, list[Record]] = defaultdict(list)
    for record in everything:
        if record.taken is not None:
            taken[record.manager].append(record)
    usual = [each.lasted for each in everything if each.lasted is not None and not _instant(each)]
    main_names = {manager: _main_name(own) for manager, own in taken.items()}
    found: dict[str, dict[Sign, frozenset[str]]] = {}
    for manager, own in taken.items():
        shown: dict[Sign, Iterable[Record]] = {
            Sign.INSTANT: _hasty(own, usual),
            Sign.SAME_COMMENT: _pasted(own),
            Sign.EXTENDED: _habit(own, lambda each: len(each.extensions) >= _EXTENDED, _EXTENDED_SHARE),
            Sign.AFTERWARDS: _habit(own, _afterwards, _LATE_SHARE),
            Sign.ONE_NAME: _of_another(manager, own, main_names, names),
        }
        ids_of = {sign: frozenset(each.id for each in those) for sign, those in shown.items()}
        if any(ids_of.values()):
            found[manager] = {sign: ids for sign, ids in ids_of.items() if ids}
    return found


def _habit(own: Sequence[Record], test: Callable[[Record], bool], share: float) -> list[Record]:
    """The matching records, if they are many and a large enough share of all."""
    those = [each for each in own if test(each)]
    return those if len(those) >= _AGAIN and len(those) >= share * len(own) else []


def _instant(record: Record) -> bool:
    return record.taken is not None and record.taken.at - record.told <= _INSTANT


def _hasty(own: Sequence[Record], usual: Sequence[float]) -> list[Record]:
    those = _habit(own, _instant, 0.5)
    lasted = [each.lasted for each in those if each.lasted is not None]
    if not lasted or not usual or median(lasted) < _NO_BETTER * median(usual):
        return []
    return those


def _pasted(own: Sequence[Record]) -> list[Record]:
    def words(record: Record) -> str:
        return " ".join(record.taken.comment.casefold().split()) if record.taken is not None else ""

    said, _ = Counter(map(words, own)).most_common(1)[0]
    return _habit(own, lambda each: words(each) == said, _SAME)


def _afterwards(record: Record) -> bool:
    taken = record.taken
    return taken is not None and taken.at - record.told >= _WAITED and record.over - taken.at <= _LATE


def _main_name(own: Sequence[Record]) -> str:
    """The name under which nearly all of these were taken; empty: none."""
    name, number = Counter(_name(each) for each in own).most_common(1)[0]
    return name if number >= _AGAIN and number >= _ONE_NAME * len(own) else ""


def _name(record: Record) -> str:
    return " ".join(record.taken.by.casefold().split()) if record.taken is not None else ""


def _of_another(
    manager: str, own: Sequence[Record], main_names: Mapping[str, str], names: Mapping[str, str]
) -> list[Record]:
    name = main_names[manager]
    if not name or sum(each == name for each in main_names.values()) < 2:
        return []
    if name in (manager.casefold(), names.get(manager, "").casefold()):
        return []  # their own name, whoever else used it
    return [each for each in own if _name(each) == name]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A record of the sample; ``why``: its signs; none: it was drawn at random."""

    record: Record
    why: tuple[Sign, ...]


def week_of(now: float, zone: tzinfo) -> tuple[float, float]:
    """The last full week, Monday to Monday, Unix seconds."""
    today = datetime.fromtimestamp(now, zone).date()
    monday = today - timedelta(days=today.weekday())
    return _midnight(monday - timedelta(days=7), zone), _midnight(monday, zone)


def _midnight(day: date, zone: tzinfo) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def sample(records: Iterable[Record], found: Found, number: int) -> list[Drawn]:
    """A number of one week's records for each manager: at most half because of signs, the rest at random. The result
    is stable: randomness comes from a digest of the record."""
    of: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        of[record.manager].append(record)
    drawn: list[Drawn] = []
    for manager in sorted(of):
        shown = found.get(manager, {})
        by_chance = sorted(of[manager], key=_chance)
        why = {each.id: tuple(sign for sign, ids in shown.items() if each.id in ids) for each in by_chance}
        suspicious = [each for each in by_chance if why[each.id]][: (number + 1) // 2]
        chosen = [*suspicious, *(each for each in by_chance if each not in suspicious)][:number]
        drawn += (Drawn(each, why[each.id]) for each in chosen)
    return drawn


def _chance(record: Record) -> bytes:
    return hashlib.blake2b(record.id.encode(), digest_size=8).digest()


def may(kind: Kind, steps: Mapping[Kind, ReviewStep], by: str) -> bool:
    """Whether this step may be taken by this person now: a decision needs a different reviewer."""
    if kind in steps:
        return False
    if kind is Kind.REVIEW:
        return True
    if kind is Kind.DISPUTE:
        return Kind.REVIEW in steps
    return Kind.DISPUTE in steps and steps[Kind.REVIEW].by != by


class DisputeState(StrEnum):
    """Of a dispute."""

    OPEN = "open"
    UPHELD = "upheld"
    """The points stayed as they were."""
    CHANGED = "changed"


def outcome(steps: Mapping[Kind, ReviewStep]) -> DisputeState | None:
    """None: nothing was disputed."""
    if Kind.DISPUTE not in steps:
        return None
    decision = steps.get(Kind.DECISION)
    if decision is None:
        return DisputeState.OPEN
    return DisputeState.UPHELD if decision.points == steps[Kind.REVIEW].points else DisputeState.CHANGED


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one manager. ``points``: mean of each point over the last 30 days; ``reviews`` and ``disputes`` of all that is
    kept."""

    points: Mapping[str, float]
    reviews: int
    disputes: Mapping[DisputeState, int]
    signs: Collection[Sign]


def figures(
    records: Iterable[Record], steps: Mapping[str, Mapping[Kind, ReviewStep]], names: Mapping[str, str], now: float
) -> Mapping[str, Figures]:
    """By manager."""
    everything = list(records)
    found = signs((each for each in everything if each.told >= now - PERIOD), names)
    given: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    reviews: Counter[str] = Counter()
    disputes: defaultdict[str, Counter[DisputeState]] = defaultdict(Counter)
    for record in everything:
        done = steps.get(record.id)
        if not done:
            continue
        reviews[record.manager] += 1
        if (disputed := outcome(done)) is not None:
            disputes[record.manager][disputed] += 1
        if done[Kind.REVIEW].at >= now - PERIOD:
            for point, number in score(done).items():
                given[record.manager][point].append(number)
    return {
        manager: Figures(
            points={point: sum(numbers) / len(numbers) for point, numbers in given[manager].items()},
            reviews=reviews[manager],
            disputes={each: disputes[manager][each] for each in DisputeState},
            signs=tuple(found.get(manager, {})),
        )
        for manager in sorted({each.manager for each in everything})
    }

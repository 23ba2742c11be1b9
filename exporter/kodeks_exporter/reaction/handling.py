"""Analyses records of handled alerts: signs of gaming a measure, and the week's sample. Pure.

docs/handling.md states the same rules in words.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum
from statistics import median
from typing import Final

from kodeks_exporter.domain.handling import Kind, Record, ReviewStep

PERIOD: Final = 30 * 86400.0
"""The period of signs and scores, seconds."""
_AGAIN: Final = 5
"""This many times make a habit."""
_INSTANT: Final = 30.0
_HASTY_SHARE: Final = 0.5
_NO_BETTER: Final = 0.8
_SAME_SHARE: Final = 2 / 3
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
    taken: defaultdict[str, list[Record]] = defaultdict(list)
    usual = []
    for each in records:
        if each.taken is not None:
            taken[each.manager].append(each)
        if each.waited > _INSTANT:
            usual.append(each.over - each.told)
    named = {manager: _alike(own, _by, _ONE_NAME) for manager, own in taken.items()}
    main = Counter(_by(those[0]) for those in named.values() if those)
    found: dict[str, dict[Sign, frozenset[str]]] = {}
    for manager, own in taken.items():
        hasty = _habit(own, lambda each: each.waited <= _INSTANT, _HASTY_SHARE)
        no_better = hasty and usual and median(each.over - each.told for each in hasty) >= _NO_BETTER * median(usual)
        own_names = (manager.casefold(), names.get(manager, "").casefold())
        shown = {
            Sign.INSTANT: hasty if no_better else [],
            Sign.SAME_COMMENT: _alike(own, _comment, _SAME_SHARE),
            Sign.EXTENDED: _habit(own, lambda each: len(each.extensions) >= _EXTENDED, _EXTENDED_SHARE),
            Sign.AFTERWARDS: _habit(own, _afterwards, _LATE_SHARE),
            Sign.ONE_NAME: [each for each in named[manager] if main[_by(each)] > 1 and _by(each) not in own_names],
        }
        if any(shown.values()):
            found[manager] = {sign: frozenset(each.id for each in those) for sign, those in shown.items() if those}
    return found


def _habit(own: Sequence[Record], test: Callable[[Record], bool], share: float) -> list[Record]:
    """The matching records, if they are many and a large enough share of all."""
    those = [each for each in own if test(each)]
    return those if len(those) >= max(_AGAIN, share * len(own)) else []


def _alike(own: Sequence[Record], key: Callable[[Record], str], share: float) -> list[Record]:
    """The records with the most common key, if they are many and a large enough share of all."""
    usual, _ = Counter(map(key, own)).most_common(1)[0]
    return _habit(own, lambda each: key(each) == usual, share)


def _afterwards(record: Record) -> bool:
    return record.waited >= _WAITED and record.over - record.told - record.waited <= _LATE


def _by(record: Record) -> str:
    return " ".join(record.taken.by.casefold().split()) if record.taken else ""


def _comment(record: Record) -> str:
    return " ".join(record.taken.comment.casefold().split()) if record.taken else ""


def week_of(now: float, zone: tzinfo) -> tuple[float, float]:
    """The last full week, Monday to Monday, Unix seconds."""
    today = datetime.combine(datetime.fromtimestamp(now, zone).date(), time(), zone)
    monday = today - timedelta(days=today.weekday())
    return (monday - timedelta(days=7)).timestamp(), monday.timestamp()


def sample(records: Iterable[Record], found: Found, number: int) -> Mapping[str, list[tuple[Record, list[Sign]]]]:
    """Draws ``number`` of the week's records for each manager, each with the signs that it shows: at most half because
    of signs, the rest by chance. The result is always the same: chance is a digest of the record."""
    drawn: defaultdict[str, list[tuple[Record, list[Sign]]]] = defaultdict(list)
    for each in sorted(records, key=lambda each: (each.manager, hashlib.blake2b(each.id.encode()).digest())):
        shown = found.get(each.manager, {})
        drawn[each.manager].append((each, [sign for sign, ids in shown.items() if each.id in ids]))
    for own in drawn.values():
        first = [each for each in own if each[1]][: (number + 1) // 2]
        own[:] = [*first, *(each for each in own if each not in first)][:number]
    return drawn


def may(kind: Kind, steps: Mapping[Kind, ReviewStep], by: str) -> bool:
    """Whether this person may take this step now: a decision is made by another reviewer than the review."""
    if kind in steps:
        return False
    if kind is Kind.DECISION:
        return Kind.DISPUTE in steps and steps[Kind.REVIEW].by != by
    return kind is Kind.REVIEW or Kind.REVIEW in steps

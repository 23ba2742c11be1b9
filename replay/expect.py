"""Compares the messages with what a script expects: no message is unexpected, and each expected one comes once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from replay import clock
from replay.messages import Message, Way
from replay.player import Played
from replay.script import Expected, Script


@dataclass(frozen=True, slots=True)
class _Wanted:
    expected: Expected
    by: Way


def problems(script: Script, outcome: Played) -> list[str]:
    """In words, for people; empty: everything is as the script expects."""
    wanted = [_Wanted(each, way) for each in script.messages for way in each.by]
    left = list(outcome.messages)
    found: list[str] = []
    for each in wanted:
        near = [message for message in left if _is_it(each, message)]
        fitting = [message for message in near if not list(_differences(script, each, message))]
        if fitting:
            left.remove(fitting[0])
        elif near:
            left.remove(near[0])
            found.append(f"{_named(each)}: {'; '.join(_differences(script, each, near[0]))}")
        else:
            found.append(f"не пришло: {_named(each)}")
    found += [f"лишнее: {clock_of(message)} {message.to} · {message.by} · {message.title}" for message in left]
    found += [f"Telegram не принял: {each}" for each in outcome.refused]
    if outcome.wrong:
        found.append(f"Prometheus отвечает иначе: {outcome.wrong.strip()}")
    return found


def clock_of(message: Message) -> str:
    """In the script's time, to the second."""
    return f"{message.at.astimezone(clock.ZONE):%H:%M:%S}"


def _is_it(wanted: _Wanted, message: Message) -> bool:
    expected = wanted.expected
    return (message.to, message.by, message.resolved) == (expected.to, wanted.by, expected.resolved) and (
        # Telegram's messages name the alert only in their links, and RESOLVED ones have no links.
        expected.alert in message.title + message.text or (message.resolved and message.by == "telegram")
    )


def _differences(script: Script, wanted: _Wanted, message: Message) -> Iterator[str]:
    expected = wanted.expected
    first, last = (clock.moment(text, script.start) for text in expected.between)
    if not first <= message.at <= last:
        yield f"пришло в {clock_of(message)}, а не с {expected.between[0]} до {expected.between[1]}"
    if wanted.by == "telegram" and message.sound != expected.sound:
        yield "со звуком" if message.sound else "без звука"
    whole = " ".join(f"{message.title}\n{message.text}".split())
    yield from (f"нет слов «{word}»" for word in _missing(expected.words, whole))
    yield from (f"есть слова «{word}»" for word in expected.no_words if word in whole)


def _missing(words: Iterable[str], text: str) -> Iterator[str]:
    return (word for word in words if word not in text)


def _named(wanted: _Wanted) -> str:
    kind = "RESOLVED" if wanted.expected.resolved else "FIRING"
    return f"{wanted.expected.to} · {wanted.by} · {kind} {wanted.expected.alert}"

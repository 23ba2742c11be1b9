"""Twice before alarm: a new failure is looked at again, on a connection of its own and with the name looked up anew,
before anybody is told of it; and some more times right after, so that the alert's rule hears of it if it has passed.
"""

import threading
from dataclasses import dataclass

from kodeks_exporter.domain.check import Outcome, Round

LOOKS = 5
"""At a new failure, the second of which is the first to be published. With looks that fail by themselves once in a
hundred times, a fleet of 300 sees five such in a row once in decades."""
_LOOKS_OF_A_SLOW_ONE = 3
_SLOW = 4.0
"""Seconds from which a round has met a time limit: it takes its time to be repeated, and threads."""


@dataclass(frozen=True, slots=True)
class Decision:
    """``publish``: the round is what is known now. ``again``: the next look comes within seconds."""

    publish: bool
    again: bool


class SecondLook:
    """Safe to use from many threads. Remembers only the installations that are being checked again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looks: dict[str, int] = {}

    def decide(self, published: Round | None, round_: Round) -> Decision:
        """``published``: the round that is known so far, None when there is none."""
        broken = failures(round_)
        news = broken - (failures(published) if published is not None else frozenset())
        with self._lock:
            looks = self._looks.pop(round_.installation, 0) + 1
            publish = not news or looks > 1
            most = _LOOKS_OF_A_SLOW_ONE if round_.duration > _SLOW else LOOKS
            again = not publish or (bool(broken) and 1 < looks < most)
            if again:
                self._looks[round_.installation] = looks
        return Decision(publish, again)


def failures(round_: Round) -> frozenset[str]:
    """Names of the failed checks."""
    return frozenset(result.check for result in round_.results.values() if result.outcome is Outcome.FAILED)

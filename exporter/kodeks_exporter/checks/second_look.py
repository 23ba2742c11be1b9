"""Twice before alarm: a new failure is checked again, on a new connection and with a new name look-up, before it is
published. A few more checks follow quickly, so that the alert's rule sees it if the failure is over."""

import threading
from dataclasses import dataclass

from kodeks_exporter.domain.check import Outcome, Round

LOOKS = 5
"""Checks of a new failure; the second is the first to be published. If one check in a hundred fails by chance, a
fleet of 300 sees five such failures in a row once in decades."""
_LOOKS_OF_A_SLOW_ONE = 3
_SLOW = 4.0
"""Seconds. A longer round has hit a time limit: repeating it costs time and threads."""


@dataclass(frozen=True, slots=True)
class Decision:
    """``publish``: the round becomes the known state. ``again``: the next check comes within seconds."""

    publish: bool
    again: bool


class SecondLook:
    """Safe to use from many threads. Remembers only the installations that are being checked again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looks: dict[str, int] = {}

    def decide(self, published: Round | None, round_: Round) -> Decision:
        """``published``: the last published round, None when there is none."""
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

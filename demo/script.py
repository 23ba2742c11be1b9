"""Scripts of a tour: generators that break something and say what they wait for, played at the same time."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass

PAUSE = 0.2
"""Seconds between two looks at what is waited for."""


class TourFailedError(RuntimeError):
    """What should have come did not."""


@dataclass(frozen=True, slots=True)
class Until:
    """What a script waits for. ``complaint``: what is told when it does not come within ``seconds``."""

    ready: Callable[[], bool]
    seconds: float
    complaint: str


Script = Generator[Until, None, None]


def after(seconds: float) -> Until:
    """A pause."""
    begun = time.monotonic()
    return Until(lambda: time.monotonic() - begun >= seconds, seconds + 60, "часы стоят")


def play(scripts: Iterable[Script], check: Callable[[], None]) -> None:
    """Plays all scripts to their ends. ``check`` is called all the while, and what it raises ends the play.

    TourFailedError: something did not come in time.
    """
    waiting: list[tuple[Script, Until, float]] = []

    def advance(script: Script) -> None:
        step = next(script, None)
        if step is not None:
            waiting.append((script, step, time.monotonic() + step.seconds))

    for script in scripts:
        advance(script)
    while waiting:
        check()
        for entry in list(waiting):
            script, step, deadline = entry
            if step.ready():
                waiting.remove(entry)
                advance(script)
            elif time.monotonic() > deadline:
                raise TourFailedError(f"{step.complaint} за {step.seconds:.0f} с")
        time.sleep(PAUSE)

"""From a fault to the message: 20 faults of 5 kinds, through the exporter, Prometheus and Alertmanager.

Rounds every 30 s, scrapes and evaluations every 15 s, the project's own waiting times. The faults are staggered, so
that they hit the intervals in every phase; a fault's message is the first mail that names the client.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.rows import bounded
from demo.stack import Part, Stack
from demo.stand.model import ServerSpec, StandSpec

KINDS = ("port_closed", "key_lost", "server_error", "needs_service", "http_404")
OF_EACH = 4
APART = 7.3
"""Seconds between two faults."""
LONGEST = 300.0
MEDIAN, WORST = 60.0, 110.0


def main() -> None:
    faults = {f"s{number}": KINDS[number % len(KINDS)] for number in range(len(KINDS) * OF_EACH)}
    spec = StandSpec(servers=tuple(ServerSpec(name=name) for name in faults))
    parts = {Part.EXPORTER, Part.PROMETHEUS, Part.ALERTMANAGER}
    with Stack(parts, spec=spec, configure=_document, quick=False, round_seconds=30.0) as stack:
        _wait(lambda: stack.value("count(kodeks_installation_state == 1)") == len(faults), "the first rounds")
        begun: dict[str, float] = {}
        took: dict[str, float] = {}
        last = time.monotonic() + APART * len(faults) + LONGEST
        for name, fault in faults.items():
            stack.stand.fault(name, fault)
            begun[name] = time.monotonic()
            _note(stack, begun, took, begun[name] + APART)
        while len(took) < len(faults) and time.monotonic() < last:
            _note(stack, begun, took, time.monotonic() + 1.0)
    for kind in KINDS:
        told = [f"{took[name]:.0f} s" if name in took else "never" for name in faults if faults[name] == kind]
        print(f"{kind}: {', '.join(told)}")
    seconds = [took.get(name, LONGEST) for name in faults]
    bounded(f"fault → message, median of {len(faults)}", statistics.median(seconds), MEDIAN, "s")
    bounded("fault → message, the slowest", max(seconds), WORST, "s")


def _document(_: dict[str, Any], stack: Stack) -> dict[str, Any]:
    return {
        "managers": [{"name": "ivanova"}],
        "poll": {"checks": f"{stack.round_seconds:g}s"},
        "installations": [
            {
                "name": each.name,
                "client": f"Клиент {each.name}.",
                "manager": "ivanova",
                "mode": "push",
                "url": stack.stand.url(each.name),
                "credentials": {"username": "smartlogin", "password": "smartpassword"},
            }
            for each in stack.stand.spec.servers
        ],
    }


def _note(stack: Stack, begun: dict[str, float], took: dict[str, float], until: float) -> None:
    """Watches the mails up to a given moment, and records when a client was first named."""
    while time.monotonic() < until:
        now = time.monotonic()
        for name in begun.keys() - took.keys():
            if any(f"Клиент {name}." in f"{mail.subject}\n{mail.text}" for mail in stack.mails.messages):
                took[name] = now - begun[name]
        time.sleep(0.5)


def _wait(condition: Callable[[], bool], what: str) -> None:
    last = time.monotonic() + LONGEST
    while not condition():
        if time.monotonic() > last:
            raise TimeoutError(f"{what}: not within {LONGEST:g} s")
        time.sleep(1.0)


if __name__ == "__main__":
    main()

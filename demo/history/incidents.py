"""What went wrong at an installation in a year, to the hour."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from random import Random

from demo.history.sites import Site
from demo.people.company import mix

STATES = (
    "ok", "maintenance", "needs_service", "key_missing", "out_of_seats", "not_started", "server_error", "warning",
    "unreachable",
)  # fmt: skip
CHECKS = ("tcp", "http", "maintenance", "key", "page", "seats", "auth", "catalog")
"""The checks that the history holds, each before those that it blocks."""

_KINDS = (
    ("unreachable", "tcp", 4.0, 5.0),
    ("maintenance", "maintenance", 5.0, 2.0),
    ("key_missing", "key", 1.0, 6.0),
    ("needs_service", "page", 0.7, 9.0),
    ("server_error", "page", 0.8, 3.0),
    ("out_of_seats", "seats", 0.8, 1.0),
    ("warning", "page", 0.5, 4.0),
    ("ok", "catalog", 0.8, 6.0),
)
"""State, the check that fails, how often a year, mean hours."""
_BLOCKED = {
    "tcp": ("http", "maintenance", "key", "page", "seats", "auth", "catalog"),
    "maintenance": ("http", "key", "page", "seats", "auth", "catalog"),
    "key": ("page", "seats", "auth"),
    "page": ("seats", "auth", "catalog"),
    "seats": ("auth",),
    "catalog": (),
}
_LAST = (("unreachable", "tcp"), ("key_missing", "key"), ("maintenance", "maintenance"), ("needs_service", "page"),
         ("ok", "catalog"))  # fmt: skip
"""What is wrong as the history ends, so that there is something to repair now."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Hours since the history's start, the end not included."""

    begin: int
    end: int
    state: str
    check: str

    def result(self, check: str) -> int | None:
        """What a check says during it: 1, 0, or None when it is blocked by ``self.check``."""
        if check == self.check:
            return 0
        return None if check in _BLOCKED[self.check] else 1


def incidents(seed: int, site: Site, start: dt.date, hours: int) -> list[Incident]:
    """In order, without overlaps, at least an hour apart. Push installations have none: nobody looks at them."""
    if site.mode == "push":
        return []
    rng = Random(mix(seed, "incidents", site.name, start))
    drawn: list[Incident] = []
    for state, check, often, mean in _KINDS:
        expected = often / site.reliability * hours / 8760
        while expected > 0 and rng.random() < expected:
            expected -= 1
            begin = rng.randrange(max(1, hours))
            drawn.append(Incident(begin, min(hours, begin + 1 + int(rng.expovariate(1 / mean))), state, check))
    kept: list[Incident] = []
    for each in sorted(drawn, key=lambda incident: incident.begin):
        if not kept or each.begin > kept[-1].end + 1:
            kept.append(each)
    number = int(site.name[-3:])
    if number % 25 == 4:
        state, check = _LAST[number // 25 % len(_LAST)]
        last = Incident(max(0, hours - 2 - number % 7), hours, state, check)
        kept = [*(each for each in kept if each.end + 1 < last.begin), last]
    return kept

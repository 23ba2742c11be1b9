"""What is wrong here and there, and since when: volumes, updates, licences, reports, disks of an installation.

Asked by the metrics, by the alerts and by the truth, so that all three agree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from demo.history.life import Life

_ILL_SECONDS = 14 * 86400
_OPERUP_AGE = 20 * 3600 + 2700
_STALE_AGE = 5 * 86400
_SILENT_SECONDS = 3 * 86400
_GIVEN_UP_SECONDS = 30 * 86400


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of an installation. Times are Unix seconds.

    ``ill_since``: since when it has an error (2007) until the history's end; None: none. ``stale``: its daily updates
    stopped coming.
    """

    product: str
    title: str
    name: str
    operup: str
    expires: int
    ill_since: int | None
    stale: bool


def number(life: Life) -> int:
    """The installation's number."""
    return int(life.site.name[-3:])


def end(life: Life) -> int:
    """Unix seconds; the first moment that is over."""
    return life.start + life.hours * 3600


def registration_end(life: Life) -> int:
    """Unix seconds: start of the last valid day."""
    return _midnight(life, life.site.expires)


def _midnight(life: Life, day: dt.date) -> int:
    return int(dt.datetime.combine(day, dt.time(), life.site.zone).timestamp())


def volumes(life: Life) -> Iterator[Volume]:
    for place, (product, title, file) in enumerate(life.site.company.volumes):
        yield Volume(
            product=product,
            title=title,
            name=f"{file}.vol",
            operup=f"{file}.opu",
            # The second one ends some weeks before the registration.
            expires=_midnight(life, life.site.expires - dt.timedelta(days=47 if place == 1 else 0)),
            ill_since=end(life) - _ILL_SECONDS if place == 0 and number(life) % 15 == 7 else None,
            stale=place == 0 and number(life) % 12 == 5,
        )


def operup_made(life: Life, volume: Volume, at: int) -> int:
    """When the newest daily update that is there at a moment was made, Unix seconds."""
    made = at - _OPERUP_AGE
    return min(made, end(life) - _STALE_AGE) if volume.stale else made


def licence_end(life: Life) -> int:
    """The soonest end of a licence that matters at the history's end: one long over was given up."""
    oldest = end(life) - _GIVEN_UP_SECONDS
    ends = [volume.expires for volume in volumes(life) if volume.expires > oldest]
    return min(registration_end(life), *ends)


def report_via(life: Life) -> str:
    """How its reports come: pull, push or hand."""
    return "hand" if life.site.mode == "push" and number(life) % 3 == 0 else life.site.mode


def report_received(life: Life, at: int) -> int:
    """When the newest report at a moment came, Unix seconds. From every 50th none comes any more."""
    came = at - 870
    return min(came, end(life) - _SILENT_SECONDS) if number(life) % 50 == 30 else came


def spp_works(life: Life) -> bool:
    return number(life) % 40 != 13


def disks(life: Life) -> dict[str, tuple[int, int]]:
    """By partition, free bytes at the history's end and size; empty where there is no SNMP."""
    if life.site.mode == "push" or number(life) % 2:
        return {}
    gib = 2**30
    little = number(life) % 24 == 6
    system, data = ("C:", "D:") if life.site.windows else ("/", "/var")
    return {
        system: ((20 + number(life) % 60) * gib, 120 * gib),
        data: (7 * gib if little else (60 + number(life)) * gib, 500 * gib),
    }


def trial(life: Life) -> tuple[int, int | None] | None:
    """When it was first seen on trial and when without trial after that (None: it still is), Unix seconds.

    Every 16th installation was, or is, on trial.
    """
    if number(life) % 16 != 9:
        return None
    still = number(life) // 16 % 2 == 0
    days, lasted = (min(40, life.hours // 24), 0) if still else (min(200, life.hours // 24), 45)
    start = end(life) - days * 86400
    return start, None if still else min(end(life), start + lasted * 86400)

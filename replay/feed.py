"""From what fires after each evaluation to what Prometheus posts to Alertmanager, and when.

Prometheus posts an alert when it starts firing, again every minute, and once more when it is resolved. The repeats only
keep it from expiring in Alertmanager. Here it does not expire, so an alert is posted again only when its texts change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from replay.engine import Firing

RESEND: Final = 60.0
"""Prometheus' default: seconds between two posts of a firing alert."""
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Post:
    """``at``, ``since``, ``over``: seconds after the script's start; ``over`` None: it is firing."""

    at: float
    alert: Firing
    since: float
    over: float | None = None


@dataclass(slots=True)
class _Known:
    alert: Firing
    since: float
    told: float


def posts(steps: Sequence[Iterable[Firing]], step: float) -> list[Post]:
    """In order. ``steps``: what fires after each evaluation, ``step`` seconds apart."""
    known: dict[Labels, _Known] = {}
    made: list[Post] = []
    for number, firing in enumerate(steps):
        now = number * step
        current = {alert.labels: alert for alert in firing}
        for labels in [labels for labels in known if labels not in current]:
            ended = known.pop(labels)
            made.append(Post(now, ended.alert, ended.since, over=now))
        for labels, alert in sorted(current.items()):
            before = known.get(labels)
            if before is None:
                known[labels] = _Known(alert, now, now)
                made.append(Post(now, alert, now))
            elif before.alert != alert and now - before.told >= RESEND:
                known[labels] = _Known(alert, before.since, now)
                made.append(Post(now, alert, before.since))
    return made

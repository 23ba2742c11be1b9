"""What was planted, and whether it was reported: to whom, how much later, through which channels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from demo.history import facts
from demo.history.model import History
from replay.week.dispatch import Sent

_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_ALERTS: Final = {
    "tcp": ("KodeksTcpStatus", "KodeksHostingOutage"),
    "key": ("KodeksOnlineSensLockCheck",),
    "page": ("KodeksNeedSupport", "KodeksWarning"),
    "catalog": ("KodeksCatalogBroken",),
    "maintenance": ("KodeksMaintenance", "KodeksMaintenanceToLong"),
}
_WITHIN: Final = {"catalog": 0.5 * _HOUR, "maintenance": 2.5 * _HOUR}
_AT_ONCE: Final = 0.25 * _HOUR
_WORTH: Final = {"maintenance": 3 * _HOUR}
"""Seconds that it must last to be reported at all."""


@dataclass(frozen=True, slots=True)
class Planted:
    """``at``: seconds of the script; ``within``: seconds until somebody must know. ``alerts``: one of them reports
    it."""

    who: str
    what: str
    at: float
    within: float
    alerts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """``after``: seconds; None: nobody was notified in time. ``by``: receivers."""

    planted: Planted
    after: float | None
    by: frozenset[str]


def planted(history: History, start: float, begin: float, end: float) -> Iterator[Planted]:
    """What goes wrong between ``begin`` and ``end``; these and ``start`` (of the script) in Unix seconds."""
    for life in history.lives:
        name = life.site.name
        for each in life.incidents:
            at = life.start + each.begin * _HOUR
            lasts = (each.end - each.begin) * _HOUR
            if each.check in _ALERTS and begin <= at < end - _AT_ONCE and lasts >= _WORTH.get(each.check, 0.0):
                within = _WITHIN.get(each.check, _AT_ONCE)
                yield Planted(name, each.check, at - start, within, _ALERTS[each.check])
        for volume in facts.volumes(life):
            since = volume.ill_since
            if since is not None and begin <= since < end - _DAY:
                yield Planted(name, "volume", since - start, _DAY, ("KodeksDBerrorsCode2007",))
        licence = facts.licence_end(life)
        for days, alert in ((7, "KodeksLicenseExpiring7day"), (2, "KodeksLicenseExpiring2day")):
            at = licence - days * _DAY
            if begin <= at < end - _DAY:
                yield Planted(name, f"licence {days} days", at - start, _DAY, (alert,))
    for access in history.online.accesses:
        moments = history.online.moments
        left = access.left["documents"]
        for place, at in enumerate(moments):
            if place and left[place] <= 0 < left[place - 1] and begin <= at < end - _DAY:
                yield Planted(access.account, "documents", at - start, _DAY, ("OnlineBillingDocsLeftZero",))


def told(incidents: Sequence[Planted], sent: Sequence[Sent]) -> list[Told]:
    """For each incident the first message that reports it in time."""
    found = []
    for each in incidents:
        fitting = [
            message
            for message in sent
            if message.at >= each.at - 1 and message.at - each.at <= each.within
            if any(_about(each, dict(labels)) for labels in message.firing)
        ]
        after = min((message.at - each.at for message in fitting), default=None)
        found.append(Told(each, after, frozenset(message.receiver for message in fitting)))
    return found


def _about(each: Planted, labels: dict[str, str]) -> bool:
    if labels["alertname"] not in each.alerts:
        return False
    return labels["alertname"] == "KodeksHostingOutage" or each.who in (
        labels.get("installation"), labels.get("account"),
    )  # fmt: skip

"""The state of an online access as one value, its change by a visit, and its storage."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

import msgspec

from kodeks_exporter.domain.online import OnlineReading, Quota, Resource, UsePattern, is_answered
from kodeks_exporter.domain.report import SearchEvent
from kodeks_exporter.settings.online import OnlineSettings

_MONTHS: Final = 2
_CERTAIN_UNTIL: Final = 2
"""A learnt limit is certain if the month was first seen on this day or earlier."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """The largest ``left`` seen in ``month`` (YYYY-MM), which was first seen on day ``since``."""

    month: str
    largest: int
    since: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """``fingerprint``: of url, login and password, salted and slow to guess. ``next_try`` in Unix seconds."""

    fingerprint: str
    count: int
    next_try: float


@dataclass(frozen=True, slots=True)
class AccessState:
    """Times in Unix seconds. ``attempted``: the last visit, ``reason``: how it failed ("" if it did not); ``read``:
    the last good visit, which ``quotas`` are from. ``quotas`` have a learnt limit where the page shows none;
    ``uncertain``: those whose month was not seen from its beginning. ``failures``: failed visits in a row, not
    counting refusals. ``events``: the newest searches, oldest first."""

    attempted: float | None = None
    reason: str = ""
    login: bool | None = None
    read: float | None = None
    quotas: Mapping[Resource, Quota] = field(default_factory=dict)
    uncertain: frozenset[Resource] = frozenset()
    learnt: Mapping[Resource, Learnt] = field(default_factory=dict)
    failures: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    searches: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By type and status, of all time."""
    history_day: date | None = None
    """The newest day of the history that was read."""
    use_pattern: UsePattern | None = None
    refusal: Refusal | None = None
    events: tuple[SearchEvent, ...] = ()
    months: Mapping[str, Mapping[Resource, int]] = field(default_factory=dict)
    """By month (YYYY-MM), what was left at its last good visit: the month of ``read`` and the one seen before it."""

    @property
    def up(self) -> bool | None:
        """Whether the vendor's system answered properly at the last visit; None before the first."""
        return None if self.attempted is None else is_answered(self.reason)


UNKNOWN: Final = AccessState()


def after_visit(before: AccessState, reading: OnlineReading, today: date, settings: OnlineSettings) -> AccessState:
    login = before.login if reading.login is None else reading.login
    if reading.reason:
        errors = Counter(before.errors)
        errors[reading.reason] += 1
        failures = before.failures + (reading.reason != "refused")
        return replace(
            before, attempted=reading.started, reason=reading.reason, login=login, errors=errors, failures=failures
        )
    errors = Counter(before.errors)
    if reading.history_reason:
        errors[reading.history_reason] += 1
    learnt = {resource: _learn(before.learnt.get(resource), quota, today) for resource, quota in reading.quotas.items()}
    quotas = {
        resource: quota if quota.limit is not None else Quota(quota.left, learnt[resource].largest)
        for resource, quota in reading.quotas.items()
    }
    uncertain = frozenset(
        resource
        for resource, quota in reading.quotas.items()
        if quota.limit is None and learnt[resource].since > _CERTAIN_UNTIL
    )
    return replace(
        before,
        attempted=reading.started,
        reason="",
        login=login,
        read=reading.started,
        quotas=quotas,
        uncertain=uncertain,
        learnt=learnt,
        failures=0,
        errors=errors,
        months=_months(before, {resource: quota.left for resource, quota in reading.quotas.items()}, today, settings),
    )


def _months(
    before: AccessState, left: Mapping[Resource, int], today: date, settings: OnlineSettings
) -> Mapping[str, Mapping[Resource, int]]:
    known = dict(before.months)
    if not known and before.read is not None:  # a storage from before months were kept
        month = f"{datetime.fromtimestamp(before.read, settings.time_zone):%Y-%m}"
        known[month] = {resource: quota.left for resource, quota in before.quotas.items()}
    month = f"{today:%Y-%m}"
    known[month] = {**known.get(month, {}), **left}
    return {month: known[month] for month in sorted(known)[-_MONTHS:]}


def _learn(before: Learnt | None, quota: Quota, today: date) -> Learnt:
    month = f"{today:%Y-%m}"
    if before is None or before.month != month:
        return Learnt(month, quota.left, today.day)
    return replace(before, largest=max(before.largest, quota.left))


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(AccessState)


def encoded(state: AccessState) -> bytes:
    return _encoder.encode(replace(state, events=()))


def decoded(stored: bytes | str) -> AccessState:
    """Raises ``msgspec.DecodeError``, and other errors for damaged text of an older version."""
    return _decoder.decode(stored) if isinstance(stored, bytes) else _of_older(json.loads(stored))


def _of_older(found: dict[str, Any]) -> AccessState:
    """Until 0.2 a state was JSON; the next visit rewrites it."""
    found["use_pattern"] = found.pop("profile", None)
    found["searches"] = {(kind, status): count for kind, status, count in found.get("searches", ())}
    found["learnt"] = {key: Learnt(*values) for key, values in found.get("learnt", {}).items()}
    refusal = found.get("refusal")
    found["refusal"] = Refusal(*refusal) if refusal else None
    return msgspec.convert(found, AccessState)

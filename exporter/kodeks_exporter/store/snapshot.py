"""What is known about an installation from its reports: immutable values, replaced as a whole.

A snapshot is stored as one value, so a report is either completely in force or not at all, and a restart shows the same
figures. A field added later needs a default, so that older storages can be read.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from kodeks_exporter.domain.report import (
    CARD_FIELDS,
    Block,
    KassistDay,
    Module,
    OperUpFile,
    ReportHeader,
    SearchEvent,
    Session,
    User,
    UserUsage,
    Volume,
)
from kodeks_exporter.domain.texts import login_and_domain
from kodeks_exporter.store.changes import Changes
from kodeks_exporter.store.months import MonthSums

DURATION_BUCKETS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)
"""Upper bounds in seconds; one more bucket holds what is slower."""

SearchKind = tuple[str, str, str, str]
"""Catalog, source, type, status."""
UserKey = tuple[str, str]
"""Login, domain."""


class KnownUser(NamedTuple):
    """A user from any report. Times are Unix seconds.

    ``first_report``, ``last_report``: when the first and the last report with this user were made. ``told`` and
    ``filled`` are bits by position in ``CARD_FIELDS``: which fields the report has, and which are filled. ``did`` has
    bits of ``store.newcomers``: actions in the first 30 days.
    """

    login: str
    domain: str
    registered: float | None
    first_report: float
    last_seen: float | None
    last_report: float
    told: int
    filled: int
    did: int = 0

    @property
    def first_seen(self) -> float:
        return self.first_report if self.registered is None else self.registered

    def card(self) -> dict[str, bool]:
        return {name: bool(self.filled >> bit & 1) for bit, name in enumerate(CARD_FIELDS) if self.told >> bit & 1}


def known_user(user: User, made: float) -> KnownUser:
    told = filled = 0
    for bit, name in enumerate(CARD_FIELDS):
        if name in user.filled:
            told |= 1 << bit
            filled |= user.filled[name] << bit
    return KnownUser(user.login, user.domain, user.registered, made, user.last_seen, made, told, filled)


def same_card(a: KnownUser, b: KnownUser) -> bool:
    """Whether two reports say the same of a user."""
    return (a.registered, a.last_seen, a.told, a.filled) == (b.registered, b.last_seen, b.told, b.filled)


class Durations(NamedTuple):
    """A histogram. ``counts``: per bucket of ``DURATION_BUCKETS`` and one more, not cumulative.

    ``microseconds``: the sum, an integer so that it does not depend on the order of adding.
    """

    counts: tuple[int, ...] = (0,) * (len(DURATION_BUCKETS) + 1)
    microseconds: int = 0


class Explanation(NamedTuple):
    """Why a search was probably empty, and the family of documents it was looking for; see ``domain.queries``."""

    cause: str
    family: str


@dataclass(frozen=True, slots=True)
class Window:
    """The newest single searches, oldest first. ``unsuccessful`` are empty and failed ones, ``ok`` all others."""

    ok: tuple[SearchEvent, ...] = ()
    unsuccessful: tuple[SearchEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class LastReport:
    """The report in force. ``made``: Unix seconds, ``created`` of the header or, where that is missing or lies in the
    future, when the report came. ``date`` and ``month``: of ``made`` in local time, ``YYYY-MM-DD`` and ``YYYY-MM``.
    """

    header: ReportHeader
    made: float
    date: str
    month: str
    received: float
    via: str
    size: int
    blocks: frozenset[Block]
    modules: tuple[Module, ...] = ()
    sessions: tuple[Session, ...] = ()
    volumes: tuple[Volume, ...] = ()
    operup: tuple[OperUpFile, ...] = ()
    usage_fields: frozenset[str] = frozenset()
    """Counters of ``UserUsage`` that the installation's reports have."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """By subject: records beyond the bounds of what is kept of one report."""


@dataclass(frozen=True, slots=True, eq=False)
class ReportSnapshot:
    """All mappings are read-only. ``report`` None: no readable report yet. Compared by identity: every change makes
    another snapshot."""

    report: LastReport | None = None
    errors: Mapping[str, int] = field(default_factory=dict)
    """Reports that could not be fetched or read, by reason."""
    users: Mapping[UserKey, KnownUser] = field(default_factory=dict)
    usage: Mapping[UserKey, UserUsage] = field(default_factory=dict)
    """Of the month of the report in force."""
    searches: Mapping[SearchKind, int] = field(default_factory=dict)
    durations: Mapping[str, Durations] = field(default_factory=dict)
    """By status."""
    empty_searches: Mapping[Explanation, int] = field(default_factory=dict)
    rejections: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By login and reason."""
    window: Window = field(default_factory=Window)
    explanations: Mapping[str, Explanation] = field(default_factory=dict)
    """By query, of the empty searches in the window."""
    kassist: Mapping[str, KassistDay] = field(default_factory=dict)
    """By date."""
    horizon: int = 0
    """Events of days before this one (days since 1970 UTC) were pruned."""
    months: Mapping[str, MonthSums] = field(default_factory=dict)
    """By month, ``YYYY-MM``. Empty in an older storage until the next report comes."""
    changes: Changes = field(default_factory=Changes)
    zone: str = ""
    """Time zone with which local times of reports were read; empty: unknown, or the times have an offset."""

    @property
    def current_users(self) -> list[KnownUser]:
        """Those of the report in force."""
        report = self.report
        return [] if report is None else [user for user in self.users.values() if user.last_report >= report.made]


@dataclass(frozen=True, slots=True)
class _Stored:
    """A snapshot as it is stored: without keys that the values contain."""

    report: LastReport | None = None
    errors: dict[str, int] = field(default_factory=dict)
    users: list[KnownUser] = field(default_factory=list)
    searches: list[tuple[SearchKind, int]] = field(default_factory=list)
    durations: dict[str, Durations] = field(default_factory=dict)
    empty_searches: list[tuple[Explanation, int]] = field(default_factory=list)
    rejections: list[tuple[tuple[str, str], int]] = field(default_factory=list)
    window: Window = field(default_factory=Window)
    explanations: dict[str, Explanation] = field(default_factory=dict)
    kassist: list[KassistDay] = field(default_factory=list)
    horizon: int = 0
    months: list[MonthSums] = field(default_factory=list)
    zone: str = ""
    changes: Changes = field(default_factory=Changes)


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_Stored)
_usage_decoder: Final = msgspec.msgpack.Decoder(list[UserUsage])


def encode_snapshot(snapshot: ReportSnapshot) -> bytes:
    """Without usage, which is stored by month."""
    return _encoder.encode(
        _Stored(
            report=snapshot.report,
            errors=dict(snapshot.errors),
            users=list(snapshot.users.values()),
            searches=list(snapshot.searches.items()),
            durations=dict(snapshot.durations),
            empty_searches=list(snapshot.empty_searches.items()),
            rejections=list(snapshot.rejections.items()),
            window=snapshot.window,
            explanations=dict(snapshot.explanations),
            kassist=list(snapshot.kassist.values()),
            horizon=snapshot.horizon,
            months=list(snapshot.months.values()),
            zone=snapshot.zone,
            changes=snapshot.changes,
        )
    )


def decode_snapshot(data: bytes, usage: Mapping[UserKey, UserUsage]) -> ReportSnapshot:
    """Raises ``msgspec.DecodeError``."""
    stored = _decoder.decode(data)
    return ReportSnapshot(
        report=stored.report,
        errors=stored.errors,
        users=_people(stored.users),
        usage=usage,
        searches=dict(stored.searches),
        durations=stored.durations,
        empty_searches=dict(stored.empty_searches),
        rejections=_refused(stored.rejections),
        window=Window(tuple(map(_seen, stored.window.ok)), tuple(map(_seen, stored.window.unsuccessful))),
        explanations=stored.explanations,
        kassist={day.date: day for day in stored.kassist},
        horizon=stored.horizon,
        months={sums.month: sums for sums in stored.months},
        zone=stored.zone,
        changes=stored.changes,
    )


def _people(users: Iterable[KnownUser]) -> dict[UserKey, KnownUser]:
    """By login and domain as they are read today: earlier versions distinguished them by case and blanks."""
    people: dict[UserKey, KnownUser] = {}
    for user in users:
        key = login_and_domain(user.login, user.domain)
        user = user._replace(login=key[0], domain=key[1])
        people[key] = _one(people[key], user) if key in people else user
    return people


def _seen(event: SearchEvent) -> SearchEvent:
    return event._replace(login=login_and_domain(event.login, "")[0])


def _one(a: KnownUser, b: KnownUser) -> KnownUser:
    newer, older = (a, b) if a.last_report >= b.last_report else (b, a)
    return newer._replace(
        registered=older.registered if newer.registered is None else newer.registered,
        first_report=min(a.first_report, b.first_report),
        last_seen=max((time for time in (a.last_seen, b.last_seen) if time is not None), default=None),
        did=a.did | b.did,
    )


def _refused(counts: Iterable[tuple[tuple[str, str], int]]) -> dict[tuple[str, str], int]:
    refused: dict[tuple[str, str], int] = {}
    for (login, reason), count in counts:
        key = login_and_domain(login, "")[0], reason
        refused[key] = refused.get(key, 0) + count
    return refused


def encode_usage(usage: Mapping[UserKey, UserUsage]) -> bytes:
    return _encoder.encode(list(usage.values()))


def decode_usage(data: bytes) -> dict[UserKey, UserUsage]:
    usage: dict[UserKey, UserUsage] = {}
    for row in _usage_decoder.decode(data):
        key = login_and_domain(row.login, row.domain)
        row = row._replace(login=key[0], domain=key[1])
        usage[key] = larger(usage[key], row) if key in usage else row
    return usage


def larger(a: UserUsage, b: UserUsage) -> UserUsage:
    """The larger of each counter: within a month the server's counters only grow (known)."""
    both = UserUsage(a.login, a.domain, a.month, *map(_larger, a[3:], b[3:]))
    return a if both == a else both  # mostly: a report repeats the one before


def _larger(a: int | None, b: int | None) -> int | None:
    if a is None or b is None:
        return b if a is None else a
    return max(a, b)


def bucket(duration: float) -> int:
    """Which of ``Durations.counts`` a duration in seconds belongs to."""
    return bisect_left(DURATION_BUCKETS, duration)

"""Counts searches and rejections, and picks the searches that are shown individually."""

from collections import Counter
from collections.abc import Iterable, Mapping
from operator import attrgetter, itemgetter
from typing import Final

from kodeks_exporter.domain.report import Rejection, SearchEvent
from kodeks_exporter.settings.history import SearchEventSettings
from kodeks_exporter.store.bounds import REASONS
from kodeks_exporter.store.snapshot import DURATION_BUCKETS, Durations, SearchKind, Window, bucket

OTHER: Final = "other"
UNSUCCESSFUL: Final = frozenset(("empty", "error"))
_FUTURE: Final = 86400.0
"""Seconds by which a search may be later than its report; a later one would stay in the window forever."""
_DISTINCT: Final = 20_000
_MOST_KINDS: Final = 1000
_MOST_REJECTED: Final = 5000
_CANDIDATES: Final = 4096
_WAITING: Final = 512

_kind_and_duration: Final = itemgetter(2, 3, 4, 5, 8)
_login_and_reason: Final = itemgetter(1, 2)
_time: Final = attrgetter("time")


class SearchTally:
    """Counts searches by kind and duration. Many share both, so they are counted first and sorted later."""

    def __init__(self) -> None:
        self._waiting: list[SearchEvent] = []
        self._pending: Counter[tuple[str, str, str, str, float | None]] = Counter()
        self._kinds: Counter[SearchKind] = Counter()
        self._buckets: dict[str, list[int]] = {}
        self._microseconds: Counter[str] = Counter()

    def add(self, events: Iterable[SearchEvent]) -> None:
        self._waiting.extend(events)
        if len(self._waiting) >= _WAITING:
            self._count()
            if len(self._pending) > _DISTINCT:
                self._fold()

    def _count(self) -> None:
        self._pending.update(map(_kind_and_duration, self._waiting))
        self._waiting.clear()

    def _fold(self) -> None:
        self._count()
        for (catalog, source, kind, status, duration), count in self._pending.items():
            key = (catalog, source, kind, status)
            if key not in self._kinds and len(self._kinds) >= _MOST_KINDS:
                key = (OTHER, source, kind, status)
            self._kinds[key] += count
            if duration is not None:
                counts = self._buckets.setdefault(status, [0] * (len(DURATION_BUCKETS) + 1))
                counts[bucket(duration)] += count
                self._microseconds[status] += round(duration * 1e6) * count
        self._pending.clear()

    def kinds(self, before: Mapping[SearchKind, int]) -> Mapping[SearchKind, int]:
        """``before`` and what was counted. Beyond a bound, new catalogs count as ``other``."""
        self._fold()
        counts = dict(before)
        for key, count in self._kinds.items():
            if key not in counts and len(counts) >= _MOST_KINDS:
                key = (OTHER, *key[1:])
            counts[key] = counts.get(key, 0) + count
        return counts

    def durations(self, before: Mapping[str, Durations]) -> Mapping[str, Durations]:
        self._fold()
        merged = dict(before)
        for status, counts in self._buckets.items():
            old = merged.get(status, Durations())
            merged[status] = Durations(
                tuple(a + b for a, b in zip(old.counts, counts, strict=True)),
                old.microseconds + self._microseconds[status],
            )
        return merged


class RejectionTally:
    """Counts refused connections by login and reason."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._reasons: set[str] = set()

    def add(self, events: Iterable[Rejection]) -> None:
        for (login, reason), count in Counter(map(_login_and_reason, events)).items():
            if reason not in self._reasons:
                if len(self._reasons) < REASONS:
                    self._reasons.add(reason)
                else:
                    reason = OTHER
            known = (login, reason) in self._counts or len(self._counts) < _MOST_REJECTED
            self._counts[login if known else OTHER, reason] += count

    def counts(self, before: Mapping[tuple[str, str], int]) -> Mapping[tuple[str, str], int]:
        """``before`` and what was counted. Beyond bounds, new reasons and logins count as ``other``."""
        counts = dict(before)
        reasons = {reason for _, reason in counts}
        for (login, reason), count in self._counts.items():
            if reason not in reasons:
                if len(reasons) < REASONS:
                    reasons.add(reason)
                else:
                    reason = OTHER
            key = (login, reason)
            if key not in counts and len(counts) >= _MOST_REJECTED:
                key = (OTHER, reason)
            counts[key] = counts.get(key, 0) + count
        return counts


class WindowPicker:
    """Picks the newest searches out of many. ``made``: when the report was made, Unix seconds."""

    def __init__(self, settings: SearchEventSettings, made: float) -> None:
        self._settings = settings
        self._ok: list[SearchEvent] = []
        self._unsuccessful: list[SearchEvent] = []
        self.move(made)

    def move(self, made: float) -> None:
        """Applies to events added afterwards; a report usually starts with its creation time."""
        self._since_ok = made - self._settings.ok_age
        self._since_unsuccessful = made - self._settings.unsuccessful_age
        self._until = made + _FUTURE
        self.since = min(self._since_ok, self._since_unsuccessful)

    def add(self, events: Iterable[SearchEvent]) -> None:
        until, since_ok, since_unsuccessful = self._until, self._since_ok, self._since_unsuccessful
        for event in events:
            time = event.time
            if event.status in UNSUCCESSFUL:
                if since_unsuccessful <= time <= until:
                    self._unsuccessful.append(event)
            elif since_ok <= time <= until:
                self._ok.append(event)
        if len(self._ok) > _CANDIDATES:
            self._ok = _newest(self._ok, self._settings.ok_count)
        if len(self._unsuccessful) > _CANDIDATES:
            self._unsuccessful = _newest(self._unsuccessful, self._settings.unsuccessful_count)

    def window(self, before: Window) -> Window:
        """The newest of ``before`` and of what was added."""
        if not self._ok and not self._unsuccessful:
            return before
        settings = self._settings
        return Window(
            tuple(_newest([*before.ok, *self._ok], settings.ok_count)),
            tuple(_newest([*before.unsuccessful, *self._unsuccessful], settings.unsuccessful_count)),
        )


def _newest(events: list[SearchEvent], count: int) -> list[SearchEvent]:
    events.sort(key=_time)
    return events[-count:] if count else []

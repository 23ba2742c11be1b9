"""A small model of Alertmanager: which message is sent when, given grouping, waits, repeats, inhibition and hours.

A real one would take a week for a week, and working hours don't work with a faster clock. Every replay case checks that
the model agrees with a real Alertmanager (tests/replay/test_cases.py).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from replay import clock, scaled

Labels = tuple[tuple[str, str], ...]
_MATCHER: Final = re.compile(r'^\s*(\w+)\s*(=~|!~|!=|=)\s*"?((?:[^"\\]|\\.)*)"?\s*$')
_SWEEP: Final = 30.0
"""Maximum time in seconds until Alertmanager forgets an empty group."""


@dataclass(frozen=True, slots=True)
class Change:
    """``at``: seconds; which alerts start and which stop firing."""

    at: float
    begun: frozenset[Labels]
    ended: frozenset[Labels]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message: ``at`` seconds, through which receiver. ``repeat``: it says nothing new."""

    at: float
    receiver: str
    firing: frozenset[Labels]
    resolved: frozenset[Labels]
    repeat: bool

    @property
    def alert(self) -> str:
        """Its name; for a list of several, what people call it."""
        names = {dict(labels)["alertname"] for labels in self.firing or self.resolved}
        return names.pop() if len(names) == 1 else "утренняя сводка"


class _Matchers:
    def __init__(self, texts: Iterable[str]) -> None:
        self._all = []
        for text in texts:
            found = _MATCHER.match(text)
            if found is None:
                raise ValueError(f"not a matcher: {text}")
            name, sign, value = found.groups()
            value = value.replace('\\"', '"').replace("\\\\", "\\")
            self._all.append((name, sign, re.compile(value if "~" in sign else re.escape(value))))

    def fit(self, labels: Mapping[str, str]) -> bool:
        return all(
            bool(pattern.fullmatch(labels.get(name, ""))) == sign.startswith("=") for name, sign, pattern in self._all
        )


@dataclass(slots=True)
class _Leaf:
    """A route with everything that it inherits."""

    receiver: str
    group_by: tuple[str, ...]
    wait: float
    interval: float
    repeat: float
    mute: tuple[str, ...]
    active: tuple[str, ...]
    place: int


@dataclass(slots=True)
class _Group:
    leaf: _Leaf
    firing: set[Labels] = field(default_factory=set)
    resolved: set[Labels] = field(default_factory=set)
    next: float = 0.0
    told: frozenset[Labels] = frozenset()
    told_over: frozenset[Labels] = frozenset()
    told_at: float | None = None
    emptied: float | None = None


class Model:
    """``start``: the time at 0 seconds. ``document``: the parsed alertmanager.yml."""

    def __init__(self, document: Mapping[str, Any], start: datetime, length: float) -> None:
        self._document, self._start = document, start
        self._resolved = {
            receiver["name"]: any(
                each.get("send_resolved", kind == "webhook_configs")
                for kind, configs in receiver.items() if kind.endswith("_configs") for each in configs
            )
            for receiver in document["receivers"]
        }  # fmt: skip
        found = scaled.edges(dict(document), start, start + timedelta(seconds=length))
        self._spans = {
            name: (first, [(edge.at - start).total_seconds() for edge in edges])
            for name, (first, edges) in found.items()
        }
        self._edges = sorted({at for _, edges in self._spans.values() for at in edges})
        self._places = 0
        self._inhibitions = [
            (_Matchers(rule["source_matchers"]), _Matchers(rule["target_matchers"]), tuple(rule.get("equal", ())))
            for rule in document.get("inhibit_rules", ())
        ]
        self._length = length
        self._firing: set[Labels] = set()
        self._groups: dict[tuple[int, Labels], _Group] = {}
        self._routed: dict[Labels, list[_Leaf]] = {}
        self._leaves: dict[tuple[int, ...], _Leaf] = {}
        self._muted: dict[Labels, bool] = {}

    def play(self, changes: Iterable[Change]) -> list[Sent]:
        """In order."""
        sent: list[Sent] = []
        for change in changes:
            sent += self._until(change.at)
            self._muted.clear()
            self._firing |= change.begun
            self._firing -= change.ended
            for labels in change.begun:
                self._begin(labels, change.at)
            for labels in change.ended:
                for group in self._of(labels):
                    group.firing.discard(labels)
                    group.resolved.add(labels)
        return sent + list(self._until(self._length))

    def _begin(self, labels: Labels, now: float) -> None:
        for leaf in self._routes(labels):
            key = leaf.place, tuple((name, dict(labels).get(name, "")) for name in leaf.group_by)
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = _Group(leaf, next=now + leaf.wait)
            elif not group.firing and not group.resolved and group.emptied is not None and now - group.emptied > _SWEEP:
                group.next = now + leaf.wait
            group.emptied = None
            group.firing.add(labels)
            group.resolved.discard(labels)

    def _of(self, labels: Labels) -> Iterator[_Group]:
        for leaf in self._routes(labels):
            group = self._groups.get((leaf.place, tuple((name, dict(labels).get(name, "")) for name in leaf.group_by)))
            if group is not None:
                yield group

    def _until(self, end: float) -> Iterator[Sent]:
        """All flushes before ``end``, when the next change comes."""
        found = []
        for group in self._groups.values():
            while group.next < end and (group.firing or group.resolved):
                message = self._flush(group, group.next)
                if message is not None:
                    found.append(message)
                step = group.leaf.interval
                # There is nothing new to send before one of these; the flushes in between send nothing.
                due = min(
                    end,
                    (group.told_at + group.leaf.repeat) if group.told_at is not None else end,
                    next((at for at in self._edges[bisect_right(self._edges, group.next) :]), end),
                )
                count = 1 if group.resolved else max(1, -int(-(due - group.next) // step))
                group.next += step * count
        yield from sorted(found, key=lambda message: message.at)

    def _flush(self, group: _Group, now: float) -> Sent | None:
        firing = frozenset(labels for labels in group.firing if not self._inhibited(labels))
        over = frozenset(labels for labels in group.resolved if not self._inhibited(labels))
        group.resolved.clear()
        if not group.firing:
            group.emptied = now
        if not all(self._holds(name, now) for name in group.leaf.active[:1]) and group.leaf.active:
            return None
        if any(self._holds(name, now) for name in group.leaf.mute):
            return None
        if not firing and not over:
            return None
        news = not firing <= group.told if group.told_at is not None else bool(firing)
        ends = self._resolved.get(group.leaf.receiver, False)
        if not news and group.told_at is not None:
            if not firing:
                news = bool(group.told)
            elif ends:
                news = not over <= group.told_over
        repeat = not news
        if not news and (group.told_at is None or not firing or now - group.told_at < group.leaf.repeat):
            return None
        group.told, group.told_over, group.told_at = firing, over, now
        shown = over if ends else frozenset()
        return Sent(now, group.leaf.receiver, firing, shown, repeat) if firing or shown else None

    def _holds(self, name: str, now: float) -> bool:
        first, edges = self._spans[name]
        return first == (bisect_right(edges, now) % 2 == 0)

    def _inhibited(self, labels: Labels) -> bool:
        if labels not in self._muted:
            self._muted[labels] = self._inhibits(dict(labels))
        return self._muted[labels]

    def _inhibits(self, target: dict[str, str]) -> bool:
        for source, targets, equal in self._inhibitions:
            if not targets.fit(target):
                continue
            both = source.fit(target)
            for labels in self._firing:
                other = dict(labels)
                if source.fit(other) and all(other.get(name, "") == target.get(name, "") for name in equal):
                    if both and targets.fit(other):
                        continue
                    return True
        return False

    def _routes(self, labels: Labels) -> list[_Leaf]:
        if labels not in self._routed:
            root = _Leaf("", (), 30.0, 300.0, 4 * 3600.0, (), (), 0)
            self._routed[labels] = list(self._walk(self._document["route"], dict(labels), root, ()))
        return self._routed[labels]

    def _walk(
        self, route: Mapping[str, Any], labels: dict[str, str], above: _Leaf, path: tuple[int, ...]
    ) -> Iterator[_Leaf]:
        own = _Leaf(
            route.get("receiver", above.receiver),
            tuple(route.get("group_by", above.group_by)),
            clock.seconds(route["group_wait"]) if "group_wait" in route else above.wait,
            clock.seconds(route["group_interval"]) if "group_interval" in route else above.interval,
            clock.seconds(route["repeat_interval"]) if "repeat_interval" in route else above.repeat,
            tuple(route.get("mute_time_intervals", ())),
            tuple(route.get("active_time_intervals", ())),
            0,
        )
        matched = False
        for number, child in enumerate(route.get("routes", ())):
            if _Matchers(child.get("matchers", ())).fit(labels):
                matched = True
                yield from self._walk(child, labels, own, (*path, number))
                if not child.get("continue"):
                    break
        if not matched:
            if path not in self._leaves:
                self._places += 1
                own.place = self._places
                self._leaves[path] = own
            yield self._leaves[path]

"""The open connections, bounded in total and by address. Idle ones make room for new ones.

Strangers may open connections as fast as they like. So when there is no room, the connection that has waited longest
for its peer is closed, first among those that have never sent a complete request; those being answered stay. The newest
is turned away only when all others are being answered.
"""

import ipaddress
import resource
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

_RESERVED: Final = 256
"""Descriptors needed by checks, downloads and databases."""
_FEWEST: Final = 32


def room(most: int) -> int:
    """How many connections may be open: ``most``, or fewer if the process's descriptor limit requires it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * most + _RESERVED
    if soft < wanted and soft != resource.RLIM_INFINITY:
        raised = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if raised > soft:
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
            soft = raised
        return max(_FEWEST, min(most, (soft - _RESERVED) // 2))
    return most


def party(address: str) -> str:
    """The unit that is counted: an IPv4 address, or the /64 of an IPv6 address, which every subscriber has."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 6:
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


@dataclass(slots=True, eq=False)
class Place:
    """A connection's place in the table. ``drop`` closes it."""

    party: str
    drop: Callable[[], None]
    spoke: bool = False
    """It has sent a whole request once."""


@dataclass(slots=True)
class _Party:
    places: set[Place] = field(default_factory=set)
    silent: OrderedDict[Place, None] = field(default_factory=OrderedDict)
    """Connections waiting for their first request, the longest first."""
    idle: OrderedDict[Place, None] = field(default_factory=OrderedDict)
    """Connections that have sent one and wait for their peer."""

    def longest(self) -> Place | None:
        return next(iter(self.silent), None) or next(iter(self.idle), None)


class Table:
    """Used from the server's event loop only."""

    def __init__(self, most: int, of_one: int) -> None:
        """``of_one``: connections of one address."""
        self.most, self._of_one = most, of_one
        self._parties: dict[str, _Party] = {}
        self._open = 0
        self.turned_away = 0
        """Connections dropped for want of room since the start."""

    def __len__(self) -> int:
        return self._open

    def enter(self, place: Place) -> bool:
        """False: there is no room."""
        own = self._parties.get(place.party)
        if own is not None and len(own.places) >= self._of_one:
            victim = own.longest()
        elif self._open >= self.most:
            victim = max(self._parties.values(), key=lambda each: len(each.places)).longest() or self._anybody()
        else:
            self._add(place)
            return True
        self.turned_away += 1
        if victim is None:
            return False
        self.leave(victim)
        victim.drop()
        self._add(place)
        return True

    def make_room(self) -> None:
        """Another part of the process ran out of descriptors."""
        victim = self._anybody()
        if victim is not None:
            self.turned_away += 1
            self.leave(victim)
            victim.drop()

    def waits(self, place: Place) -> None:
        """For its peer."""
        own = self._parties.get(place.party)
        if own is not None and place in own.places:
            (own.idle if place.spoke else own.silent)[place] = None

    def works(self, place: Place) -> None:
        """It is being answered."""
        own = self._parties.get(place.party)
        if own is not None:
            own.silent.pop(place, None)
            own.idle.pop(place, None)

    def leave(self, place: Place) -> None:
        own = self._parties.get(place.party)
        if own is None or place not in own.places:
            return
        self.works(place)
        own.places.remove(place)
        self._open -= 1
        if not own.places:
            del self._parties[place.party]

    def waiting(self) -> list[Place]:
        return [place for each in self._parties.values() for place in (*each.silent, *each.idle)]

    def _add(self, place: Place) -> None:
        own = self._parties.setdefault(place.party, _Party())
        own.places.add(place)
        own.silent[place] = None
        self._open += 1

    def _anybody(self) -> Place | None:
        return next((found for each in self._parties.values() if (found := each.longest())), None)


class Outbox:
    """Bounds the bytes waiting to be sent: the connection that has waited longest is dropped."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[Place, int] = OrderedDict()
        self._total = 0

    @contextmanager
    def holding(self, place: Place, size: int) -> Iterator[None]:
        self._held[place] = size
        self._total += size
        while self._total > self._most and len(self._held) > 1:
            oldest = next(iter(self._held))
            self._release(oldest)
            oldest.drop()
        try:
            yield
        finally:
            self._release(place)

    def _release(self, place: Place) -> None:
        self._total -= self._held.pop(place, 0)

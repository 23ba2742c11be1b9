"""Decides which access is visited when: only a few at a time at one server, and only one at a dead server.

Each server has ``per_server`` slots, and a slot visits one access after another, so there are never more visits than
slots. Due accesses come next; visits are spread over the interval by a hash of the name. A server that fails twice in a
row, for two accesses, is down: then one access at a time is tried, after growing pauses, until one succeeds.
"""

import logging
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from urllib.parse import urlsplit
from zlib import crc32

from kodeks_exporter.domain.online import OnlineReading, is_server_fault
from kodeks_exporter.online.classes import judge
from kodeks_exporter.online.reader import OnlineTools, read_access
from kodeks_exporter.settings.fleet import OnlineAccess
from kodeks_exporter.settings.online import OnlineSettings
from kodeks_exporter.settings.settings import PollSettings
from kodeks_exporter.store.access_state import AccessState
from kodeks_exporter.store.online import OnlineStore

log = logging.getLogger(__name__)

_DOWN_AFTER = 2
"""Consecutive server faults, of different accesses if the server has several."""
_JITTER = 0.1
_HISTORY_PAUSE = 20 * 3600.0
"""Seconds after a history page that could not be read: until the next night."""


def server_of(access: OnlineAccess) -> str:
    """The label value: host, with its port where it is not the scheme's own."""
    return urlsplit(access.url).netloc.rpartition("@")[2].lower()


@dataclass
class _Server:
    """All of it under ``lock``. ``due`` in Unix seconds by access."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    due: dict[str, float] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)
    faults: int = 0
    """Server faults in a row."""
    last_fault: str = ""
    next_try: float = 0.0
    next_start: float = 0.0
    up: bool | None = None
    form: bool = False


class OnlineWatch:
    """Safe to use from many threads. ``apply`` it once before the first ``run``, and at each reload."""

    def __init__(self, store: OnlineStore, tools: OnlineTools) -> None:
        self._store = store
        self._tools = tools
        self._lock = threading.Lock()
        self._servers: dict[str, _Server] = {}
        self._accesses: dict[str, OnlineAccess] = {}
        self._history_from: dict[str, float] = {}
        """Unix seconds before which an unreadable history is not requested again."""
        self._settings = OnlineSettings()
        self._interval = PollSettings().online
        self._night = time(3)
        self._stopped = threading.Event()
        self._random = random.Random()  # noqa: S311 - jitter, not secrecy
        self._pruned: date | None = None

    def apply(self, accesses: Mapping[str, OnlineAccess], settings: OnlineSettings, poll: PollSettings) -> None:
        """Applies the inventory: removed accesses are not visited again, changed logins are tried again."""
        now = self._tools.clock()
        with self._lock:
            self._accesses, self._settings = dict(accesses), settings
            self._interval = poll.online
            self._night = poll.online_searches
            servers: dict[str, _Server] = {}
            for access in accesses.values():
                servers.setdefault(server_of(access), self._servers.get(server_of(access)) or _Server())
            for key, server in servers.items():
                names = {name for name, access in accesses.items() if server_of(access) == key}
                with server.lock:
                    for gone in server.due.keys() - names:
                        del server.due[gone]
                    for name in sorted(names):
                        self._admit(server, accesses[name], now)
            self._servers = servers

    def slots(self) -> tuple[str, ...]:
        """Keys for ``run``; each is to be run every few seconds, by one thread at a time."""
        with self._lock:
            return tuple(
                f"{key}#{number}" for key in self._servers for number in range(self._settings.limits.per_server)
            )

    def run(self, slot: str) -> None:
        """Visits the due accesses of the slot's server one after another, and returns when none is due."""
        key = slot.rpartition("#")[0]
        while not self._stopped.is_set():
            with self._lock:
                server = self._servers.get(key)
            if server is None:
                return
            name, wait = self._next(server)
            if name:
                self._visit(server, name)
            elif 0 < wait <= self._settings.limits.gap:
                self._stopped.wait(wait)
            else:
                return

    def stop(self) -> None:
        """Starts no new visits; does not wait for current ones."""
        self._stopped.set()

    def servers(self) -> Mapping[str, bool | None]:
        """Whether each server answers; None: not known yet."""
        with self._lock:
            return {key: server.up for key, server in self._servers.items()}

    # When

    def _admit(self, server: _Server, access: OnlineAccess, now: float) -> None:
        state = self._store.state(access.name)
        if state.refusal is not None:
            if self._store.was_refused(access):
                server.due[access.name] = state.refusal.next_try
                return
            self._store.forgive(access.name)
            server.due[access.name] = now
        elif access.name not in server.due:
            spread = min(self._settings.spread.start, self._interval)
            first = now + _hash(access.name) * spread
            if state.attempted is None:
                server.due[access.name] = first
            else:
                # After a restart no access is visited before its time.
                server.due[access.name] = max(first, min(now, state.attempted) + self._pause(state))

    def _next(self, server: _Server) -> tuple[str, float]:
        """The access to visit now, or none and the seconds until the next call (0: not soon)."""
        now = self._tools.clock()
        with server.lock:
            if server.faults:
                return self._next_while_failing(server, now), 0.0
            ready = [(due, name) for name, due in server.due.items() if due <= now and name not in server.busy]
            if not ready or len(server.busy) >= self._settings.limits.per_server:
                return "", 0.0
            if now < server.next_start:
                return "", server.next_start - now
            _, name = min(ready)
            self._begin(server, name, now)
            return name, 0.0

    def _next_while_failing(self, server: _Server, now: float) -> str:
        if server.busy or now < server.next_try:
            return ""
        waiting = sorted((due, name) for name, due in server.due.items() if due <= now or not self._is_refused(name))
        others = [name for _, name in waiting if name != server.last_fault]
        name = next(iter(others), server.last_fault if waiting else "")
        if name:
            self._begin(server, name, now)
        return name

    def _is_refused(self, name: str) -> bool:
        return self._store.state(name).refusal is not None

    def _begin(self, server: _Server, name: str, now: float) -> None:
        server.busy.add(name)
        server.next_start = now + self._settings.limits.gap

    def _pause(self, state: AccessState) -> float:
        """Seconds from a visit to the next one."""
        if not state.failures:
            return self._interval
        settings = self._settings
        pause: float = min(settings.retry.other * 2 ** min(state.failures - 1, 20), settings.retry.other_longest)
        return pause * (1 + self._random.uniform(-_JITTER, _JITTER))

    # A visit

    def _visit(self, server: _Server, name: str) -> None:
        access, settings = self._accesses.get(name), self._settings
        if access is None:
            with server.lock:
                server.busy.discard(name)
                server.due.pop(name, None)
            return
        now = self._tools.clock()
        try:
            reading = read_access(access, settings, self._tools, self._days(name, now), form=server.form)
        except Exception:
            log.exception("visit crashed", extra={"account": name})
            reading = OnlineReading(name, now, 0.0, "crash")
        try:
            self._take(server, access, reading)
        finally:
            with server.lock:
                server.busy.discard(name)

    def _take(self, server: _Server, access: OnlineAccess, reading: OnlineReading) -> None:
        settings, name = self._settings, access.name
        now = self._tools.clock()
        today = datetime.fromtimestamp(reading.started, settings.time_zone).date()
        state = self._store.record(reading, today, settings)
        if reading.reason == "refused":
            count = state.refusal.count if state.refusal else 0
            pause = min(settings.retry.refused * 2 ** min(count, 20), settings.retry.refused_longest)
            due = now + pause
            self._store.refuse(access, due)
        elif reading.reason:
            due = now + self._pause(state)
        else:
            if state.refusal is not None:
                self._store.forgive(name)
            if state.use_pattern is None or state.use_pattern.day != today:
                self._store.set_use_pattern(name, judge(self._store.history(name), today))
                self._prune(today)
            if reading.history_reason:
                self._history_from[name] = now + _HISTORY_PAUSE
            due = self._regular(name, now)
        log.debug("visited", extra={"account": name, "reason": reading.reason or "ok"})
        with server.lock:
            if name in server.due:
                server.due[name] = due
            self._note(server, reading, now)

    def _note(self, server: _Server, reading: OnlineReading, now: float) -> None:
        """Draws conclusions about the server from a visit."""
        settings = self._settings
        if not is_server_fault(reading.reason):
            if reading.reason != "crash":
                if server.up is False:
                    self._hurry_after_outage(server, now)
                server.up, server.faults = True, 0
                server.form = reading.form
            return
        server.faults += 1
        server.last_fault = reading.access
        if server.faults >= _DOWN_AFTER:
            if server.up is not False:
                log.warning("online server is down", extra={"reason": reading.reason, "account": reading.access})
            server.up = False
        doublings = min(max(server.faults - _DOWN_AFTER, 0), 20)
        pause = min(settings.retry.server * 2**doublings, settings.retry.server_longest)
        server.next_try = now + pause * (1 + self._random.uniform(-_JITTER, _JITTER))

    def _hurry_after_outage(self, server: _Server, now: float) -> None:
        """Accesses that met the outage have waited long enough."""
        for name, due in server.due.items():
            if is_server_fault(self._store.state(name).reason):
                server.due[name] = min(due, now)

    def _regular(self, name: str, now: float) -> float:
        """The access' own place in the interval; at night its place after ``poll.online_searches``, if sooner."""
        place = _hash(name) * self._interval
        turns = (now + self._interval / 2 - place) // self._interval + 1
        due = turns * self._interval + place
        slot = self._night_slot(name, now)
        return slot if now < slot < due else due

    def _night_slot(self, name: str, now: float) -> float:
        """When on the local day of ``now`` the history is first read."""
        settings = self._settings
        local = datetime.fromtimestamp(now, settings.time_zone)
        begin = datetime.combine(local.date(), self._night, settings.time_zone).timestamp()
        return begin + _hash(name) * settings.spread.history

    def _days(self, name: str, now: float) -> list[date]:
        """Days of the history to read now: those up to yesterday that are missing, once the night's hour has come."""
        settings, state = self._settings, self._store.state(name)
        if not settings.paths.history or now < max(self._night_slot(name, now), self._history_from.get(name, 0.0)):
            return []
        today = datetime.fromtimestamp(now, settings.time_zone).date()
        oldest = today - timedelta(days=settings.history_days)
        first = oldest if state.history_day is None else max(oldest, state.history_day + timedelta(days=1))
        return [first + timedelta(days=number) for number in range((today - first).days)]

    def _prune(self, today: date) -> None:
        with self._lock:
            if self._pruned == today:
                return
            self._pruned = today
        self._store.prune(today, self._settings)


def _hash(name: str) -> float:
    """A stable position from 0 to 1, as evenly spread as names allow."""
    return crc32(name.encode()) / 2**32

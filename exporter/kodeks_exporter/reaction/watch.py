"""Polls every Alertmanager of the cluster, and follows the alerts."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Final

from kodeks_exporter.domain.reaction import Alert, Listing, Step, Taken, united
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.net.transport import Resolve
from kodeks_exporter.reaction.alertmanager import Member, member_name
from kodeks_exporter.reaction.incidents import GRACE, look
from kodeks_exporter.settings.reaction import ReactionSettings
from kodeks_exporter.store.reaction import ReactionState, ReactionStore

log = logging.getLogger(__name__)

_PATIENCE: Final = 3.0
"""Seconds that a person who opens a link waits for a member after another has answered."""
_PAUSE: Final = 60.0
"""Seconds without a poll, or three intervals, after which the grace period for missing alerts starts again."""


class UnreachableError(Exception):
    """No Alertmanager answers."""


class Watch:
    """Safe to use from many threads. ``configure`` it first."""

    def __init__(
        self,
        store: ReactionStore,
        resolve: Resolve,
        grace: float = GRACE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._resolve = resolve
        self._grace = grace
        self._clock = clock
        self._lock = threading.Lock()
        self._settings = ReactionSettings()
        self._repeat: Mapping[str, float] = {}
        self._members: Mapping[str, Member] = {}
        self._listings: dict[str, Listing | None] = {}
        """What each member last reported; None: it did not answer."""
        self._steady = 0.0
        self._threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="alertmanager")

    def configure(self, settings: ReactionSettings, repeat: Mapping[str, float]) -> None:
        """``repeat``: priority to seconds after which a message is repeated."""
        members = {member_name(url): Member(url, settings, self._resolve) for url in settings.alertmanagers}
        with self._lock:
            self._settings, self._repeat, self._members = settings, repeat, members
            self._listings = {name: each for name, each in self._listings.items() if name in members}

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._members = {}

    def members(self) -> Collection[str]:
        return tuple(self._members)

    def up(self) -> Mapping[str, bool]:
        """Whether each member answered the last poll; without members not yet polled."""
        with self._lock:
            return {name: listing is not None for name, listing in self._listings.items()}

    def listed(self) -> Mapping[str, Alert]:
        """What the members that answered last list, by identity."""
        with self._lock:
            return united([each for each in self._listings.values() if each is not None]).alerts

    def state(self) -> ReactionState:
        return self._store.state()

    def visit(self, name: str) -> None:
        """Polls one member, and processes what all report together."""
        member = self._members.get(name)
        if member is None:
            return
        listing, reason = _ask(member)
        with self._lock:
            if name not in self._members:
                return
            was_up = name not in self._listings or self._listings[name] is not None
            if was_up and listing is None:
                log.warning("Alertmanager does not answer", extra={"alertmanager": name, "reason": reason})
            elif not was_up and listing is not None:
                log.info("Alertmanager answers again", extra={"alertmanager": name})
            self._listings[name] = listing
            self._follow([each for each in self._listings.values() if each is not None])

    def ask_all(self) -> dict[str, Listing]:
        """What the members report right now, for a waiting person; changes nothing. Raises ``UnreachableError``."""
        members = self._members
        futures = {self._threads.submit(_ask, member): name for name, member in members.items()}
        began, pending = time.monotonic(), set(futures)
        found: dict[str, Listing] = {}
        while pending:
            left = began + _PATIENCE - time.monotonic()
            done, pending = wait(pending, max(0.0, left) if found else None, "FIRST_COMPLETED")
            if not done:
                break
            for future in done:
                listing, _ = future.result()
                if listing is not None:
                    found[futures[future]] = listing
        if not found:
            raise UnreachableError
        return found

    def preview(self, listings: Mapping[str, Listing]) -> tuple[Listing, ReactionState]:
        """What the members report together, and the state that would follow; changes nothing."""
        listing = united(listings.values())
        state, now = self._store.state(), self._clock()
        step = self._step(state, listing, now)
        return listing, replace(state, incidents={**state.incidents, **{each.identity: each for each in step.opened}})

    def take(self, identities: Collection[str], listings: Mapping[str, Listing], taken: Taken) -> None:
        """Records that somebody has taken these alerts, as found in ``listings``."""
        with self._lock:
            self._listings.update({name: each for name, each in listings.items() if name in self._members})
            self._follow(list(listings.values()))
            state = self._store.state()
            incidents = [state.incidents[each] for each in identities if each in state.incidents]
            answered = tuple(replace(each, taken=taken) for each in incidents if each.taken is None)
            self._store.record(Step((), answered, answered), self._clock())

    def silence(self, labels: Mapping[str, str], taken: Taken) -> None:
        """Creates the silence at the first member that accepts it; members inform each other. Raises
        ``UnreachableError``."""
        for name, member in self._members.items():
            try:
                member.silence(labels, taken.at, taken.until, taken.by, taken.comment)
            except CheckError as error:
                log.warning("silence not created", extra={"alertmanager": name, "reason": error.reason})
            else:
                return
        raise UnreachableError

    def _follow(self, listings: list[Listing]) -> None:
        if not listings:
            return
        now, state = self._clock(), self._store.state()
        if now - state.watched > max(_PAUSE, 3 * self._settings.interval) or not self._steady:
            self._steady = now
        self._store.record(self._step(state, united(listings), now), now)

    def _step(self, state: ReactionState, listing: Listing, now: float) -> Step:
        watched = state.watched or now
        return look(state.incidents, state.past, listing, now, watched, self._steady or now, self._repeat, self._grace)


def _ask(member: Member) -> tuple[Listing | None, str]:
    """The listing; or None and the reason."""
    try:
        return member.listing(), ""
    except CheckError as error:
        return None, error.reason

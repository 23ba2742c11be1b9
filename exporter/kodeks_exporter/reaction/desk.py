"""Takes alerts by their links: who may, which alert, and only once.

The link's signature proves that its holder got an alert with these labels. Alertmanager must confirm that the alert
fires now, since the time in the link. The start is not signed: only Prometheus has the key, and it can sign only
labels. So the holder of an old link may try a few wrong starts, and no page reveals the right one.
"""

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from kodeks_exporter.domain.acknowledge import DATED, LABELS, LATEST, is_signed
from kodeks_exporter.domain.reaction import Alert, Listing, Taken
from kodeks_exporter.reaction.watch import UnreachableError, Watch
from kodeks_exporter.settings.reaction import ReactionSettings

log = logging.getLogger(__name__)

_TRIES: Final = 5
"""Wrong starts of an alert that one address may try at once; then one more every ``_TRY_EVERY`` seconds."""
_TRY_EVERY: Final = 600.0
_TRIED_MOST: Final = 10_000
"""Pairs of alert and address whose wrong tries are remembered."""


class LinkFault(Enum):
    """Why a link is refused."""

    OFF = "off"
    """Links are not configured."""
    FORGED = "forged"
    TOO_MANY = "too_many"
    """Too many wrong starts of this alert from this address."""
    EXPIRED = "expired"
    OVER = "over"
    OTHER = "other"
    """The alert fires, but not since when the link says."""
    TAKEN = "taken"
    UNREACHABLE = "unreachable"
    CHOICE = "choice"
    """A silence of this length is not offered."""


class RefusalError(Exception):
    """``taken``: by whom, with ``LinkFault.TAKEN``. ``silent``: until when it is silenced, None: it is not. Times in
    Unix seconds."""

    def __init__(
        self,
        reason: LinkFault,
        taken: Taken | None = None,
        silent: float | None = None,
    ) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.taken = taken
        self.silent = silent


@dataclass(frozen=True, slots=True)
class TakeLink:
    """The content of a link. ``labels``: those of ``LABELS``. ``since``: Unix milliseconds. ``opened_by``: the
    address that opened it."""

    labels: Mapping[str, str]
    since: int
    signature: str
    opened_by: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """The alerts that may be taken: all with the signed labels that nobody has taken."""

    alerts: tuple[Alert, ...]


class Desk:
    """Safe to use from many threads. ``settings`` gives those in force."""

    def __init__(
        self,
        watch: Watch,
        settings: Callable[[], ReactionSettings],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._watch = watch
        self._settings = settings
        self._clock = clock
        self._taking = threading.Lock()
        self._tries = _Tries(clock)

    def look(self, link: TakeLink) -> Case:
        """The alerts that the link can take now; changes nothing. Raises ``RefusalError``."""
        self._check(link)
        return self._case(link, self._ask())

    def take(self, link: TakeLink, who: str, comment: str, seconds: float) -> Taken:
        """Silences the alerts. ``seconds`` must be one of the choices; a renewal may wait for any date. Raises
        ``RefusalError``."""
        settings = self._check(link)
        dated = link.labels["alertname"] in DATED and 0 < seconds <= LATEST
        if seconds not in settings.silence_choices and not dated:
            raise RefusalError(LinkFault.CHOICE)
        with self._taking:  # if two people press at once, one sees that the other was first
            listings = self._ask()
            case = self._case(link, listings)
            now = self._clock()
            taken = Taken(now, who, comment, now + seconds)
            try:
                self._watch.silence(link.labels, taken)
            except UnreachableError:
                raise RefusalError(LinkFault.UNREACHABLE) from None
            try:
                self._watch.take([alert.identity for alert in case.alerts], listings, taken)
            except Exception:  # the silence is in place, and the next poll will find it
                log.exception("acknowledgement not recorded")
        log.info(
            "alert taken", extra={name: link.labels[name] for name in ("alertname", "manager") if link.labels.get(name)}
        )
        return taken

    def _check(self, link: TakeLink) -> ReactionSettings:
        settings = self._settings()
        if not settings.acknowledgeable or settings.key is None:
            raise RefusalError(LinkFault.OFF)
        if not is_signed(settings.key.reveal(), link.labels, link.signature):
            raise RefusalError(
                LinkFault.FORGED
            )  # 64 bits: it can't be guessed, so there is no need to lock anybody out
        if not self._tries.left(link):
            raise RefusalError(LinkFault.TOO_MANY)
        if link.since / 1000 < self._clock() - settings.link_lifetime:
            raise RefusalError(LinkFault.EXPIRED)
        return settings

    def _ask(self) -> Mapping[str, Listing]:
        try:
            return self._watch.ask_all()
        except UnreachableError:
            raise RefusalError(LinkFault.UNREACHABLE) from None

    def _case(self, link: TakeLink, listings: Mapping[str, Listing]) -> Case:
        listing, state = self._watch.preview(listings)
        alike = [alert for alert in listing.alerts.values() if _has(alert, link.labels)]
        if not alike:
            raise RefusalError(LinkFault.OVER)
        meant = [alert for alert in alike if link.since in alert.starts]
        if not meant:
            self._tries.wrong(link)
            raise RefusalError(LinkFault.OTHER)
        takers = {each: state.incidents[each].taken for each in (alert.identity for alert in alike)}
        free = tuple(alert for alert in alike if takers[alert.identity] is None)
        first = takers[meant[0].identity]
        if not any(alert in free for alert in meant) and first is not None:
            ends = [listing.silences[each].ends for each in meant[0].silenced_by if each in listing.silences]
            raise RefusalError(LinkFault.TAKEN, taken=first, silent=max(ends, default=None))
        return Case(tuple(sorted(free, key=lambda alert: (alert.started, alert.summary))))


def _has(alert: Alert, labels: Mapping[str, str]) -> bool:
    return all(alert.labels.get(name, "") == labels.get(name, "") for name in LABELS)


class _Tries:
    """Limits how often the holder of an old link may guess the start of an alert. Counted by address, so that nobody
    is locked out by others."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._empty: OrderedDict[bytes, float] = OrderedDict()
        """When each will have all tries again."""

    def left(self, link: TakeLink) -> bool:
        with self._lock:
            return self._empty.get(_digest(link), 0.0) - self._clock() <= (_TRIES - 1) * _TRY_EVERY

    def wrong(self, link: TakeLink) -> None:
        key, now = _digest(link), self._clock()
        with self._lock:
            self._empty[key] = max(self._empty.get(key, now), now) + _TRY_EVERY
            self._empty.move_to_end(key)
            while len(self._empty) > _TRIED_MOST:
                self._empty.popitem(last=False)


def _digest(link: TakeLink) -> bytes:
    keyed = hashlib.blake2b(digest_size=16)
    for text in (link.opened_by, *(link.labels.get(name, "") for name in LABELS)):
        part = text.encode("utf-8", "surrogateescape")
        keyed.update(len(part).to_bytes(8, "big"))
        keyed.update(part)
    return keyed.digest()

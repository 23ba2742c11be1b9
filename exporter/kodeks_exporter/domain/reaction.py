"""How people react to alerts: what a site says of it, and what Alertmanager says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

BUCKETS: Final = (60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 259200)
"""Upper bounds of the histograms, seconds: from a minute to three days."""


UNCOUNTED: Final = frozenset(
    {
        "KodeksWatchdog",
        "KodeksSearchIsEmpty",
        "KodeksNewUser",
        "KodeksDetectOverUserError",
        "KodeksSearchError",
        "KodeksClientScoreFell",
        "KodeksHandlingMonth",
        "KodeksVersionChanged",
    }
)
"""Alerts that nobody is expected to react to: the one that always fires, and those of what happened (the digests
of alertmanager/alertmanager.yml)."""


class Ending(StrEnum):
    """How an alert ended that people were notified about."""

    ACKNOWLEDGED = "acknowledged"
    """It had been taken."""
    MENDED = "mended"
    """Over without a word, before its message was repeated."""
    UNANSWERED = "unanswered"
    """Over without a word, after its message was repeated."""
    UNSEEN = "unseen"
    """It ended while nobody was watching."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert that fires, as one Alertmanager lists it, or several of a cluster together.

    ``identity``: of its labels but the link's signature.
    ``starts``: Unix milliseconds, as the members give it, ascending; they differ after one was restarted.
    ``silenced_by``: ids of silences in force.
    """

    identity: str
    labels: Mapping[str, str]
    summary: str
    starts: tuple[int, ...]
    inhibited: bool
    silenced_by: frozenset[str]
    title: str = ""
    """What is wrong without whose it is, and with its figures."""

    @property
    def started(self) -> float:
        """Unix seconds."""
        return self.starts[0] / 1000

    @property
    def manager(self) -> str:
        return self.labels.get("manager", "")

    @property
    def priority(self) -> str:
        return self.labels.get("priority", "")


@dataclass(frozen=True, slots=True)
class Silence:
    """Times in Unix seconds. Expired ones may be among those listed."""

    id: str
    starts: float
    ends: float
    author: str
    comment: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What fires, by identity, and all silences, by id."""

    alerts: Mapping[str, Alert]
    silences: Mapping[str, Silence]


@dataclass(frozen=True, slots=True)
class Taken:
    """Who took an alert, when (Unix seconds), and until when it is silent."""

    at: float
    by: str
    comment: str
    until: float


@dataclass(frozen=True, slots=True)
class Incident:
    """One time that an alert fires. Times in Unix seconds.

    ``started``: by Prometheus; ``latest``: the latest start that any member reported for this firing.
    ``told``: when people were notified, None when they were not: it was inhibited or silenced from the beginning.
    ``missing``: since when no Alertmanager lists it, though any answers; ``seen``: when it was listed last before that.
    ``over``: when it ended, None while it is open. ``counted``: it had counted as over, and came back.
    """

    identity: str
    labels: Mapping[str, str]
    started: float
    latest: float
    told: float | None
    taken: Taken | None = None
    inhibited: bool = False
    missing: float | None = None
    seen: float = 0.0
    over: float | None = None
    counted: bool = False
    extensions: tuple[Taken, ...] = ()
    """Silences with words that came after it was taken and last longer than those before."""

    @property
    def manager(self) -> str:
        return self.labels.get("manager", "")

    @property
    def priority(self) -> str:
        return self.labels.get("priority", "")

    @property
    def waiting(self) -> bool:
        """Nobody has taken it, and it would be notified now."""
        return self.told is not None and self.taken is None and not self.inhibited


@dataclass(frozen=True, slots=True)
class End:
    """An incident that is over. ``outcome`` None: it does not count, because nobody was notified, or it has counted
    already. ``lasted``: seconds from the notification to its end, None when that is not known. ``ending``: how it
    ended, whether that counts or not. ``messages``: how many were sent of it."""

    incident: Incident
    outcome: Ending | None
    lasted: float | None
    ending: Ending = Ending.UNSEEN
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What one look has changed. ``opened``: incidents that are new, or changed and still open. ``answered``: those of
    them that were taken just now. Ends come first: a new time that the same alert fires may follow on one."""

    ends: tuple[End, ...]
    opened: tuple[Incident, ...]
    answered: tuple[Incident, ...]


def united(listings: Iterable[Listing]) -> Listing:
    """What the members of a cluster report together: each alert once. It is inhibited if every member says so."""
    alerts: dict[str, Alert] = {}
    silences: dict[str, Silence] = {}
    for listing in listings:
        silences.update(listing.silences)
        for identity, alert in listing.alerts.items():
            known = alerts.get(identity)
            alerts[identity] = alert if known is None else replace(
                known,
                starts=tuple(sorted({*known.starts, *alert.starts})),
                inhibited=known.inhibited and alert.inhibited,
                silenced_by=known.silenced_by | alert.silenced_by,
            )  # fmt: skip
    return Listing(alerts, silences)

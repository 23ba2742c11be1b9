"""How people react to alerts, as Alertmanager reports it."""

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
"""Alerts that need no reaction: the one that always fires, and those that report events (the digests of
alertmanager/alertmanager.yml)."""


class Ending(StrEnum):
    """How an alert ended after people were notified."""

    ACKNOWLEDGED = "acknowledged"
    """It had been taken."""
    MENDED = "mended"
    """It ended without a reaction, before its message was repeated."""
    UNANSWERED = "unanswered"
    """It ended without a reaction, after its message was repeated."""
    UNSEEN = "unseen"
    """It ended while nobody was watching."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One firing alert, as listed by one Alertmanager or by several of a cluster together.

    ``identity``: computed from its labels without the link's signature. ``starts``: Unix milliseconds, as the members
    give it, ascending; they differ after one was restarted. ``silenced_by``: ids of silences in force.
    """

    identity: str
    labels: Mapping[str, str]
    summary: str
    starts: tuple[int, ...]
    inhibited: bool
    silenced_by: frozenset[str]
    title: str = ""
    """What is wrong, with figures but without the client."""

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
    """One firing of an alert. Times in Unix seconds.

    ``started``: by Prometheus; ``latest``: the latest start that any member reported for this firing. ``told``: when
    people were notified; None when it was inhibited or silenced from the start. ``missing``: since when no answering
    Alertmanager lists it; ``seen``: when it was last listed before that. ``over``: when it ended, None while it is
    open. ``counted``: it was counted as over and came back.
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
    """Silences with a comment that came after it was taken and last longer than the earlier ones."""

    @property
    def manager(self) -> str:
        return self.labels.get("manager", "")

    @property
    def priority(self) -> str:
        return self.labels.get("priority", "")

    @property
    def waiting(self) -> bool:
        """Nobody has taken it, and it is not inhibited."""
        return self.told is not None and self.taken is None and not self.inhibited


@dataclass(frozen=True, slots=True)
class End:
    """An incident that is over. ``outcome`` None: it does not count, because nobody was notified or it was counted
    before. ``lasted``: seconds from the notification to the end, None when not known. ``ending``: how it ended,
    counted or not. ``messages``: how many were sent."""

    incident: Incident
    outcome: Ending | None
    lasted: float | None
    ending: Ending = Ending.UNSEEN
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """Changes found by one poll. ``opened``: incidents that are new, or changed and still open. ``answered``: those
    of them just taken. Ends come first, since the same alert may fire again."""

    ends: tuple[End, ...]
    opened: tuple[Incident, ...]
    answered: tuple[Incident, ...]


def united(listings: Iterable[Listing]) -> Listing:
    """The union of what the members of a cluster report. An alert is inhibited if every member says so."""
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

"""A client's year as plain data. Unknown values are absent or None, never 0."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

RESOURCES = ("documents", "searches", "prints", "uploads")
"""Resources of an online access, in display order."""

FEW = 0.1
"""Share of a client's installations that may be missing from a month for it to be compared with others."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """A client's server. ``registration_until``: last valid day; ``licence_until``: of whichever ends first."""

    name: str
    url: str = ""
    regnum: str = ""
    legal_entity: str = ""
    registration_until: dt.date | None = None
    licence_until: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Seats:
    """An installation's month. ``bought``: from the registration; ``peak``: the most in use at the time of a report."""

    bought: float | None = None
    peak: float | None = None
    refused: float | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A share of time: ``up`` out of ``hours`` that were checked."""

    up: float
    hours: float

    @property
    def ratio(self) -> float:
        return self.up / self.hours


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month of a client, all their installations together.

    ``usage``: totals by kind, as in ``kodeks_usage_total``. ``reported``: when the newest report of the month was made.
    ``silent``: installations whose use is unknown, though it is known for others and in other months. ``telling``: how
    many installations have known use. ``running``: not over yet.
    """

    name: str
    """``YYYY-MM``."""
    usage: Mapping[str, float] = field(default_factory=dict)
    users: float | None = None
    active: float | None = None
    seats: Mapping[str, Seats] = field(default_factory=dict)
    """By installation."""
    interface: Share | None = None
    port: Share | None = None
    reported: dt.datetime | None = None
    silent: Sequence[str] = ()
    telling: int = 1
    running: bool = False

    @property
    def first(self) -> dt.date:
        return dt.date.fromisoformat(f"{self.name}-01")

    @property
    def last(self) -> dt.date:
        return following(self.first) - dt.timedelta(days=1)

    @property
    def known(self) -> bool:
        """Whether any use is reported; it may be 0."""
        return bool(self.usage)

    @property
    def cut_short(self) -> bool:
        """Whether reports stopped more than two days before the month's end."""
        return self.reported is not None and not self.running and (self.last - self.reported.date()).days > 2

    @property
    def whole(self) -> bool:
        """Whether the month may be compared with others. Of many installations a tenth may be missing."""
        missing = len(self.silent) > FEW * (len(self.silent) + self.telling)
        return self.known and not self.running and not self.cut_short and not missing

    @property
    def activity(self) -> float | None:
        """Opened documents and intellectual searches, as the support standard counts them."""
        parts = [self.usage[kind] for kind in ("documents", "searches_intellectual") if kind in self.usage]
        return sum(parts) if parts else None

    @property
    def bought(self) -> float | None:
        """Seats of all installations."""
        known = [each.bought for each in self.seats.values() if each.bought is not None]
        return sum(known) if known else None

    @property
    def involvement(self) -> float | None:
        """Users with requests per seat; may be over 1."""
        seats = self.bought
        return self.active / seats if self.active is not None and seats else None


@dataclass(frozen=True, slots=True)
class Demand:
    """Empty searches for a family of documents by their probable cause. ``months``: how many by ``YYYY-MM``."""

    family: str
    cause: str
    months: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.months.values())


@dataclass(frozen=True, slots=True)
class Access:
    """An online access. ``left``, ``limits``: by month and resource."""

    name: str
    login: str
    server: str
    left: Mapping[str, Mapping[str, float]]
    limits: Mapping[str, Mapping[str, float]]

    def used(self, month: str, resource: str) -> float | None:
        """Share of the month's limit used, 0 to 1."""
        limit = self.limits.get(month, {}).get(resource)
        left = self.left.get(month, {}).get(resource)
        return None if left is None or not limit else min(1.0, max(0.0, 1 - left / limit))


@dataclass(frozen=True, slots=True)
class Outage:
    """The main page did not open for ``hours`` in total from ``begin`` on (Moscow time, to the hour)."""

    installation: str
    begin: dt.datetime
    hours: float


@dataclass(frozen=True, slots=True)
class Handled:
    """What managers took in hand. ``cases``: faults; ``wait``: the usual seconds until one was taken. ``low_use``: low
    use and falling use that they looked into, ``trainings``: of these, where they offered a training."""

    cases: int = 0
    wait: float = 0.0
    low_use: int = 0
    trainings: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """What happened at the client's servers within the year. ``versions``: of the server, in order of appearance."""

    outages: Sequence[Outage] = ()
    versions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By installation."""
    updates: int = 0
    """Daily updates seen to arrive."""
    handled: Handled = Handled()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything in one report.

    ``begin``, ``until``: UTC, bounds of the data. ``months``: always twelve. ``last_day``: the last day covered, by the
    calendar of the sender.
    """

    client: str
    managers: Sequence[str]
    branch: str
    year: int
    begin: dt.datetime
    until: dt.datetime
    last_day: dt.date
    installations: Sequence[ServerFacts]
    months: Sequence[Month]
    before: Sequence[Month]
    """The year before."""
    demand: Sequence[Demand] = ()
    domains: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Totals of the year by AD domain and kind."""
    accesses: Sequence[Access] = ()
    mute: Sequence[str] = ()
    """Installations whose use is entirely unknown."""
    work: Work = Work()

    def spent(self, month: str, resource: str) -> float | None:
        """Units that all accesses together used up in a month."""
        known = [
            limit - left
            for access in self.accesses
            if (left := access.left.get(month, {}).get(resource)) is not None
            and (limit := access.limits.get(month, {}).get(resource)) is not None
        ]
        return sum(known) if known else None

    @property
    def running(self) -> str:
        """The name of the running month, or empty."""
        return next((month.name for month in self.months if month.running), "")

    @property
    def bought(self) -> float | None:
        """Latest known seats."""
        return next((month.bought for month in reversed(self.months) if month.bought is not None), None)

    @property
    def soonest(self) -> tuple[dt.date, ServerFacts] | None:
        """The first end among registrations and licences of volumes, and where it is."""
        ends = [
            (end, each)
            for each in self.installations
            for end in (each.registration_until, each.licence_until)
            if end is not None
        ]
        return min(ends, key=lambda pair: pair[0]) if ends else None

    @property
    def known(self) -> bool:
        """Whether there is anything to report."""
        return any(month.known or month.interface for month in self.months) or any(
            values for access in self.accesses for values in access.left.values()
        )


def following(first: dt.date) -> dt.date:
    """The first day of the next month."""
    return (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1)


def month_names(year: int) -> list[str]:
    """``YYYY-01`` to ``YYYY-12``."""
    return [f"{year}-{number:02}" for number in range(1, 13)]

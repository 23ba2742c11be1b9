"""The fleet as the status page and service discovery need it: plain data, filled in by the backend."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from kodeks_exporter.domain.check import CheckResult, InstallationState
from kodeks_exporter.store.past import Spell
from kodeks_exporter.web.troubles import Trouble


@dataclass(frozen=True, slots=True)
class InstallationView:
    """One installation as of its latest round of checks.

    ``state`` None: not checked yet (or never checked live: a push installation without a url).
    ``results`` in the order of the chain. ``root_cause``: the first failed check, None when nothing failed.
    ``since``: Unix seconds from which the present state and root cause last; ``last_run``: start of the latest round.
    ``report_made``: when the newest sysinfo report was made, Unix seconds; None: none yet.
    ``planned``: ``restart`` or ``backup`` while the announced nightly downtime lasts, else empty.
    ``time_zone``: where the server stands.
    """

    name: str
    client: str
    manager: str
    mode: str = "pull"
    url: str = ""
    branch: str = ""
    hosting: str = ""
    state: InstallationState | None = None
    results: tuple[CheckResult, ...] = ()
    root_cause: CheckResult | None = None
    since: float | None = None
    last_run: float | None = None
    report_made: float | None = None
    planned: str = ""
    time_zone: tzinfo | None = None
    troubles: tuple[Trouble, ...] = ()
    """Troubles besides the checks, worst first."""
    long: bool = False
    """Its maintenance has lasted longer than the site allows."""
    past: tuple[Spell, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessView:
    """One online access. ``server``: its vendor server; ``checked``: the last visit, Unix seconds."""

    name: str
    client: str
    manager: str
    server: str
    branch: str = ""
    checked: float | None = None
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True, slots=True)
class Taking:
    """An alert listed by Alertmanager.

    ``by``: who has taken it, empty: nobody; ``at``: when, Unix seconds. ``query``: of the signed link to take it,
    empty: it can't be taken.
    """

    by: str = ""
    at: float = 0.0
    query: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """A manager's name as people use it, and phone, which may be empty."""

    name: str
    phone: str = ""


@dataclass(frozen=True, slots=True)
class FleetView:
    """The whole fleet at one moment.

    ``generated`` is Unix seconds; ``time_zone`` is the zone people read times in, None: that of this machine.
    ``servers_down``: server of online accesses to its trouble. ``monitor``: what is wrong with the monitor itself, in
    Russian. ``takings``: (alert, installation or access) to who handles it. ``grafana``, ``alertmanager``: their
    addresses for people, empty: unknown. ``contacts``: managers by their label value.
    """

    installations: tuple[InstallationView, ...]
    generated: float
    version: str
    time_zone: tzinfo | None = None
    accesses: tuple[AccessView, ...] = ()
    servers_down: Mapping[str, Trouble] = field(default_factory=dict)
    monitor: tuple[str, ...] = ()
    takings: Mapping[tuple[str, str], Taking] = field(default_factory=dict)
    told_to_ops: tuple[str, ...] = ()
    """Alerts of the monitor itself, which may name any client or manager."""
    grafana: str = ""
    alertmanager: str = ""
    contacts: Mapping[str, Contact] = field(default_factory=dict)

    def contact(self, manager: str) -> Contact:
        """The contact; the label value if the settings have none."""
        return self.contacts.get(manager, Contact(manager))

    @property
    def names(self) -> frozenset[str]:
        """Of all installations and accesses."""
        return frozenset((*(each.name for each in self.installations), *(each.name for each in self.accesses)))

"""What the status page and service discovery need to know of the fleet: plain data, filled in by the backend."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from kodeks_exporter.domain.check import CheckResult, InstallationState


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


@dataclass(frozen=True, slots=True)
class FleetView:
    """The whole fleet at one moment.

    ``generated`` is Unix seconds; ``time_zone`` is the zone people read times in, None: that of this machine.
    """

    installations: tuple[InstallationView, ...]
    generated: float
    version: str
    time_zone: tzinfo | None = None

"""Everything that kodeks.yml says, with defaults filled in and secrets resolved."""

from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Annotated, Literal

from kodeks_exporter.settings import values
from kodeks_exporter.settings.alerting import AlertmanagerSettings, PrometheusSettings, Thresholds, usual_thresholds
from kodeks_exporter.settings.checks import CheckSettings
from kodeks_exporter.settings.fleet import Fleet
from kodeks_exporter.settings.handling import HandlingSettings
from kodeks_exporter.settings.history import HistorySettings
from kodeks_exporter.settings.notation import (
    Address,
    DayTime,
    Duration,
    Folder,
    Label,
    Mark,
    Notation,
    Url,
    at_least,
    whole,
)
from kodeks_exporter.settings.online import OnlineSettings
from kodeks_exporter.settings.reaction import ReactionSettings
from kodeks_exporter.settings.reports import ReportSettings
from kodeks_exporter.settings.score import ScoreSettings
from kodeks_exporter.settings.yearly import YearlySettings


@dataclass(frozen=True, slots=True)
class PollSettings:
    """Schedules."""

    checks: Annotated[float, at_least("5s", "so as not to load the monitored servers")] = 30.0
    """Between two rounds of live checks of one installation."""
    sysinfo: Duration = 55 * 60.0
    """Between two downloads of a report."""
    online: Duration = 3600.0
    """Between two visits to an online access."""
    online_searches: DayTime = time(3)
    """Time of day (of `online.time_zone`) from which on search histories are read."""
    concurrency: Annotated[int, whole(1, 10_000)] = 100
    """Installations checked at the same time."""


@dataclass(frozen=True, slots=True)
class Privacy:
    """Personal data in metrics."""

    user_labels: Literal["plain", "hashed", "off"] = "plain"
    """The `user` label of metrics: `plain` (the login), `hashed`, or `off` (no series per user; the sums remain)."""


def _header_or_none(text: str) -> str:
    return values.header_name(text) if text else ""


@dataclass(frozen=True, slots=True)
class Viewer:
    """A user who sees only some of the clients."""

    user: Label
    """The user name of `--web.config.file` or of the reverse proxy."""
    branches: tuple[Label, ...] = ()
    """Clients of these branches are seen."""
    managers: tuple[Label, ...] = ()
    """Clients of these managers are seen, too."""
    everything: bool = False
    """All clients are seen, and `/config` and `/-/reload` answer."""


@dataclass(frozen=True, slots=True)
class Web:
    """How people reach this exporter."""

    external_url: Url = ""
    """Base of the links to the pages of alerts, to the status page and to `/acknowledge`. The flag `--web.external-url`
    wins."""
    viewers: tuple[Viewer, ...] = ()
    """Who sees whose clients, on every page of the exporter. Not given: everybody sees everything. Given: users not
    named see nothing; Prometheus needs a user with `everything`."""
    user_header: Annotated[str, Notation(_header_or_none)] = ""
    """Header with which a reverse proxy names the authenticated user, such as `X-Remote-User`."""
    trusted_proxies: tuple[Address, ...] = ()
    """IP addresses of trusted reverse proxies; from all others the header is ignored."""


@dataclass(frozen=True, slots=True)
class Links:
    """Bases of the links in messages."""

    docs: Url = ""
    """Address of the pages of docs/errors. Empty: `web.external_url`, as the exporter serves them."""
    grafana: Url = ""
    """How people reach Grafana."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole file. ``source``: its path."""

    include: tuple[Folder, ...] = ()
    """Folders beside this file, such as `kodeks.d`. Each `*.yml` in them may hold more `managers`, `installations`,
    `online_accesses` and `dealers`: one file per client or branch."""
    fleet: Annotated[Fleet, Mark.INLINE] = field(default_factory=Fleet)
    poll: PollSettings = PollSettings()
    privacy: Privacy = Privacy()
    checks: CheckSettings = field(default_factory=CheckSettings)
    web: Web = Web()
    links: Links = Links()
    reports: ReportSettings = field(default_factory=ReportSettings)
    history: HistorySettings = HistorySettings()
    online: OnlineSettings = field(default_factory=OnlineSettings)
    alertmanager: AlertmanagerSettings = field(default_factory=AlertmanagerSettings)
    prometheus: PrometheusSettings = PrometheusSettings()
    thresholds: Thresholds = field(default_factory=usual_thresholds)
    reaction: ReactionSettings = ReactionSettings()
    handling: HandlingSettings = HandlingSettings()
    score: ScoreSettings = field(default_factory=ScoreSettings)
    yearly: YearlySettings = YearlySettings()
    source: Annotated[Path, Mark.NOT_A_KEY] = Path()

    @property
    def docs_base(self) -> str:
        """Base of ``/docs/errors/…``; empty: unknown."""
        return self.links.docs or self.web.external_url

    @property
    def acknowledge_base(self) -> str:
        """Base of ``/acknowledge``; empty when unknown or when the page answers no links."""
        return (self.reaction.link or self.web.external_url) if self.reaction.acknowledgeable else ""

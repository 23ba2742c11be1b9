"""What a site says of the programs that alert: mail and Telegram, ops, repetition, scrape targets, thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from kodeks_exporter.domain.fleet import Credentials, Manager
from kodeks_exporter.domain.score import ScoreSettings
from kodeks_exporter.domain.secret import Secret

PRIORITIES: Final = ("K1", "K2", "K3", "K4", "K5")
"""From the most urgent one down."""
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number of the alerting rules that a site may replace."""

    default: float
    meaning: str
    choices: tuple[float, ...] = ()
    """Where not every number works: those that do."""


THRESHOLDS: Final[Mapping[str, Threshold]] = MappingProxyType(
    {
        "disk_free_gib": Threshold(10, "KodeksDiskSpaceLow: less free space on a partition, GiB"),
        "certificate_days": Threshold(14, "KodeksCertificateExpiring: fewer days left"),
        "maintenance_hours": Threshold(3, "KodeksMaintenanceToLong: longer in maintenance, hours"),
        "sysinfo_age_days": Threshold(
            2, "SmartXMLfileIsToOld: no newer report, days; also what other alerts hold for a fresh report"
        ),
        "operup_age_days": Threshold(3, "KodeksDBOperUpToOld, …Count: older file, days"),
        "activity": Threshold(20, "KodeksUserActivityIsLow: less activity in the month"),
        "involvement_percent": Threshold(60, "KodeksUserAInvolvementIsLow: less involvement in the month, %"),
        "search_slow_seconds": Threshold(
            10, "KodeksSearchSlow: longer searches are slow, seconds", (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60)
        ),
        "search_slow_percent": Threshold(10, "KodeksSearchSlow: more slow searches in a day, %"),
        "shared_addresses": Threshold(3, "KodeksLoginShared: so many addresses of one login, or more"),
        "hosting_installations": Threshold(3, "KodeksHostingOutage: so many installations of a hosting, or more"),
        "many_at_manager": Threshold(5, "alerts …Count: more at one manager"),
        "many_in_maintenance": Threshold(30, "KodeksMaintenanceCount: more installations of the fleet"),
        "stale_intervals": Threshold(3, "KodeksCheckStale: longer without a check, in intervals of poll.checks"),
    }
)
"""The closed list of ``thresholds:``. Where each stands in the rules: ``kodeks_exporter.render.thresholds``."""


@dataclass(frozen=True, slots=True)
class InhibitRule:
    """One more inhibition of Alertmanager, in its own syntax."""

    source_matchers: tuple[str, ...]
    target_matchers: tuple[str, ...]
    equal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertmanagerSettings:
    """How messages leave, and what belongs to nobody's clients. Times in seconds."""

    smarthost: str = ""
    """``host:port``; empty: as in the project's example."""
    smtp_from: str = ""
    smtp_require_tls: bool = True
    smtp_credentials: Credentials | None = None
    telegram_bot_token: Secret | None = None
    """None: no Telegram at all."""
    telegram_api_url: str = ""
    """Empty: Telegram's own."""
    ops: Manager = field(default_factory=lambda: Manager("ops"))
    """Who gets what belongs to no manager."""
    dead_man_url: Secret | None = None
    """Where the ever-firing KodeksWatchdog is posted to. A secret, because whoever knows it can feed the switch."""
    sound_at_night: tuple[str, ...] = ()
    """Alerts that sound in Telegram at any hour."""
    repeat: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType(
            dict(zip(PRIORITIES, (2 * _HOUR, 4 * _HOUR, 8 * _HOUR, 24 * _HOUR, 72 * _HOUR), strict=True))
        )
    )
    """Priority to the time after which a message that still holds is sent again."""
    inhibit_rules: tuple[InhibitRule, ...] = ()


@dataclass(frozen=True, slots=True)
class PrometheusSettings:
    """What Prometheus scrapes and where it sends alerts; addresses are ``host:port``."""

    exporters: tuple[str, ...] = ("localhost:9877",)
    hashmod: bool = False
    """True: every exporter has the whole inventory, and each installation is probed through one of them."""
    scheme: str = "http"
    credentials: Credentials | None = None
    tls_verify: bool = True
    tls_ca_file: str = ""
    alertmanagers: tuple[str, ...] = ("localhost:9093",)


@dataclass(frozen=True, slots=True)
class AlertingSettings:
    alertmanager: AlertmanagerSettings = field(default_factory=AlertmanagerSettings)
    prometheus: PrometheusSettings = field(default_factory=PrometheusSettings)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Only those that differ from the rules, by a name of THRESHOLDS."""
    score: ScoreSettings = field(default_factory=ScoreSettings)

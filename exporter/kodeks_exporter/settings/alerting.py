"""A site's alerting: mail and Telegram, ops, repetition, scrape targets, thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Final, Literal

from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.settings import values
from kodeks_exporter.settings.fleet import Credentials, Ops, Tls
from kodeks_exporter.settings.notation import (
    AlertName,
    Closed,
    Email,
    Items,
    Label,
    Notation,
    ProxyUrl,
    SecretUrl,
    Url,
    at_least,
    endpoint,
)

PRIORITIES: Final = ("K1", "K2", "K3", "K4", "K5")
"""The most urgent one first."""
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number of the alerting rules that a site may replace."""

    default: float
    meaning: str
    unit: tuple[str, str] = ("", "")
    """The unit in messages, in the Russian genitive: after one and fractions, and after all others."""
    choices: tuple[float, ...] = ()
    """The allowed values, where not every number works."""

    def words(self, value: float) -> str:
        """The number and its unit as they follow «больше», «дольше», «меньше»: "2,5 часа"."""
        singular = value != int(value) or (value % 10 == 1 and value % 100 != 11)
        return f"{value:g}".replace(".", ",") + f" {self.unit[0] if singular else self.unit[1]}".rstrip()


_HOURS: Final = ("часа", "часов")
_DAYS: Final = ("дня", "дней")
_WORKDAYS: Final = ("рабочего дня", "рабочих дней")
_GIB: Final = ("ГБ", "ГБ")
_PERCENT: Final = ("%", "%")
_SECONDS: Final = ("с", "с")


THRESHOLDS: Final[Mapping[str, Threshold]] = MappingProxyType(
    {
        "disk_free_gib": Threshold(10, "KodeksDiskSpaceLow: less free space on a partition, GiB", _GIB),
        "certificate_days": Threshold(14, "KodeksCertificateExpiring: fewer days left", _DAYS),
        "maintenance_hours": Threshold(3, "KodeksMaintenanceToLong: longer in maintenance, hours", _HOURS),
        "sysinfo_age_days": Threshold(
            2, "SmartXMLfileIsToOld: no newer report, days; also what other alerts hold for a fresh report", _DAYS
        ),
        "operup_age_days": Threshold(3, "KodeksDBOperUpToOld, …Count: older file, working days", _WORKDAYS),
        "activity": Threshold(20, "KodeksUserActivityIsLow: less activity in the month"),
        "involvement_percent": Threshold(60, "KodeksUserAInvolvementIsLow: less involvement in the month, %", _PERCENT),
        "search_slow_seconds": Threshold(
            10, "KodeksSearchSlow: longer searches are slow, seconds", _SECONDS, (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60)
        ),
        "search_slow_percent": Threshold(10, "KodeksSearchSlow: more slow searches in a day, %", _PERCENT),
        "shared_addresses": Threshold(3, "KodeksLoginShared: so many addresses of one login, or more"),
        "hosting_installations": Threshold(3, "KodeksHostingOutage: so many installations of a hosting, or more"),
        "many_at_manager": Threshold(5, "alerts …Count: more at one manager"),
        "many_in_maintenance": Threshold(30, "KodeksMaintenanceCount: more installations of the fleet"),
        "stale_intervals": Threshold(3, "KodeksCheckStale: longer without a check, in intervals of poll.checks"),
    }
)
"""The closed list of ``thresholds:``. Rules and messages read them as ``kodeks:threshold{name="…"}``."""


def usual_thresholds() -> Mapping[str, float]:
    return MappingProxyType({name: threshold.default for name, threshold in THRESHOLDS.items()})


Thresholds = Annotated[
    Mapping[str, Annotated[float, Notation(values.amount, lambda number: f"{number:g}")]], Closed("threshold")
]
RepeatInterval = Annotated[float, at_least("5m", "so as not to flood people")]


@dataclass(frozen=True, slots=True)
class InhibitRule:
    """One more inhibition, in Alertmanager's own syntax."""

    source_matchers: Annotated[tuple[Label, ...], Items(1)]
    target_matchers: Annotated[tuple[Label, ...], Items(1)]
    equal: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class Smtp:
    """The mail server."""

    smarthost: Annotated[str, endpoint(25)] = ""
    """`host:port`; port 25 may be left out. Empty: as in the project's example."""
    sender: Email = ""
    """The address that mail comes from."""
    require_tls: bool = True
    username: Label = ""
    """Needs `password`."""
    password: Secret | None = None

    @property
    def credentials(self) -> Credentials | None:
        return None if self.password is None else Credentials(self.username, self.password)


@dataclass(frozen=True, slots=True)
class Telegram:
    """Sending of Telegram messages."""

    bot_token: Secret | None = None
    """Without it nobody gets Telegram messages."""
    api_url: Url = ""
    """A Bot API server of your own. Empty: Telegram's."""
    proxy_url: ProxyUrl | None = None
    """`http://`, `https://` or `socks5://` proxy by which Telegram is reached; may hold a login."""


@dataclass(frozen=True, slots=True)
class DeadMan:
    """The dead man's switch, which notices when alerting itself is broken."""

    url: SecretUrl | None = None
    """Gets KodeksWatchdog every five minutes. A secret, because whoever knows it can feed the switch."""


@dataclass(frozen=True, slots=True)
class Night:
    """Alerts that may sound outside of working hours."""

    sound: tuple[AlertName, ...] = ()
    """Alerts that sound in Telegram at any hour, such as `KodeksHostingOutage`."""


@dataclass(frozen=True, slots=True)
class AlertmanagerSettings:
    """Who gets messages and how they are sent."""

    smtp: Smtp = Smtp()
    telegram: Telegram = Telegram()
    ops: Ops = Ops()
    dead_man: DeadMan = DeadMan()
    night: Night = Night()
    repeat: Annotated[Mapping[str, RepeatInterval], Closed()] = field(
        default_factory=lambda: MappingProxyType(
            dict(zip(PRIORITIES, (6 * _HOUR, 8 * _HOUR, 120 * _HOUR, 120 * _HOUR, 120 * _HOUR), strict=True))
        )
    )
    """Priority to the time after which the message of an alert that still fires is repeated. Mails of K1 and K2 are
    repeated after 12h at the earliest."""
    inhibit_rules: tuple[InhibitRule, ...] = ()
    """More inhibitions, in Alertmanager's syntax: `source_matchers`, `target_matchers`, `equal`."""


@dataclass(frozen=True, slots=True)
class PrometheusSettings:
    """Prometheus' scrape targets and Alertmanagers."""

    exporters: Annotated[tuple[Annotated[str, endpoint(9877)], ...], Items(1)] = ("localhost:9877",)
    """List of `host:port`."""
    sharding: Literal["inventory", "hash", "branch", "hashmod"] = "inventory"
    """Several exporters: with `inventory` each has a kodeks.yml with installations of its own; `hash` and `branch` have
    `render` divide this one; with `hashmod` each has all of them and Prometheus divides them, see
    [render.md](render.md#several-exporters)."""
    scheme: Literal["http", "https"] = "http"
    """Of the exporters."""
    credentials: Credentials | None = None
    """When the exporters ask for basic authentication."""
    tls: Tls = Tls()
    """With https."""
    alertmanagers: tuple[Annotated[str, endpoint(9093)], ...] = ("localhost:9093",)
    """List of `host:port`."""

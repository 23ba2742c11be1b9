"""How the monitored system is queried and its answers are interpreted.

Every assumption about Kodeks (paths, wording of pages) is data here, so that a site can change it in the configuration.
The defaults follow what is publicly known about Kodeks 6.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated

from kodeks_exporter.domain.check import InstallationState
from kodeks_exporter.settings import values
from kodeks_exporter.settings.notation import (
    Closed,
    Duration,
    Label,
    Margin,
    Notation,
    NumberPattern,
    OptionalPath,
    Pattern,
    SeriesName,
    patterns,
    size,
    whole,
)
from kodeks_exporter.settings.values import Endpoint


@dataclass(frozen=True, slots=True)
class Paths:
    """Pages of the server. All are known but `logout`, which is assumed. Empty (`""`): the page is not requested."""

    title: OptionalPath = "/admin/title"
    """Numbers of seats."""
    licence: OptionalPath = "/admin/lic"
    """State of the protection key."""
    preferences: OptionalPath = "/admin/pref"
    """Nightly times of restart and backup."""
    catalogs: OptionalPath = "/sysinfo/metrics"
    """State of each catalog."""
    sysmon: OptionalPath = "/sysmon/metrics"
    """The servers' own monitoring module."""
    logout: OptionalPath = "/logout"
    """Asked after a login, so that the monitor holds no seat."""


_ENDS = (
    r"(?=\s*(?:$|[^\w\s])|\s+"
    r"(?:до|с|и|на|по|систем|сервер|баз|комплекс|кодекс|техэксперт|подожд|попроб|повтор|обрат)\w*)"
)
"""The server's own sentence continues like this, if at all; a headline continues with its subject."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """Regular expressions over a page's visible text, case ignored, see below.

    Tags are removed and white space is folded before.

    The wording of the main page differs by version: all of it is assumed. States are tried in the order given.
    """

    states: Annotated[Mapping[InstallationState, tuple[Pattern, ...]], Closed()] = field(
        default_factory=lambda: MappingProxyType(
            {
                InstallationState.MAINTENANCE: patterns(
                    rf"\bрежиме? обслуживания{_ENDS}",
                    rf"(?<!кто )провод\w+ (техническое|профилактическое) обслуживание{_ENDS}",
                ),
                InstallationState.NEEDS_SERVICE: patterns(rf"требует\w* обслуживани\w+{_ENDS}"),
                InstallationState.KEY_MISSING: patterns(
                    r"ключ( защиты| senselock)? не (найден|обнаружен)",
                    r"не (найден|обнаружен) ключ( защиты| senselock)",
                    r"ошибка защиты",
                ),
                InstallationState.OUT_OF_SEATS: patterns(
                    r"количество пользователей превысило|превышено (максимальное )?количество пользователей",
                    r"(кончились|закончились|нет свободных) (лицензи|рабочи)\w*",
                ),
                InstallationState.NOT_STARTED: patterns(
                    r"сервер (\S+ )?не (запущен|стартовал|работает)", r"сервер (\S+ )?запускается"
                ),
                InstallationState.SERVER_ERROR: patterns(
                    r"(внутренняя )?ошибк[аи] (на )?сервер[ае]", r"internal server error"
                ),
                InstallationState.WARNING: patterns(
                    rf"аварийн(ое|ом|ый|ая|ой) (состояни[еи]|режиме?|ситуаци[яи]){_ENDS}"
                ),
            }
        )
    )
    """Matched against the title and main heading of the main page, and the lines of a page with little else; states
    are tried in this order."""
    kodeks_signs: tuple[Pattern, ...] = patterns(
        r"техэксперт", r"^\W*кодекс\s*(?:$|[^\w\s])", r"(?:систем\w*|сервер\w*|комплекс\w*|пк|ипс|ис|к/тэ)\W+кодекс\b"
    )
    """Names of the product in the title or main heading of the main page, or in its text if there is little else.
    They count only if nothing better shows that Kodeks answers (its headers, cookies, `/sysinfo/metrics`, `/admin`
    pages), and not as part of the installation's own host or name."""
    out_of_seats: tuple[Pattern, ...] = patterns(
        r"количество пользователей превысило|превышено (максимальное )?количество пользователей",
        r"\(2008\)|ошибк\w*\D{0,20}2008\b",
        r"нет свободных (лицензи|рабочи)\w*",
    )
    """Refusal of the monitor's login for lack of seats."""
    protection_ok: tuple[Pattern, ...] = patterns(
        r"привязка\s*:\s*senselock(?!.*(ошибк|не (найден|обнаружен)|заблокирован))"
    )
    """The key is present: only in the line «Привязка» of the licence page."""
    protection_line: tuple[Pattern, ...] = patterns(r"^\W*привязка\s*:")
    """The line of the licence page about the key; the others are about products. Known."""
    protection_failed: tuple[Pattern, ...] = patterns(
        r"ошибк\w*(\s+\w+){0,4}?\W{0,4}(?P<code>\d+)",
        r"ошибк\w*|ключ( защиты)? не (найден|обнаружен)|заблокирован\w*",
    )
    r"""The key is missing or faulty; a group `(?P<code>\d+)` gives the error code."""
    seats: tuple[NumberPattern, ...] = patterns(r"ограничение рег\. ?файла:\s*(?P<number>\d+)")
    r"""Number of seats; needs a group `(?P<number>\d+)`."""
    seats_used: tuple[NumberPattern, ...] = patterns(r"пользователи работающие с продуктами[^:]*:\s*(?P<number>\d+)")
    r"""Number of seats in use; needs a group `(?P<number>\d+)`."""
    restart_field: Label = "restarttime"
    """Not a pattern but the name of a form field of `/admin/pref`."""
    backup_field: Label = "reservtime"
    """Likewise."""


@dataclass(frozen=True, slots=True)
class CheckTimeouts:
    """Seconds."""

    dns: Duration = 3.0
    icmp: Duration = 1.0
    """After the last attempt."""
    connect: Duration = 5.0
    http: Duration = 10.0
    """For one whole request: from the first byte sent to the last byte read, including redirects."""
    snmp: Duration = 5.0


@dataclass(frozen=True, slots=True)
class CheckLimits:
    """Bounds of one live check."""

    icmp_attempts: Annotated[int, whole(1, 20)] = 5
    """Requests of one ping, 0.2 s apart until one is answered; one reply is enough."""
    page_size: Annotated[int, size("1KiB", "100MiB")] = 2 * 1024 * 1024
    """The largest part of a page that is read."""
    redirects: Annotated[int, whole(0, 30)] = 5


@dataclass(frozen=True, slots=True)
class PlannedDowntime:
    """How long around its announced nightly times a server may be down without an alert (assumed)."""

    before: Margin = 120.0
    """Before either time."""
    restart: Margin = 20 * 60.0
    """After the beginning of the restart."""
    backup: Margin = 60 * 60.0
    """After the beginning of the backup."""


@dataclass(frozen=True, slots=True)
class SysmonSettings:
    """Which series of the servers' own monitoring module are passed on."""

    metrics: tuple[SeriesName, ...] = ()
    """Names of series, including `_bucket`, `_sum` and `_count`; `*` matches any characters. None: not requested."""
    series: Annotated[int, whole(1, 10_000)] = 200
    """Maximum per installation. Series left out are counted in `kodeks_series_dropped{subject="sysmon"}`."""


def _dns_server(text: str) -> Endpoint:
    server = values.endpoint(text, 53)
    return Endpoint(values.address(server.host), server.port)


@dataclass(frozen=True, slots=True)
class Dns:
    """Resolution of names."""

    servers: tuple[Annotated[Endpoint, Notation(_dns_server)], ...] = ()
    """IP addresses (`:port` allowed) of name servers. None: the machine's own resolver, hosts file included."""


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """How the monitored servers are queried and their answers interpreted."""

    timeouts: CheckTimeouts = CheckTimeouts()
    limits: CheckLimits = CheckLimits()
    paths: Paths = Paths()
    patterns: Patterns = field(default_factory=Patterns)
    planned_downtime: PlannedDowntime = PlannedDowntime()
    processes: tuple[Label, ...] = ("kodweb", "kodwebd")
    """Names of the service's process for SNMP; one of them running is enough."""
    sysmon: SysmonSettings = SysmonSettings()
    dns: Dns = Dns()

"""Fleet-wide settings: how the monitored system is asked and how its answers are understood.

Everything that is only assumed of Kodeks (paths, wording of pages) stands here as data, so that a site can change
it in the configuration. The defaults follow what is publicly known of Kodeks 6.4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from kodeks_exporter.domain.check import InstallationState
from kodeks_exporter.domain.fleet import Fleet


def _patterns(*sources: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(source, re.IGNORECASE) for source in sources)


@dataclass(frozen=True, slots=True)
class Paths:
    """Addresses of the monitored system's pages. Known but for ``logout``, which is assumed; empty: not asked."""

    title: str = "/admin/title"
    licence: str = "/admin/lic"
    preferences: str = "/admin/pref"
    catalogs: str = "/sysinfo/metrics"
    logout: str = "/logout"


@dataclass(frozen=True, slots=True)
class Patterns:
    """Regular expressions over a page's visible text (tags removed, white space folded), case ignored.

    The wording of the main page differs by version: all of it is assumed. States are tried in the order given.
    """

    states: Mapping[InstallationState, tuple[re.Pattern[str], ...]] = field(
        default_factory=lambda: MappingProxyType(
            {
                InstallationState.MAINTENANCE: _patterns(
                    r"режим\w* обслуживания", r"провод\w+ (техническое|профилактическое) обслуживание"
                ),
                InstallationState.NEEDS_SERVICE: _patterns(r"требует\w* обслуживани\w+"),
                InstallationState.KEY_MISSING: _patterns(
                    r"ключ( защиты| senselock)? не (найден|обнаружен)", r"ошибка защиты"
                ),
                InstallationState.OUT_OF_SEATS: _patterns(
                    r"количество пользователей превысило",
                    r"(кончились|закончились|нет свободных) (лицензи|рабочи)\w*",
                ),
                InstallationState.NOT_STARTED: _patterns(
                    r"сервер (\S+ )?не (запущен|стартовал|работает)", r"сервер (\S+ )?запускается"
                ),
                InstallationState.SERVER_ERROR: _patterns(
                    r"(внутренняя )?ошибк[аи] (на )?сервер[ае]", r"internal server error"
                ),
                InstallationState.WARNING: _patterns(r"аварийн\w+ (состояни|режим|ситуаци)\w*"),
            }
        )
    )
    kodeks_signs: tuple[re.Pattern[str], ...] = _patterns(r"WWW-Kodeks", r"кодекс", r"техэксперт", r"kod(eks|web)")
    """Any of them in the ``Server`` header or the page shows that Kodeks itself answered."""
    out_of_seats: tuple[re.Pattern[str], ...] = _patterns(
        r"количество пользователей превысило", r"\(2008\)|ошибк\w*\D{0,20}2008\b", r"нет свободных (лицензи|рабочи)\w*"
    )
    """In the answer to the monitor's login."""
    protection_ok: tuple[re.Pattern[str], ...] = _patterns(r"привязка:\s*senselock(?!.*ошибка защиты)")
    protection_failed: tuple[re.Pattern[str], ...] = _patterns(
        r"ошибка защиты\s*\(?(?P<code>\d+)?", r"ключ( защиты)? не (найден|обнаружен)"
    )
    """The first group named ``code``, where present, is the protection error code."""
    seats: tuple[re.Pattern[str], ...] = _patterns(r"ограничение рег\. ?файла:\s*(?P<number>\d+)")
    seats_used: tuple[re.Pattern[str], ...] = _patterns(r"пользователи работающие с продуктами[^:]*:\s*(?P<number>\d+)")
    restart_field: str = "restarttime"
    backup_field: str = "reservtime"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one live check; times in seconds, sizes in bytes."""

    dns_timeout: float = 3.0
    icmp_timeout: float = 1.0
    icmp_attempts: int = 2
    connect_timeout: float = 5.0
    http_timeout: float = 10.0
    """For one whole request: from the first byte sent to the last byte read, redirects included."""
    snmp_timeout: float = 5.0
    max_body: int = 2 * 1024 * 1024
    max_redirects: int = 5


@dataclass(frozen=True, slots=True)
class PlannedDowntime:
    """How long around its announced nightly times a server may be away without alert, seconds (assumed)."""

    before: float = 120.0
    restart: float = 20 * 60.0
    backup: float = 60 * 60.0


@dataclass(frozen=True, slots=True)
class CheckSettings:
    paths: Paths = field(default_factory=Paths)
    patterns: Patterns = field(default_factory=Patterns)
    limits: Limits = field(default_factory=Limits)
    planned: PlannedDowntime = field(default_factory=PlannedDowntime)
    dns_servers: tuple[tuple[str, int], ...] = ()
    """Address and port of name servers to ask; empty: the machine's own resolver (hosts file included)."""


@dataclass(frozen=True, slots=True)
class PollSettings:
    """When what runs; seconds. ``online_searches`` is a local time of day ``HH:MM``."""

    checks: float = 30.0
    sysinfo: float = 55 * 60.0
    online: float = 3600.0
    online_searches: str = "03:00"
    concurrency: int = 100
    """How many installations are checked at once."""


@dataclass(frozen=True, slots=True)
class Links:
    """Bases of the links in messages, without a trailing slash."""

    docs: str = ""
    grafana: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that kodeks.yml says, with the defaults filled in and secrets resolved."""

    fleet: Fleet = field(default_factory=Fleet)
    poll: PollSettings = field(default_factory=PollSettings)
    checks: CheckSettings = field(default_factory=CheckSettings)
    links: Links = field(default_factory=Links)
    user_labels: str = "plain"
    """``privacy.user_labels``: plain, hashed or off."""
    source: Path = Path()

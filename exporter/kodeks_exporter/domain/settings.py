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

from kodeks_exporter.domain.alerting import AlertingSettings
from kodeks_exporter.domain.check import InstallationState
from kodeks_exporter.domain.fleet import Credentials, Fleet
from kodeks_exporter.domain.online import OnlineSettings
from kodeks_exporter.domain.reaction import ReactionSettings
from kodeks_exporter.domain.secret import Secret

_ENDS = (
    r"(?=\s*(?:$|[^\w\s])|\s+"
    r"(?:до|с|и|на|по|систем|сервер|баз|комплекс|кодекс|техэксперт|подожд|попроб|повтор|обрат)\w*)"
)
"""A sentence of the server's own goes on so, if at all; a headline goes on with what it is about."""


def _patterns(*sources: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(source, re.IGNORECASE) for source in sources)


@dataclass(frozen=True, slots=True)
class Paths:
    """Addresses of the monitored system's pages. Known but for ``logout``, which is assumed; empty: not asked."""

    title: str = "/admin/title"
    licence: str = "/admin/lic"
    preferences: str = "/admin/pref"
    catalogs: str = "/sysinfo/metrics"
    sysmon: str = "/sysmon/metrics"
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
                    rf"\bрежиме? обслуживания{_ENDS}",
                    rf"(?<!кто )провод\w+ (техническое|профилактическое) обслуживание{_ENDS}",
                ),
                InstallationState.NEEDS_SERVICE: _patterns(rf"требует\w* обслуживани\w+{_ENDS}"),
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
                InstallationState.WARNING: _patterns(
                    rf"аварийн(ое|ом|ый|ая|ой) (состояни[еи]|режиме?|ситуаци[яи]){_ENDS}"
                ),
            }
        )
    )
    kodeks_signs: tuple[re.Pattern[str], ...] = _patterns(
        r"техэксперт", r"^\W*кодекс\s*(?:$|[^\w\s])", r"(?:систем\w*|сервер\w*|комплекс\w*|пк|ипс|ис|к/тэ)\W+кодекс\b"
    )
    """Names of the product in the title or main heading of a main page, or in its text where it says little else. They
    count where nothing better shows who answers; see ``checks.evidence``."""
    out_of_seats: tuple[re.Pattern[str], ...] = _patterns(
        r"количество пользователей превысило", r"\(2008\)|ошибк\w*\D{0,20}2008\b", r"нет свободных (лицензи|рабочи)\w*"
    )
    """In the answer to the monitor's login."""
    protection_ok: tuple[re.Pattern[str], ...] = _patterns(r"привязка\s*:\s*senselock(?!.*ошибка защиты)")
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
class SysmonSettings:
    """Which series of the servers' own monitoring module (``/sysmon/metrics``) are passed on; none: it is not asked.

    ``metrics``: names, each whole, with ``*`` for any characters. ``series``: at most so many of one installation.
    """

    metrics: tuple[str, ...] = ()
    series: int = 200


@dataclass(frozen=True, slots=True)
class CheckSettings:
    paths: Paths = field(default_factory=Paths)
    patterns: Patterns = field(default_factory=Patterns)
    limits: Limits = field(default_factory=Limits)
    planned: PlannedDowntime = field(default_factory=PlannedDowntime)
    sysmon: SysmonSettings = field(default_factory=SysmonSettings)
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
class ForwardSettings:
    """Sending received reports on, to an АСРП gateway for instance. Times in seconds.

    How such a gateway is asked and what it answers is assumed; hence all of it is configuration.
    """

    url: str = ""
    """Empty: nothing is sent."""
    interval: float = 7 * 86400.0
    intervals: Mapping[str, float] = field(default_factory=dict)
    """Installations with an interval of their own, by name; 0: never."""
    field_name: str = "file"
    fields: Mapping[str, str] = field(default_factory=dict)
    """Other form fields."""
    headers: Mapping[str, Secret] = field(default_factory=dict)
    """Request headers, such as one with a token."""
    credentials: Credentials | None = None
    tls_verify: bool = True
    tls_ca_file: str = ""
    timeout: float = 300.0
    results: Mapping[str, tuple[re.Pattern[str], ...]] = field(
        default_factory=lambda: MappingProxyType(
            {
                "error": _patterns(r"\berror\b", r"\bошибк"),
                "warning": _patterns(r"\bwarning\b"),
                "ok": _patterns(r"\bok\b", r"\bsuccess"),
            }
        )
    )
    """Result to patterns over the answer's text; the first that is found counts."""
    states: Mapping[str, tuple[re.Pattern[str], ...]] = field(
        default_factory=lambda: MappingProxyType({"Повтор": _patterns(r"повтор"), "Принят": _patterns(r"принят")})
    )


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """How reports get in. Sizes in bytes, times in seconds."""

    upload_limit: int = 64 * 1024 * 1024
    """Of one uploaded or dropped report."""
    max_uploads: int = 64
    """Uploads in work at once; the web server needs that many threads, and some more for /metrics."""
    ingest_concurrency: int = 2
    """Reports read at once."""
    inbox: str = ""
    """Folder to drop files into; empty: ``inbox`` in the storage."""
    inbox_interval: float = 5.0
    download_path: str = "/sysinfo/si_save_request"
    download_limit: int = 64 * 1024 * 1024
    download_timeout: float = 600.0
    """For one whole download."""
    download_concurrency: int = 3
    forward: ForwardSettings = field(default_factory=ForwardSettings)


@dataclass(frozen=True, slots=True)
class SearchEventSettings:
    """Which single searches become series of an installation: the newest ones, bounded in number and age (seconds).

    ``unsuccessful`` are empty and failed searches, ``ok`` all others. ``text``: characters of a label value.
    """

    ok_count: int = 200
    ok_age: float = 86400.0
    unsuccessful_count: int = 100
    unsuccessful_age: float = 14 * 86400.0
    text: int = 120


@dataclass(frozen=True, slots=True)
class SeriesLimits:
    """How many of each an installation may have in the metrics; ``kodeks_series_dropped`` tells what is left out."""

    users: int = 1000
    sessions: int = 500
    volumes: int = 500
    operup_files: int = 500
    rejected_users: int = 200
    search_kinds: int = 200
    """Combinations of catalog, source, type and status."""


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """Search events as JSON lines, in files ``searches-NNNNNN.jsonl`` of the folder ``journal`` of the storage."""

    enabled: bool = True
    file_size: int = 50 * 1024 * 1024
    """Bytes from which on the next file begins."""
    files: int = 5
    """How many files are kept, the one being written included."""


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """What is kept of sysinfo reports and shown of them."""

    searches: SearchEventSettings = field(default_factory=SearchEventSettings)
    series: SeriesLimits = field(default_factory=SeriesLimits)
    journal: JournalSettings = field(default_factory=JournalSettings)
    retention: float = 396 * 86400.0
    """Seconds that events, users not seen any more and their usage are kept: 13 months."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that kodeks.yml says, with the defaults filled in and secrets resolved."""

    fleet: Fleet = field(default_factory=Fleet)
    poll: PollSettings = field(default_factory=PollSettings)
    checks: CheckSettings = field(default_factory=CheckSettings)
    links: Links = field(default_factory=Links)
    reports: ReportSettings = field(default_factory=ReportSettings)
    history: HistorySettings = field(default_factory=HistorySettings)
    alerting: AlertingSettings = field(default_factory=AlertingSettings)
    online: OnlineSettings = field(default_factory=OnlineSettings)
    reaction: ReactionSettings = field(default_factory=ReactionSettings)
    user_labels: str = "plain"
    """``privacy.user_labels``: plain, hashed or off."""
    source: Path = Path()

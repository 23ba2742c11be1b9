"""How online accesses are read at the vendor's servers.

The layout of their pages and the login are assumed, hence configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.online import Resource
from kodeks_exporter.settings import values
from kodeks_exporter.settings.fleet import Tls
from kodeks_exporter.settings.history import SearchEventSettings
from kodeks_exporter.settings.notation import (
    Closed,
    Notation,
    OptionalPath,
    Path,
    Pattern,
    Retention,
    Zone,
    duration,
    patterns,
    size,
    whole,
)

MOSCOW: Final = ZoneInfo("Europe/Moscow")


def _history_path(text: str) -> str:
    if text and "{date}" not in text:
        raise ValueError('must have {date} in place of the day, such as "/history?date={date}"')
    return values.path(text) if text else ""


HistoryPath = Annotated[str, Notation(_history_path)]


@dataclass(frozen=True, slots=True)
class OnlinePaths:
    """Pages below the access' folder (assumed)."""

    profile: Path = "/profile"
    """Page with the remainder of each limit."""
    history: HistoryPath = "/history?date={date}"
    """The search history; `{date}` is replaced by the day, as 2026-11-18. Empty (`""`): not requested."""
    logout: OptionalPath = "/logout"
    """Empty (`""`): not requested."""


@dataclass(frozen=True, slots=True)
class OnlinePatterns:
    """Regular expressions over texts of pages and table cells, case ignored (assumed), see below."""

    resources: Annotated[Mapping[Resource, tuple[Pattern, ...]], Closed()] = field(
        default_factory=lambda: MappingProxyType(
            {
                Resource.DOCUMENTS: patterns(r"^\W*документ"),
                Resource.SEARCHES: patterns(r"^\W*(поиск|запрос)"),
                Resource.PRINTS: patterns(r"^\W*(печат|распечат)"),
                Resource.UPLOADS: patterns(r"^\W*(выгруз|сохран|экспорт)"),
            }
        )
    )
    """Names of the rows of the account page's table, tried in this order."""
    left: tuple[Pattern, ...] = patterns(r"остал|остат|доступно")
    """Name of the column with the remainder."""
    limit: tuple[Pattern, ...] = patterns(r"лимит|всего|максимум|предел")
    """Name of the column with the limit."""
    used: tuple[Pattern, ...] = patterns(r"использован|израсходован|потрачен")
    """Name of the column with the units used. Without such names the first number is the remainder, the second the
    limit."""
    history_time: tuple[Pattern, ...] = patterns(r"врем|дата")
    """Name of a column of the search history; so are the next four."""
    history_type: tuple[Pattern, ...] = patterns(r"тип|вид")
    history_query: tuple[Pattern, ...] = patterns(r"запрос|текст")
    history_found: tuple[Pattern, ...] = patterns(r"найден|результат")
    history_duration: tuple[Pattern, ...] = patterns(r"длительност|продолжительност")
    history_empty: tuple[Pattern, ...] = patterns(
        r"(запросов|поисков|данных|записей) (за .{0,30})?(нет|не (было|найдено))", r"история (поиска )?пуста"
    )
    """A history page without a table, which says that there were no searches."""
    captcha: tuple[Pattern, ...] = patterns(
        r"captcha|капч", r"не робот|not a robot", r"ddos-guard", r"проверк\w+ (вашего )?браузера", r"код с картинки"
    )
    """A check for robots, in the page's source, markup included."""
    maintenance: tuple[Pattern, ...] = patterns(
        r"режим\w* обслуживания", r"(техническ|профилактическ)\w+ (работ|обслуживани)\w+", r"under maintenance"
    )
    """A page of the vendor's maintenance."""
    proxy: tuple[Pattern, ...] = patterns(
        r"\bsquid\b", r"bad gateway|gateway time-?out", r"proxy error|proxy server|прокси-?сервер",
        r"доступ к (этому )?(ресурсу|сайту) (заблокирован|ограничен|запрещ[её]н)",
    )  # fmt: skip
    """A page of a proxy on the way."""


@dataclass(frozen=True, slots=True)
class OnlineTimeouts:
    """Seconds."""

    connect: Annotated[float, duration("100ms", "1m")] = 5.0
    request: Annotated[float, duration("100ms", "10m")] = 15.0
    """For one request, including redirects."""


@dataclass(frozen=True, slots=True)
class OnlineLimits:
    """Limits on the load on the vendor's servers."""

    per_server: Annotated[int, whole(1, 20)] = 2
    """Accesses of one server that are read at the same time."""
    gap: Annotated[float, duration("0s", "1h")] = 1.0
    """The minimum time between the starts of two visits to one server."""
    page_size: Annotated[int, size("1KiB", "16MiB")] = 512 * 1024
    """The largest part of a page that is read."""


@dataclass(frozen=True, slots=True)
class OnlineSpread:
    """Time over which visits are spread."""

    start: Annotated[float, duration("0s", "1d")] = 300.0
    """The first visits after the very first start."""
    history: Annotated[float, duration("0s", "20h")] = 3600.0
    """The nightly visits, from `poll.online_searches` on."""


@dataclass(frozen=True, slots=True)
class OnlineRetry:
    """Pauses after a failure, doubled with each further one up to the longest."""

    refused: Annotated[float, duration("30m", "7d")] = 6 * 3600.0
    """After a refused login."""
    refused_longest: Annotated[float, duration("30m", "31d")] = 24 * 3600.0
    other: Annotated[float, duration("10s", "1d")] = 300.0
    """After any other failure of one access."""
    other_longest: Annotated[float, duration("10s", "7d")] = 4 * 3600.0
    server: Annotated[float, duration("10s", "1d")] = 60.0
    """Between attempts while a whole server is down."""
    server_longest: Annotated[float, duration("10s", "1d")] = 600.0


@dataclass(frozen=True, slots=True)
class OnlineSettings:
    """How the accesses of `online_accesses` are read at the vendor's servers."""

    time_zone: Zone = MOSCOW
    """Of the vendor: of months and their limits, of times in the search history, of `poll.online_searches`."""
    paths: OnlinePaths = OnlinePaths()
    patterns: OnlinePatterns = field(default_factory=OnlinePatterns)
    timeouts: OnlineTimeouts = OnlineTimeouts()
    limits: OnlineLimits = OnlineLimits()
    spread: OnlineSpread = OnlineSpread()
    retry: OnlineRetry = OnlineRetry()
    tls: Tls = Tls()
    """A certificate that cannot be trusted: no password is sent."""
    history_days: Annotated[int, whole(1, 31)] = 7
    """How many missed days of the search history are caught up."""
    searches: SearchEventSettings = SearchEventSettings(20, 2 * 86400.0, 50, 14 * 86400.0, 120)
    """Which single searches become series, as in `history.searches`."""
    retention: Retention = 396 * 86400.0
    """How long days of use and searches are kept. The default is 13 months."""

"""Online accesses: what is read of one, how that may go wrong, and how its client uses it.

An access is a login at the vendor's server with monthly limits. What its pages look like and how one logs in is
assumed, hence configuration: ``OnlineSettings``. All times are Unix seconds (UTC) unless a day or month is meant,
which is one of ``OnlineSettings.time_zone``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.report import SearchEvent


class Resource(StrEnum):
    """What is limited by the month; the values are label values."""

    DOCUMENTS = "documents"
    SEARCHES = "searches"
    PRINTS = "prints"
    UPLOADS = "uploads"


class Quota(NamedTuple):
    """Units of a resource in the running month. ``limit`` None: the page does not tell it."""

    left: int
    limit: int | None


HTTP_REASON: Final = "http_"
REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "refused": "Сервер не принял логин или пароль.",
        "timeout": "Сервер не ответил за отведённое время.",
        "dns": "Имя сервера не разрешается в DNS.",
        "connection": "С сервером не удалось соединиться, или он разорвал соединение.",
        "tls": "TLS не устанавливается, или сертификату нельзя доверять: пароль не отправлен.",
        "maintenance": "На сервере режим обслуживания.",
        "captcha": "Сервер требует подтвердить, что входит человек.",
        "proxy": "Вместо сервера ответил прокси.",
        "markup": "Вход выполнен, но страница устроена не так, как описано в настройках.",
        "redirect": "Сервер отправляет на другой адрес: поправьте url доступа.",
        "too_large": "Страница больше допустимого размера.",
        "garbage": "Ответ не похож на HTTP, или он оборван.",
        "crash": "Ошибка в самом экспортёре: подробности в его журнале.",
    }
)
"""Why an access could not be read: a stable slug, and one Russian sentence. Beside them ``http_500`` and the like."""

_SERVER_REASONS: Final = frozenset(
    {"timeout", "dns", "connection", "tls", "maintenance", "captcha", "proxy", "garbage"}
)


def reason_text(reason: str) -> str:
    """The Russian sentence for a reason, ``http_XXX`` too."""
    return REASONS.get(reason) or f"Сервер ответил кодом {reason.removeprefix(HTTP_REASON)}."


def is_server_fault(reason: str) -> bool:
    """Whether it is most likely the server (or the way to it) that fails, and not this one access."""
    return reason in _SERVER_REASONS or reason.startswith(f"{HTTP_REASON}5")


def is_answered(reason: str) -> bool:
    """Whether the vendor's system itself answered properly: a profile (even one not understood), or a refusal."""
    return reason in ("", "refused", "markup")


@dataclass(frozen=True, slots=True)
class HistoryDay:
    """The searches of a whole day of an access."""

    day: date
    events: tuple[SearchEvent, ...]


@dataclass(frozen=True, slots=True)
class OnlineReading:
    """One visit to an access. ``reason`` is empty when the profile was read; ``quotas`` then has the documents.

    ``duration`` in seconds. ``login`` True: accepted, False: refused, None: it never came to that.
    ``history``: the days that could be read; ``history_reason``: why the next one could not.
    """

    account: str
    started: float
    duration: float
    reason: str
    login: bool | None = None
    quotas: Mapping[Resource, Quota] = field(default_factory=dict)
    history: tuple[HistoryDay, ...] = ()
    history_reason: str = ""
    form: bool = False
    """The server asks for the login by a form and not by HTTP Basic."""


class UseClass(StrEnum):
    """How an access is used over the months; docs/online.md tells the rules. The values are label values."""

    NEW = "new"
    NEVER = "never"
    LOW = "low"
    SEASONAL = "seasonal"
    NORMAL = "normal"
    HIGH = "high"
    SHARED = "shared"
    EXHAUSTED = "exhausted"


class Deviation(StrEnum):
    """An access behaves unlike its own past."""

    SILENT = "silent"
    BUSY = "busy"


class Advice(StrEnum):
    CALL = "call"
    WAIT = "wait"


class DayUse(NamedTuple):
    """What was used from the 1st of the month to the end of ``day``. ``limit``: of documents; 0: not known."""

    day: date
    documents: int
    searches: int
    limit: int


@dataclass(frozen=True, slots=True)
class Profile:
    """What an access' own history says of it on ``day``.

    ``season``: months between busy times (1, 3, 6, 12), 0 when it has none. ``next_busy``: first day of the month in
    which a seasonal access is expected again. ``expected``: documents by this day of the month, going by its own
    past; None while that is too short. ``advice_reason``: a key of ``ADVICE``.
    """

    day: date
    use: UseClass
    season: int = 0
    next_busy: date | None = None
    expected: float | None = None
    deviation: Deviation | None = None
    advice: Advice | None = None
    advice_reason: str = ""


ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "exhausted": "лимит документов исчерпан: предложить расширение",
        "limit_ends": "лимит документов закончится раньше месяца: предложить расширение",
        "silent": "обычно пользуется, а сейчас молчит: узнать, что случилось",
        "busy": "обычно молчит, а сейчас работает: узнать, какая появилась задача",
        "never_used": "ни разу не пользовался: обучить, проверить, дошёл ли доступ до людей",
        "low": "почти не пользуется: обучить, показать, чем система полезна",
        "upsale": "лимит расходуется почти весь: вероятно, доступ делят несколько человек",
        "season": "пользуется по сезонам, сейчас не его время",
    }
)
"""Why to call or to wait: label values, and words for people."""


def _patterns(*sources: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(source, re.IGNORECASE) for source in sources)


@dataclass(frozen=True, slots=True)
class OnlinePaths:
    """Below the access' folder (assumed). ``history`` has ``{date}``; empty: not asked."""

    profile: str = "/profile"
    history: str = "/history?date={date}"
    logout: str = "/logout"


@dataclass(frozen=True, slots=True)
class OnlinePatterns:
    """Regular expressions over texts of pages and table cells, case ignored (assumed)."""

    resources: Mapping[Resource, tuple[re.Pattern[str], ...]] = field(
        default_factory=lambda: MappingProxyType(
            {
                Resource.DOCUMENTS: _patterns(r"^\W*документ"),
                Resource.SEARCHES: _patterns(r"^\W*(поиск|запрос)"),
                Resource.PRINTS: _patterns(r"^\W*(печат|распечат)"),
                Resource.UPLOADS: _patterns(r"^\W*(выгруз|сохран|экспорт)"),
            }
        )
    )
    """Names of the rows of the profile's table."""
    left: tuple[re.Pattern[str], ...] = _patterns(r"остал|остат|доступно")
    limit: tuple[re.Pattern[str], ...] = _patterns(r"лимит|всего|максимум|предел")
    used: tuple[re.Pattern[str], ...] = _patterns(r"использован|израсходован|потрачен")
    """Names of its columns; where there are none the first number is what is left, the second the limit."""
    history_time: tuple[re.Pattern[str], ...] = _patterns(r"врем|дата")
    history_type: tuple[re.Pattern[str], ...] = _patterns(r"тип|вид")
    history_query: tuple[re.Pattern[str], ...] = _patterns(r"запрос|текст")
    history_found: tuple[re.Pattern[str], ...] = _patterns(r"найден|результат")
    history_duration: tuple[re.Pattern[str], ...] = _patterns(r"длительност|продолжительност")
    history_empty: tuple[re.Pattern[str], ...] = _patterns(
        r"(запросов|поисков|данных|записей) (за .{0,30})?(нет|не (было|найдено))", r"история (поиска )?пуста"
    )
    """A history page without a table that says that there was nothing."""
    captcha: tuple[re.Pattern[str], ...] = _patterns(
        r"captcha|капч", r"не робот|not a robot", r"ddos-guard", r"проверк\w+ (вашего )?браузера", r"код с картинки"
    )
    """In the page's source, markup included."""
    maintenance: tuple[re.Pattern[str], ...] = _patterns(
        r"режим\w* обслуживания", r"(техническ|профилактическ)\w+ (работ|обслуживани)\w+", r"under maintenance"
    )
    proxy: tuple[re.Pattern[str], ...] = _patterns(
        r"\bsquid\b", r"bad gateway|gateway time-?out", r"proxy error|proxy server|прокси-?сервер",
        r"доступ к (этому )?(ресурсу|сайту) (заблокирован|ограничен|запрещ[её]н)",
    )  # fmt: skip


MOSCOW: Final = ZoneInfo("Europe/Moscow")


@dataclass(frozen=True, slots=True)
class OnlineSettings:
    """How the vendor's servers are asked. Times in seconds, sizes in bytes."""

    time_zone: ZoneInfo = MOSCOW
    """Of months, of the times in the search history and of ``poll.online_searches`` (assumed: the vendor's)."""
    paths: OnlinePaths = field(default_factory=OnlinePaths)
    patterns: OnlinePatterns = field(default_factory=OnlinePatterns)
    per_server: int = 2
    """Accesses of one server that are read at once."""
    gap: float = 1.0
    """At least so long between the beginnings of two visits to one server."""
    start_spread: float = 300.0
    """The first visits after the very first start are spread over so long."""
    history_spread: float = 3600.0
    """The nightly visits are spread over so long from ``poll.online_searches`` on."""
    history_days: int = 7
    """How far back missed days are still read."""
    connect_timeout: float = 5.0
    request_timeout: float = 15.0
    """For one request, redirects included."""
    max_page: int = 512 * 1024
    refused_pause: float = 6 * 3600.0
    """After a refused login; doubled after each further refusal up to ``refused_longest``."""
    refused_longest: float = 24 * 3600.0
    retry_first: float = 300.0
    """After any other failure of one access; doubled each time up to ``retry_longest``."""
    retry_longest: float = 4 * 3600.0
    server_retry: float = 60.0
    """Between the attempts of single accesses at a server that is down; doubled up to ``server_retry_longest``."""
    server_retry_longest: float = 600.0
    tls_verify: bool = True
    tls_ca_file: str = ""
    ok_events: int = 20
    """Newest successful searches of an access that become series …"""
    ok_events_age: float = 2 * 86400.0
    """… while they are not older than this; the history comes a night late."""
    unsuccessful_events: int = 50
    unsuccessful_events_age: float = 14 * 86400.0
    text: int = 120
    """Characters of a label value."""
    retention: float = 396 * 86400.0
    """How long days and searches are kept: 13 months."""

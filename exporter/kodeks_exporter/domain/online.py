"""Online accesses: what is read, what may go wrong, and how a client uses one.

An access is a login at the vendor's server with monthly limits. The layout of its pages and the way to log in are
assumed, hence configurable: ``OnlineSettings``. All times are Unix seconds (UTC) unless a day or month is meant, which
is one of ``OnlineSettings.time_zone``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from kodeks_exporter.domain.report import SearchEvent


class Resource(StrEnum):
    """What is limited by the month; the values are label values."""

    DOCUMENTS = "documents"
    SEARCHES = "searches"
    PRINTS = "prints"
    UPLOADS = "uploads"


class Quota(NamedTuple):
    """Units of a resource in the running month. ``limit`` None: the page does not say."""

    left: int
    limit: int | None


HTTP_REASON: Final = "http_"
REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "refused": "Сервер не принял логин или пароль.",
        "timeout": "Сервер не ответил за отведённое время.",
        "dns": "Имя сервера не находится в DNS.",
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
"""Why an access could not be read: a stable slug, and one Russian sentence. ``http_500`` and the like come on top."""

_SERVER_REASONS: Final = frozenset(
    {"timeout", "dns", "connection", "tls", "maintenance", "captcha", "proxy", "garbage"}
)


def reason_text(reason: str) -> str:
    """The Russian sentence for a reason, ``http_XXX`` too."""
    return REASONS.get(reason) or f"Сервер ответил кодом {reason.removeprefix(HTTP_REASON)}."


def is_server_fault(reason: str) -> bool:
    """Whether most likely the server (or the network to it) fails, and not this one access."""
    return reason in _SERVER_REASONS or reason.startswith(f"{HTTP_REASON}5")


def is_answered(reason: str) -> bool:
    """Whether the vendor's system itself answered: with an account page (even one not understood) or a refusal."""
    return reason in ("", "refused", "markup")


@dataclass(frozen=True, slots=True)
class HistoryDay:
    """The searches of a whole day of an access."""

    day: date
    events: tuple[SearchEvent, ...]


@dataclass(frozen=True, slots=True)
class OnlineReading:
    """One visit to an access. ``reason`` is empty when the account page was read; ``quotas`` then has the documents.

    ``duration`` in seconds. ``login`` True: accepted, False: refused, None: not tried. ``history``: the days that could
    be read; ``history_reason``: why the next one could not.
    """

    access: str
    started: float
    duration: float
    reason: str
    login: bool | None = None
    quotas: Mapping[Resource, Quota] = field(default_factory=dict)
    history: tuple[HistoryDay, ...] = ()
    history_reason: str = ""
    form: bool = False
    """The server asks for the login with a form, not with HTTP Basic."""


class UseClass(StrEnum):
    """How an access is used over the months; docs/online.md has the rules. The values are label values."""

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
class UsePattern:
    """What an access's own history shows on ``day``.

    ``season``: months between busy times (1, 3, 6, 12), 0 when it has none. ``next_busy``: first day of the month in
    which a seasonal access is expected again. ``expected``: documents by this day of the month, from its own past; None
    while that is too short. ``advice_reason``: a key of ``ADVICE``.
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

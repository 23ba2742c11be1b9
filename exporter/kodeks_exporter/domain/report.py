"""The records of a sysinfo report, passed to a sink one by one.

A report may have hundreds of thousands of searches, so it is never one object: the reader calls a ``ReportSink``.
Records that come by the thousand are named tuples rather than frozen dataclasses: just as immutable, and three times
faster to create. All times are Unix seconds (UTC). The layout of reports is not published: names of blocks and fields
are assumed, and belong to profiles (docs/profiles.md), not to this module.

A field that is missing or can't be understood is ``None`` (texts: empty). Personal data (names, phone numbers,
addresses, positions) never get here: only the names of a card's filled fields are kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol


class Block(StrEnum):
    """Parts of a report that may be missing, apart from the header."""

    MODULES = "modules"
    SESSIONS = "sessions"
    VOLUMES = "volumes"
    OPERUP = "operup"
    USERS = "users"
    USAGE = "usage"
    SEARCHES = "searches"
    REJECTIONS = "rejections"
    KASSIST = "kassist"


CARD_FIELDS: Final = ("fullname", "position", "department", "phone", "email")


class Module(NamedTuple):
    """A part of the server: ``ksrv``, ``kassist`` …"""

    name: str
    version: str


class Session(NamedTuple):
    """A session that held a seat when the report was made."""

    login: str
    domain: str
    ip: str
    browser: str
    since: float | None


class Volume(NamedTuple):
    """A database file.

    ``expires`` is 00:00 local time of the last valid day as written. ``has_error`` None: the report has no such field;
    ``error`` is the code (0 none), None when it has no code that can be read, though ``has_error`` may be True.
    """

    file: str
    product: str
    title: str
    update: str
    expires: float | None
    has_error: bool | None
    error: int | None
    message: str


class OperUpFile(NamedTuple):
    """A file of daily updates and when it was made."""

    name: str
    date: float


class User(NamedTuple):
    """A user's card. ``filled`` has only the fields of ``CARD_FIELDS`` that the report knows."""

    login: str
    domain: str
    registered: float | None
    last_seen: float | None
    filled: Mapping[str, bool]


class UserUsage(NamedTuple):
    """What a user has done in a calendar month. ``month`` is ``YYYY-MM``; counters restart on the 1st (known)."""

    login: str
    domain: str
    month: str
    requests: int | None
    documents: int | None
    services: int | None
    links: int | None
    searches_intellectual: int | None
    searches_attribute: int | None
    searches_empty: int | None
    printed: int | None
    saved: int | None
    kassist: int | None


class SearchEvent(NamedTuple):
    """A search. ``source``: ksrv, kassist, other; ``type``: intellectual, attribute, other; ``status``: ok, empty,
    error, other (each empty when the report does not say). ``duration`` in seconds.
    """

    time: float
    login: str
    catalog: str
    source: str
    type: str
    status: str
    query: str
    found: int | None
    duration: float | None


class Rejection(NamedTuple):
    """A refused connection; ``reason`` is ``seats`` or the report's own word."""

    time: float
    login: str
    reason: str


class KassistDay(NamedTuple):
    """Links that kAssist processed on a day. ``date`` is ``YYYY-MM-DD``, ``time`` its 00:00 local time."""

    date: str
    time: float
    unique: int | None
    added: int | None
    unmatched: int | None
    checked: int | None


@dataclass(frozen=True, slots=True)
class Protection:
    """State of the key. ``ok`` None: the report's record can't be understood. ``code`` 0: no error."""

    ok: bool | None
    code: int | None
    message: str
    binding: str


@dataclass(frozen=True, slots=True)
class ReportHeader:
    """Values that a report has once. ``protection`` None: no record of it. ``spp_ok`` None: not reported.

    ``expires``: 00:00 local time of the last day of the registration. ``client`` is the legal entity as registered.
    """

    sysinfo_version: str = ""
    created: float | None = None
    server_version: str = ""
    os: str = ""
    started: float | None = None
    regnum: str = ""
    client: str = ""
    seats: int | None = None
    expires: float | None = None
    protection: Protection | None = None
    spp_ok: bool | None = None


@dataclass(frozen=True, slots=True)
class ReadSummary:
    """The outcome of reading. A block not in ``blocks_present`` was missing, which is not the same as empty."""

    header: ReportHeader
    blocks_present: frozenset[Block]
    container: str
    """``zip``, ``gzip`` or ``bare``."""
    format: str
    """``xml`` or ``sqlite``."""
    encoding: str
    size: int
    """Bytes of the XML or SQLite file itself."""
    records: Mapping[Block, int] = field(default_factory=dict)
    """How many records went to the sink."""
    local_times: bool = True
    """Whether all times were local times of the installation's zone."""
    skipped: Mapping[Block, int] = field(default_factory=dict)
    """How many were skipped because their key (a time, a login …) is missing or can't be understood."""


class ReportSink(Protocol):
    """Takes records as they are read, in the order of the file.

    The reader may fail half-way (``UnreadableReport``): everything taken so far must be discarded then. Exceptions of a
    sink reach the caller of the reader.
    """

    def created(self, time: float) -> None:
        """When the report was made, as soon as it is known: before all records in the default layout. Once or never."""

    def header(self, header: ReportHeader) -> None:
        """Once, after all records."""

    def module(self, module: Module) -> None: ...
    def session(self, session: Session) -> None: ...
    def volume(self, volume: Volume) -> None: ...
    def operup(self, file: OperUpFile) -> None: ...
    def user(self, user: User) -> None: ...
    def usage(self, usage: UserUsage) -> None: ...
    def search(self, event: SearchEvent) -> None:
        """A sink may also have ``search_many``, for lists."""

    def rejection(self, rejection: Rejection) -> None: ...
    def kassist_day(self, day: KassistDay) -> None: ...


REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "io_error": "Файл отчёта не удалось прочитать с диска.",
        "empty": "Файл отчёта пустой.",
        "not_a_report": "Это не отчёт sysinfo: внутри нет ни XML, ни базы SQLite.",
        "broken_zip": "Архив повреждён или передан не до конца.",
        "encrypted_zip": "Архив закрыт паролем.",
        "unsupported_zip": "Архив сжат способом, который не поддерживается: нужен обычный ZIP (deflate).",
        "too_large": "Отчёт больше допустимого размера.",
        "bomb": "Архив раскрывается в подозрительно большой файл: похоже на «zip-бомбу».",
        "broken_xml": "XML повреждён или передан не до конца.",
        "forbidden_xml": "В XML есть объявления DTD или сущностей: такие файлы не принимаются.",
        "too_complex": "Устройство файла слишком сложное для отчёта sysinfo.",
        "unknown_encoding": "Кодировка XML не поддерживается.",
        "broken_sqlite": "База SQLite повреждена или передана не до конца.",
        "profile_mismatch": "В отчёте не нашлось ничего из того, что описано в профиле: нужен другой профиль.",
        "too_slow": "Отчёт не удалось прочитать за отведённое время.",
    }
)
"""Why a report can't be read: a stable slug, and one Russian sentence for people."""


class UnreadableReport(Exception):  # noqa: N818 - reads as what it says
    """The report can't be read. ``reason`` is a key of ``REASONS``, ``detail`` English for logs, ``text`` Russian: the
    reason's sentence, or a more helpful one.

    None of them contains anything from the report but element names and numbers.
    """

    def __init__(self, reason: str, detail: str, text: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.text = text or REASONS[reason]

"""Reads a ``.status`` file: an HTTP ``date:`` header line, then the text of ``/sysmon/metrics`` (or of
``/sysinfo/metrics``).

Installations that can't be asked push one every 15 minutes. Only metrics about catalogs and those that the operator
allows are read; the names of the others are not published. Older scripts write no date line, and newer ones miss it
when the server writes ``Date:`` (known). When the server does not answer the script, the file is empty (known) or has a
proxy's page.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Final

from kodeks_exporter.checks.catalog_metrics import MAIN_PAGE, PRODUCTS, parse_catalogs
from kodeks_exporter.checks.metrics_text import sample_lines
from kodeks_exporter.checks.sysmon_metrics import parse_sysmon
from kodeks_exporter.domain.check import CatalogFacts, SysmonFacts
from kodeks_exporter.net.charset import decode
from kodeks_exporter.settings.checks import SysmonSettings
from kodeks_exporter.sysinfo import instead

EMPTY: Final = "status_empty"
"""The reason for an empty file: the earliest sign that the client's server is down."""
MAX_SIZE: Final = 1024 * 1024
"""Bytes of a status file; real ones have a few kilobytes."""
_MAX_HEAD_LINES: Final = 50  # a script may save all the headers of the answer
_MAX_LINE: Final = 2000
_MAX_CATALOG_LINES: Final = 1000
_DATE: Final = re.compile(r"date\s*:\s*(\S.{0,60})", re.IGNORECASE)
_WIDE: Final = ((1, "utf-16-le"), (0, "utf-16-be"))
"""Sets in which most letters of such a file have a zero: where in each pair of bytes it stands."""
_PADDING: Final = {0x00: "\n", 0x1A: "\n", 0xFEFF: ""}
"""Zeros of a disk that lost power, the Ctrl-Z that ended texts on DOS, byte order marks."""
_NOTHING: Final = SysmonSettings()
_CATALOG_LINES: Final = (MAIN_PAGE, PRODUCTS)

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "status_empty": "Файл состояния пустой: сервер Кодекса на этой машине не ответил скрипту.",
        "status_page": "В файле состояния страница, а не метрики.",
        "status_too_large": "Файл состояния больше 1 МБ: это не текст метрик.",
        "status_no_metrics": "В файле состояния нет метрик: проверьте адрес в скрипте и право логина на метрики.",
        "status_broken": "Метрики в файле состояния повреждены.",
    }
)


class UnreadableStatus(Exception):  # noqa: N818 - reads as what it says
    """``reason`` is a key of ``REASONS``, ``detail`` English for logs, ``text`` Russian; none has file content."""

    def __init__(self, reason: str, detail: str, text: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.text = text or REASONS[reason]


@dataclass(frozen=True, slots=True)
class StatusFile:
    """``created``: when the server answered, by its own clock, Unix seconds; None without a valid date line. No
    catalogs: the text has none. ``sysmon`` None: the operator allows nothing."""

    created: float | None
    facts: CatalogFacts
    sysmon: SysmonFacts | None = None


def parse_status(data: bytes, sysmon: SysmonSettings = _NOTHING) -> StatusFile:
    """``sysmon``: what is passed on besides the catalogs. Raises UnreadableStatus."""
    if len(data) > MAX_SIZE:
        raise UnreadableStatus("status_too_large", f"{len(data)} bytes")
    lines = [line.strip() for line in _decoded(data).splitlines()]
    if not any(lines):
        raise UnreadableStatus(EMPTY, "nothing but white space")
    if not any(sample_lines(lines)):
        raise _without_metrics(lines)
    catalog_lines = [line for line in lines if line.startswith(_CATALOG_LINES)]
    if len(catalog_lines) > _MAX_CATALOG_LINES or any(len(line) > _MAX_LINE for line in catalog_lines):
        raise UnreadableStatus("status_broken", "too many or too long lines on catalogs")
    try:
        facts = parse_catalogs("\n".join(catalog_lines) + "\n")
    except ValueError:
        raise UnreadableStatus("status_broken", "a line on catalogs can't be parsed") from None
    return StatusFile(_created(lines), facts, parse_sysmon("\n".join(lines), sysmon) if sysmon.metrics else None)


def _decoded(data: bytes) -> str:
    """In whatever set a script has saved it; PowerShell writes UTF-16, with or without a mark."""
    data = data.rstrip(b"\0")
    data += b"\0" * (len(data) % 2)
    wide = next((name for place, name in _WIDE if data[place::2].count(0) * 8 > len(data) * 3), "")
    text = data.decode(wide, "replace") if wide else decode(data, "charset=utf-8").text
    return text.translate(_PADDING)


def _without_metrics(lines: list[str]) -> UnreadableStatus:
    # The page may follow the date line or all headers of the answer.
    start = next((number for number, line in enumerate(lines[:_MAX_HEAD_LINES]) if line.startswith("<")), 0)
    page = instead.page("\n".join(lines[start:]).encode("utf-8", "replace"))
    if page is not None:
        return UnreadableStatus("status_page", f"a page ({page.kind})", page.text("метрики"))
    return UnreadableStatus("status_no_metrics", "no line is a sample")


def _created(lines: list[str]) -> float | None:
    for line in lines[:_MAX_HEAD_LINES]:
        match = _DATE.fullmatch(line)
        if match is None:
            continue
        try:
            moment = parsedate_to_datetime(match[1])
            # HTTP dates are GMT, even when the zone is missing.
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return None

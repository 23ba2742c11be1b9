"""Guesses what a page is from its content: wording, addresses and layout of the monitored system differ by version and
site.

A person reviews the guesses; no check uses them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kodeks_exporter.checks.metrics_text import sample_lines
from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.reading import Text, visible_text


class PageKind(StrEnum):
    """Pages that the exporter reads; the values are keys of ``paths``, except the last two."""

    TITLE = "title"
    LICENCE = "licence"
    PREFERENCES = "preferences"
    CATALOGS = "catalogs"
    SYSMON = "sysmon"
    SESSIONS = "sessions"
    LOGIN = "login"


ENOUGH: Final = 3
"""The least score for a page to be of a kind."""
_HTML: Final = re.compile(rb"<\s*(!doctype|html|head|body|title|table|br|p|div|form|a|h\d)\b", re.IGNORECASE)
_CATALOGS: Final = re.compile(rb"^kserver_\w+[{ ]", re.MULTILINE)
_TITLE_WORDS: Final = (
    r"верси[яи]|\bversion", r"рег\w*\.? ?файл|регистрац|рег\. ?номер", r"соединени|сесси|сеанс|подключени",
    r"пользовател", r"организаци|зарегистрирован|владел", r"операционн", r"рабоч\w+ мест|\bмест\b|лиценз",
)  # fmt: skip
_KEY: Final = re.compile(
    r"привязк|senselock|guardant|\bhasp\b|rutoken|ключ\w* (защит|senselock)|(электронн|аппаратн|usb)\S* ключ|донгл",
    re.IGNORECASE,
)
_PRODUCT: Final = re.compile(r"\b\d{5,9}\b")
_IP: Final = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3])[:.][0-5]\d(?:[:.][0-5]\d)?")
_INPUT: Final = re.compile(r"<input\b[^<>]{0,500}>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""\b(name|value)\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>]+)""", re.IGNORECASE)
_RESTART: Final = re.compile(r"restart|reboot|reload|pere(za|s)|перезап|перезагр", re.IGNORECASE)
_BACKUP: Final = re.compile(r"reserv|rezerv|backup|arch|kop|copy|резерв|архив|копи", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(?P<label>[^\W\d][^:=]{2,120}?)\s*[:=–—-]?\s*(?<![\w.])(?P<number>\d{1,6})(?![\w.:])")
_SEATS: Final = (
    (r"рег\w*\.? ?файл", 3), (r"ограничени|лимит|максимум|предел|не более", 2), (r"лиценз", 2), (r"\bмест", 2),
    (r"всего|куплено|оплачен|доступно", 1),
    (r"соединени|сесси|сеанс|подключени", -3), (r"занят|использ|работающ|работают|активн|сейчас", -4),
    (r"срок|дн(ей|я)|верси|номер|порт|ошибк", -6),
)  # fmt: skip
_USED: Final = (
    (r"занят", 4), (r"работающ|работают", 4), (r"использ", 3), (r"активн|сейчас", 2), (r"пользовател|\bмест|лиценз", 1),
    (r"всего соединени|всего сесси", -3), (r"ограничени|лимит|максимум|рег\w*\.? ?файл", -5),
    (r"срок|дн(ей|я)|верси|номер|порт|ошибк", -6),
)  # fmt: skip


def kinds(response: Response, text: Text) -> dict[PageKind, int]:
    """Possible kinds of a page with their scores; kinds with too low a score are left out."""
    if response.status != 200:
        return {}
    if _CATALOGS.search(response.body):
        return {PageKind.CATALOGS: 10}
    if not _HTML.search(response.body):
        count = sum(1 for _ in sample_lines(text.source.splitlines()[:2000]))
        return {PageKind.SYSMON: 5 + min(count, 5)} if count >= ENOUGH else {}
    points = {
        PageKind.TITLE: _title_points(text),
        PageKind.LICENCE: _licence_points(text),
        PageKind.PREFERENCES: 3 * sum(role is not None for _, role in clock_fields(text.source)),
        PageKind.SESSIONS: _sessions_points(text),
        PageKind.LOGIN: 5 if text.asks_for_a_password else 0,
    }
    return {
        kind: number for kind, number in points.items() if number >= ENOUGH or (kind is PageKind.PREFERENCES and number)
    }


def _title_points(text: Text) -> int:
    lines = [line for line in text.lines if len(line) <= 300]
    speaking = [line for line in lines if re.search(r"[:=–—]|\d", line)]
    points = sum(any(re.search(word, line, re.IGNORECASE) for line in speaking) for word in _TITLE_WORDS)
    return points if any(find_seats(text)) else 0


def _licence_points(text: Text) -> int:
    if key_line(text) is None:
        return 0
    products = sum(1 for line in text.lines if _PRODUCT.search(line))
    return 3 + min(products, 3) + bool(re.search(r"регистрац|лиценз", " ".join((text.title, *text.headings)), re.I))


def _sessions_points(text: Text) -> int:
    addresses = sum(1 for line in text.lines if _IP.search(line) and "верси" not in line.casefold())
    named = re.search(r"сесси|сеанс|cookie|подключени", text.visible, re.IGNORECASE)
    return 2 + min(addresses, 3) if addresses and named else 0


def key_line(text: Text) -> str | None:
    """The line about the key, not about a product."""
    lines = [line for line in text.lines if len(line) <= 400 and _KEY.search(line) and ":" in line]
    for line in sorted(lines, key=lambda line: "привязк" not in line.casefold()):
        if not re.match(r"\W*лицензия\s+\d", line, re.IGNORECASE):
            return line
    return None


def says_error(line: str) -> bool:
    """Whether the line of a key reports a fault."""
    return bool(re.search(r"ошибк|не найден|не обнаружен|отсутств|недоступ|потерян|заблокирован", line, re.IGNORECASE))


@dataclass(frozen=True, slots=True)
class Labelled:
    """A number with the words before it."""

    label: str
    number: int

    @property
    def pattern(self) -> str:
        """A regular expression that finds the number in the page's visible text."""
        words = r"\s+".join(re.escape(word) for word in self.label.split())
        return rf"{words}\W{{0,10}}(?P<number>\d+)"


def find_seats(text: Text) -> tuple[Labelled | None, Labelled | None]:
    """What the page says about the limit of seats and seats in use."""
    labelled = [item for line in text.lines for item in _labelled(line)]
    seats, used = _best(labelled, _SEATS), _best(labelled, _USED)
    if seats is not None and used is not None and (seats == used or used.number > seats.number):
        used = None
    return seats, used


def _labelled(line: str) -> Iterator[Labelled]:
    if len(line) <= 300:
        for found in _NUMBER.finditer(line):
            yield Labelled(found["label"].strip(" :=–—-()"), int(found["number"]))


def _best(labelled: Iterable[Labelled], words: tuple[tuple[str, int], ...]) -> Labelled | None:
    def points(item: Labelled) -> int:
        return sum(weight for word, weight in words if re.search(word, item.label, re.IGNORECASE))

    best = max(labelled, key=points, default=None)
    return best if best is not None and points(best) > 1 else None


def clock_fields(source: str) -> list[tuple[str, str | None]]:
    """Form fields that hold a time of day: name, and ``restart`` or ``backup`` if the name or label says so."""
    found: list[tuple[str, str | None]] = []
    end = 0
    for tag in _INPUT.finditer(source):
        named = {key.lower(): value.strip("\"'") for key, value in _ATTRIBUTE.findall(tag[0])}
        label = visible_text(source[max(end, tag.start() - 300) : tag.start()])[-100:]
        end = tag.end()
        if not _CLOCK.fullmatch(named.get("value", "").strip()) or not named.get("name"):
            continue
        about = f"{named['name']} {label}"
        role = "restart" if _RESTART.search(about) else "backup" if _BACKUP.search(about) else None
        found.append((named["name"], role))
    return found


def version(text: Text) -> str:
    """The server's version as a page shows it; empty when it does not."""
    found = re.search(r"верси\w*\W{0,5}(\d+(?:\.\d+){2,3})", text.visible, re.IGNORECASE)
    return found[1] if found else ""


def licence_manager(text: Text) -> str:
    """Host and port of the licence manager as the licence page names it; empty when it does not."""
    found = re.search(
        r"(?:license manager|менеджер\w* лицензий)\D{0,40}?"
        r"((?:\d{1,3}\.){3}\d{1,3}|[a-z][a-z0-9.-]+\.[a-z]{2,}):(\d{2,5})",
        text.visible,
        re.IGNORECASE,
    )
    return f"{found[1]}:{found[2]}" if found else ""

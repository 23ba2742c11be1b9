"""What a page of the monitored system says: a state, the key, no free seats, a login."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kodeks_exporter.domain.check import InstallationState
from kodeks_exporter.domain.numbers import whole
from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.reading import Text, read_text
from kodeks_exporter.settings.checks import Patterns

_LITTLE = 600
"""Characters. A page with no more text than this, not counting links and lists, is a message about the server
(assumed)."""
_SHORT_PAGE = 4000
_SHORT_REFUSAL = 1000
_LONGEST_TITLE = 200
_TITLE_PAGE = re.compile(
    r"информация о системе|ограничение рег|регистрационный номер|всего соединений|пользователи работающие",
    re.IGNORECASE,
)


_SERVER = re.compile(r"www-kodeks|kodweb", re.IGNORECASE)
COOKIES = frozenset({"KodeksData", "Kodeks"})
"""Names of Kodeks' sessions (known)."""


def bears_its_mark(response: Response) -> bool:
    """Whether an answer has a header or a cookie that only Kodeks adds."""
    headers = response.headers
    if _SERVER.search(headers.get("server", "")):
        return True
    if headers.get("x-powered-by", "") == "Express" and headers.get("date", "").endswith("UTC"):
        return True
    return any(cookie.partition("=")[0].strip() in COOKIES for cookie in response.cookies)


@dataclass(frozen=True, slots=True)
class MainPageSays:
    """``state``: the unusual state that the page reports, or OK. The rest as in ``Text``."""

    state: InstallationState
    title: str
    declared: str
    actual: str
    misdeclared: bool


def main_page_says(patterns: Patterns, response: Response) -> MainPageSays:
    text = read_text(response)
    state = _state_of_page(patterns, response.status, text)
    return MainPageSays(state, text.title[:_LONGEST_TITLE], text.declared, text.actual, text.misdeclared)


def _state_of_page(patterns: Patterns, status: int, text: Text) -> InstallationState:
    """The unusual state that a main page reports, or OK.

    A working main page lists the titles of hundreds of documents, and «режим обслуживания» may well be one of them. So
    with status 200 only the title and main headings count, and the text of a page with little else on it (assumed).
    """
    lines = _telling_lines(status, text)
    if lines:
        for state, expressions in patterns.states.items():
            if _found(expressions, lines):
                return state
    return InstallationState.OK


def _telling_lines(status: int, text: Text) -> list[str]:
    if len(text.source) > _LARGE or len(text.visible) > _SHORT_PAGE:
        return [] if status == 200 else [text.title, *text.headings]
    if status != 200:
        return [text.visible, *text.lines]
    return weighty_lines(text)


_LARGE = 200_000


def weighty_lines(text: Text) -> list[str]:
    """The lines that describe the page: title, main headings and, on a page with little other text, its lines,
    separately and joined."""
    headings = text.headings if len(text.headings) == 1 else ()  # of several, each is one of many headlines
    lines = [line for line in (text.title, *headings) if line]
    said = text.said
    return [*lines, *said, " ".join(said)] if sum(map(len, said)) <= _LITTLE else lines


def is_out_of_seats(patterns: Patterns, response: Response) -> bool:
    """Whether a page says that every seat is taken.

    The server is healthy then. A working page may contain such words too, so with 200 only a short page counts.
    """
    visible = read_text(response).visible
    if response.status == 401 or (response.status == 200 and len(visible) > _SHORT_REFUSAL):
        return False
    return _found(patterns.out_of_seats, [visible])


@dataclass(frozen=True, slots=True)
class TitlePageSays:
    """``logged_in``: it is ``/admin/title`` as a logged-in user sees it. Seats: None where the page does not say."""

    logged_in: bool
    asks_for_a_password: bool
    seats: int | None
    seats_used: int | None


def title_page_says(patterns: Patterns, response: Response) -> TitlePageSays:
    text = read_text(response)
    logged_in = _found((_TITLE_PAGE, *patterns.seats, *patterns.seats_used), [text.visible])
    seats, used = _number(patterns.seats, text.visible), _number(patterns.seats_used, text.visible)
    return TitlePageSays(logged_in, text.asks_for_a_password, seats, used)


def _number(patterns: Iterable[re.Pattern[str]], text: str) -> int | None:
    found = next((match for pattern in patterns if (match := pattern.search(text))), None)
    return whole(found["number"]) if found else None


def _found(patterns: Iterable[re.Pattern[str]], lines: Iterable[str]) -> bool:
    lines = tuple(lines)
    return any(pattern.search(line) for pattern in patterns for line in lines)

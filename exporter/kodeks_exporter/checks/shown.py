"""A round's HTTP exchanges for a person to read: the request, the answer, and the words that the checks rely on.

It shows no secrets: only the names of cookies, no query strings, and of a login only that it was sent.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.net.reading import read_text
from kodeks_exporter.net.trace import Exchange
from kodeks_exporter.settings.checks import Patterns

_HEADERS: Final = ("server", "x-powered-by", "content-type", "location", "date", "www-authenticate")
_LONGEST: Final = 160
_AROUND: Final = 30


@dataclass(frozen=True, slots=True)
class Shown:
    """``asked``: method and path; ``came``: status, time and size, or the error. ``headers``: those that matter.

    ``words``: which pattern (a key of ``checks.patterns``) matched what.
    """

    asked: str
    came: str
    headers: tuple[tuple[str, str], ...] = ()
    words: tuple[tuple[str, str], ...] = ()


class Phrases(NamedTuple):
    """The words between the figures."""

    login: str
    milliseconds: str
    size: str
    russian: bool


RUSSIAN: Final = Phrases("с логином", "мс", "байт", russian=True)
ENGLISH: Final = Phrases("with login", "ms", "bytes", russian=False)


def shown(trace: Iterable[Exchange], patterns: Patterns, words: Phrases = RUSSIAN) -> tuple[Shown, ...]:
    return tuple(_exchange(exchange, patterns, words) for exchange in trace)


def as_lines(exchanges: Iterable[Shown]) -> Iterator[str]:
    """The same for a terminal."""
    for each in exchanges:
        yield f"{each.asked}  ->  {each.came}"
        for name, value in (*each.headers, *each.words):
            yield f"    {name}: {value}"


def _exchange(exchange: Exchange, patterns: Patterns, words: Phrases) -> Shown:
    path = exchange.path.partition("?")[0]
    asked = f"{exchange.method} {path}" + (f", {words.login}" if exchange.login else "")
    took = f"{exchange.seconds * 1000:.0f} {words.milliseconds}"
    response = exchange.response
    if response is None:
        error = exchange.error or CheckError("no_answer", "нет ответа")
        return Shown(asked, f"{error.text if words.russian else error.reason}, {took}")
    text = read_text(response)
    came = f"{response.status}, {took}, {len(response.body)} {words.size}"
    if text.actual and text.actual != "ascii":
        came += f", {text.actual}"
    return Shown(asked, came, tuple(_headers(response)), tuple(_words(text.visible, patterns)))


def _headers(response: Response) -> Iterator[tuple[str, str]]:
    for name in _HEADERS:
        if value := response.headers.get(name):
            yield name, re.sub(r"\?.*", "?…", value)[:_LONGEST]
    if response.cookies:
        yield "set-cookie", ", ".join(cookie.partition("=")[0].strip() for cookie in response.cookies)[:_LONGEST]


def _words(visible: str, patterns: Patterns) -> Iterator[tuple[str, str]]:
    groups: list[tuple[str, tuple[re.Pattern[str], ...]]] = [
        *((f"states.{state}", found) for state, found in patterns.states.items()),
        ("out_of_seats", patterns.out_of_seats),
        ("protection_ok", patterns.protection_ok),
        ("protection_failed", patterns.protection_failed),
        ("seats", patterns.seats),
        ("seats_used", patterns.seats_used),
    ]
    for name, expressions in groups:
        found = next((match for each in expressions if (match := each.search(visible))), None)
        if found is not None:
            start, end = max(0, found.start() - _AROUND), min(len(visible), found.end() + _AROUND)
            yield name, f"«{'…' if start else ''}{visible[start:end]}{'…' if end < len(visible) else ''}»"[:_LONGEST]

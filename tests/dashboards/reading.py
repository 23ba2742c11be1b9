"""What a PromQL expression reads: its selectors, and how far back each reaches. Enough of the grammar for that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from demo.grafana import seconds

_TOKEN = re.compile(
    r"""\s+|\#[^\n]*
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
    |(?P<braces>\{(?:[^{}"'`]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)*\})
    |(?P<window>\[[^\]]*\])
    |(?P<number>\d[\w.]*|\.\d+)
    |(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
    |(?P<sign>[^\s])""",
    re.VERBOSE,
)
_LABELS_FOLLOW = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_WORDS = {"and", "or", "unless", "offset", "bool", "inf", "nan", "start", "end", "atan2", *_LABELS_FOLLOW}
_NAMES = re.compile(r"""__name__\s*=~?\s*["']([^"']*)["']""")


@dataclass(slots=True)
class Selector:
    """Series that are read. ``window``: seconds of its range, 0 for none; ``around``: of the subqueries around it."""

    names: tuple[str, ...]
    window: float = 0
    around: float = 0
    pinned: bool = False
    """Read at one moment only, whatever the range of the query: ``@ end()``."""
    place: int = field(default=0, repr=False)


def selectors(expression: str) -> list[Selector]:
    """All selectors of an expression that Prometheus has understood."""
    tokens = list(_tokens(expression))
    found: list[Selector] = []
    opened: list[int] = []
    place = 0
    while place < len(tokens):
        kind, text = tokens[place]
        after = tokens[place + 1] if place + 1 < len(tokens) else ("", "")
        if kind == "name" and text in _LABELS_FOLLOW:
            if after[1] == "(":
                while tokens[place][1] != ")":
                    place += 1
        elif kind == "braces" or (kind == "name" and text not in _WORDS and after[1] not in ("(", "by", "without")):
            selector = Selector((text,) if kind == "name" else (), place=place)
            if kind == "name" and after[0] == "braces":
                place += 1
            if kind == "braces":
                selector.names = _named(text)
            found.append(selector)
            place = _modifiers(tokens, place, [selector])
        elif text == "(":
            opened.append(place)
        elif text == ")":
            begin = opened.pop()
            place = _modifiers(tokens, place, [each for each in found if each.place > begin])
        place += 1
    return found


def _modifiers(tokens: list[tuple[str, str]], place: int, selected: list[Selector]) -> int:
    """Take in what follows the token at ``place``: a window, ``@``, ``offset``. The place of the last token taken."""
    while place + 1 < len(tokens):
        kind, text = tokens[place + 1]
        if kind == "window":
            span, colon, _ = text[1:-1].partition(":")
            for each in selected:
                if colon:
                    each.around += seconds(span.strip())
                else:
                    each.window = seconds(span.strip())
            place += 1
        elif text == "@":
            for each in selected:
                each.pinned = True
            # "@ end()" or "@ 1234"
            place += 4 if tokens[place + 2][0] == "name" else 2
        elif text == "offset":
            place += 3 if tokens[place + 2][1] == "-" else 2
        else:
            break
    return place


def _named(braces: str) -> tuple[str, ...]:
    match = _NAMES.search(braces)
    return tuple(match[1].split("|")) if match else ("",)


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    for match in _TOKEN.finditer(expression):
        if match.lastgroup:
            yield match.lastgroup, match[0]

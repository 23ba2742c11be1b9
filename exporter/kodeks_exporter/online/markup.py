"""Tables and forms of a page, in time linear to its size.

Not ``html.parser``: some malformed pages of 40 KB keep Python 3.11's parser busy for 20 s, and block all other threads.
Little of HTML is needed here: rows of cells, and the fields of a form.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*+)([^<>]*+)>")
_ATTRIBUTE: Final = re.compile(r"""([a-zA-Z_:][-a-zA-Z0-9_:]*+)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'<>]++))?""")
_SPACE: Final = re.compile(r"\s+")
_LONGEST_TAG: Final = 4000
_BLOCKS: Final = frozenset({"br", "div", "p", "li"})
_MAX_CELLS: Final = 200_000

Table: TypeAlias = Sequence[Sequence[str]]
"""Rows of cells; white space in a cell is folded, character references are resolved."""


@dataclass(frozen=True, slots=True)
class Field:
    """An ``input`` of a form; ``kind`` is its type in lower case."""

    kind: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Form:
    action: str
    method: str
    fields: tuple[Field, ...]

    @property
    def asks_for_password(self) -> bool:
        return any(each.kind == "password" for each in self.fields)


def tables(source: str) -> list[Table]:
    """All tables, the inner ones of nested tables first. Tolerates cells and rows that are not closed."""
    done: list[Table] = []
    open_tables: list[_OpenTable] = []
    cells = 0
    for text, closing, tag, _ in _tokens(source):
        current = open_tables[-1] if open_tables else None
        if current is not None:
            current.add(text)
            if tag in _BLOCKS:
                current.add(" ")
        if tag == "table":
            if not closing:
                open_tables.append(_OpenTable())
            elif current is not None:
                done.append(open_tables.pop().finish())
        elif current is None:
            continue
        elif tag == "tr":
            current.end_row()
        elif tag in ("td", "th"):
            current.end_cell()
            if not closing:
                cells += 1
                if cells > _MAX_CELLS:
                    break
                current.begin_cell()
    done.extend(each.finish() for each in reversed(open_tables))
    return done


class _OpenTable:
    def __init__(self) -> None:
        self._rows: list[list[str]] = []
        self._row: list[str] = []
        self._cell: list[str] | None = None

    def add(self, text: str) -> None:
        if self._cell is not None and text:
            self._cell.append(text)

    def begin_cell(self) -> None:
        self._cell = []

    def end_cell(self) -> None:
        if self._cell is not None:
            self._row.append(_plain("".join(self._cell)))
            self._cell = None

    def end_row(self) -> None:
        self.end_cell()
        if self._row:
            self._rows.append(self._row)
            self._row = []

    def finish(self) -> Table:
        self.end_row()
        return self._rows


def login_form(source: str) -> Form | None:
    """The first form with a password field, also one whose ``<form>`` is not closed; None when there is none."""
    fields: list[Field] = []
    action, method, inside = "", "get", False
    for _, closing, tag, attributes in _tokens(source):
        if tag == "form":
            found = Form(action, method, tuple(fields))
            if inside and found.asks_for_password:
                return found
            inside, fields = not closing, []
            if inside:
                named = _attributes(attributes)
                action, method = named.get("action", ""), named.get("method", "get").lower()
        elif tag == "input" and inside:
            named = _attributes(attributes)
            fields.append(Field(named.get("type", "text").lower(), named.get("name", ""), named.get("value", "")))
    found = Form(action, method, tuple(fields))
    return found if inside and found.asks_for_password else None


def _tokens(source: str) -> Iterator[tuple[str, bool, str, str]]:
    """Text before a tag, whether it is an end tag, its name, the rest of it. Scripts and styles are left out."""
    source = _without_comments(source)
    position, skipping = 0, ""
    for match in _TAG.finditer(source):
        tag = match[2].lower()
        closing = bool(match[1])
        text = "" if skipping else source[position : match.start()]
        position = match.end()
        if skipping:
            if closing and tag == skipping:
                skipping = ""
            continue
        if tag in ("script", "style") and not closing:
            skipping = tag
        yield text, closing, tag, match[3]
    if not skipping:
        yield source[position:], False, "", ""


def _without_comments(source: str) -> str:
    kept: list[str] = []
    position = 0
    while (begin := source.find("<!--", position)) >= 0:
        kept.append(source[position:begin])
        end = source.find("-->", begin + 4)
        if end < 0:
            return "".join(kept)
        position = end + 3
    kept.append(source[position:])
    return "".join(kept)


def _attributes(text: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(text[:_LONGEST_TAG]):
        found.setdefault(match[1].lower(), html.unescape((match[2] or "").strip("\"'")))
    return found


def _plain(text: str) -> str:
    return _SPACE.sub(" ", html.unescape(text)).strip()

"""Reads a page: its visible text, and the parts that matter most."""

import html
import re
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.charset import decode

_TAG = re.compile(r"<[^<>]*>")
_SPACE = re.compile(r"\s+")
_PIECES = re.compile(r"(<[^<>]*>)")
_NAME = re.compile(r"<(/?)([a-z0-9]{1,12})", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]{0,100}>([^<]{0,500})", re.IGNORECASE)
_HEADING = re.compile(r"<h1(?:\s[^<>]{0,200})?>(.{0,500}?)</h1", re.IGNORECASE | re.DOTALL)
_BREAKING = frozenset(
    "p div br tr table hr ul ol li h1 h2 h3 h4 h5 h6 title body form center section".split(" ")  # noqa: SIM905
)
_LISTED = frozenset(("a", "li", "option", "button"))
_LEADING = re.compile(
    r"""<meta\b[^<>]{0,100}\brefresh\b[^<>]{0,100}?\burl\s*=\s*["']?([^<>"']{1,500})"""
    r"""|<i?frame\b[^<>]{0,300}?\bsrc\s*=\s*["']?([^<>"' ]{1,500})""",
    re.IGNORECASE,
)
_MAKER = re.compile(
    r"""<meta\b[^<>]{0,100}\bname\s*=\s*["']?generator["']?[^<>]{0,100}?\bcontent\s*=\s*["']?([^<>"']{1,100})""",
    re.IGNORECASE,
)
_HARDLY_A_WORD = 200
"""Longest text of a page that shows another page in its place."""
_PASSWORD = re.compile(r"""<input\b[^<>]{0,500}\btype\s*=\s*["']?password\b""", re.IGNORECASE)


@dataclass(frozen=True)
class Text:
    """A decoded page. ``declared``: its declared character set. ``misdeclared``: a browser, which trusts the
    declaration, shows garbage; the texts here are still right."""

    source: str
    declared: str
    actual: str
    misdeclared: bool

    @cached_property
    def visible(self) -> str:
        """All text without markup, white space folded."""
        return visible_text(self.source)

    @cached_property
    def title(self) -> str:
        found = _TITLE.search(self.source, 0, 20_000)
        return visible_text(found[1]) if found else ""

    @cached_property
    def headings(self) -> tuple[str, ...]:
        """The main headings (h1), ten at most."""
        return tuple(visible_text(found[1]) for found in islice(_HEADING.finditer(self.source), 10))

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The visible text, with the page's line breaks; without empty lines."""
        return _lines(self.source, frozenset())

    @cached_property
    def said(self) -> tuple[str, ...]:
        """The page's own lines, without links, list items and choices, which only name other things."""
        return _lines(self.source, _LISTED)

    @cached_property
    def leads_to(self) -> tuple[str, ...]:
        """Addresses that a page with hardly any text shows in its place, by META or frames."""
        if len(self.visible) > _HARDLY_A_WORD:
            return ()
        return tuple(html.unescape(found[1] or found[2]) for found in islice(_LEADING.finditer(self.source), 10))

    @cached_property
    def made_by(self) -> str:
        """The program that generated the page, according to its head."""
        found = _MAKER.search(self.source, 0, 20_000)
        return html.unescape(found[1]) if found else ""

    @property
    def asks_for_a_password(self) -> bool:
        return _PASSWORD.search(self.source) is not None


def read_text(response: Response) -> Text:
    """Decodes a page by its declaration or, if that is missing or wrong, by its bytes."""
    decoded = decode(response.body, response.headers.get("content-type", ""))
    return Text(decoded.text, decoded.declared, decoded.actual, decoded.wrong)


def _lines(source: str, without: frozenset[str]) -> tuple[str, ...]:
    lines: list[str] = []
    line: list[str] = []
    left_out = ""
    for piece in _PIECES.split(_without_scripts(source)):
        tag = _NAME.match(piece)
        if tag is None:
            if not left_out:
                line.append(piece)
            continue
        ends, name = bool(tag[1]), tag[2].lower()
        if left_out and ((ends and name == left_out) or (name in _BREAKING and name != "br")):
            left_out = ""
        if name in _BREAKING:
            lines.append(" ".join(line))
            line = []
        if not ends and name in without:
            left_out = name
    lines.append(" ".join(line))
    folded = (_SPACE.sub(" ", html.unescape(each)).strip() for each in lines)
    return tuple(each for each in folded if each)


def visible_text(source: str) -> str:
    """Text without tags, scripts, styles and comments; white space folded. Linear in time, whatever the markup."""
    return _SPACE.sub(" ", html.unescape(_TAG.sub(" ", _without_scripts(source)))).strip()


def _without_scripts(source: str) -> str:
    for start, end in (("<!--", "-->"), ("<script", "</script"), ("<style", "</style")):
        source = _cut(source, start, end)
    return source


def _cut(source: str, start: str, end: str) -> str:
    lowered = source.lower()
    if len(lowered) != len(source):  # some letters change their length in lower case, which would shift positions
        lowered = source
    kept: list[str] = []
    position = 0
    while (begin := lowered.find(start, position)) >= 0:
        kept.append(source[position:begin])
        position = lowered.find(end, begin + len(start))
        if position < 0:
            return " ".join(kept)
        if not end.startswith("<"):  # an end tag is left, and removed with the other tags
            position += len(end)
    kept.append(source[position:])
    return " ".join(kept)

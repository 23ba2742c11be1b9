"""Reading a page of the monitored system: its character set, its visible text, and the state it speaks of."""

from __future__ import annotations

import codecs
import html
import re
from dataclasses import dataclass

from kodeks_exporter.domain.check import InstallationState
from kodeks_exporter.net.connection import Response
from kodeks_exporter.settings.checks import Patterns

_SHORT_PAGE = 4000
"""A page that tells of an unusual state is short. A working main page lists hundreds of document titles, among which
«режим обслуживания» is nothing unusual, so a page with status 200 counts as a state page only up to this many
characters of visible text (assumed)."""

_DECLARED = re.compile(rb"""<meta[^<>]{0,300}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_PAGE_CODECS = ("utf-8", "cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic", "cp1252", "iso8859-1", "ascii")
_TAG = re.compile(r"<[^<>]*>")
_SPACE = re.compile(r"\s+")
_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Text:
    """``declared``: the character set that the page claims. ``misdeclared``: a browser, which believes the claim, shows
    its users garbage; ``visible`` is right all the same."""

    visible: str
    declared: str
    actual: str
    misdeclared: bool


def read_text(response: Response) -> Text:
    """Decodes a page by header, META or, where those are absent or wrong, by what the bytes are."""
    declared = _declared_charset(response)
    raw, actual, misdeclared = _decode(response.body, declared)
    return Text(visible_text(raw), declared, actual, misdeclared)


def _declared_charset(response: Response) -> str:
    header = _HEADER_CHARSET.search(response.headers.get("content-type", ""))
    if header:
        return header[1].lower()
    meta = _DECLARED.search(response.body[:4096])
    return meta[1].decode("ascii").lower() if meta else ""


def _decode(body: bytes, declared: str) -> tuple[str, str, bool]:
    charset = _text_codec(declared)
    if body.isascii():
        return body.decode("ascii"), charset or "ascii", False
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        # Russian text in a one-byte set is never valid UTF-8 by chance, so the bytes outweigh any claim.
        return text, "utf-8", charset not in ("", "utf-8") and bool(_CYRILLIC.search(text))
    if charset and charset != "utf-8":
        return body.decode(charset, "replace"), charset, False
    as_utf8 = body.decode("utf-8", "replace")
    broken = as_utf8.count("�")
    if charset == "utf-8" and broken * 20 < len(_CYRILLIC.findall(as_utf8)):
        return as_utf8, "utf-8", False  # a few spoilt characters in a page that is UTF-8
    return body.decode("cp1251", "replace"), "cp1251", charset == "utf-8"


def _text_codec(name: str) -> str:
    """Python's name of a character set that a Russian page may be in; empty for all else (rot13 is a codec, too)."""
    try:
        codec = codecs.lookup(name).name if name else ""
    except LookupError:
        return ""
    return codec if codec in _PAGE_CODECS else ""


def visible_text(source: str) -> str:
    """Text without tags, scripts, styles and comments; white space folded. Linear in time, whatever the markup."""
    for start, end in (("<!--", "-->"), ("<script", "</script"), ("<style", "</style")):
        source = _cut(source, start, end)
    return _SPACE.sub(" ", html.unescape(_TAG.sub(" ", source))).strip()


def _cut(source: str, start: str, end: str) -> str:
    lowered = source.lower()
    if len(lowered) != len(source):  # some letters change their length in lower case; positions would not fit
        lowered = source
    kept: list[str] = []
    position = 0
    while (begin := lowered.find(start, position)) >= 0:
        kept.append(source[position:begin])
        position = lowered.find(end, begin + len(start))
        if position < 0:
            return " ".join(kept)
        if not end.startswith("<"):  # an end tag is left to be removed with all the other tags
            position += len(end)
    kept.append(source[position:])
    return " ".join(kept)


def state_of_page(patterns: Patterns, status: int, text: str) -> InstallationState:
    """The unusual state that a main page speaks of, or OK when it speaks of none."""
    if status == 200 and len(text) > _SHORT_PAGE:
        return InstallationState.OK
    for state, expressions in patterns.states.items():
        if any(expression.search(text) for expression in expressions):
            return state
    return InstallationState.OK


def shows_kodeks(patterns: Patterns, response: Response, text: str) -> bool:
    """Whether Kodeks itself made the answer (and not a proxy, or another program on its port)."""
    server = response.headers.get("server", "")
    return any(sign.search(server) or sign.search(text) for sign in patterns.kodeks_signs)


def is_out_of_seats(patterns: Patterns, response: Response, text: str) -> bool:
    """Whether the monitor's login was refused because every seat is taken: 403, or a page that says so (assumed).

    The server is healthy then. A working page may mention such words among others, so with 200 only a short one counts.
    """
    if response.status == 403:
        return True
    if response.status == 401 or (response.status == 200 and len(text) > _SHORT_REFUSAL):
        return False
    return any(pattern.search(text) for pattern in patterns.out_of_seats)


_SHORT_REFUSAL = 1000

"""The bytes of an XML report as clean text for the parser.

Decoding is done here and not by the parser, because reports arrive damaged: a server truncates a query within a letter,
writes a control character, or writes windows-1251 and declares UTF-8. One such byte must not lose the whole report.
Bytes invalid in the encoding become U+FFFD; control characters and noncharacters, raw or as references, become spaces.
"""

import codecs
import re
from collections.abc import Iterator
from typing import IO, Final

from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.net.charset import russian_set
from kodeks_exporter.sysinfo.profile import ENCODINGS, Profile

CHUNK: Final = 64 * 1024
"""Bytes. Small, so that what comes of a chunk is still in the processor's cache when it is stored (measured)."""
_CONTROLS: Final = bytes(b if b >= 32 or b in b"\t\n\r" else 32 for b in range(256))
_DAMAGE: Final = "\ufffd"
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_UTF_32: Final = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_DECLARED: Final = re.compile(rb"""<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_ALIASES: Final = {"cp1251": "windows-1251", "cp1252": "windows-1252", "ascii": "us-ascii",
                   "iso8859-1": "iso-8859-1", "iso8859-5": "iso-8859-5"}  # fmt: skip
"""By Python's names."""
_ONE_BYTE: Final = frozenset(
    {"windows-1251", "koi8-r", "cp866", "iso-8859-5", "iso-8859-1", "windows-1252", "us-ascii"}
)
_NONCHARACTERS: Final = {0xFFFE: " ", 0xFFFF: " "}
_BLANKS: Final = " \t\r\n\ufeff"
_REFERENCE: Final = re.compile(r"&#(?:[xX]([0-9A-Fa-f]{1,12})|([0-9]{1,14}));")
_LONGEST_REFERENCE: Final = 40
"""Characters of two references that make one character: a pair of surrogates."""
_ENOUGH: Final = 40
"""With this many letters their frequency identifies the character set. With fewer, capitals of one set may be small
letters of another."""
_CLEARLY: Final = 4
"""With this many broken letters a text is not UTF-8 at all; fewer may be damage."""


def detect_encoding(head: bytes) -> str:
    """The encoding of an XML file by its first bytes. Raises UnreadableReport (unknown_encoding)."""
    if head.startswith(_UTF_32):
        raise UnreadableReport("unknown_encoding", "UTF-32", "Отчёт в UTF-32: нужны UTF-8, UTF-16 или windows-1251.")
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    start = head.find(b"<")
    if start % 2 == 0 and head[start + 1 : start + 2] == b"\0":
        return "utf-16-le"
    if start % 2 and head[start - 1 : start] == b"\0":
        return "utf-16-be"
    match = _DECLARED.search(head[: start + 300])
    if match is None:
        return "utf-8"
    name = _known_as(match[1].decode("ascii").lower())
    if name.startswith("utf-16"):
        return "utf-8"  # it can't be: the declaration itself was read as single bytes
    if name not in ENCODINGS:
        raise UnreadableReport("unknown_encoding", f"XML declares the encoding {name}")
    return name


def _known_as(declared: str) -> str:
    """The usual name of an encoding, whatever its spelling: cp-1251, windows1251, x-cp1251, IBM866."""
    spelt = re.sub(r"^(x-)?(cp|win|windows)[-_]?(?=\d)", "cp", declared)
    try:
        name = codecs.lookup(spelt).name
    except LookupError:
        return declared
    return _ALIASES.get(name, name)


class CleanText:
    """Pieces of a stream's text, starting at the first ``<``.

    ``encoding``: as declared, later as found. A report that declares UTF-8, or nothing, and is not UTF-8 is read as
    windows-1251 or, if that gives no Russian, as the set that does; one that declares a one-byte encoding and is UTF-8,
    or another Russian set, is read as that. ``head``: the bytes already read. ``certain``: the operator has set the
    encoding.
    """

    def __init__(self, stream: IO[bytes], head: bytes, encoding: str, *, certain: bool = False) -> None:
        self.encoding = encoding
        self._stream = stream
        self._head = head
        self._open = not certain and (encoding == "utf-8" or encoding in _ONE_BYTE)
        """Whether the bytes may still override the declaration: until the first non-ASCII letters."""

    def __iter__(self) -> Iterator[str]:
        """Raises UnreadableReport."""
        held = ""
        for piece in self._from_start(self._decoded()):
            if held:
                piece = held + piece
            # A reference may be split between pieces: a possible one waits for the next piece.
            cut = piece.find("&", max(len(piece) - _LONGEST_REFERENCE, 0))
            if cut >= 0:
                piece, held = piece[:cut], piece[cut:]
            else:
                held = ""
            if piece:
                yield _without_bad_references(piece)
        if held:
            yield _without_bad_references(held)

    @staticmethod
    def _from_start(pieces: Iterator[str]) -> Iterator[str]:
        """Without white space and byte order marks before the declaration, where a parser allows none."""
        for piece in pieces:
            if piece := piece.lstrip(_BLANKS):
                yield piece
                break
        yield from pieces

    def _decoded(self) -> Iterator[str]:
        begun = b""
        decode, decodes = codecs.getincrementaldecoder("ascii")("replace").decode, ""
        chunk = self._head
        while chunk:
            if self._open and not chunk.isascii():
                self._settle(begun + chunk)
            if self.encoding == "utf-8":
                data = begun + chunk.translate(_CONTROLS)
                piece, used = codecs.utf_8_decode(data, "replace", False)
                begun = data[used:]
            else:
                if decodes != self.encoding:
                    decodes = self.encoding
                    decode = codecs.getincrementaldecoder(decodes)("replace").decode
                # Bytes of a wide encoding are not characters yet, and may contain lone surrogates.
                piece = decode(begun + chunk).encode("utf-8", "replace").translate(_CONTROLS).decode()
                begun = b""
            yield piece.translate(_NONCHARACTERS) if "\ufffe" in piece or "\uffff" in piece else piece
            chunk = self._stream.read(CHUNK)
        if begun:
            yield _DAMAGE

    def _settle(self, data: bytes) -> None:
        """Checks the declared encoding with the first non-ASCII bytes."""
        text, _ = codecs.utf_8_decode(data, "replace", False)
        broken = text.count(_DAMAGE)
        sound = len(text) - broken - sum(map(str.isascii, text))
        if self.encoding == "utf-8":
            if broken >= _CLEARLY and sound * 3 < broken:
                self._take_for_russian(data)
        elif not broken and sound >= _CLEARLY:
            self.encoding = "utf-8"
        elif broken:
            self.encoding = self._russian(data) or self.encoding
        self._open = broken < _CLEARLY and sound < _CLEARLY

    def _russian(self, data: bytes) -> str:
        """The one-byte set of the text by its letters; empty if they are too few to tell."""
        name = russian_set(data, codecs.lookup(self.encoding).name)
        found = _ALIASES.get(name, name)
        return found if sum(byte >= 0x80 for byte in data) >= _ENOUGH and found in ENCODINGS else ""

    def _take_for_russian(self, data: bytes) -> None:
        if found := self._russian(data):
            self.encoding = found
            return
        high = bytes(byte for byte in data if byte >= 0x80)
        letters = sum(byte >= 0xC0 or byte in (0xA8, 0xB8) for byte in high)
        if letters * 10 < len(high) * 7:
            raise UnreadableReport(
                "unknown_encoding",
                "neither UTF-8 nor windows-1251, whatever is declared",
                "Буквы отчёта не похожи ни на UTF-8, ни на windows-1251: задайте encoding в профиле.",
            )
        self.encoding = "windows-1251"


def clean_text(stream: IO[bytes], head: bytes, profile: Profile) -> CleanText:
    """The text of a report whose beginning is ``head``. Raises UnreadableReport."""
    name = profile.xml.encoding
    return CleanText(stream, head, detect_encoding(head) if name == "auto" else name, certain=name != "auto")


def _without_bad_references(piece: str) -> str:
    """References to characters that XML does not allow become spaces, as the characters themselves do."""
    if "&#" not in piece:
        return piece
    out: list[str] = []
    end = 0
    high: tuple[int, int] | None = None
    """A surrogate that waits for its other half: its code and where it began in ``out``."""
    for match in _REFERENCE.finditer(piece):
        code = int(match[1], 16) if match[1] else int(match[2])
        between = piece[end : match.start()]
        end = match.end()
        if between or high is None or not 0xDC00 <= code < 0xE000:
            out.append(between)
            out.append(match[0] if _is_allowed(code) else " ")
            high = (code, len(out) - 1) if 0xD800 <= code < 0xDC00 else None
        else:
            out[high[1]] = chr(0x10000 + (high[0] - 0xD800) * 0x400 + code - 0xDC00)
            high = None
    out.append(piece[end:])
    return "".join(out)


def _is_allowed(code: int) -> bool:
    """Whether XML 1.0 has such a character."""
    return code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF

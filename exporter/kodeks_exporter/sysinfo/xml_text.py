"""The bytes of an XML report as clean UTF-8 for the parser, and the parser itself with its dangers switched off.

All decoding is done here and not by the parser, because reports come damaged: a server cuts a query in the middle of a
letter, or lets a control character through, and one such byte must not cost the whole report. Bytes that are not of
the encoding become U+FFFD, forbidden control characters become spaces.
"""

from __future__ import annotations

import codecs
import re
import time
from collections.abc import Callable, Iterator
from typing import IO, Any, Final
from xml.parsers import expat

from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.sysinfo.limits import ReadLimits
from kodeks_exporter.sysinfo.profile import ENCODINGS

CHUNK: Final = 32 * 1024
_CONTROLS: Final = bytes(b if b >= 32 or b in b"\t\n\r" else 32 for b in range(256))
_DAMAGE: Final = "\ufffd"
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARED: Final = re.compile(rb"""<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_ALIASES: Final = {"cp1251": "windows-1251", "win-1251": "windows-1251", "utf8": "utf-8", "ascii": "us-ascii"}
_ENTITIES_IN_BOUNDS: Final = (2, 4, 0)  # from this version on expat stops entity bombs by itself


def detect_encoding(head: bytes) -> tuple[str, int]:
    """The encoding of an XML file by its first bytes, and how many of them are a byte order mark.

    Raises UnreadableReport (unknown_encoding).
    """
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name, len(mark)
    if head[:2] == b"<\0":
        return "utf-16-le", 0
    if head[:2] == b"\0<":
        return "utf-16-be", 0
    match = _DECLARED.search(head[:300])
    if match is None:
        return "utf-8", 0
    name = match[1].decode("ascii").lower()
    name = _ALIASES.get(name, name)
    if name.startswith("utf-16"):
        return "utf-8", 0  # it can't be: the declaration itself was read as single bytes
    if name not in ENCODINGS:
        raise UnreadableReport("unknown_encoding", f"XML declares the encoding {name}")
    return name, 0


def clean_chunks(stream: IO[bytes], head: bytes, encoding: str) -> Iterator[bytes]:
    """UTF-8 pieces of the stream; ``head``: what was already read of it."""
    if encoding == "utf-8":
        return _clean_utf8(stream, head)
    return _recoded(stream, head, encoding)


def _clean_utf8(stream: IO[bytes], head: bytes) -> Iterator[bytes]:
    chunk, begun = head, b""
    while chunk:
        data = begun + chunk.translate(_CONTROLS)
        text, used = codecs.utf_8_decode(data, "replace", False)
        # Decoding is only a look for damage: what is sound goes on as the bytes that it was.
        yield text.encode() if _DAMAGE in text else data[:used]
        begun = data[used:]
        chunk = stream.read(CHUNK)
    if begun:
        yield _DAMAGE.encode()


def _recoded(stream: IO[bytes], head: bytes, encoding: str) -> Iterator[bytes]:
    decode = codecs.getincrementaldecoder(encoding)("replace").decode
    wide = encoding.startswith("utf-16")
    chunk = head
    while chunk:
        yield decode(chunk if wide else chunk.translate(_CONTROLS)).encode("utf-8", "replace")
        chunk = stream.read(CHUNK)
    if rest := decode(b"", True):
        yield rest.encode("utf-8", "replace")


def _forbidden(what: str) -> Callable[..., Any]:
    def refuse(*_: object) -> None:
        raise UnreadableReport("forbidden_xml", what)

    return refuse


class XmlFeed:
    """An expat parser that refuses DTDs and entities and is watched while it eats.

    Set handlers on ``parser``, then ``run``.
    """

    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits
        self._names: dict[str, str] = {}
        self.parser = expat.ParserCreate("utf-8", intern=self._names)
        self.parser.buffer_text = True
        self.parser.buffer_size = CHUNK
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = _forbidden("an entity declaration")
        self.parser.UnparsedEntityDeclHandler = _forbidden("an unparsed entity declaration")
        self.parser.AttlistDeclHandler = _forbidden("an attribute declaration")
        self.parser.ExternalEntityRefHandler = _forbidden("a reference to an external entity")

    @staticmethod
    def _doctype(_: str, system: str | None, public: str | None, internal: int) -> None:
        if internal or system or public:
            raise UnreadableReport("forbidden_xml", "a document type with declarations or an external part")

    def run(self, chunks: Iterator[bytes], watch: Callable[[], None]) -> None:
        """Feeds all of ``chunks``; ``watch`` is called after each, to look at bounds of the caller's own.

        Raises UnreadableReport, and whatever the handlers raise.
        """
        parser, limits = self.parser, self._limits
        parse = parser.Parse
        deadline = time.monotonic() + limits.seconds
        fed = 0
        try:
            for chunk in chunks:
                parse(chunk, False)
                fed += len(chunk)
                # A tag that does not end is scanned again with every chunk and kept whole: bound it.
                if fed - parser.CurrentByteIndex > limits.token + CHUNK * 4:
                    raise UnreadableReport("too_complex", f"a tag is longer than {limits.token} bytes")
                if len(self._names) > limits.names:
                    raise UnreadableReport("too_complex", f"more than {limits.names} different names")
                watch()
                if time.monotonic() > deadline:
                    raise UnreadableReport("too_slow", f"not read within {limits.seconds:g} s")
            parse(b"", True)
        except expat.ExpatError as error:
            raise UnreadableReport("broken_xml", f"{error}") from None


if expat.version_info < _ENTITIES_IN_BOUNDS:  # pragma: no cover - Python 3.11 comes with newer ones
    raise ImportError(f"expat {expat.EXPAT_VERSION} is too old to read foreign XML: 2.4.0 or newer is needed")

"""The XML parser with its dangerous features disabled, and limits checked while it parses."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final
from xml.parsers import expat

from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.sysinfo.limits import ReadLimits
from kodeks_exporter.sysinfo.xml_text import CHUNK

_ENTITIES_IN_BOUNDS: Final = (2, 4, 0)  # since this version expat stops entity bombs itself

_TWO: Final = "После конца отчёта в файле стоит что-то ещё: похоже, в него дописали второй."


def _forbidden(what: str) -> Callable[..., Any]:
    def refuse(*_: object) -> None:
        raise UnreadableReport("forbidden_xml", what)

    return refuse


class XmlFeed:
    """An expat parser that refuses DTDs and entities and checks limits.

    Set handlers on ``parser``, then call ``run``.
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

    def run(
        self,
        chunks: Iterator[str],
        watch: Callable[[], None],
        eat: Callable[[str, Callable[[str], None]], None] = lambda chunk, feed: feed(chunk),
    ) -> None:
        """Feeds all of ``chunks``; ``watch`` is called after each, to check the caller's limits.

        ``eat`` may consume parts of a chunk; it passes the rest to the function given. Raises UnreadableReport, and
        whatever the handlers raise.
        """
        parser, limits = self.parser, self._limits
        parse = parser.Parse
        deadline = time.monotonic() + limits.seconds
        fed = 0

        def feed(piece: str) -> None:
            nonlocal fed
            data = piece.encode("utf-8", "replace")
            parse(data, False)
            fed += len(data)

        try:
            for chunk in chunks:
                eat(chunk, feed)
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
            # Without the line number, which is wrong when something bypassed the parser.
            text = _TWO if error.code == expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT] else ""
            raise UnreadableReport("broken_xml", expat.ErrorString(error.code) or "not XML", text) from None


if expat.version_info < _ENTITIES_IN_BOUNDS:  # pragma: no cover - Python 3.11 comes with newer ones
    raise ImportError(f"expat {expat.EXPAT_VERSION} is too old to read foreign XML: 2.4.0 or newer is needed")

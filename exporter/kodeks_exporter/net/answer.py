"""One HTTP answer, read as leniently as browsers do, and bounded in size.

``http.client`` reads the body. The head is read here: ``http.client`` gives up after 100 header lines, takes any 1xx
answer except 100 as the final one, and parses headers like mail, which costs more than the rest of the exchange.
"""

import http.client
import io
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import brotli
import zstandard

from kodeks_exporter.net.errors import CheckError

_MAX_HEAD = 256 * 1024
_MAX_LINES = 1000
_BLANK_LINES = 4
_SWITCHING_PROTOCOLS = 101
_GARBAGE = "ответ не похож на HTTP"


class Line(Protocol):
    """The source of an answer. ``ended``: it only has buffered data left."""

    ended: bool

    def makefile(self, mode: str, /) -> io.BufferedReader: ...


@dataclass(frozen=True, slots=True)
class Response:
    """A complete, unpacked answer. Header names are lower case; the first of several counts.

    ``cookies``: the values of ``Set-Cookie``, ``schemes``: those of ``WWW-Authenticate``. ``closes``: the connection
    can't be used again.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    path: str
    cookies: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    closes: bool = field(default=True, compare=False)


def read_answer(line: Line, path: str, max_body: int) -> Response:
    """Raises ``CheckError`` (garbage, too_large, closed, incomplete) and ``OSError``. ``max_body``: bytes, unpacked."""
    raw = _Answer(line, method="GET")  # type: ignore[arg-type]
    raw.line = line
    try:
        raw.begin()
        body = raw.read(max_body + 1)
        if raw.length and len(body) <= max_body:
            raise http.client.IncompleteRead(body, raw.length)
    except http.client.RemoteDisconnected:
        raise CheckError("closed", "сервер закрыл соединение, не ответив") from None
    except http.client.IncompleteRead:
        raise CheckError("incomplete", "сервер оборвал ответ на середине") from None
    except (http.client.HTTPException, ValueError):
        raise CheckError("garbage", _GARBAGE) from None
    encoding = raw.found.get("content-encoding", "")
    if encoding and len(body) <= max_body:
        body = _unpacked(body, encoding, max_body)
    if len(body) > max_body:
        raise CheckError("too_large", f"страница больше {max_body} байт")
    return Response(
        raw.status, raw.found, body, path, tuple(raw.set_cookies), tuple(raw.schemes), raw.will_close or raw.left_over
    )


class _Answer(http.client.HTTPResponse):
    line: Line
    found: dict[str, str]
    set_cookies: list[str]
    schemes: list[str]
    left_over = False
    """More than the answer's length arrived: the connection is not reliable any more."""

    def begin(self) -> None:
        blank = 0
        while blank < _BLANK_LINES and self.fp.peek(1)[:1] in (b"\r", b"\n"):  # browsers skip them, too
            self.fp.readline(2)
            blank += 1
        while True:
            version, self.status, _ = self._read_status()  # type: ignore[attr-defined]
            self._read_head()
            if not 100 <= self.status < 200 or self.status == _SWITCHING_PROTOCOLS:
                break
        connection = self.found.get("connection", "").lower()
        self.will_close = "close" in connection or (version < "HTTP/1.1" and "keep-alive" not in connection)
        self.chunked = self.found.get("transfer-encoding", "").lower().endswith("chunked")
        self.chunk_left = None
        length, *others = {each.strip() for each in self.found.get("content-length", "").split(",")}
        self.length = int(length) if length.isascii() and length.isdigit() and not others and not self.chunked else None
        if self.status in (101, 204, 304):
            self.length = 0
        if self.length is None and not self.chunked:
            self.will_close = True

    def _read_head(self) -> None:
        self.found, self.set_cookies, self.schemes = {}, [], []
        size, name = 0, ""
        for _ in range(_MAX_LINES):
            line = self.fp.readline(_MAX_HEAD - size + 1)
            size += len(line)
            if size > _MAX_HEAD or not line:
                break
            text = line.decode("latin-1").rstrip("\r\n")
            if not text:
                return
            if text[0] in " \t":  # the continuation of a header, as in mail
                if name in self.found:
                    self.found[name] += " " + text.strip(" \t")
                continue
            name, colon, value = text.partition(":")
            name, value = name.strip().lower(), value.strip(" \t")  # other white space may be half a Cyrillic letter
            if name == "set-cookie":
                self.set_cookies.append(value)
            elif name == "www-authenticate":
                self.schemes.append(value)
            if colon:
                self.found.setdefault(name, value)
        if size > _MAX_HEAD or line:
            raise http.client.LineTooLong("header")
        raise http.client.IncompleteRead(b"")

    def _close_conn(self) -> None:
        self.line.ended = True
        self.left_over = bool(self.fp.peek(1))
        super()._close_conn()  # type: ignore[misc]


def _unpacked(body: bytes, encodings: str, limit: int) -> bytes:
    """Undoes ``Content-Encoding``, which some proxies apply unasked. At most ``limit`` + 1 bytes."""
    for name in reversed([each.strip().lower() for each in encodings.split(",")][:5]):
        unpack = _UNPACKERS.get(name)
        if unpack is None:
            if not _is_binary(body):
                continue  # "none", "utf-8": no packing at all, and browsers show the page
            raise CheckError("encoding", f"ответ сжат неизвестным способом ({name[:20]})")
        if not body:
            return body
        try:
            unpacked, length = [], 0
            for piece in unpack(body, limit + 1):
                unpacked.append(piece)
                length += len(piece)
                if length > limit:
                    raise CheckError("too_large", f"страница больше {limit} байт")
        except (zlib.error, brotli.error, zstandard.ZstdError):
            raise CheckError("encoding", f"ответ объявлен сжатым ({name}), но не распаковывается") from None
        body = b"".join(unpacked)
    return body


def _gzip(body: bytes, limit: int) -> Iterator[bytes]:
    while body:
        member = zlib.decompressobj(31)
        yield member.decompress(body, limit)
        if not member.eof and not member.unconsumed_tail:
            return  # truncated: use what is there, as browsers do
        body = member.unused_data if member.eof else b""
        if not body.startswith(b"\x1f\x8b"):
            return  # zeros or other padding after the last member


def _deflate(body: bytes, limit: int) -> Iterator[bytes]:
    """With zlib's header, as in the standard, or without, as some servers send it."""
    try:
        yield zlib.decompressobj().decompress(body, limit)
    except zlib.error:
        yield zlib.decompressobj(-15).decompress(body, limit)


def _brotli(body: bytes, limit: int) -> Iterator[bytes]:
    unpacker = brotli.Decompressor()
    yield unpacker.process(body, output_buffer_limit=limit)
    while not unpacker.can_accept_more_data():
        yield unpacker.process(b"", output_buffer_limit=limit)


def _zstd(body: bytes, limit: int) -> Iterator[bytes]:
    yield zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).stream_reader(body).read(limit)


_ZSTD_WINDOW = 8 * 1024 * 1024
"""Bytes; RFC 9659."""
_UNPACKERS = {"gzip": _gzip, "x-gzip": _gzip, "deflate": _deflate, "br": _brotli, "zstd": _zstd}


def _is_binary(body: bytes) -> bool:
    """No text has such bytes, in whatever character set but UTF-16."""
    return not body.startswith((b"\xff\xfe", b"\xfe\xff")) and body[:1000].translate(None, _CONTROLS) != body[:1000]


_CONTROLS = bytes((*range(9), *range(14, 27)))

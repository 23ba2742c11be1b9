"""HTTP/1.1 on the wire: a small asyncio protocol, and the ways in which an answer can misbehave on its way.

Not a library's server, because half of its work is to break the protocol on purpose, and because one process
must serve a thousand listeners cheaply.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Protocol

from demo.stand.faults import Fault, Options, number

MAX_HEADER = 64 * 1024
MAX_BODY = 1024 * 1024
_PIECE = 64 * 1024
_TICK, _PAUSE = 0.1, 0.002


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names are in lower case, ``path`` is without the query."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    peer: str

    def cookie(self, wanted: str) -> str:
        """Value of a cookie; empty when it is not there."""
        for part in self.headers.get("cookie", "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == wanted:
                return value
        return ""

    def basic(self) -> tuple[str, str]:
        """Login and password of HTTP Basic; empty strings when there are none."""
        scheme, _, encoded = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return "", ""
        try:
            login, _, password = base64.b64decode(encoded).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return login, password


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; ``Content-Length``, ``Date`` and ``Connection`` are added on the way.

    ``chunked``: in chunks instead of with a length. ``close``: the connection is closed afterwards. ``rate``: bytes a
    second at which the body is written; 0: as fast as it is read.
    """

    status: int
    body: bytes = b""
    content_type: str = "text/html"
    headers: tuple[tuple[str, str], ...] = ()
    chunked: bool = False
    close: bool = False
    rate: float = 0.0


class Site(Protocol):
    """What answers requests: a Kodeks server, or the control interface."""

    banner: str
    """The ``Server`` header."""

    def answer(self, request: Request) -> Reply: ...

    def manner(self) -> tuple[Fault, Options] | None:
        """The fault of the connection that is in force, if any."""


@dataclass(slots=True)
class _Clock:
    """The ``Date`` header, made once a second."""

    second: int = 0
    text: str = ""

    def now(self) -> str:
        second = int(time.time())
        if second != self.second:
            self.second, self.text = second, formatdate(second, usegmt=True)
        return self.text


_clock = _Clock()


def encode(reply: Reply, banner: str, *, head: bool, close: bool) -> bytes:
    """The bytes of an answer, without a body that travels by pieces. ``head``: without any body."""
    try:
        phrase = HTTPStatus(reply.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [
        f"HTTP/1.1 {reply.status} {phrase}",
        f"Server: {banner}",
        f"Date: {_clock.now()}",
        f"Content-Type: {reply.content_type}",
        "Transfer-Encoding: chunked" if reply.chunked else f"Content-Length: {len(reply.body)}",
        *(f"{name}: {value}" for name, value in reply.headers),
    ]
    if close:
        lines.append("Connection: close")
    header = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
    return header if head or reply.chunked or reply.rate else header + reply.body


@dataclass(eq=False)
class HttpProtocol(asyncio.Protocol):
    """One connection. ``peers`` holds the open connections of the listener, so that it can drop them all."""

    site: Site
    peers: set[HttpProtocol]
    buffer: bytearray = field(default_factory=bytearray)
    transport: asyncio.Transport | None = None
    paused: bool = False
    busy: bool = False
    """An answer is under way or never comes; further bytes wait."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.peers.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the signature is asyncio's
        self.transport = None
        self.peers.discard(self)

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False

    def abort(self) -> None:
        """Drop the connection without a word, as a process that ends does."""
        if self.transport is not None:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if len(self.buffer) > MAX_HEADER + MAX_BODY:
            self.abort()
            return
        self._next()

    def _next(self) -> None:
        while not self.busy and self.transport is not None and not self.transport.is_closing():
            try:
                request = self._take()
            except ValueError:
                self._send(Reply(400, b"Bad Request", "text/plain"), head=False, close=True)
                return
            if request is None:
                return
            self._serve(request)

    def _take(self) -> Request | None:
        """The next whole request of the buffer, or None while it is not all there."""
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self.buffer) > MAX_HEADER:
                raise ValueError("header too long")
            return None
        first, *rest = bytes(self.buffer[:end]).decode("latin-1").split("\r\n")
        method, target, version = first.split(" ")
        headers = {}
        for line in rest:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        headers.setdefault("connection", "close" if version == "HTTP/1.0" else "keep-alive")
        length = int(headers.get("content-length", "0"))
        if length < 0 or length > MAX_BODY or "transfer-encoding" in headers:
            raise ValueError("body not understood")
        if len(self.buffer) < end + 4 + length:
            if headers.get("expect", "").lower() == "100-continue" and self.transport is not None:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        body = bytes(self.buffer[end + 4 : end + 4 + length])
        del self.buffer[: end + 4 + length]
        path, _, query = target.partition("?")
        peer = self.transport.get_extra_info("peername") if self.transport is not None else None
        return Request(method, path, query, headers, body, peer[0] if peer else "")

    def _serve(self, request: Request) -> None:
        manner = self.site.manner()
        if manner is None:
            self._answer(request)
            return
        fault, options = manner
        loop = asyncio.get_running_loop()
        self.busy = True
        match fault:
            case Fault.SLOW:
                loop.call_later(number(options, "delay", 3.0), self._answer_late, request)
            case Fault.DRIP:
                self._drip(number(options, "interval", 1.0), 0)
            case Fault.ENDLESS_BODY:
                self._write(b"HTTP/1.1 200 OK\r\nServer: WWW-Kodeks/6.4\r\nContent-Type: text/html\r\n\r\n")
                self._flood()
            case Fault.GARBAGE:
                self._write(b"\x00\x16\xff\xfe\x03\x01 \x8d\x90 not http\r\n\x00\x7f" * 20)
                self._close()
            case Fault.HUGE_HEADER:
                junk = b"x" * int(number(options, "size", 1_000_000))
                self._write(b"HTTP/1.1 200 OK\r\nServer: WWW-Kodeks/6.4\r\nX-Junk: " + junk)
                self._write(b"\r\nContent-Length: 2\r\n\r\nok")
                self.busy = False
            case _:  # a hang: the connection stays open and silent
                pass

    def _answer_late(self, request: Request) -> None:
        self.busy = False
        if self.transport is not None:
            self._answer(request)
            self._next()

    def _answer(self, request: Request) -> None:
        reply = self.site.answer(request)
        self._send(reply, head=request.method == "HEAD", close=request.headers["connection"].lower() == "close")

    def _send(self, reply: Reply, *, head: bool, close: bool) -> None:
        close = close or reply.close
        self._write(encode(reply, self.site.banner, head=head, close=close))
        if (reply.chunked or reply.rate) and not head:
            self.busy = True
            self._pour(reply, 0, close)
        elif close:
            self._close()

    def _pour(self, reply: Reply, sent: int, close: bool) -> None:
        """The body piece by piece: in chunks, or slowly, or both."""
        if self.transport is None or self.transport.is_closing():
            return
        later = asyncio.get_running_loop().call_later
        if self.paused:
            later(_PAUSE, self._pour, reply, sent, close)
            return
        size = max(1, int(reply.rate * _TICK)) if reply.rate else _PIECE
        piece = reply.body[sent : sent + size]
        if piece:
            self._write(b"%x\r\n%b\r\n" % (len(piece), piece) if reply.chunked else piece)
            later(_TICK if reply.rate else 0, self._pour, reply, sent + size, close)
            return
        if reply.chunked:
            self._write(b"0\r\n\r\n")
        self.busy = False
        if close:
            self._close()
        else:
            self._next()

    def _write(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def _close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def _drip(self, interval: float, sent: int) -> None:
        """One byte at a time, for ever: first a decent header, then a body that never ends."""
        head = b"HTTP/1.1 200 OK\r\nServer: WWW-Kodeks/6.4\r\nContent-Type: text/html\r\n\r\n"
        if self.transport is None or self.transport.is_closing():
            return
        self._write(head[sent : sent + 1] or b"x")
        asyncio.get_running_loop().call_later(interval, self._drip, interval, sent + 1)

    def _flood(self) -> None:
        """64 KiB at a time as fast as the reader takes them, yet never more than some 30 MB a second."""
        if self.transport is None or self.transport.is_closing():
            return
        if not self.paused:
            self._write(b"<!-- endless -->" * 4096)
        asyncio.get_running_loop().call_later(0.002, self._flood)


async def close_all(peers: set[HttpProtocol]) -> None:
    """Drop every open connection of a listener and let the loop notice."""
    for peer in list(peers):
        peer.abort()
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.sleep(0)

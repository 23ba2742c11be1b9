"""A connection's bytes, plain or through TLS, on the server's event loop.

A slow peer uses no thread, and sending single bytes can't extend the time limit of a request or answer.
"""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from typing import Final

_PIECE: Final = 64 * 1024
_HANDSHAKE: Final = 0x16
"""First byte of every TLS connection."""


class Patience:
    """The time that a connection may still wait for its peer: ``grace`` seconds, and one more for each ``rate``
    bytes transferred. The application's time is not counted."""

    def __init__(self, grace: float, rate: int) -> None:
        self._grace, self._rate = grace, rate
        self.restart()

    def restart(self) -> None:
        """Starts the time of a new request or answer."""
        self._spent, self._moved = 0.0, 0

    @property
    def left(self) -> float:
        return self._grace + self._moved / self._rate - self._spent

    def count(self, began: float, moved: int) -> None:
        self._spent += time.monotonic() - began
        self._moved += moved


class Stream:
    """Plain bytes. Methods raise TimeoutError when the time is used up, and OSError when the peer is gone."""

    def __init__(self, sock: socket.socket, pace: Patience) -> None:
        sock.setblocking(False)
        self._sock, self.pace = sock, pace
        self._loop = asyncio.get_running_loop()
        self._first = b""

    async def begin(self) -> bool:
        """Waits for the peer's first bytes. False: it has disconnected."""
        self._first = await self._raw_receive()
        return bool(self._first)

    async def receive(self, patience: float | None = None) -> bytes:
        """The next bytes, none at the end. ``patience``: seconds in place of the pace, between two requests."""
        if self._first:
            first, self._first = self._first, b""
            return first
        return await self._raw_receive(patience)

    async def send(self, data: bytes) -> None:
        await self._raw_send(data)

    async def _raw_receive(self, patience: float | None = None) -> bytes:
        began = time.monotonic()
        async with asyncio.timeout(max(0.0, self.pace.left) if patience is None else patience):
            data = await self._loop.sock_recv(self._sock, _PIECE)
        if patience is None:
            self.pace.count(began, len(data))
        return data

    async def _raw_send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            began = time.monotonic()
            async with asyncio.timeout(max(0.0, self.pace.left)):
                await self._loop.sock_sendall(self._sock, view[:_PIECE])
            self.pace.count(began, len(view[:_PIECE]))
            view = view[_PIECE:]

    async def end(self, linger: float) -> None:
        """Shuts down sending, and reads for ``linger`` more seconds: a peer that is still sending when the
        connection is closed would lose our answer."""
        with contextlib.suppress(OSError, TimeoutError):
            self._sock.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(linger):
                while await self._loop.sock_recv(self._sock, _PIECE):
                    pass


class TlsStream(Stream):
    def __init__(self, sock: socket.socket, pace: Patience, context: Callable[[], ssl.SSLContext]) -> None:
        super().__init__(sock, pace)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._context = context

    async def begin(self) -> bool:
        first = await self._raw_receive()
        if not first:
            return False
        if first[:1] != bytes((_HANDSHAKE,)):
            await self._answer_plain_http()
            raise ConnectionAbortedError("no TLS")
        self._tls = self._context().wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._incoming.write(first)
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._more()
            except ssl.SSLError:
                await self._flush()  # the TLS alert, which says why
                raise
            else:
                await self._flush()
                return True

    async def receive(self, patience: float | None = None) -> bytes:
        while True:
            try:
                return self._tls.read(_PIECE)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._more(patience)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    async def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._tls.write(view[:_PIECE])
            await self._flush()
            view = view[_PIECE:]

    async def end(self, linger: float) -> None:
        with contextlib.suppress(OSError, TimeoutError, AttributeError):
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()
            await self._flush()
        await super().end(linger)

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._raw_send(self._outgoing.read())

    async def _more(self, patience: float | None = None) -> None:
        data = await self._raw_receive(patience)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _answer_plain_http(self) -> None:
        """The client used http:// instead of https://: say so in a way that a browser or curl shows."""
        text = b"This server speaks HTTPS on this port: use https://\n"
        head = b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(text)
        await self._raw_send(head + text)
        await super().end(0.5)

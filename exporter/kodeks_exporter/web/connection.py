"""One connection of the HTTP server.

The event loop reads requests and sends answers, within limits of time and size. A thread is used only for a complete
request, or for an authenticated upload.
"""

from __future__ import annotations

import asyncio
import io
import logging
import re
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import h11

from kodeks_exporter.web.lanes import Full, Lane
from kodeks_exporter.web.security import Guard, Suspects
from kodeks_exporter.web.stream import Patience, Stream, TlsStream
from kodeks_exporter.web.table import Outbox, Place, Table, party
from kodeks_exporter.web.wsgi import Answer, Body, call, environment

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

logger = logging.getLogger("kodeks_exporter.web")

_NAMING = ("REMOTE_USER", "REMOTE_ADDR", "HTTP_X_", "HTTP_REMOTE_", "HTTP_AUTHORIZATION")
"""Variables that may identify the caller: answers differ between callers."""
_LINGER: Final = 2.0
_SHORT: Final = 64 * 1024
"""Bytes of an answer's body that are sent together with its head."""
_TARGET: Final = re.compile(rb"/(?!/)[\x21-\x7e\x80-\xff]*|\*")
_UNREADABLE: Final = {
    400: "malformed request",
    413: "request too large",
    431: "request too large",
    501: "of the transfer encodings, only chunked is understood",
}
_REFUSALS: Final = (401, 403, 429)


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Limits; times in seconds, sizes in bytes.

    ``io_grace`` and ``io_rate``: a request and its answer may keep the server waiting for ``io_grace`` plus one second
    for each ``io_rate`` bytes. ``idle_timeout``: between two requests on one connection, longer than the usual scrape
    intervals. ``stop_timeout``: for requests in work when the server stops. ``max_body``: of an upload, 0: the
    application checks it. ``max_unsent``: of all answers not yet read by clients. ``uploads``: received at the same
    time.
    """

    io_grace: float = 10.0
    io_rate: int = 16 * 1024
    idle_timeout: float = 90.0
    stop_timeout: float = 5.0
    max_header: int = 32 * 1024
    max_body: int = 1024 * 1024
    max_connections: int = 256
    max_unsent: int = 128 * 1024 * 1024
    uploads: int = 4


@dataclass(frozen=True, slots=True)
class House:
    """What all connections of a server share."""

    app: WSGIApplication
    guard: Guard
    limits: ServerOptions
    table: Table
    outbox: Outbox
    suspects: Suspects
    lanes: tuple[Lane, ...]
    passwords: Lane
    context: Callable[[], ssl.SSLContext] | None

    def lane(self, path: str) -> Lane:
        return next(each for each in self.lanes if each.options.takes(path) or each is self.lanes[-1])


class _Refused(Exception):  # noqa: N818 - an answer, not an error
    def __init__(self, status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(status)
        self.answer = _plain(status, text, headers)


class _BrokenBodyError(ConnectionError):
    """A body that ends too early, or is not written as announced."""


class ServerConnection:
    def __init__(self, house: House, sock: socket.socket, peer: tuple[str, int]) -> None:
        self._house, self._sock, self._peer = house, sock, peer
        self._local = sock.getsockname()[:2]
        limits = house.limits
        pace = Patience(limits.io_grace, limits.io_rate)
        self._stream = TlsStream(sock, pace, house.context) if house.context is not None else Stream(sock, pace)
        self._task: asyncio.Task[None] | None = None
        self.place = Place(party(peer[0]), self._drop)
        self._files = house.lane("/files/")
        self._last = False
        """No more requests after this one."""
        self._method = b""
        self._left = b""
        """Received but unread bytes of the body."""

    def begin(self) -> asyncio.Task[None]:
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._over)
        return self._task

    def finish(self) -> None:
        """The server stops: close after the current answer."""
        self._last = True

    def _drop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            await self._serve()
        except (OSError, TimeoutError, asyncio.CancelledError, h11.LocalProtocolError) as problem:
            logger.debug("connection of %s ended: %s %s", self._peer[0], type(problem).__name__, problem)
        except Exception:
            logger.exception("connection failed")

    def _over(self, _: asyncio.Task[None]) -> None:
        # Not at the end of the task: one dropped at once never starts.
        self._house.table.leave(self.place)
        self._sock.close()

    async def _serve(self) -> None:
        if not await self._stream.begin():
            return
        # Not before the first byte: silent connections must be cheap.
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=self._house.limits.max_header)
        while True:
            try:
                request = await self._request()
            except h11.RemoteProtocolError as problem:
                status = problem.error_status_hint if problem.error_status_hint in _UNREADABLE else 400
                await self._refuse(_plain(status, _UNREADABLE[status]))
                return
            except _Refused as refused:
                await self._refuse(refused.answer)
                return
            if request is None or not await self._exchange(request):
                return
            if self._last or self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                await self._stream.end(_LINGER)
                return
            self._http.start_next_cycle()

    async def _request(self) -> h11.Request | None:
        """The next request head; None when the peer has no more requests."""
        patience = self._house.limits.idle_timeout if self.place.spoke else None
        self._stream.pace.restart()
        self._method = self._left = b""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._stream.receive(patience))
            patience = None
        if isinstance(event, h11.ConnectionClosed) or not isinstance(event, h11.Request):
            return None
        self._method = event.method
        names = [name for name, _ in event.headers]
        size = len(event.target) + sum(len(name) + len(value) for name, value in event.headers)
        if size > self._house.limits.max_header:  # h11 checks it only while a head is incomplete
            raise _Refused(431, _UNREADABLE[431])
        if b"content-length" in names and b"transfer-encoding" in names:
            raise _Refused(400, "both Content-Length and Transfer-Encoding")
        if not _TARGET.fullmatch(event.target):
            raise _Refused(400, "the request target must be a path")
        return event

    async def _exchange(self, request: h11.Request) -> bool:
        """Answers one request; False: the connection was closed."""
        try:
            answer = await self._answer(request)
        except _Refused as refused:
            answer = refused.answer
        except TimeoutError:
            answer = _plain(408, "the request did not arrive in time")
        except _BrokenBodyError:
            answer = _plain(400, _UNREADABLE[400])
        except OSError:
            raise
        except Exception:
            logger.exception("request failed: %r", request.target.partition(b"?")[0])
            answer = _plain(500, "internal error")
        self.place.spoke = answer.status not in _REFUSALS
        if not self.place.spoke:
            delay = self._house.suspects.refused(self.place.party)
            if delay:
                self._house.table.waits(self.place)
                await asyncio.sleep(delay)
        self._house.table.works(self.place)
        try:
            await self._send(answer)
        finally:
            if answer.rest is not None:
                answer.rest.close()
            self._house.table.waits(self.place)
        if self._http.their_state is h11.DONE:
            return True
        await self._stream.end(_LINGER)
        return False

    async def _answer(self, request: h11.Request) -> Answer:
        path = request.target.partition(b"?")[0].decode("latin-1")
        lane = self._house.lane(path)
        body = await self._body(request, lane)
        self._house.table.works(self.place)
        environ = environment(request, body, self._peer, self._local, self._house.context is not None)
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        await self._let_in(path, authorization)
        environ["REMOTE_USER"] = self._house.guard.user(authorization)
        piecewise = lane.options.body is None
        run, who = (lambda: call(self._house.app, environ, piecewise=piecewise)), self.place.party
        try:
            if lane.options.shared and request.method in (b"GET", b"HEAD"):
                named = tuple(item for item in environ.items() if item[0].startswith(_NAMING))
                key = (
                    request.method,
                    request.target,
                    environ.get("HTTP_ACCEPT"),
                    environ.get("HTTP_ACCEPT_ENCODING"),
                    named,
                )
                return await lane.share(key, who, run)
            return await lane.run(who, run)
        except Full:
            raise _Refused(503, "too many requests of this kind at once, try again", (("Retry-After", "5"),)) from None

    async def _let_in(self, path: str, authorization: str) -> None:
        guard, passwords, who = self._house.guard, self._house.passwords, self.place.party
        allowed = guard.known(path, authorization)
        if allowed is None:
            try:
                if passwords.busy and self._house.suspects.doubted(who):
                    raise Full
                # Requests with the same password wait for the one result.
                check = lambda: guard.check(authorization)  # noqa: E731
                allowed = await passwords.share(authorization, who, check)
            except Full:
                allowed = guard.known(path, authorization)  # checked for another request in the meantime
            if allowed is None:
                raise _Refused(429, "too many passwords at once", (("Retry-After", "5"),))
        if not allowed:
            challenge = ("WWW-Authenticate", 'Basic realm="kodeks-exporter", charset="UTF-8"')
            raise _Refused(401, "unauthorized", (challenge,))

    async def _body(self, request: h11.Request, lane: Lane) -> io.RawIOBase | io.BytesIO:
        """The whole body or, for uploads, a reader of its pieces."""
        length = next((int(value) for name, value in request.headers if name == b"content-length"), None)
        if lane.options.body is None:
            most = self._house.limits.max_body
            if most and length is not None and length > most:
                raise _Refused(413, "the body is too large")
            return Body(asyncio.get_running_loop(), self._read)
        if length is not None and length > lane.options.body:
            raise _Refused(413, "the body is too large")
        read = bytearray()
        while piece := await self._read(lane.options.body):
            read += piece
            if len(read) > lane.options.body:
                raise _Refused(413, "the body is too large")
        return io.BytesIO(bytes(read))

    async def _read(self, most: int) -> bytes:
        """The next bytes of the body, at most ``most``; none at its end."""
        if self._left:
            piece, self._left = self._left[:most], self._left[most:]
            return piece
        if self._http.their_state is not h11.SEND_BODY:
            return b""
        if self._http.they_are_waiting_for_100_continue:
            await self._write(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(await self._stream.receive())
        except h11.RemoteProtocolError as problem:
            raise _BrokenBodyError(str(problem)) from None
        if isinstance(event, h11.Data):
            data = bytes(event.data)
            self._left = data[most:]
            return data[:most]
        return b""

    async def _refuse(self, answer: Answer) -> None:
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            await self._send(answer)
        await self._stream.end(_LINGER)

    async def _send(self, answer: Answer) -> None:
        self._stream.pace.restart()
        ours = [("Server", "kodeks-exporter"), ("Date", formatdate(usegmt=True)), *self._house.guard.headers]
        if self._http.their_state is h11.SEND_BODY and not self._http.they_are_waiting_for_100_continue:
            with suppress(h11.RemoteProtocolError):
                self._http.next_event()  # the end of the body, if all of it was read
        if self._last or self._http.their_state is not h11.DONE:
            ours.append(("Connection", "close"))  # the rest of the body is not read
        replaced = {name.lower() for name, _ in ours}
        headers = [*((name, value) for name, value in answer.headers if name.lower() not in replaced), *ours]
        reason = answer.reason.encode("latin-1", "replace")
        encoded = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
        head = self._http.send(h11.Response(status_code=answer.status, headers=encoded, reason=reason)) or b""
        with self._house.outbox.holding(self.place, len(answer.body)):
            body = b""
            if answer.body and self._method != b"HEAD":
                body = self._http.send(h11.Data(data=answer.body)) or b""
            # Short ones travel in one packet; a scrape may have 100 MB, which are not copied.
            for piece in (head + body,) if len(body) < _SHORT else (head, body):
                await self._stream.send(piece)
        if answer.rest is not None and self._method != b"HEAD":
            while piece := await self._files.run(self.place.party, answer.rest.take):
                await self._write(h11.Data(data=piece))
        await self._write(h11.EndOfMessage())

    async def _write(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            await self._stream.send(data)


def _plain(status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    body = f"{text}\n".encode()
    own = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return Answer(status, HTTPStatus(status).phrase, [*own, *headers], body)

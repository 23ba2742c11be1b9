"""Between HTTP events and a WSGI application (PEP 3333)."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import h11

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_AT_ONCE = 1024 * 1024
"""Bytes of an answer read from the application before sending."""


@dataclass(slots=True)
class Answer:
    """``body``: the beginning, and ``rest``: the remainder of a long answer."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes
    rest: Rest | None = None


class Rest:
    """The remainder of a long answer. Not thread-safe."""

    def __init__(self, chunks: Iterator[bytes], whole: Iterable[bytes]) -> None:
        self._chunks, self._whole = chunks, whole

    def take(self) -> bytes:
        """The next piece, none at the end."""
        taken, size = [], 0
        for chunk in self._chunks:
            taken.append(chunk)
            size += len(chunk)
            if size >= _AT_ONCE:
                break
        return b"".join(taken)

    def close(self) -> None:
        close = getattr(self._whole, "close", None)
        if close is not None:
            close()


class Body(io.RawIOBase):
    """A request's body, read by an application thread as it arrives. Raises OSError when the peer is gone or too
    slow."""

    def __init__(self, loop: asyncio.AbstractEventLoop, read: Callable[[int], Awaitable[bytes]]) -> None:
        super().__init__()
        self._loop, self._read = loop, read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        async def read() -> bytes:
            return await self._read(len(buffer))

        data = asyncio.run_coroutine_threadsafe(read(), self._loop).result()
        buffer[: len(data)] = data
        return len(data)


def environment(
    request: h11.Request, body: Any, peer: tuple[str, int], local: tuple[str, int], secure: bool
) -> WSGIEnvironment:
    target = request.target.decode("latin-1")
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method.decode("ascii"),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": target,
        "SERVER_NAME": local[0],
        "SERVER_PORT": str(local[1]),
        "SERVER_PROTOCOL": f"HTTP/{request.http_version.decode('ascii')}",
        "REMOTE_ADDR": peer[0],
        "REMOTE_PORT": str(peer[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if secure else "http",
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in request.headers:
        if b"_" in raw_name:
            continue  # would be confused with the one with a dash
        name, value = raw_name.decode("ascii").upper().replace("-", "_"), raw_value.decode("latin-1")
        key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
        environ[key] = f"{environ[key]}, {value}" if key in environ else value
    return environ


def call(app: WSGIApplication, environ: WSGIEnvironment, *, piecewise: bool) -> Answer:
    """Runs the application in the current thread. Raises what it raises. ``piecewise``: a long answer is read while
    it is sent, not at once."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start(status: str, headers: list[tuple[str, str]], *_: object) -> Callable[[bytes], object]:
        started[:] = [(status, list(headers))]
        return written.append

    whole = app(environ, start)
    rest = Rest(chain(written, iter(whole)), whole)
    try:
        body = rest.take() if piecewise else b"".join((*written, *whole))
        more = piecewise and len(body) >= _AT_ONCE
    except BaseException:
        with suppress(Exception):
            rest.close()
        raise
    if not more:
        rest.close()
    status, headers = started[0]
    code, _, reason = status.partition(" ")
    return Answer(int(code), reason, headers, body, rest if more else None)

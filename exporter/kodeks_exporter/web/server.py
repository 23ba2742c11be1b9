"""The HTTP server: an event loop that accepts, reads and sends, and threads for the application.

Built on asyncio and h11, because no WSGI server keeps strangers from using up threads: they read a request in the
thread that answers it (cheroot, gunicorn), accept the whole body of an unknown caller and have no TLS (waitress), or
have neither a deadline for a whole head nor a limit for an address (uvicorn, hypercorn). h11 is the HTTP/1.1 parser of
uvicorn and httpx: strict, and without dependencies.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import errno
import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from kodeks_exporter.config.webfile import ServerSecurity
from kodeks_exporter.web.connection import House, ServerConnection, ServerOptions
from kodeks_exporter.web.lanes import PASSWORDS, Lane, lanes
from kodeks_exporter.web.listen import parse_listen_address
from kodeks_exporter.web.security import Guard, Suspects
from kodeks_exporter.web.table import Outbox, Table, room
from kodeks_exporter.web.tls import Certificates

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

logger = logging.getLogger("kodeks_exporter.web")

_BACKLOG: Final = 1024
_AT_A_TIME: Final = 32
"""Connections accepted before existing ones get a turn."""
_QUIET: Final = 60.0
"""Seconds between two warnings about too many connections."""
_PAUSE: Final = 0.2
"""Seconds without accepting when the process is out of descriptors."""


class WebServer:
    """Serves a WSGI application in background threads.

    ``listen`` as in ``--web.listen-address``. Bad addresses and settings raise ValueError at once, unreadable
    certificates OSError; ``start`` raises OSError when the address can't be bound.
    """

    def __init__(
        self,
        listen: str,
        app: WSGIApplication,
        security: ServerSecurity | None = None,
        options: ServerOptions | None = None,
        open_paths: tuple[str, ...] = (),
    ) -> None:
        security = security or ServerSecurity()
        self._options = options = options or ServerOptions()
        self._listen = parse_listen_address(listen)
        self._tls = Certificates(security) if security.cert_file or security.key_file else None
        most = room(options.max_connections)
        self._house = House(
            app=app,
            guard=Guard(security, open_paths),
            limits=options,
            table=Table(most, max(1, most // 2)),
            outbox=Outbox(options.max_unsent),
            suspects=Suspects(),
            lanes=tuple(Lane(each) for each in lanes(options.uploads)),
            passwords=Lane(PASSWORDS),
            context=self._tls.context if self._tls is not None else None,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._quiet_until = 0.0
        self._connections: dict[asyncio.Task[None], ServerConnection] = {}

    @property
    def address(self) -> tuple[str, int]:
        """Host and the real port, once started."""
        host, port = self._address[:2]
        return str(host), int(port)

    @property
    def url(self) -> str:
        """An address of the server that this machine can open, once started; without a trailing slash."""
        host, port = self.address
        host = {"::": "localhost", "0.0.0.0": "127.0.0.1"}.get(host, host)  # noqa: S104  # compares, binds nothing
        return f"{'https' if self._tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"

    def start(self) -> None:
        """Binds the address and returns; requests are answered from then on."""
        listener = _listener(self._listen)
        self._address = listener.getsockname()
        started: concurrent.futures.Future[None] = concurrent.futures.Future()
        # A daemon thread, like those of the lanes: one that hangs must not keep the process alive.
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listener, started)), name="web", daemon=True
        )
        self._thread.start()
        started.result()
        logger.info("listening on %s", self.url)

    def stop(self) -> None:
        """Accepts no more connections, lets running requests finish within ``stop_timeout``, then returns."""
        if self._loop is None or self._stopping is None or self._thread is None:
            return
        with suppress(RuntimeError):  # it has stopped already
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(self._options.stop_timeout + 2.0)

    def alive(self, patience: float) -> bool:
        """Whether the event loop responds within ``patience`` seconds."""
        if self._loop is None:
            return False
        try:
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result(patience)
        except (TimeoutError, RuntimeError, concurrent.futures.CancelledError):
            return False
        return True

    def prepare(self, security: ServerSecurity) -> Callable[[], None]:
        """Prepares other users, headers and certificates; returns a function that puts them in force without a restart.

        Raises ValueError or OSError when they are bad, or would turn TLS on or off.
        """
        if bool(security.cert_file or security.key_file) != (self._tls is not None):
            raise ValueError("TLS can't be switched on or off without a restart")
        tls, guard = self._tls, self._house.guard
        commit_tls = tls.prepare(security) if tls is not None else None

        def commit() -> None:
            if commit_tls is not None:
                commit_tls()
            guard.secure(security)

        return commit

    async def _serve(self, listener: socket.socket, started: concurrent.futures.Future[None]) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        accepting = asyncio.create_task(self._accept(listener))
        started.set_result(None)
        await self._stopping.wait()
        accepting.cancel()
        await asyncio.wait([accepting])
        listener.close()
        for connection in self._connections.values():
            connection.finish()
        for place in self._house.table.waiting():
            place.drop()
        if self._connections:
            await asyncio.wait(self._connections, timeout=self._options.stop_timeout)
        for lane in (*self._house.lanes, self._house.passwords):
            lane.stop()

    async def _accept(self, listener: socket.socket) -> None:
        loop, accepted = asyncio.get_running_loop(), 0
        while True:
            try:
                sock, peer = await loop.sock_accept(listener)
            except OSError as problem:
                if problem.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    logger.error("no file descriptor left for a connection: %s", problem.strerror)
                    self._house.table.make_room()
                    await asyncio.sleep(_PAUSE)
                continue
            self._welcome(sock, peer)
            accepted += 1
            if accepted % _AT_A_TIME == 0:
                await asyncio.sleep(0)

    def _welcome(self, sock: socket.socket, peer: tuple[str, int]) -> None:
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = ServerConnection(self._house, sock, peer)
        except OSError:  # gone already
            sock.close()
            return
        table = self._house.table
        full = table.turned_away
        if not table.enter(connection.place):
            sock.close()
        else:
            task = connection.begin()
            self._connections[task] = connection
            task.add_done_callback(self._connections.pop)
        if table.turned_away > full and time.monotonic() >= self._quiet_until:
            self._quiet_until = time.monotonic() + _QUIET
            extra = {"open": len(table), "turned_away": table.turned_away, "newest": peer[0]}
            logger.warning("too many connections: closing the ones idle the longest", extra=extra)


def _listener(address: tuple[str, int]) -> socket.socket:
    """Raises OSError."""
    host, port = address
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
    listener = socket.create_server(
        (host, port), family=family, backlog=_BACKLOG, dualstack_ipv6=host == "::" and socket.has_dualstack_ipv6()
    )
    listener.setblocking(False)
    return listener

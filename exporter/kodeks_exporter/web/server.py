"""The real server: cheroot with limits that keep slow, silent or hostile clients from holding up others."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cheroot import server as cheroot_server
from cheroot import wsgi

from kodeks_exporter.web.listen import parse_listen_address
from kodeks_exporter.web.pacing import Pace, Reader, Writer
from kodeks_exporter.web.security import Guard, ServerSecurity
from kodeks_exporter.web.tls import ReloadingAdapter

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

logger = logging.getLogger("kodeks_exporter.web")


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Limits; times in seconds, sizes in bytes.

    ``io_grace`` and ``io_rate``: a request and its answer may keep the server waiting for ``io_grace`` and one second
    more for each ``io_rate`` bytes. ``idle_timeout``: between two requests on one connection, longer than the usual
    scrape intervals. ``stop_timeout``: for requests in work when the server stops.
    """

    threads: int = 16
    io_grace: float = 10.0
    io_rate: int = 16 * 1024
    idle_timeout: float = 90.0
    stop_timeout: float = 5.0
    max_header: int = 32 * 1024
    max_body: int = 1024 * 1024
    max_connections: int = 256


class WebServer:
    """Serves a WSGI application in background threads.

    ``listen`` as in ``--web.listen-address``. Bad addresses and settings raise ValueError, unreadable certificates
    OSError, both at once; ``start`` raises OSError when the address can't be taken.
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
        self._options = options or ServerOptions()
        self._guard = Guard(app, security, open_paths)
        self._tls = ReloadingAdapter(security) if security.cert_file or security.key_file else None
        self._server = _Server(parse_listen_address(listen), self._guard, self._options)
        self._server.ssl_adapter = self._tls
        self._started: Future[None] = Future()

    @property
    def address(self) -> tuple[str, int]:
        """Host and the real port, once started."""
        host, port = self._server.bind_addr[:2]
        return str(host), int(port)

    @property
    def url(self) -> str:
        """An address of the server that this machine can open, once started; without a trailing slash."""
        host, port = self.address
        host = {"::": "localhost", "0.0.0.0": "127.0.0.1"}.get(host, host)  # noqa: S104  # compares, binds nothing
        return f"{'https' if self._tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"

    def start(self) -> None:
        """Takes the address and returns; requests are answered from then on."""
        # A daemon thread, and so are the workers it makes: one that hangs must not keep the process alive.
        threading.Thread(target=self._run, name="web", daemon=True).start()
        self._started.result()
        logger.info("listening on %s", self.url)

    def stop(self) -> None:
        """Takes no more connections, lets running requests end within ``stop_timeout``, then returns."""
        stopping = threading.Thread(target=self._server.stop, name="web-stop", daemon=True)
        stopping.start()
        stopping.join(self._options.stop_timeout + 2.0)

    def prepare(self, security: ServerSecurity) -> Callable[[], None]:
        """Other users, headers and certificates; gives what puts them in force without a restart.

        Raises ValueError or OSError when they are bad, or would turn TLS on or off.
        """
        if bool(security.cert_file or security.key_file) != (self._tls is not None):
            raise ValueError("TLS can't be switched on or off without a restart")
        tls, guard = self._tls, self._guard
        commit_tls = tls.prepare(security) if tls is not None else None

        def commit() -> None:
            if commit_tls is not None:
                commit_tls()
            guard.secure(security)

        return commit

    def _run(self) -> None:
        try:
            self._server.prepare()
        except BaseException as problem:
            self._started.set_exception(problem)
            return
        self._started.set_result(None)
        self._server.serve()


class _Request(cheroot_server.HTTPRequest):
    def read_request_headers(self) -> bool:
        """Refuses what different servers understand differently: the door to request smuggling."""
        if not super().read_request_headers():  # type: ignore[no-untyped-call]
            return False
        length = self.inheaders.get(b"Content-Length")
        if length is not None and (self.chunked_read or not length.isdigit()):
            self.simple_response("400 Bad Request", "Malformed Content-Length Header.")
            return False
        return True

    def send_headers(self) -> None:
        """Closes the connection where the body was not read: cheroot would read all that is left into memory, and of a
        chunked one take the rest for the next request."""
        unread: int = getattr(self.rfile, "remaining", 0)
        if self.chunked_read or unread:
            self.close_connection = True
        super().send_headers()


class _Connection(cheroot_server.HTTPConnection):
    RequestHandlerClass = _Request
    server: _Server

    def __init__(self, server: _Server, sock: Any, makefile: object = None) -> None:
        del makefile  # ours has a time limit
        self._pace = Pace(sock, server.options.io_grace, server.options.io_rate)
        self._shaken = not isinstance(sock, ssl.SSLSocket)
        self._counted = True
        super().__init__(server, sock, self._makefile)
        server.count_connection(+1)

    def communicate(self) -> bool:
        self._pace.restart()
        if not self._shaken and not self._shake_hands():
            return False
        return bool(super().communicate())  # type: ignore[no-untyped-call]

    def close(self) -> None:
        if self._counted:
            self._counted = False
            self.server.count_connection(-1)
        super().close()

    def _makefile(self, sock: Any, mode: str, bufsize: int) -> Reader | Writer:
        return Reader(sock, self._pace, bufsize) if "r" in mode else Writer(sock, self._pace, bufsize)

    def _shake_hands(self) -> bool:
        try:
            began = self._pace.limit()
            self.socket.do_handshake()
            self._pace.count(began, 0)
        except OSError as problem:
            logger.debug("TLS handshake with %s failed: %s", self.remote_addr, problem)
            if isinstance(problem, ssl.SSLError) and problem.reason == "HTTP_REQUEST":
                self._answer_plain_http()
            return False
        self._shaken = True
        return True

    def _answer_plain_http(self) -> None:
        """Someone wrote http:// for https://: say so in words that a browser or curl shows."""
        text = b"This server speaks HTTPS on this port: use https://\n"
        head = b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(text)
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self.socket.fileno())) as plain:
            plain.sendall(head + text)


class _Server(wsgi.Server):
    ConnectionClass = _Connection

    def __init__(self, address: tuple[str, int], app: WSGIApplication, options: ServerOptions) -> None:
        super().__init__(
            address,
            app,
            numthreads=options.threads,
            server_name="kodeks-exporter",
            request_queue_size=128,
            timeout=options.idle_timeout,  # type: ignore[arg-type]  # seconds; a float serves as well
            shutdown_timeout=options.stop_timeout,  # type: ignore[arg-type]
        )
        self.options = options
        self.max_request_header_size = options.max_header
        self.max_request_body_size = options.max_body
        self.keep_alive_conn_limit = options.max_connections // 2
        self.expiration_interval = 0.2  # how often the accepting thread looks up: the most that stopping waits for it
        self._open = 0
        self._open_lock = threading.Lock()

    def count_connection(self, change: int) -> None:
        with self._open_lock:
            self._open += change

    def process_conn(self, conn: Any) -> None:
        """A connection just taken waits with the idle ones until its first byte: silence costs no worker thread."""
        if conn.last_used is not None:
            super().process_conn(conn)
            return
        if self._open > self.options.max_connections:
            # Out of file descriptors, the server and the checks would stop altogether.
            logger.warning("too many connections (%d), closing one from %s", self._open, conn.remote_addr)
            conn.close()
            return
        self.put_conn(conn)
        # Before its first request a connection waits as long as for the rest of one, not the keep-alive time.
        conn.last_used = time.time() - max(0.0, self.options.idle_timeout - self.options.io_grace)

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        logger.log(level, "%s", msg, exc_info=traceback)

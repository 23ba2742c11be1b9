"""One HTTP connection to one installation, bounded in time and size and reused for a whole round.

On top of ``answer``, this file adds what a monitor needs: a limit on the whole exchange (a server that sends a byte a
second never hits a socket's own time-out), redirects on the same host only, and cookies for one round. ``requests`` has
no limit on a whole exchange either, and is too slow for a thousand installations every 30 s.
"""

import io
import select
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kodeks_exporter.domain.check import Impairment
from kodeks_exporter.net import trust
from kodeks_exporter.net.answer import Response, read_answer
from kodeks_exporter.net.cookies import Cookies
from kodeks_exporter.net.errors import CheckError, explain, own_trouble
from kodeks_exporter.net.target import REDIRECTS, Target
from kodeks_exporter.net.trace import Exchange
from kodeks_exporter.settings.fleet import Credentials

USER_AGENT = "kodeks-exporter"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes. ``http_timeout``: of one whole exchange, including redirects."""

    connect_timeout: float = 5.0
    http_timeout: float = 10.0
    max_body: int = 2 * 1024 * 1024
    max_redirects: int = 5


def connect(addresses: Sequence[str], port: int, timeout: float) -> socket.socket:
    """Connects to the first address that accepts, within ``timeout`` seconds in total. Raises ``CheckError``."""
    deadline = time.monotonic() + timeout
    error = explain(TimeoutError())
    for position, address in enumerate(addresses):
        share = (deadline - time.monotonic()) / (len(addresses) - position)
        if share <= 0:
            break
        try:
            connection = socket.create_connection((address, port), share)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as failure:
            explained = _in_time(explain(failure, address), deadline)
            if position == 0 or explained.own is None:
                error = explained  # its error matters more than our own trouble with another address
        else:
            return connection
    raise error


def _in_time(error: CheckError, deadline: float) -> CheckError:
    """A time-out noticed much too late is our own: this process got no CPU, or its machine slept."""
    if error.reason == "timeout" and time.monotonic() - deadline > _OVERSLEPT:
        return own_trouble(Impairment.QUEUE)
    return error


_OVERSLEPT = 1.0


class Connection:
    """Requests pages one after another; connects when needed, and keeps the connection as long as the server does."""

    def __init__(
        self,
        target: Target,
        addresses: Sequence[str],
        limits: Limits,
        trusting: Callable[[], ssl.SSLContext] = lambda: trust.kept_context(True, ""),
    ) -> None:
        """``trusting``: the context for TLS not started by ``secure``."""
        self._meant = self._target = target
        self._trusting = trusting
        self._addresses = addresses
        self._limits = limits
        self._socket: socket.socket | None = None
        self._tls: ssl.SSLContext | None = None
        self.cookies = Cookies()
        """Not empty: the server has opened a session, which may hold a seat."""
        self.trace: list[Exchange] | None = None
        """Collects exchanges for a person; None: they are not kept."""

    def open(self, timeout: float) -> None:
        """TCP only. Raises ``CheckError``."""
        self._socket = connect(self._addresses, self._target.port, timeout)

    def secure(self, context: ssl.SSLContext, timeout: float) -> tuple[bytes, ...]:
        """Starts TLS here and on all later connections; returns the chain (DER). Raises ``CheckError``."""
        self._tls = context
        if self._socket is None:
            self.open(timeout)
        try:
            return self._wrap(timeout)
        except CheckError:
            self.close()
            raise

    def agreed_on(self, context: ssl.SSLContext, timeout: float) -> tuple[str, str]:
        """Version and cipher negotiated with ``context`` on a separate connection. Raises ``CheckError``."""
        with connect(self._addresses, self._target.port, timeout) as plain:
            try:
                plain.settimeout(timeout)
                with context.wrap_socket(plain, server_hostname=self._target.host) as secured:
                    return secured.version() or "", (secured.cipher() or ("",))[0]
            except (OSError, ValueError) as error:
                raise explain(error if isinstance(error, OSError) else ssl.SSLError()) from None

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def get(self, path: str, login: Credentials | None = None) -> Response:
        """GETs a page, follows redirects on the same host; the whole within ``limits.http_timeout``.

        Raises ``CheckError`` with reason timeout, reset, refused, garbage, incomplete, too_large, redirects …, and
        ``RedirectError``.
        """
        deadline = time.monotonic() + self._limits.http_timeout
        for _ in range(self._limits.max_redirects + 1):
            response = self._exchange(path, login, deadline)
            location = response.headers.get("location")
            if response.status not in REDIRECTS or not location:
                return response
            path = self._redirected(path, location)
        self.close()
        raise CheckError("redirects", f"больше {self._limits.max_redirects} перенаправлений подряд")

    def _redirected(self, path: str, location: str) -> str:
        """The path of a ``Location``; the next exchange is with the server that it names."""
        there, path = self._target.redirected(path, location)
        if there != self._target:
            self.close()
            self._target = there
        return path

    def _exchange(self, path: str, login: Credentials | None, deadline: float) -> Response:
        """A failure on a reused connection may be the connection's own: the request is repeated on a new one.

        The server may have just closed it, or answered 408, or left stale bytes on it.
        """
        self._drop_stale()
        kept = self._socket is not None
        try:
            response = self._exchange_once(path, login, deadline)
            if not kept or response.status != _REQUEST_TIMEOUT:
                return response
            self.close()
        except CheckError as error:
            if not kept or error.reason not in ("reset", "closed", "garbage", "incomplete"):
                raise
        return self._exchange_once(path, login, deadline)

    def _drop_stale(self) -> None:
        """Closes a kept connection on which unexpected data or the end has arrived."""
        if self._socket is not None and not isinstance(self._socket, ssl.SSLSocket):  # TLS may send its own messages
            poll = select.poll()
            poll.register(self._socket, select.POLLIN)
            if poll.poll(0):
                self.close()

    def _exchange_once(self, path: str, login: Credentials | None, deadline: float, method: str = "GET") -> Response:
        begin = time.monotonic()
        response: Response | None = None
        failure: CheckError | None = None
        try:
            response = self._ask(path, login, deadline)
        except CheckError as error:
            failure = error
            raise
        finally:
            if self.trace is not None:
                took = time.monotonic() - begin
                self.trace.append(Exchange(method, path, login is not None, took, response, failure))
        return response

    def _ask(self, path: str, login: Credentials | None, deadline: float) -> Response:
        try:
            connection = self._ready(deadline)
            _allow(connection, deadline)
            connection.sendall(self._request(path, login))
            response = read_answer(_Deadlined(connection, deadline), path, self._limits.max_body)
        except OSError as error:
            self.close()
            raise _in_time(explain(error), deadline) from None
        except CheckError:
            self.close()
            raise
        if response.cookies:
            self.cookies.remember(self._target.base + path, response.cookies)
        if response.closes:
            self.close()
        return response

    def _ready(self, deadline: float) -> socket.socket:
        timeout = min(self._limits.connect_timeout, max(deadline - time.monotonic(), 0.001))
        if self._socket is None:
            self.open(timeout)
        if self._target.scheme == "https" and not isinstance(self._socket, ssl.SSLSocket):
            self._wrap(timeout)
        assert self._socket is not None
        return self._socket

    def _wrap(self, timeout: float) -> tuple[bytes, ...]:
        assert self._socket is not None
        self._tls = self._tls or self._trusting()
        try:
            self._socket.settimeout(timeout)
            secured = self._tls.wrap_socket(self._socket, server_hostname=self._target.host)
        except OSError as error:
            self.close()
            raise explain(error) from None
        except ValueError:
            self.close()
            raise CheckError("tls", "имя узла не годится для TLS") from None
        self._socket = secured
        return _chain(secured)

    def _request(self, path: str, login: Credentials | None) -> bytes:
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {self._target.authority}",
            f"User-Agent: {USER_AGENT}",
            "Accept: */*",
            "Accept-Encoding: identity",
        ]
        if self.cookies and (cookies := self.cookies.header(self._target.base + path)):
            lines.append(f"Cookie: {cookies}")
        if login is not None and self._target.is_private(self._meant):
            pair = f"{login.username}:{login.password.reveal()}".encode()
            lines.append("Authorization: Basic " + b64encode(pair).decode())
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _chain(secured: ssl.SSLSocket) -> tuple[bytes, ...]:
    """Certificates (DER), the server's own first: as verified, or as sent where nothing was verified."""
    kind = "get_unverified_chain" if secured.context.verify_mode is ssl.CERT_NONE else "get_verified_chain"
    if hasattr(secured, kind):  # Python 3.13
        return tuple(getattr(secured, kind)() or ())
    found = getattr(secured._sslobj, kind)() or ()  # type: ignore[attr-defined]
    return tuple(ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in found)


_REQUEST_TIMEOUT = 408


class _Deadlined:
    """The source of an answer: a socket on which every read has only the remaining time."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline
        self.ended = False

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def read(self, buffer: Any) -> int:
        if self.ended:
            return 0
        _allow(self._connection, self._deadline)
        return self._connection.recv_into(buffer)


class _Reader(io.RawIOBase):
    def __init__(self, line: _Deadlined) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._line.read(buffer)


def _allow(connection: socket.socket, deadline: float) -> None:
    """Limits the next operation to ``deadline``, approximately, to save a system call at each read."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    if abs(left - (connection.gettimeout() or 0.0)) > _TOLERANCE:
        connection.settimeout(left)


_TOLERANCE = 0.2

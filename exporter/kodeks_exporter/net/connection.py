"""One HTTP connection to one installation, bounded in time and size and reused for a whole round.

``http.client`` reads the protocol; this file adds what a monitor needs and it lacks: a limit on the whole exchange (a
server that sends a byte a second never runs into a socket's own time-out), on the body, on redirects, and cookies kept
for one round only. ``requests`` has no limit on a whole exchange either, and does more for each request than a thousand
installations asked every 30 s leave time for.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from kodeks_exporter.net.errors import CheckError, explain
from kodeks_exporter.settings.fleet import Credentials

USER_AGENT = "kodeks-exporter"
_MAX_COOKIES = 20
_MAX_COOKIE_LENGTH = 4096


@dataclass(frozen=True, slots=True)
class Target:
    """Where an installation's HTTP server is, from its url."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


_DEFAULT_PORTS = {"http": 80, "https": 443}


def target_of(url: str) -> Target:
    """Takes a url that the configuration has found good."""
    parts = urlsplit(url)
    return Target(parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme])


@dataclass(frozen=True, slots=True)
class Response:
    """An answer read to its end. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    path: str


def connect(addresses: Sequence[str], port: int, timeout: float) -> socket.socket:
    """Connects to the first address that accepts; ``timeout`` seconds are for all together. Raises ``CheckError``."""
    deadline = time.monotonic() + timeout
    error: OSError = TimeoutError()
    for position, address in enumerate(addresses):
        share = (deadline - time.monotonic()) / (len(addresses) - position)
        if share <= 0:
            break
        try:
            connection = socket.create_connection((address, port), share)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as failure:
            error = failure
        else:
            return connection
    raise explain(error)


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes. ``http_timeout``: of one whole exchange, including redirects."""

    connect_timeout: float = 5.0
    http_timeout: float = 10.0
    max_body: int = 2 * 1024 * 1024
    max_redirects: int = 5


class Connection:
    """Asks for pages one after another; connects when it must, and keeps the connection while the server does."""

    def __init__(self, target: Target, addresses: Sequence[str], limits: Limits) -> None:
        self._target = target
        self._addresses = addresses
        self._limits = limits
        self._socket: socket.socket | None = None
        self._tls: ssl.SSLContext | None = None
        self._cookies: dict[str, str] = {}

    @property
    def has_cookies(self) -> bool:
        """The server has opened a session, which may hold a seat."""
        return bool(self._cookies)

    def open(self, timeout: float) -> None:
        """TCP only. Raises ``CheckError``."""
        self._socket = connect(self._addresses, self._target.port, timeout)

    def secure(self, context: ssl.SSLContext, timeout: float) -> bytes:
        """Starts TLS here and on all later connections; gives the peer's certificate (DER). Raises ``CheckError``."""
        self._tls = context
        if self._socket is None:
            self.open(timeout)
        try:
            return self._wrap(timeout)
        except CheckError:
            self.close()
            raise

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def get(self, path: str, login: Credentials | None = None) -> Response:
        """GETs a page, follows redirects on the same host; the whole within ``limits.http_timeout``.

        Raises ``CheckError`` with reason timeout, reset, refused, garbage, incomplete, too_large, redirects …
        """
        deadline = time.monotonic() + self._limits.http_timeout
        for _ in range(self._limits.max_redirects + 1):
            response = self._exchange(path, login, deadline)
            location = response.headers.get("location")
            if response.status not in (301, 302, 303, 307, 308) or not location:
                return response
            path = self._redirected(path, location)
        self.close()
        raise CheckError("redirects", f"больше {self._limits.max_redirects} перенаправлений подряд")

    def _redirected(self, path: str, location: str) -> str:
        base = f"{self._target.scheme}://{self._target.authority}"
        try:
            parts = urlsplit(urljoin(base + path, location))
            port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        except ValueError:
            raise CheckError("garbage", "перенаправление на негодный адрес") from None
        if parts.hostname != self._target.host.lower() or (parts.scheme, port) != (
            self._target.scheme,
            self._target.port,
        ):
            where = f"{parts.scheme}://{parts.hostname}:{port}"[:100]
            raise CheckError("redirect_foreign", f"перенаправление на другой адрес ({where}): поправьте url установки")
        return quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (
            f"?{quote(parts.query, safe=_QUERY)}" if parts.query else ""
        )

    def _exchange(self, path: str, login: Credentials | None, deadline: float) -> Response:
        fresh = self._socket is None
        try:
            return self._exchange_once(path, login, deadline)
        except CheckError as error:
            # The server may have closed an idle connection just as it was used again: that is no fault of its own.
            if fresh or error.reason not in ("reset", "closed"):
                raise
        return self._exchange_once(path, login, deadline)

    def _exchange_once(self, path: str, login: Credentials | None, deadline: float) -> Response:
        try:
            connection = self._ready(deadline)
            _allow(connection, deadline)
            connection.sendall(self._request(path, login))
            raw = http.client.HTTPResponse(_Deadlined(connection, deadline), method="GET")  # type: ignore[arg-type]
            raw.begin()
            body = raw.read(self._limits.max_body + 1)
            if raw.length and len(body) <= self._limits.max_body:
                raise http.client.IncompleteRead(body, raw.length)
        except http.client.RemoteDisconnected:
            self.close()
            raise CheckError("closed", "сервер закрыл соединение, не ответив") from None
        except OSError as error:
            self.close()
            raise explain(error) from None
        except http.client.IncompleteRead:
            self.close()
            raise CheckError("incomplete", "сервер оборвал ответ на середине") from None
        except (http.client.HTTPException, ValueError):
            self.close()
            raise CheckError("garbage", "ответ не похож на HTTP") from None
        if len(body) > self._limits.max_body:
            self.close()
            raise CheckError("too_large", f"страница больше {self._limits.max_body} байт")
        self._remember_cookies(raw.headers.get_all("set-cookie") or ())
        if raw.will_close:
            self.close()
        headers = {name.lower(): value for name, value in raw.headers.items()}
        return Response(raw.status, headers, body, path)

    def _ready(self, deadline: float) -> socket.socket:
        if self._socket is None:
            timeout = min(self._limits.connect_timeout, max(deadline - time.monotonic(), 0.001))
            self.open(timeout)
            if self._tls is not None:
                self._wrap(timeout)
        assert self._socket is not None
        return self._socket

    def _wrap(self, timeout: float) -> bytes:
        assert self._socket is not None
        assert self._tls is not None
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
        return secured.getpeercert(binary_form=True) or b""

    def _request(self, path: str, login: Credentials | None) -> bytes:
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {self._target.authority}",
            f"User-Agent: {USER_AGENT}",
            "Accept: */*",
            "Accept-Encoding: identity",
        ]
        if self._cookies:
            lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in self._cookies.items()))
        if login is not None:
            pair = f"{login.username}:{login.password.reveal()}".encode()
            lines.append("Authorization: Basic " + b64encode(pair).decode())
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _remember_cookies(self, headers: Sequence[str]) -> None:
        for header in headers[:_MAX_COOKIES]:
            name, separator, value = header.split(";", 1)[0].strip().partition("=")
            acceptable = separator and len(header) <= _MAX_COOKIE_LENGTH and header.isprintable()
            if acceptable and (name in self._cookies or len(self._cookies) < _MAX_COOKIES):
                self._cookies[name] = value


_QUERY = "/%:@!$&'()*+,;=~-._?[]"


class _Deadlined:
    """What ``HTTPResponse`` reads from: a socket whose every read has only the time that is left of the whole."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._connection, self._deadline))


class _Reader(io.RawIOBase):
    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        _allow(self._connection, self._deadline)
        return self._connection.recv_into(buffer)


def _allow(connection: socket.socket, deadline: float) -> None:
    """Lets the next operation last until ``deadline``, give or take what a system call more at each read would cost."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    if abs(left - (connection.gettimeout() or 0.0)) > _TOLERANCE:
        connection.settimeout(left)


_TOLERANCE = 0.2

"""``requests`` with two additions: addresses from our own resolver, and one time limit for a whole exchange (a server
that sends a byte a second never hits a socket's own time-out).

For plain client calls: reports, uploads, the APIs of Alertmanager and Prometheus. ``connection`` reads whole pages as
leniently as a browser; reports of 20 MB, passed on in pieces, would need a second mechanism there.
"""

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from kodeks_exporter.net import trust
from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.connection import connect
from kodeks_exporter.net.errors import CheckError, explain
from kodeks_exporter.settings.fleet import Credentials

# The configuration says where certificates are not verified; no warning is needed at each request.
urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

USER_AGENT = "kodeks-exporter"
SILENCE = 180.0
"""Seconds that a server may be silent, for instance while it creates a report (assumed)."""

Resolve = Callable[[str], Sequence[str]]
"""Host name to addresses. Raises ``CheckError``."""


class Transport:
    """A session with one host. Not shared between threads; ``close()`` it at the end."""

    def __init__(
        self,
        resolve: Resolve,
        connect_timeout: float,
        credentials: Credentials | None = None,
        tls_verify: bool = True,
        tls_ca_file: str = "",
    ) -> None:
        """Raises ``CheckError`` when ``tls_ca_file`` can't be read."""
        self._resolve = resolve
        self._connect_timeout = connect_timeout
        self._verify = tls_verify
        self._lock = threading.Lock()
        self._lines: list[socket.socket] = []
        self._expired = False
        context = trust.context(tls_verify, tls_ca_file)
        self.session = _Session()
        self.session.trust_env = False  # no proxies and no .netrc passwords, like the live checks
        self.session.headers["User-Agent"] = USER_AGENT
        self.session.headers["Accept-Encoding"] = "identity"
        if credentials is not None:
            login = (credentials.username.encode(), credentials.password.reveal().encode())
            self.session.auth = requests.auth.HTTPBasicAuth(*login)  # as bytes it is sent in UTF-8
        adapter = _Adapter(self._connect, context)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)

    def close(self) -> None:
        self.session.close()
        with self._lock:
            for line in self._lines:
                line.close()
            self._lines.clear()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Limits the time of all exchanges in the block. Network errors are raised as ``CheckError``."""
        self._expired = False
        watch = threading.Timer(seconds, self._expire)
        watch.daemon = True
        watch.start()
        try:
            yield
        except Exception as error:
            if not self._expired:  # otherwise, whatever it looks like, time has run out
                raise _explained(error) from None
        finally:
            watch.cancel()
        if self._expired:
            raise CheckError("timeout", "нет ответа за отведённое время")

    def ask(
        self, method: str, url: str, data: Any = None, headers: dict[str, str] | None = None, *, login: bool = True
    ) -> requests.Response:
        """One exchange without following redirects; read the body with ``pieces``. ``login``: with the credentials."""
        return self.session.request(
            method, url, data=data, headers=headers, stream=True, allow_redirects=False, verify=self._verify,
            timeout=(self._connect_timeout, SILENCE), auth=None if login else lambda request: request,
        )  # fmt: skip

    def _connect(self, host: str, port: int) -> socket.socket:
        line = connect(self._resolve(host), port, self._connect_timeout)
        with self._lock:
            if self._expired:
                line.close()
                raise CheckError("timeout", "нет ответа за отведённое время")
            # A second handle on the same connection: it works below TLS, whatever its state.
            self._lines.append(line.dup())
        return line

    def _expire(self) -> None:
        with self._lock:
            self._expired = True
            for line in self._lines:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)


def pieces(response: requests.Response, size: int = 64 * 1024) -> Iterator[bytes]:
    """The body as it was sent: nothing is decompressed."""
    yield from response.raw.stream(size, decode_content=False)


def page(response: requests.Response, most: int) -> Response:
    """The first ``most`` bytes of an answer, to be read as a page."""
    body = b""
    for piece in pieces(response, 16 * 1024):
        body += piece
        if len(body) >= most:
            break
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(response.status_code, headers, body[:most], "")


def _explained(error: Exception) -> Exception:
    """Errors of the network as ``CheckError``; others as they are."""
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return CheckError("timeout", "нет ответа за отведённое время")
    if isinstance(error, requests.exceptions.InvalidHeader | requests.exceptions.InvalidURL | UnicodeError):
        return CheckError("garbage", "ответ не похож на HTTP")
    if isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError | http.client.HTTPException):
        inner = _system_error(error)
        return CheckError("incomplete", "сервер оборвал ответ на середине") if inner is None else explain(inner)
    return error


def _system_error(error: BaseException) -> OSError | None:
    """The system error behind the libraries' own errors, which are OSErrors without a number."""
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        library = isinstance(one, requests.RequestException | urllib3.exceptions.HTTPError)
        if isinstance(one, OSError) and not library:
            return one
        todo += [one.__cause__, one.__context__, *(arg for arg in one.args if isinstance(arg, BaseException))]
        todo.append(getattr(one, "reason", None) if isinstance(getattr(one, "reason", None), BaseException) else None)
    return None


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Always None: requests would read the whole body of a redirect, even an endless one, to prepare the next
        step."""


class _Adapter(HTTPAdapter):
    def __init__(self, connect_to: Callable[[str, int], socket.socket], context: ssl.SSLContext) -> None:
        self._classes = _pool_classes(connect_to)
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._classes

    def cert_verify(self, *_args: Any, **_kwargs: Any) -> None:
        """Does nothing: the context has the trusted certificates, as in the live checks."""


def _pool_classes(connect_to: Callable[[str, int], socket.socket]) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return connect_to(self.host, self.port or 80)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return connect_to(self.host, self.port or 443)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}

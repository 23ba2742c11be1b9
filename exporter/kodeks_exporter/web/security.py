"""Who may ask: TLS settings, basic authentication with bcrypt and extra headers, as in the exporters' web.yml."""

from __future__ import annotations

import hashlib
import logging
import secrets
import ssl
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import bcrypt
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger("kodeks_exporter.web")

_CACHE_SIZE: Final = 100
_BCRYPT_LIMIT: Final = 72  # bytes of a password that bcrypt looks at; the rest is cut off, as htpasswd does


@dataclass(frozen=True, slots=True)
class ServerSecurity:
    """What of web.yml the server needs. Without ``cert_file`` it speaks plain HTTP, without ``users`` anyone may ask.

    ``client_verify`` other than CERT_NONE needs ``client_ca_file``.
    ``users``: name to bcrypt hash. ``headers`` are set on every answer, in place of our own of the same name.
    """

    cert_file: Path | None = None
    key_file: Path | None = None
    client_ca_file: Path | None = None
    client_verify: ssl.VerifyMode = ssl.CERT_NONE
    min_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    users: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


class PasswordChecker:
    """Compares passwords with bcrypt hashes, and remembers the answers: bcrypt at every scrape would be dear.

    Remembered is a digest under a key that lives only in this object, never a password. An unknown user costs the
    same time as a wrong password, so names can't be guessed by the clock.
    """

    def __init__(self, users: Mapping[str, bytes]) -> None:
        self._users = dict(users)
        cost = max((_cost(hashed) for hashed in self._users.values()), default=10)
        self._dummy: Final = bcrypt.hashpw(secrets.token_bytes(16), bcrypt.gensalt(cost))
        self._key: Final = secrets.token_bytes(32)
        self._cache_lock = threading.Lock()
        self._bcrypt_lock = threading.Lock()  # one at a time: guessing must not take all cores from the checks
        self._good: OrderedDict[bytes, None] = OrderedDict()
        self._bad: OrderedDict[bytes, None] = OrderedDict()  # apart, so that guesses do not push good answers out

    def check(self, user: str, password: str) -> bool:
        hashed = self._users.get(user)
        compared = self._dummy if hashed is None else hashed
        secret = password.encode("utf-8", "surrogateescape")[:_BCRYPT_LIMIT]
        digest = self._digest(user, compared, secret)
        with self._cache_lock:
            if digest in self._good:
                return True
            if digest in self._bad:
                return False
        with self._bcrypt_lock:
            try:
                matches = bcrypt.checkpw(secret, compared)
            except ValueError:  # a NUL byte in the password, or a damaged hash
                matches = False
        good = matches and hashed is not None
        with self._cache_lock:
            cache = self._good if good else self._bad
            cache[digest] = None
            while len(cache) > _CACHE_SIZE:
                cache.popitem(last=False)
        return good

    def _digest(self, user: str, hashed: bytes, secret: bytes) -> bytes:
        keyed = hashlib.blake2b(key=self._key)
        for part in (user.encode("utf-8", "surrogateescape"), hashed, secret):
            keyed.update(len(part).to_bytes(8, "big"))
            keyed.update(part)
        return keyed.digest()


class Guard:
    """Stands before the whole application, health included, as exporter-toolkit does.

    ``open_paths`` (those that end with a slash: with all below) are not guarded: what answers there has a token of its
    own, and clients' scripts know of no password.
    """

    def __init__(self, app: WSGIApplication, security: ServerSecurity, open_paths: tuple[str, ...] = ()) -> None:
        self._app = app
        self._open_paths = open_paths
        self.secure(security)

    def secure(self, security: ServerSecurity) -> None:
        """Puts other users and headers in force, for requests that come from now on."""
        checker = PasswordChecker(security.users) if security.users else None
        self._rules = (checker, tuple(security.headers.items()))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        checker, extra = self._rules

        def start(status: str, headers: list[tuple[str, str]], *rest: object) -> object:
            merged = Headers(headers)
            for name, value in extra:
                merged.set(name, value)
            return start_response(status, merged.to_wsgi_list(), *rest)  # type: ignore[arg-type]

        if checker is None or self._is_open(environ.get("PATH_INFO", "")) or _allowed(checker, Request(environ)):
            return self._app(environ, start)  # type: ignore[arg-type]
        refusal = Response("unauthorized\n", 401, content_type="text/plain; charset=utf-8")
        refusal.headers["WWW-Authenticate"] = 'Basic realm="kodeks-exporter", charset="UTF-8"'
        refusal.headers["X-Content-Type-Options"] = "nosniff"
        return refusal(environ, start)  # type: ignore[arg-type]

    def _is_open(self, path: str) -> bool:
        return any(path.startswith(each) if each.endswith("/") else path == each for each in self._open_paths)


def _allowed(checker: PasswordChecker, request: Request) -> bool:
    given = request.authorization
    if given is None or given.type != "basic" or given.username is None or given.password is None:
        return False
    if checker.check(given.username, given.password):
        return True
    logger.debug("wrong user or password from %s", request.remote_addr)
    return False


def _cost(hashed: bytes) -> int:
    """The work factor of a bcrypt hash ``$2y$10$…``; 10 when it can't be read."""
    try:
        return min(max(int(hashed.split(b"$")[2]), 4), 31)
    except (IndexError, ValueError):
        return 10

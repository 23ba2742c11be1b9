"""Who may ask: TLS settings, basic authentication with bcrypt and extra headers, as in the exporters' web.yml."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

import bcrypt
from werkzeug.datastructures import Authorization

from kodeks_exporter.config.webfile import ServerSecurity

_CACHE_SIZE: Final = 100
_LONGEST_KEY: Final = 64  # bytes that blake2b takes; a bcrypt hash has 60
_BCRYPT_LIMIT: Final = 72  # bytes of a password that bcrypt uses; the rest is cut off, as htpasswd does
_MISTAKES: Final = 10
"""Refusals of one address that are answered at once; then one every ``_FORGIVEN_EVERY`` seconds."""
_FORGIVEN_EVERY: Final = 6.0
_HELD_BACK: Final = 0.4
_DOUBTED: Final = 3
"""Refusals after which the passwords of others are checked first."""
_SUSPECTS: Final = 10_000
"""Addresses that are remembered."""


class PasswordChecker:
    """Checks passwords against bcrypt hashes, and caches the results: bcrypt at every scrape would be too expensive.

    The cache holds digests keyed with the user's hash, never passwords. It is kept in memory only: on a disk they would
    be quicker to guess than what bcrypt made. An unknown user takes the same time as a wrong password, so timing does
    not reveal names.
    """

    def __init__(self, users: Mapping[str, bytes], good: dict[str, bytes] | None = None) -> None:
        """``good``: digests of correct passwords by user, also from earlier checkers; those of another hash never
        match."""
        self._users = dict(users)
        cost = max((_cost(hashed) for hashed in self._users.values()), default=10)
        self._dummy: Final = bcrypt.hashpw(secrets.token_bytes(16), bcrypt.gensalt(cost))
        self._lock = threading.Lock()
        self._good = {} if good is None else good
        self._bad: OrderedDict[bytes, None] = OrderedDict()

    def known(self, user: str, password: str) -> bool | None:
        """The cached result or None; takes microseconds."""
        digest = self._digest(user, self._hash(user), _cut(password))
        with self._lock:
            if user in self._users and self._good.get(user) == digest:
                return True
            return False if digest in self._bad else None

    def check(self, user: str, password: str) -> bool:
        """Takes as long as bcrypt, a quarter of a second at the usual cost, if the result is not cached."""
        known = self.known(user, password)
        if known is not None:
            return known
        hashed, secret = self._hash(user), _cut(password)
        try:
            matches = bcrypt.checkpw(secret, hashed)
        except ValueError:  # a NUL byte in the password, or a damaged hash
            matches = False
        good = matches and user in self._users
        digest = self._digest(user, hashed, secret)
        with self._lock:
            if good:
                self._good[user] = digest
            else:
                self._bad[digest] = None
            while len(self._bad) > _CACHE_SIZE:
                self._bad.popitem(last=False)
        return good

    def _hash(self, user: str) -> bytes:
        return self._users.get(user, self._dummy)

    @staticmethod
    def _digest(user: str, hashed: bytes, secret: bytes) -> bytes:
        keyed = hashlib.blake2b(key=hashed[:_LONGEST_KEY])
        for part in (user.encode("utf-8", "surrogateescape"), secret):
            keyed.update(len(part).to_bytes(8, "big"))
            keyed.update(part)
        return keyed.digest()


class Guard:
    """Protects the whole application, health checks included, as exporter-toolkit does.

    ``open_paths`` (with everything below those that end with a slash) are not protected: they check their own tokens,
    and clients' scripts have no password.
    """

    def __init__(self, security: ServerSecurity, open_paths: tuple[str, ...] = ()) -> None:
        self._open_paths = open_paths
        self._passwords: dict[str, bytes] = {}
        self._checker: PasswordChecker | None = None
        self.secure(security)

    def secure(self, security: ServerSecurity) -> None:
        """Puts new users and headers in force for later requests."""
        self._checker = PasswordChecker(security.users, self._passwords) if security.users else None
        self.headers = tuple(security.headers.items())
        """Set on every answer, replacing ours of the same name."""

    def known(self, path: str, authorization: str) -> bool | None:
        """Whether the request may pass, if that is known at once; None: call ``check``."""
        checker = self._checker
        if checker is None or any(
            path.startswith(each) if each.endswith("/") else path == each for each in self._open_paths
        ):
            return True
        given = _basic(authorization)
        return False if given is None else checker.known(*given)

    def user(self, authorization: str) -> str:
        """The authenticated user of a request that may pass; empty without authentication."""
        given = _basic(authorization)
        return given[0] if self._checker is not None and given is not None else ""

    def check(self, authorization: str) -> bool:
        """As ``PasswordChecker.check``."""
        checker, given = self._checker, _basic(authorization)
        return checker is None or (given is not None and checker.check(*given))


class Suspects:
    """Delays answers to callers that were refused repeatedly: guessing becomes slow, and costs us only a timer. Used
    only in the server's event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: OrderedDict[str, float] = OrderedDict()
        """When all mistakes of each address will be forgiven."""

    def refused(self, party: str) -> float:
        """Records a refusal; returns the seconds by which its answer is delayed."""
        now = self._clock()
        until = max(self._until.get(party, now), now) + _FORGIVEN_EVERY
        self._until[party] = min(until, now + 2 * _MISTAKES * _FORGIVEN_EVERY)
        self._until.move_to_end(party)
        while len(self._until) > _SUSPECTS:
            self._until.popitem(last=False)
        return _HELD_BACK if until - now > _MISTAKES * _FORGIVEN_EVERY else 0.0

    def doubted(self, party: str) -> bool:
        """Whether an address was refused so often lately that others go first."""
        return self._until.get(party, 0.0) - self._clock() > _DOUBTED * _FORGIVEN_EVERY


def _basic(authorization: str) -> tuple[str, str] | None:
    """User and password of a header ``Authorization``."""
    try:
        given = Authorization.from_header(authorization)
    except ValueError:  # characters outside base64
        return None
    if given is None or given.type != "basic" or given.username is None or given.password is None:
        return None
    return given.username, given.password


def _cut(password: str) -> bytes:
    return password.encode("utf-8", "surrogateescape")[:_BCRYPT_LIMIT]


def _cost(hashed: bytes) -> int:
    """The work factor of a bcrypt hash ``$2y$10$…``; 10 when it can't be read."""
    try:
        return min(max(int(hashed.split(b"$")[2]), 4), 31)
    except (IndexError, ValueError):
        return 10

"""Whom an exchange is with, and where a redirect may lead: one rule for all that is asked with a password."""

import contextlib
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from kodeks_exporter.net.errors import CheckError, RedirectError
from kodeks_exporter.net.names import to_ascii

REDIRECTS = (301, 302, 303, 307, 308)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PATH = "/%:@!$&'()*+,;=~-._"
_QUERY = _PATH + "?[]"


@dataclass(frozen=True, slots=True)
class Target:
    """The address of an HTTP server, from a url. ``host`` is an address or a name in ASCII."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def base(self) -> str:
        return f"{self.scheme}://{self.authority}"

    def redirected(self, path: str, location: str) -> tuple["Target", str]:
        """The server and the path that the ``Location`` of an answer to ``path`` means. Its non-ASCII bytes are kept,
        percent-encoded.

        Never another server, since passwords are sent along; but from http to https or back, as sites redirect on the
        usual ports of one host. Raises ``CheckError`` (garbage) and ``RedirectError``.
        """
        try:
            parts = urlsplit(urljoin(self.base + path, location.replace("\\", "/")))
            port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
            there = Target(parts.scheme, _host_of(parts.hostname or ""), port)
        except ValueError:
            raise CheckError("garbage", "перенаправление на негодный адрес") from None
        if there != self and not (there.host == self.host and there._usual and self._usual):
            raise RedirectError(f"{there.scheme}://{there.host}:{port}{parts.path}")
        path = quote(parts.path or "/", safe=_PATH, encoding="latin-1", errors="replace")
        query = quote(parts.query, safe=_QUERY, encoding="latin-1", errors="replace")
        return there, f"{path}?{query}" if query else path

    def is_private(self, meant: "Target") -> bool:
        """Whether a password for ``meant`` may be sent here: never in the open when it was to go by TLS."""
        return self.scheme in ("https", meant.scheme)

    @property
    def _usual(self) -> bool:
        return self.port == _DEFAULT_PORTS.get(self.scheme)


def target_of(url: str) -> Target:
    """Takes a url validated by the configuration."""
    parts = urlsplit(url)
    return Target(parts.scheme, to_ascii(parts.hostname or ""), parts.port or _DEFAULT_PORTS[parts.scheme])


def _host_of(host: str) -> str:
    """The host of a ``Location``, whose bytes were read as latin-1: servers also write names in UTF-8."""
    with contextlib.suppress(UnicodeError):
        host = host.encode("latin-1").decode("utf-8")
    return to_ascii(host)

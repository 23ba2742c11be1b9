"""The cookies of one round: paths, domains, expiry and deletion as in browsers.

``http.cookiejar`` does all that, but takes as long for one cookie as the rest of an exchange. So the cookies that
Kodeks sends, session cookies for the whole host, are kept in a plain table; the first other cookie switches to the jar,
which then gets all earlier ones.
"""

import re
import urllib.request
from collections.abc import Sequence
from email.message import Message
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from typing import Final, cast

_MAX_COOKIES = 20
_MAX_LENGTH = 4096
_PLAIN: Final = re.compile(
    r"([\w.~-]+)=([^\s;,\"\\]*)\s*(?:;\s*(?:path=/|httponly|samesite=\w+|(max-age=0))\s*(?=;|$))+;?", re.IGNORECASE
)
"""For the whole host; kept until the end or, with the third group, deleted at once."""


class Cookies:
    """Bounded: a server that sends a thousand gets 20 back."""

    def __init__(self) -> None:
        self._plain: dict[str, str] = {}
        self._jar: CookieJar | None = None
        self._heard: list[tuple[str, list[str]]] = []
        """Earlier cookies, for the jar."""
        self.names: set[str] = set()
        """Names of all cookies ever set, including deleted ones."""

    def __bool__(self) -> bool:
        return bool(self._plain) if self._jar is None else len(self._jar) > 0

    def header(self, url: str) -> str:
        """The value of ``Cookie`` for a request; empty when there is nothing to send."""
        if self._jar is None:
            return "; ".join(f"{name}={value}" for name, value in self._plain.items())
        request = urllib.request.Request(url)  # noqa: S310 - nothing is opened
        self._jar.add_cookie_header(request)
        return request.get_header("Cookie", "") or ""

    def remember(self, url: str, headers: Sequence[str]) -> None:
        """Takes the values of ``Set-Cookie`` of an answer."""
        fit = [each for each in headers[:_MAX_COOKIES] if len(each) <= _MAX_LENGTH and each.isprintable()]
        self.names.update(each.partition("=")[0].strip() for each in fit)
        if self._jar is None:
            self._heard.append((url, fit))
            if self._keep_plain(fit):
                return
            self._jar = CookieJar()
            for earlier in self._heard:
                _extract(self._jar, *earlier)
        else:
            _extract(self._jar, url, fit)

    def _keep_plain(self, headers: Sequence[str]) -> bool:
        for header in headers:
            plain = _PLAIN.fullmatch(header)
            if plain is None or "path=/" not in header.lower():
                return False
            if plain[3]:
                self._plain.pop(plain[1], None)
            else:
                self._plain[plain[1]] = plain[2]
        return len(self._plain) <= _MAX_COOKIES


def _extract(jar: CookieJar, url: str, headers: Sequence[str]) -> None:
    answer = _Answer()
    for header in headers:
        answer.headers["Set-Cookie"] = header
    jar.extract_cookies(cast(HTTPResponse, answer), urllib.request.Request(url))  # noqa: S310 - nothing is opened
    for extra in list(jar)[_MAX_COOKIES:]:
        jar.clear(extra.domain, extra.path, extra.name)


class _Answer:
    """The part of an answer that a cookie jar needs."""

    def __init__(self) -> None:
        self.headers = Message()

    def info(self) -> Message:
        return self.headers

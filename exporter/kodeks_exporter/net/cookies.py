"""The cookies of one round: paths, domains, what ends and what is deleted, as browsers do it.

``http.cookiejar`` knows all that, and takes as long for one cookie as all the rest of an exchange. So what a Kodeks
sends, sessions for the whole host until the round's end, is kept in a plain table; the first cookie that wants more
brings the jar, which is then given everything that came before.
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
"""For the whole host; kept until the end, or with the third group deleted at once."""


class Cookies:
    """Bounded: a server that sends a thousand of them gets 20 back."""

    def __init__(self) -> None:
        self._plain: dict[str, str] = {}
        self._jar: CookieJar | None = None
        self._heard: list[tuple[str, list[str]]] = []
        """What the jar is given when it comes."""
        self.names: set[str] = set()
        """Of all cookies that were ever set, also of those deleted since."""

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
    """What a cookie jar wants to see of an answer."""

    def __init__(self) -> None:
        self.headers = Message()

    def info(self) -> Message:
        return self.headers

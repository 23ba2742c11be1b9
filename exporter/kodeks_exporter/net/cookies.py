"""The cookies of one round, by ``http.cookiejar``: paths, domains, what ends and what is deleted, as browsers do it."""

from __future__ import annotations

import urllib.request
from collections.abc import Sequence
from email.message import Message
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from typing import cast

_MAX_COOKIES = 20
_MAX_LENGTH = 4096


class Cookies:
    """Bounded: a server that sends a thousand of them gets 20 back."""

    def __init__(self) -> None:
        self._jar = CookieJar()
        self.names: set[str] = set()
        """Of all cookies that were ever set, also of those deleted since."""

    def __bool__(self) -> bool:
        return len(self._jar) > 0

    def header(self, url: str) -> str:
        """The value of ``Cookie`` for a request; empty when there is nothing to send."""
        if not self:
            return ""
        request = urllib.request.Request(url)  # noqa: S310 - nothing is opened
        self._jar.add_cookie_header(request)
        return request.get_header("Cookie", "") or ""

    def remember(self, url: str, headers: Sequence[str]) -> None:
        """Takes the values of ``Set-Cookie`` of an answer."""
        answer = _Answer()
        for header in headers[:_MAX_COOKIES]:
            if len(header) <= _MAX_LENGTH and header.isprintable():
                answer.headers["Set-Cookie"] = header
                self.names.add(header.partition("=")[0].strip())
        self._jar.extract_cookies(cast(HTTPResponse, answer), urllib.request.Request(url))  # noqa: S310
        for extra in list(self._jar)[_MAX_COOKIES:]:
            self._jar.clear(extra.domain, extra.path, extra.name)


class _Answer:
    """What a cookie jar wants to see of an answer."""

    def __init__(self) -> None:
        self.headers = Message()

    def info(self) -> Message:
        return self.headers

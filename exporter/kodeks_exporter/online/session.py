"""A visit's connection: what the checks use, and a form can be posted on it."""

import ssl
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.connection import Connection, Limits
from kodeks_exporter.net.errors import RedirectError
from kodeks_exporter.net.target import REDIRECTS, Target
from kodeks_exporter.settings.fleet import Credentials


class OnlineSession(Connection):
    """Adds ``post`` to ``Connection``."""

    def __init__(
        self, target: Target, addresses: Sequence[str], limits: Limits, trusting: Callable[[], ssl.SSLContext]
    ) -> None:
        super().__init__(target, addresses, limits, trusting)
        self._posted: bytes | None = None
        self._timeout = limits.http_timeout

    def post(self, page: str, action: str, fields: Sequence[tuple[str, str]], charset: str) -> Response:
        """Sends a form's fields to its ``action``, which is relative to ``page``, and follows the answer by GET.

        Never sent twice, for each time may count as a refused login. Raises ``CheckError``; reason
        ``redirect_foreign`` when the action is on another host, or in the open: nothing is sent there.
        """
        there, _ = self._target.redirected(page, action or page)
        if not there.is_private(self._meant):
            raise RedirectError(there.base)
        path = self._redirected(page, action or page)
        self._posted = urlencode(fields, encoding=charset, errors="xmlcharrefreplace").encode("ascii")
        try:
            response = self._exchange_once(path, None, time.monotonic() + self._timeout, "POST")
        finally:
            self._posted = None
        location = response.headers.get("location")
        if response.status in REDIRECTS and location:
            return self.get(self._redirected(path, location))
        return response

    def _request(self, path: str, login: Credentials | None) -> bytes:
        request = super()._request(path, login)
        if self._posted is None:
            return request
        lines = request.removesuffix(b"\r\n\r\n").replace(b"GET ", b"POST ", 1)
        kind = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d" % len(self._posted)
        return lines + b"\r\n" + kind + b"\r\n\r\n" + self._posted

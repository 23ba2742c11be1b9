"""Downloads the full report from an installation: ``POST /sysinfo/si_save_request``, first as zip, else as XML.

Known: the answer may be a redirect with a cookie, after which the POST becomes a GET; a direct XML is chunked and the
connection closes after it. Assumed: the answer of a server that does not support ``type=zip``.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import requests

from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.net.reading import read_text
from kodeks_exporter.net.target import REDIRECTS, target_of
from kodeks_exporter.net.transport import Resolve, Transport, page, pieces
from kodeks_exporter.settings.checks import CheckSettings
from kodeks_exporter.settings.fleet import Installation
from kodeks_exporter.settings.reports import ReportSettings
from kodeks_exporter.sysinfo.container import refusal, sniff_format

_HEAD: Final = 1024
_PAGE: Final = 64 * 1024
_LOGOUT_TIMEOUT: Final = 5.0
_OTHER_FORM_MAY_HELP: Final = frozenset(
    {"not_a_report", "empty", "http_400", "http_404", "http_405", "http_406", "http_415", "http_500", "http_501"}
)


class Downloader:
    """Safe to use from many threads."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve

    def download(
        self,
        installation: Installation,
        reports: ReportSettings,
        checks: CheckSettings,
        write: Callable[[bytes], None],
    ) -> str:
        """Passes the report to ``write`` in pieces; returns its suffix: .zip, .xml or .db.

        Nothing is written until the beginning looks like a report. Raises CheckError, and what ``write`` raises.
        """
        checks = installation.asked_by(checks)
        path = installation.report_path or reports.download_path
        tls = installation.tls
        transport = Transport(self._resolve, checks.timeouts.connect, installation.credentials, tls.verify, tls.ca_file)
        try:
            return _download(transport, installation.url + path, reports, checks, write)
        finally:
            _log_out(transport, installation.url, checks.paths.logout)
            transport.close()


def _download(
    transport: Transport, url: str, reports: ReportSettings, checks: CheckSettings, write: Callable[[bytes], None]
) -> str:
    with transport.within(reports.download_timeout):
        try:
            return _fetch(transport, url, "zip", reports, checks, write)
        except CheckError as error:
            if error.reason not in _OTHER_FORM_MAY_HELP:
                raise
        return _fetch(transport, url, "xml", reports, checks, write)


def _fetch(
    transport: Transport,
    url: str,
    form: str,
    reports: ReportSettings,
    checks: CheckSettings,
    write: Callable[[bytes], None],
) -> str:
    with _follow(transport, url, form, checks.limits.redirects) as response:
        if response.status_code != 200:
            raise _refusal(response, checks)
        length = response.headers.get("Content-Length", "")
        if length.isascii() and length.isdigit() and int(length) > reports.download_limit:
            raise _too_large(reports.download_limit)
        body = pieces(response)
        head = b""
        while len(head) < _HEAD and (piece := next(body, b"")):
            head += piece
        suffix = _suffix(head)
        size = len(head)
        piece = head
        while piece:
            if size > reports.download_limit:
                raise _too_large(reports.download_limit)
            write(piece)
            piece = next(body, b"")
            size += len(piece)
        return suffix


def _follow(transport: Transport, url: str, form: str, redirects: int) -> requests.Response:
    """POSTs the form and follows redirects like ``curl -L``, but only where the live checks follow them, too."""
    method, meant = "POST", target_of(url)
    here, path = meant, urlunsplit(("", "", *urlsplit(url)[2:]))
    for _ in range(redirects + 1):
        data = {"type": form} if method == "POST" else None
        response = transport.ask(method, here.base + path, data, login=here.is_private(meant))
        location = response.headers.get("Location")
        if response.status_code not in REDIRECTS or not location:
            return response
        response.close()
        here, path = here.redirected(path, location)
        if response.status_code in (301, 302, 303):
            method = "GET"
    raise CheckError("redirects", f"больше {redirects} перенаправлений подряд")


def _refusal(response: requests.Response, checks: CheckSettings) -> CheckError:
    status = response.status_code
    if status == 401:
        return CheckError("login_refused", "сервер не принял имя или пароль монитора (код 401)")
    text = read_text(page(response, _PAGE)).visible
    if any(pattern.search(text) for pattern in checks.patterns.out_of_seats):
        return CheckError("out_of_seats", "нет свободного места для логина мониторинга")
    if status == 403:
        return CheckError("http_403", "сервер не пускает монитор (код 403): нет свободного места или прав на sysinfo")
    return CheckError(f"http_{status}", f"вместо отчёта сервер ответил кодом {status}")


def _suffix(head: bytes) -> str:
    """Judged by content: the server may send a different form than requested. Raises CheckError."""
    if head.startswith(b"PK"):
        return ".zip"
    if head.startswith(b"\x1f\x8b"):
        return ".xml"  # a gzip, which the reader recognises
    form = sniff_format(head)
    if form is None:
        problem = refusal(head)
        raise CheckError(problem.reason, problem.text)
    return ".db" if form == "sqlite" else ".xml"


def _too_large(limit: int) -> CheckError:
    return CheckError("too_large", f"отчёт больше допустимых {limit} байт")


def _log_out(transport: Transport, url: str, path: str) -> None:
    """Ends the session, which may hold a seat."""
    if not path or not transport.session.cookies:
        return
    with suppress(CheckError), transport.within(_LOGOUT_TIMEOUT):
        transport.ask("GET", url + path).close()

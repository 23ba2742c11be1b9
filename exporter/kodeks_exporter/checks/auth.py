"""Can the monitor account log in?"""

from __future__ import annotations

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.verdict import Verdict, blocked, failed, ok
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.settings.fleet import Installation


def applies(installation: Installation) -> bool:
    return bool(installation.url) and installation.credentials is not None


def check(_installation: Installation, context: Context) -> Verdict:
    path = context.settings.paths.title
    try:
        login = context.login()
    except CheckError as error:
        return failed(error.reason, f"вход по {path}: {error.text}")
    if login.out_of_seats:
        return blocked("seats")
    status = login.response.status
    if status == 200:
        return ok()
    if status == 401:
        return failed("refused", "логину мониторинга отказано (401): проверьте имя и пароль")
    return failed(f"http_{status}", f"вход по {path}: код ответа {status}")

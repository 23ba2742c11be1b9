"""Can the monitor account log in?"""

from __future__ import annotations

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.errors import CheckError
from kodeks_exporter.checks.login import is_out_of_seats
from kodeks_exporter.checks.verdict import Verdict, blocked, failed, ok
from kodeks_exporter.domain.fleet import Installation


def applies(installation: Installation) -> bool:
    return bool(installation.url) and installation.credentials is not None


def check(_installation: Installation, context: Context) -> Verdict:
    path = context.settings.paths.title
    try:
        response = context.login()
    except CheckError as error:
        return failed(error.reason, f"вход по {path}: {error.text}")
    if is_out_of_seats(context, response):
        return blocked("seats")
    if response.status == 200:
        return ok()
    if response.status == 401:
        return failed("refused", "логину мониторинга отказано (401): проверьте имя и пароль")
    return failed(f"http_{response.status}", f"вход по {path}: код ответа {response.status}")

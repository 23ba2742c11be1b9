"""Does the protection key work, by the administration page and by the main page?"""

from __future__ import annotations

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.verdict import Verdict, blocked, failed, ok, skipped
from kodeks_exporter.domain.check import InstallationState, Outcome, ProtectionFacts
from kodeks_exporter.domain.numbers import whole
from kodeks_exporter.domain.protection import in_words
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.net.reading import is_out_of_seats, read_text
from kodeks_exporter.settings.fleet import Installation


def applies(installation: Installation) -> bool:
    return bool(installation.url)


def check(_installation: Installation, context: Context) -> Verdict:
    by_main_page = context.main_page().state is InstallationState.KEY_MISSING
    by_licence_page = _licence_page(context)
    if by_licence_page.outcome is Outcome.FAILED:
        return _or_licence_manager(context, by_licence_page)
    if by_main_page:
        text = "главная страница: ключ защиты не найден"
        return _or_licence_manager(context, failed("main_page", text, ProtectionFacts(None)))
    return by_licence_page


def _or_licence_manager(context: Context, lost: Verdict) -> Verdict:
    """A key that a silent licence manager should lend is not lost: the manager is the cause.

    Its port decides. A ping that is not answered says nothing while the port is open.
    """
    port = context.results.get("licman_tcp")
    if port is not None and port.outcome is Outcome.FAILED:
        return blocked("licman_tcp", lost.text, lost.facts)
    if port is not None and port.outcome is Outcome.BLOCKED:
        return blocked(port.by, lost.text, lost.facts)
    return lost


def _licence_page(context: Context) -> Verdict:
    try:
        response = context.connection.get(context.settings.paths.licence, context.credentials)
        if response.status in (401, 403):
            return _not_admitted(context)
    except CheckError as error:
        return skipped(error.reason, f"страница лицензии: {error.text}")
    patterns = context.settings.patterns
    text = read_text(response).visible
    for pattern in patterns.protection_failed:
        found = pattern.search(text)
        if found:
            groups = found.groupdict()
            code = whole(groups.get("code"))
            return failed(
                f"code_{code}" if code else "protection", in_words(code), ProtectionFacts(code, found[0][:200])
            )
    if response.status == 200 and any(pattern.search(text) for pattern in patterns.protection_ok):
        return ok(ProtectionFacts(0))
    if is_out_of_seats(patterns, response, text):
        return blocked("seats")
    return skipped(
        "not_understood", f"страница {context.settings.paths.licence} не распознана: проверьте checks.patterns"
    )


def _not_admitted(context: Context) -> Verdict:
    """The page wants a login, or another one: is that the login's own fault?"""
    if context.credentials is None:
        return skipped("no_credentials", "для проверки ключа нужен логин мониторинга (credentials)")
    login = context.login()
    if login.out_of_seats:
        return blocked("seats")
    if login.response.status == 200:
        return skipped("forbidden", f"у логина мониторинга нет права на {context.settings.paths.licence}")
    return blocked("auth")

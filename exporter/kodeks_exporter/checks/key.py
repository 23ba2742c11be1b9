"""Does the protection key work, according to the administration page and the main page?"""

import re
from collections.abc import Iterable
from itertools import product

from kodeks_exporter.checks.auth import login_verdict
from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.evidence import key_lines
from kodeks_exporter.checks.verdict import Verdict, blocked, failed, ok, skipped, skipped_by
from kodeks_exporter.domain.check import InstallationState, Outcome, ProductError, ProtectionFacts
from kodeks_exporter.domain.numbers import whole
from kodeks_exporter.domain.protection import in_words
from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.net.reading import read_text
from kodeks_exporter.settings.checks import Patterns
from kodeks_exporter.settings.fleet import Installation


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
    """A key is not lost when the licence manager that should provide it is silent: the manager is the cause.

    Its port decides: an unanswered ping means nothing while the port is open.
    """
    port = context.results.get("licman_tcp")
    if port is not None and port.outcome is Outcome.FAILED:
        return blocked("licman_tcp", lost.text, lost.facts)
    if port is not None and port.outcome is Outcome.BLOCKED:
        return blocked(port.by, lost.text, lost.facts)
    return lost


def _licence_page(context: Context) -> Verdict:
    path = context.settings.paths.licence
    try:
        response = context.ask(path)
    except CheckError as error:
        return skipped_by(error, f"страница лицензии: {error.text}")
    if response.status in (401, 403):
        return _not_admitted(context)
    says = context.concluded(_licence_page_says, response)
    if says is not None:
        return says
    if context.refuses_for_seats(response):
        return blocked("seats")
    return skipped("not_understood", f"страница {path} не распознана: проверьте checks.patterns")


def _licence_page_says(patterns: Patterns, response: Response) -> Verdict | None:
    """None when the page does not mention the key."""
    text = read_text(response)
    lines = key_lines(patterns, text.lines)
    for pattern, line in product(patterns.protection_failed, lines):
        found = pattern.search(line)
        if found:
            groups = found.groupdict()
            code = whole(groups.get("code"))
            facts = ProtectionFacts(code, found[0][:200], product_errors(patterns, text.lines))
            return failed(f"code_{code}" if code else "protection", in_words(code), facts)
    if response.status == 200 and any(p.search(line) for p, line in product(patterns.protection_ok, lines)):
        return ok(ProtectionFacts(0, products=product_errors(patterns, text.lines)))
    return None


def product_errors(patterns: Patterns, lines: Iterable[str]) -> tuple[ProductError, ...]:
    """Errors that the licence page reports for single products. They say nothing about the key (known)."""
    found: dict[ProductError, None] = {}
    for line in lines:
        match = _PRODUCT_ERROR.search(line)
        if match and not key_lines(patterns, [line]) and len(found) < _MAX_PRODUCTS:
            found[ProductError(match["product"], int(match["code"]))] = None
    return tuple(found)


_PRODUCT_ERROR = re.compile(
    r"лицензия (?P<product>\d{1,15})\b.{0,40}?ошибка защиты\W{0,3}(?P<code>\d{1,6})", re.IGNORECASE
)
_MAX_PRODUCTS = 100


def _not_admitted(context: Context) -> Verdict:
    """The page asks for a login, or a different one: did the login itself fail?"""
    if context.credentials is None:
        return skipped("no_credentials", "для проверки ключа нужен логин мониторинга (credentials)")
    login = login_verdict(context)
    if login.by:
        return blocked(login.by)
    if login.outcome is Outcome.FAILED:
        return blocked("auth")
    if login.outcome is Outcome.SKIPPED:
        return login
    return skipped("forbidden", f"у логина мониторинга нет права на {context.settings.paths.licence}")

"""Does the server answer the main page properly?

An answer other than 200 that a more specific check explains (proxy, maintenance, lost key …) is that check's failure;
this one is then blocked by it.
"""

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.proxy import proxy_fault
from kodeks_exporter.checks.strangers import SIGN_ON, at_address
from kodeks_exporter.checks.verdict import Verdict, blocked, failed, failed_by, ok, skipped
from kodeks_exporter.domain.check import HttpFacts, InstallationState
from kodeks_exporter.net.errors import CheckError, RedirectError
from kodeks_exporter.settings.fleet import Installation

CHECK_OF_STATE = {
    InstallationState.MAINTENANCE: "maintenance",
    InstallationState.KEY_MISSING: "key",
    InstallationState.OUT_OF_SEATS: "seats",
    InstallationState.NEEDS_SERVICE: "page",
    InstallationState.NOT_STARTED: "page",
    InstallationState.SERVER_ERROR: "page",
    InstallationState.WARNING: "page",
}
"""Which check reports an unusual state of the main page."""


def check(installation: Installation, context: Context) -> Verdict:
    if not context.secured:
        return blocked("tls")
    try:
        page = context.main_page()
    except RedirectError as error:
        return _led_away(error)
    except CheckError as error:
        return failed_by(error, f"главная страница: {error.text}")
    facts = HttpFacts(page.response.status)
    if proxy_fault(installation, context):
        return blocked("proxy", f"код ответа {page.response.status}", facts)
    if page.says.misdeclared:
        text = f"страница в кодировке {page.says.actual}, а объявлена {page.says.declared}: видны «кракозябры»"
        return failed("wrong_charset", text, facts)
    if page.response.status == 200 and not page.response.body.strip() and "refresh" not in page.response.headers:
        return failed("empty", "главная страница пустая: код 200, а в ней ничего нет", facts)
    if page.response.status in (200, 401):
        return ok(facts, "" if page.response.status == 200 else "сайт просит пароль")
    if page.state is not InstallationState.OK:
        return blocked(CHECK_OF_STATE[page.state], f"код ответа {page.response.status}", facts)
    return failed(f"http_{page.response.status}", f"главная страница отвечает кодом {page.response.status}", facts)


def _led_away(error: RedirectError) -> Verdict:
    """A site that sends its visitors to a single sign-on works; what is behind that can't be seen without a person."""
    seems = at_address(error.url)
    if seems == SIGN_ON:
        return skipped("login_scheme", f"главная страница: {error.text}, {SIGN_ON.words}: дальше мониторингу не пройти")
    what = f"похоже, {seems.words}" if seems else "поправьте url установки"
    return failed(error.reason, f"главная страница: {error.text}: {what}")

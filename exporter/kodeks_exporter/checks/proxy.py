"""Does Kodeks itself answer, or a proxy in its place, or another program altogether?"""

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.evidence import evidence
from kodeks_exporter.checks.strangers import stub
from kodeks_exporter.checks.verdict import Verdict, failed, ok, skipped
from kodeks_exporter.domain.check import InstallationState, KodeksFacts
from kodeks_exporter.settings.fleet import Installation

_GATEWAY_ERRORS = {
    502: "прокси не получил ответа от сервера (502)",
    503: "прокси считает сервер недоступным (503)",
    504: "сервер не ответил прокси вовремя (504)",
}


def check(installation: Installation, context: Context) -> Verdict:
    fault = proxy_fault(installation, context)
    if fault:
        return failed(*fault)
    found = evidence(context)
    if found.kodeks is None:
        advice = "" if installation.credentials else ": задайте логин мониторинга (credentials)"
        return skipped("unproven", f"сайт просит пароль, и не видно, Кодекс ли это{advice}")
    return ok(KodeksFacts(found.title) if found.title else None)


def proxy_fault(installation: Installation, context: Context) -> tuple[str, str] | None:
    """Reason and text when something else answers in place of Kodeks, else None."""
    page = context.main_page()
    status = page.response.status
    if page.state is not InstallationState.OK and stub(page.response, page.text) is None:
        return None  # no other check reports these states
    found = evidence(context)
    if found.kodeks or found.kodeks is None:
        return None
    assert found.seems is not None
    if status in _GATEWAY_ERRORS and found.seems.reason == "not_kodeks":
        return f"http_{status}", _GATEWAY_ERRORS[status]
    if status == 200 or installation.reverse_proxy or found.seems.reason != "not_kodeks":
        who = "прокси" if installation.reverse_proxy else "по адресу установки"
        code = "" if status == 200 else f" (код {status})"
        return found.seems.reason, f"{who} отвечает{code} не Кодекс, а {found.seems.words}"
    return None

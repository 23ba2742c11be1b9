"""Does Kodeks itself answer, or only a reverse proxy in front of it?"""

from __future__ import annotations

from kodeks_exporter.checks.context import Context, MainPage
from kodeks_exporter.checks.verdict import Verdict, failed, ok
from kodeks_exporter.domain.check import InstallationState
from kodeks_exporter.settings.fleet import Installation

_GATEWAY_ERRORS = {
    502: "прокси не получил ответа от сервера (502)",
    503: "прокси считает сервер недоступным (503)",
    504: "сервер не ответил прокси вовремя (504)",
}


def applies(installation: Installation) -> bool:
    return bool(installation.url)


def check(installation: Installation, context: Context) -> Verdict:
    fault = proxy_fault(installation, context.main_page())
    return failed(*fault) if fault else ok()


def proxy_fault(installation: Installation, page: MainPage) -> tuple[str, str] | None:
    """Reason and text when a proxy answers in place of Kodeks, else None.

    Known: Kodeks names itself in ``Server``, which a proxy usually replaces. Assumed: its pages name the product.
    """
    status = page.response.status
    if page.kodeks or page.state is not InstallationState.OK or status == 401:
        return None
    if status in _GATEWAY_ERRORS:
        return f"http_{status}", _GATEWAY_ERRORS[status]
    if installation.reverse_proxy:
        return "not_kodeks", f"прокси отвечает кодом {status}, но страница не от Кодекса"
    if status == 200:
        return "not_kodeks", "по адресу установки отвечает не Кодекс"
    return None

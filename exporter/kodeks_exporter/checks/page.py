"""Does the main page report a state that has no check of its own?"""

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.http import CHECK_OF_STATE
from kodeks_exporter.checks.verdict import Verdict, blocked, failed, ok
from kodeks_exporter.domain.check import InstallationState
from kodeks_exporter.settings.fleet import Installation

_TEXTS = {
    InstallationState.NEEDS_SERVICE: "главная страница: требуется обслуживание",
    InstallationState.NOT_STARTED: "главная страница: сервер не запущен",
    InstallationState.SERVER_ERROR: "главная страница: ошибка сервера",
    InstallationState.WARNING: "главная страница: аварийное состояние",
}


def check(_installation: Installation, context: Context) -> Verdict:
    state = context.main_page().state
    if state in _TEXTS:
        return failed(state.value, _TEXTS[state])
    if state is not InstallationState.OK:
        return blocked(CHECK_OF_STATE[state])
    return ok()

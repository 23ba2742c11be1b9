"""Is the server in maintenance mode (режим обслуживания)?"""

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.verdict import Verdict, failed, ok
from kodeks_exporter.domain.check import InstallationState
from kodeks_exporter.settings.fleet import Installation


def check(_installation: Installation, context: Context) -> Verdict:
    if context.main_page().state is InstallationState.MAINTENANCE:
        return failed("maintenance", "сервер в режиме обслуживания")
    return ok()

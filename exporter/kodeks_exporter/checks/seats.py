"""Is a seat free? A monitor that is refused for lack of a seat does not have a broken login."""

from kodeks_exporter.checks.auth import login_verdict
from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.verdict import Verdict, blocked, failed, ok, skipped
from kodeks_exporter.domain.check import InstallationState, Outcome, SeatsFacts
from kodeks_exporter.settings.fleet import Installation

_NONE_FREE = "свободных рабочих мест нет"


def check(_installation: Installation, context: Context) -> Verdict:
    if context.main_page().state is InstallationState.OUT_OF_SEATS:
        return failed("main_page", f"{_NONE_FREE}: об этом говорит главная страница")
    if context.credentials is None:
        return skipped("no_credentials", "нужен логин мониторинга (credentials)")
    verdict = login_verdict(context)
    if verdict.by == "seats":
        return failed("login_refused", f"{_NONE_FREE}: логину мониторинга отказано")
    if verdict.outcome is Outcome.SKIPPED:
        return verdict
    if verdict.outcome is Outcome.FAILED:
        return blocked("auth")
    says = context.login().says
    return ok(SeatsFacts(says.seats, says.seats_used))

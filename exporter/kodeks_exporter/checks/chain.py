"""Which checks there are, in what order, and what blocks what.

A check whose prerequisite failed is not run but blocked by it; what it would have found is a consequence. A check may
also find that another check explains its failure (``Verdict.by``). In the end every blocked check names the root cause,
so that one incident is one failure.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from types import MappingProxyType

from kodeks_exporter.checks.context import Context, Tools
from kodeks_exporter.checks.planned import planned_downtime
from kodeks_exporter.checks.verdict import Verdict, failed_by
from kodeks_exporter.domain.check import CheckResult, Impairment, InstallationState, Outcome, Round, ScheduleFacts
from kodeks_exporter.domain.checks import CHECKS as ROWS
from kodeks_exporter.domain.checks import CheckRow
from kodeks_exporter.net.errors import own_trouble
from kodeks_exporter.net.trace import Exchange
from kodeks_exporter.settings.checks import CheckSettings
from kodeks_exporter.settings.fleet import Installation

log = logging.getLogger(__name__)


def _has_url(installation: Installation) -> bool:
    return bool(installation.url)


def _always(_settings: CheckSettings) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Check:
    """A row of the table (``domain.checks.CheckRow``) with the functions of its file.

    ``wanted``: whether a site with these settings asks for it at all.
    """

    name: str
    run: Callable[[Installation, Context], Verdict]
    applies: Callable[[Installation], bool]
    requires: tuple[str, ...] = ()
    every: float = 0.0
    remembers: bool = False
    wanted: Callable[[CheckSettings], bool] = _always


def _bound(row: CheckRow) -> Check:
    """The file of a check has its name and a function ``check``; ``applies`` where it needs more than a url, or other
    things; ``wanted`` where settings switch it on."""
    file = import_module(f"kodeks_exporter.checks.{row.name}")
    applies, wanted = getattr(file, "applies", _has_url), getattr(file, "wanted", _always)
    return Check(row.name, file.check, applies, row.requires, row.every, row.remembers, wanted)


CHECKS: tuple[Check, ...] = tuple(_bound(row) for row in ROWS.values())


def has_checks(installation: Installation) -> bool:
    """False for an installation that only pushes reports and has nothing to ask."""
    return any(check.applies(installation) for check in _enabled(installation))


def run_round(
    installation: Installation,
    settings: CheckSettings,
    tools: Tools,
    previous: Mapping[str, CheckResult] = MappingProxyType({}),
    trace: list[Exchange] | None = None,
) -> Round:
    """Runs every check of an installation once. Raises nothing; takes at most the sum of the limits in ``settings``.

    ``trace``: where the round's HTTP exchanges go, for a person to look at.
    """
    started = tools.clock()
    begin = time.monotonic()
    settings = installation.asked_by(settings)
    context = Context(installation, settings, tools, previous, trace=trace)
    try:
        for check in _enabled(installation):
            if check.wanted(settings) and check.applies(installation):
                context.results[check.name] = _run(check, installation, context)
    finally:
        context.close()
    state = _state(context)
    results = {name: _rooted(result, context.results) for name, result in context.results.items()}
    planned = _planned(installation, context, started)
    if planned:
        results = {name: _excused(result, planned) for name, result in results.items()}
    return Round(installation.name, started, time.monotonic() - begin, MappingProxyType(results), state, planned)


def _enabled(installation: Installation) -> tuple[Check, ...]:
    return tuple(check for check in CHECKS if check.name not in installation.disabled_checks)


def _run(check: Check, installation: Installation, context: Context) -> CheckResult:
    now = context.tools.clock()
    known = context.previous.get(check.name) if check.every or check.remembers else None
    facts = known.facts if known is not None else None
    unseen = _unseen_by(check, context)
    if unseen is not None:
        return CheckResult(check.name, Outcome.SKIPPED, unseen.reason, started=now, facts=facts, own=unseen.own)
    by = _blocked_by(check, context.results)
    if by:
        return CheckResult(check.name, Outcome.BLOCKED, by=by, started=now, facts=facts)
    if check.every and known is not None and known.outcome in _KEPT and 0 <= now - known.started < check.every:
        return known
    begin = time.monotonic()
    try:
        verdict = check.run(installation, context)
    except Exception:
        # A bug of ours must not stop the other checks, and must count neither as health nor as the client's fault.
        log.exception("check crashed", extra={"installation": installation.name, "check": check.name})
        verdict = failed_by(own_trouble(Impairment.INTERNAL))
    return CheckResult(
        check.name,
        verdict.outcome,
        verdict.reason,
        verdict.text,
        verdict.by,
        now,
        time.monotonic() - begin,
        verdict.facts or facts,
        verdict.own,
    )


_KEPT = (Outcome.OK, Outcome.SKIPPED)


def _unseen_by(check: Check, context: Context) -> CheckResult | None:
    """A prerequisite that the monitor could not check, because it lacked something itself or the page is for people
    only. An earlier address of the name is good enough."""
    for name in check.requires:
        required = context.results.get(name)
        if required is None or (name == "dns" and context.addresses):
            continue
        if required.own is not None or (name == "http" and required.outcome is Outcome.SKIPPED):
            return required
    return None


def _blocked_by(check: Check, results: Mapping[str, CheckResult]) -> str:
    for name in check.requires:
        required = results.get(name)
        if required is None:
            continue
        if required.outcome is Outcome.FAILED:
            return name
        if required.outcome is Outcome.BLOCKED and required.by != check.name:
            return required.by
    return ""


def _rooted(result: CheckResult, results: Mapping[str, CheckResult]) -> CheckResult:
    """Follows ``by`` to the check that failed."""
    by = result.by
    for _ in results:
        cause = results.get(by)
        if cause is None or cause.outcome is not Outcome.BLOCKED:
            break
        by = cause.by
    return result if by == result.by else replace(result, by=by)


def _planned(installation: Installation, context: Context, now: float) -> str:
    schedule = context.results.get("schedule")
    if schedule is None or not isinstance(schedule.facts, ScheduleFacts):
        return ""
    return planned_downtime(schedule.facts, installation.time_zone, now, context.settings.planned_downtime)


def _excused(result: CheckResult, planned: str) -> CheckResult:
    if result.outcome is Outcome.FAILED:
        return replace(result, outcome=Outcome.BLOCKED, by=planned)
    return result


def _state(context: Context) -> InstallationState | None:
    """The state as users feel it, from what the checks found; None when they could not find out."""
    results = context.results
    outcomes = {name: result.outcome for name, result in results.items()}
    failed = {name for name, outcome in outcomes.items() if outcome is Outcome.FAILED}
    if any(outcomes.get(name) is Outcome.SKIPPED for name in ("tcp", "tls", "http", "proxy")):
        return None
    if failed & {"dns", "tcp", "proxy"} or outcomes.get("tcp") is Outcome.BLOCKED:
        return InstallationState.UNREACHABLE
    if "http" in failed:
        if _has_answered(context):
            return _state_of_code(context.main_page().response.status)
        return InstallationState.UNREACHABLE
    if _by(results, "http") == "tls":
        return InstallationState.UNREACHABLE
    if "http" in results and _has_answered(context) and context.main_page().state is not InstallationState.OK:
        return context.main_page().state
    if "key" in failed or _by(results, "key").startswith("licman_"):
        return InstallationState.KEY_MISSING
    if "seats" in failed:
        return InstallationState.OUT_OF_SEATS
    return InstallationState.OK


def _state_of_code(status: int) -> InstallationState:
    return InstallationState.SERVER_ERROR if status >= 500 else InstallationState.WARNING


def _has_answered(context: Context) -> bool:
    try:
        context.main_page()
    except Exception:
        return False
    return True


def _by(results: Mapping[str, CheckResult], name: str) -> str:
    """What blocks that check; empty when it was run."""
    result = results.get(name)
    return result.by if result is not None and result.outcome is Outcome.BLOCKED else ""

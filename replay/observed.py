"""What the exporter would see of an installation: a round of checks in which one check fails.

The exporter's own table says which checks there are and what blocks what, and the exporter's own code writes the metric
families. So a script names only the check that fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from kodeks_exporter.checks.chain import CHECKS
from kodeks_exporter.domain.check import (
    CatalogFacts,
    CatalogState,
    CheckResult,
    DnsFacts,
    Facts,
    HttpFacts,
    InstallationState,
    Outcome,
    ProtectionFacts,
    Round,
)
from kodeks_exporter.settings.checks import CheckSettings
from kodeks_exporter.settings.fleet import Installation
from kodeks_exporter.store.live import LiveStatus

_STATES: Final = {
    "maintenance": InstallationState.MAINTENANCE,
    "key": InstallationState.KEY_MISSING,
    "seats": InstallationState.OUT_OF_SEATS,
    "dns": InstallationState.UNREACHABLE,
    "tcp": InstallationState.UNREACHABLE,
    "http": InstallationState.UNREACHABLE,
    "proxy": InstallationState.UNREACHABLE,
}
"""The state that users experience when a check fails; other checks don't change it."""
_USUAL: Final = CheckSettings()
_CODES: Final = {InstallationState.MAINTENANCE: 503, InstallationState.KEY_MISSING: 503}


@dataclass(frozen=True, slots=True)
class Fault:
    """``check`` fails. ``code``: protection error. ``planned``: during announced downtime, so it does not count.

    ``since``: Unix seconds.
    """

    check: str
    since: float
    code: int | None = None
    state: InstallationState | None = None
    planned: str = ""


def status(installation: Installation, fault: Fault | None, now: float) -> LiveStatus:
    """The round at ``now`` (Unix seconds). Raises ValueError if this installation has no such check."""
    state = InstallationState.OK
    if fault is not None:
        state = fault.state or _STATES.get(fault.check, InstallationState.OK)
    results: dict[str, CheckResult] = {}
    for check in CHECKS:
        if check.name in installation.disabled_checks or not check.wanted(_USUAL) or not check.applies(installation):
            continue
        by = _blocked_by(check.requires, results)
        if by:
            results[check.name] = CheckResult(check.name, Outcome.BLOCKED, by=by, started=now)
            continue
        fails = fault is not None and fault.check == check.name
        outcome = Outcome.FAILED if fails else Outcome.OK
        facts = _facts(check.name, installation, fault, state)
        results[check.name] = CheckResult(check.name, outcome, started=now, duration=0.05, facts=facts)
    planned = fault.planned if fault is not None else ""
    if fault is not None and fault.check not in results:
        raise ValueError(f"{installation.name} has no check {fault.check!r}")
    if planned:
        results = {
            name: CheckResult(name, Outcome.BLOCKED, by=planned, started=now)
            if result.outcome is Outcome.FAILED
            else result
            for name, result in results.items()
        }
    since = fault.since if fault is not None else 0.0
    maintenance = since if state is InstallationState.MAINTENANCE else None
    round_ = Round(installation.name, now, 1.0, MappingProxyType(results), state, planned)
    return LiveStatus(round_, since, maintenance)


def _blocked_by(requires: tuple[str, ...], results: dict[str, CheckResult]) -> str:
    for name in requires:
        required = results.get(name)
        if required is not None and required.outcome is Outcome.FAILED:
            return name
        if required is not None and required.outcome is Outcome.BLOCKED:
            return required.by
    return ""


def _facts(check: str, installation: Installation, fault: Fault | None, state: InstallationState) -> Facts | None:
    match check:
        case "dns" if fault is not None and fault.check == "dns":
            return DnsFacts(working=installation.addresses)
        case "dns":
            return DnsFacts(resolved=installation.addresses)
        case "http":
            return HttpFacts(_CODES.get(state, 200))
        case "key":
            failed = fault is not None and fault.check == "key"
            return ProtectionFacts(fault.code if fault is not None and failed else 0)
        case "catalog":
            return CatalogFacts(tuple(CatalogState(path, True, "", True, "") for path in installation.catalogs))
    return None

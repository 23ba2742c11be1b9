"""Results of the live checks."""

from collections.abc import Iterator

from prometheus_client import Metric

from kodeks_exporter.domain.check import DnsFacts, HttpFacts, InstallationState, Outcome, TlsFacts
from kodeks_exporter.metrics.families import Of
from kodeks_exporter.settings.fleet import Installation
from kodeks_exporter.store.live import LiveStatus


def families(installation: Installation, status: LiveStatus) -> Iterator[Metric]:
    of = Of(installation.name)
    yield from _results(of, status)
    yield from _state(of, status)
    yield from _connection(of, installation, status)


def _results(of: Of, status: LiveStatus) -> Iterator[Metric]:
    results = status.round.results.values()
    ran = [each for each in results if each.outcome is not Outcome.BLOCKED]
    success = (((each.check,), each.outcome is Outcome.OK) for each in ran if each.outcome is not Outcome.SKIPPED)
    text = "Whether a check succeeded; absent when it was blocked or inconclusive."
    yield of.gauge("kodeks_check_success", text, "check", success)
    blocked = (((each.check, each.by), 1) for each in results if each.outcome is Outcome.BLOCKED)
    text = "1 when a check was not run, or its failure is explained, because of another check or a planned downtime."
    yield of.gauge("kodeks_check_blocked", text, "check by", blocked)
    reasons = (((each.check, each.reason), 1) for each in ran if each.outcome is Outcome.FAILED)
    text = "1 while a check fails, with one of the documented reasons."
    yield of.gauge("kodeks_check_failed_info", text, "check reason", reasons)
    impaired = (((each.check, each.own.value), 1) for each in ran if each.own is not None)
    text = "1 when a check was skipped because of trouble on the exporter's own machine."
    yield of.gauge("kodeks_check_impaired", text, "check cause", impaired)


def looks(status: LiveStatus) -> Iterator[Metric]:
    """When the checks were run and how long they took: what changes every round."""
    of, results = Of(status.round.installation), status.round.results.values()
    durations = (((each.check,), each.duration) for each in results if each.outcome is not Outcome.BLOCKED)
    yield of.gauge("kodeks_check_duration_seconds", "How long the check took.", "check", durations)
    starts = (((each.check,), each.started) for each in results)
    text = "When the check was last run or found blocked."
    yield of.gauge("kodeks_check_last_run_timestamp_seconds", text, "check", starts)


def _state(of: Of, status: LiveStatus) -> Iterator[Metric]:
    state, planned = status.round.state, status.round.planned
    text = "The state of an installation as its users experience it: 1 for the current one; absent if unknown."
    states = (((each.value,), each is state) for each in InstallationState if state is not None)
    yield of.gauge("kodeks_installation_state", text, "state", states)
    text = "When the current maintenance mode was first seen."
    yield of.figure("kodeks_maintenance_start_timestamp_seconds", text, status.maintenance_start)
    text = "1 during the nightly restart or backup that the server announces, including margins."
    yield of.gauge("kodeks_planned_downtime", text, "kind", [((planned,), 1)] if planned else ())


def _connection(of: Of, installation: Installation, status: LiveStatus) -> Iterator[Metric]:
    for result in status.round.results.values():
        match result.facts:
            case HttpFacts(code=code):
                yield of.figure("kodeks_http_response_code", "HTTP status of the main page.", code)
            case TlsFacts(expires=expires):
                text = "When the server's TLS certificate expires."
                yield of.figure("kodeks_tls_certificate_expiry_timestamp_seconds", text, expires)
            case DnsFacts(resolved=(), working=working) if result.outcome is not Outcome.OK:
                text = "Whether a known address accepts connections; present only while the name does not resolve."
                known = (((address,), address in working) for address in installation.addresses)
                yield of.gauge("kodeks_known_address_up", text, "address", known)

"""Results of the live checks."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from kodeks_exporter.domain.check import (
    CheckResult,
    DnsFacts,
    HttpFacts,
    InstallationState,
    Outcome,
    TlsFacts,
)
from kodeks_exporter.settings.fleet import Installation
from kodeks_exporter.store.live import LiveStatus


def families(installation: Installation, status: LiveStatus) -> Iterator[Metric]:
    yield from _results(status)
    yield from _state(status)
    yield from _connection(installation, status)


def _results(status: LiveStatus) -> Iterator[Metric]:
    labels = ["installation", "check"]
    success = GaugeMetricFamily(
        "kodeks_check_success",
        "Whether a check succeeded; absent when it was blocked or inconclusive.",
        labels=labels,
    )
    blocked = GaugeMetricFamily(
        "kodeks_check_blocked",
        "1 when a check was not run, or its failure is explained, because of another check or a planned downtime.",
        labels=[*labels, "by"],
    )
    duration = GaugeMetricFamily("kodeks_check_duration_seconds", "How long the check took.", labels=labels)
    last_run = GaugeMetricFamily(
        "kodeks_check_last_run_timestamp_seconds", "When the check was last run or found blocked.", labels=labels
    )
    reasons = GaugeMetricFamily(
        "kodeks_check_failed_info",
        "1 while a check fails, with one of the documented reasons.",
        labels=[*labels, "reason"],
    )
    impaired = GaugeMetricFamily(
        "kodeks_check_impaired",
        "1 when a check was skipped because of trouble on the monitor's own machine.",
        labels=[*labels, "cause"],
    )
    name = status.round.installation
    for result in status.round.results.values():
        key = [name, result.check]
        last_run.add_metric(key, result.started)
        if result.outcome is Outcome.BLOCKED:
            blocked.add_metric([*key, result.by], 1)
            continue
        duration.add_metric(key, result.duration)
        if result.outcome is Outcome.FAILED:
            reasons.add_metric([*key, result.reason], 1)
        if result.own is not None:
            impaired.add_metric([*key, result.own.value], 1)
        if result.outcome is not Outcome.SKIPPED:
            success.add_metric(key, 1 if result.outcome is Outcome.OK else 0)
    return iter((success, blocked, reasons, impaired, duration, last_run))


def _state(status: LiveStatus) -> Iterator[Metric]:
    name = status.round.installation
    state = GaugeMetricFamily(
        "kodeks_installation_state",
        "The state of an installation as its users experience it: 1 for the current one; absent if unknown.",
        labels=["installation", "state"],
    )
    for each in InstallationState if status.round.state is not None else ():
        state.add_metric([name, each.value], 1 if each is status.round.state else 0)
    yield state
    maintenance = GaugeMetricFamily(
        "kodeks_maintenance_start_timestamp_seconds",
        "When the current maintenance mode was first seen.",
        labels=["installation"],
    )
    if status.maintenance_start is not None:
        maintenance.add_metric([name], status.maintenance_start)
    yield maintenance
    planned = GaugeMetricFamily(
        "kodeks_planned_downtime",
        "1 during the nightly restart or backup that the server announces, margins included.",
        labels=["installation", "kind"],
    )
    if status.round.planned:
        planned.add_metric([name, status.round.planned], 1)
    yield planned


def _connection(installation: Installation, status: LiveStatus) -> Iterator[Metric]:
    name = status.round.installation
    code = GaugeMetricFamily("kodeks_http_response_code", "HTTP status of the main page.", labels=["installation"])
    expiry = GaugeMetricFamily(
        "kodeks_tls_certificate_expiry_timestamp_seconds",
        "When the server's TLS certificate expires.",
        labels=["installation"],
    )
    known = GaugeMetricFamily(
        "kodeks_known_address_up",
        "Whether a known address accepts connections; present only while the name does not resolve.",
        labels=["installation", "address"],
    )
    for result in status.round.results.values():
        match result:
            case CheckResult(facts=HttpFacts(code=http_status)):
                code.add_metric([name], http_status)
            case CheckResult(facts=TlsFacts(expires=expires)):
                expiry.add_metric([name], expires)
            case CheckResult(facts=DnsFacts(resolved=(), working=working)) if result.outcome is not Outcome.OK:
                for address in installation.addresses:
                    known.add_metric([name, address], 1 if address in working else 0)
    return iter((code, expiry, known))

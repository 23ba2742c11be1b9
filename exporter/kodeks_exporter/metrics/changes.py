"""Differences from earlier reports: another client's, shrunk, repeated, other versions."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, InfoMetricFamily

from kodeks_exporter.metrics.reportview import ReportView, gauge, short


def families(view: ReportView) -> Iterator[Metric]:
    changes = view.snapshot.changes
    if view.snapshot.report is None:
        return
    registrations = CounterMetricFamily(
        "kodeks_registration_changes",
        "How often a report had a different registration than the one before it.",
        labels=["installation"],
    )
    registrations.add_metric([view.name], changes.registrations)
    yield registrations
    if changes.registrations:
        changed = gauge("kodeks_registration_changed_timestamp_seconds", "When such a report last arrived.")
        changed.add_metric([view.name], changes.registration_changed)
        yield changed
        before = InfoMetricFamily(
            "kodeks_registration_before", "The registration before the last change.", labels=["installation"]
        )
        before.add_metric(
            [view.name], {"regnum": short(changes.regnum_before), "legal_entity": short(changes.client_before)}
        )
        yield before
    lost = gauge(
        "kodeks_sysinfo_lost",
        "How many (users, volumes) the last whole report had, while the newest has none or, of users, under a tenth.",
        "subject",
    )
    for subject, loss in changes.lost.items():
        lost.add_metric([view.name, subject], loss.had)
    yield lost
    versions = gauge(
        "kodeks_version_changed_timestamp_seconds",
        "When the report was made that first showed the present version of a part, if another came before it.",
        "part", "before", "after",
    )  # fmt: skip
    for part, change in changes.version_changes.items():
        versions.add_metric([view.name, part, short(change.before), short(change.after)], change.made)
    yield versions
    repeats = gauge("kodeks_sysinfo_repeats", "How often the current report was received again unchanged.")
    repeats.add_metric([view.name], changes.repeats)
    yield repeats

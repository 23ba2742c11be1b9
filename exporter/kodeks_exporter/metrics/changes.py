"""Differences from earlier reports: another client's, shrunk, repeated, other versions."""

from collections.abc import Iterator

from prometheus_client import Metric

from kodeks_exporter.metrics.reportview import ReportView, short


def families(view: ReportView) -> Iterator[Metric]:
    of, changes = view.of, view.snapshot.changes
    if view.snapshot.report is None:
        return
    text = "How often a report had a different registration than the one before it."
    yield of.counter("kodeks_registration_changes", text, "", [((), changes.registrations)])
    if changes.registrations:
        name, text = "kodeks_registration_changed_timestamp_seconds", "When such a report last arrived."
        yield of.figure(name, text, changes.registration_changed)
        facts = {"regnum": short(changes.regnum_before), "legal_entity": short(changes.client_before)}
        yield of.info("kodeks_registration_before", "The registration before the last change.", facts)
    yield of.gauge(
        "kodeks_sysinfo_lost",
        "How many (users, volumes) the last complete report had, if the newest has none or under a tenth of the users.",
        "subject",
        (((subject,), loss.had) for subject, loss in changes.lost.items()),
    )
    yield of.gauge(
        "kodeks_version_changed_timestamp_seconds",
        "When the report was made that first showed the current version of a part, if it had another before.",
        "part before after",
        (((part, short(each.before), short(each.after)), each.made) for part, each in changes.version_changes.items()),
    )
    text = "How often the current report was received again unchanged."
    yield of.figure("kodeks_sysinfo_repeats", text, changes.repeats)

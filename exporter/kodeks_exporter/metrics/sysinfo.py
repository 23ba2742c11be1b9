"""The report itself: when it was made and received, read errors, versions, the support service."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, InfoMetricFamily

from kodeks_exporter.metrics.reportview import ReportView, gauge, short


def families(view: ReportView) -> Iterator[Metric]:
    errors = CounterMetricFamily(
        "kodeks_sysinfo_errors",
        "Sysinfo reports that could not be fetched or read, by reason.",
        labels=["installation", "reason"],
    )
    for reason, count in sorted(view.snapshot.errors.items()):
        errors.add_metric([view.name, reason], count)
    yield errors
    report = view.snapshot.report
    if report is None:
        return
    header = report.header
    created = gauge("kodeks_sysinfo_created_timestamp_seconds", "When the newest sysinfo report was made.")
    if header.created is not None:
        created.add_metric([view.name], header.created)
    yield created
    received = gauge(
        "kodeks_sysinfo_received_timestamp_seconds", "When the newest sysinfo report arrived, and how.", "via"
    )
    received.add_metric([view.name, report.via], report.received)
    yield received
    size = gauge("kodeks_sysinfo_size_bytes", "Size of the newest sysinfo report, unpacked.")
    size.add_metric([view.name], report.size)
    yield size
    started = gauge("kodeks_server_start_timestamp_seconds", "When the server was started, according to the report.")
    if header.started is not None:
        started.add_metric([view.name], header.started)
    yield started
    versions = {module.name.lower(): module.version for module in report.modules}
    build = InfoMetricFamily("kodeks_build", "Versions of the server and its parts.", labels=["installation"])
    build.add_metric(
        [view.name],
        {
            "server": short(header.server_version),
            "sysinfo": short(header.sysinfo_version),
            "kassist": short(versions.get("kassist", "")),
            "os": short(header.os),
        },
    )
    yield build
    spp = gauge("kodeks_spp_up", "Whether the user support service works, according to the report.")
    if header.spp_ok is not None:
        spp.add_metric([view.name], int(header.spp_ok))
    yield spp

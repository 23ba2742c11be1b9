"""The report itself: when it was made and received, read errors, versions, the support service."""

from collections.abc import Iterator

from prometheus_client import Metric

from kodeks_exporter.metrics.reportview import ReportView, short


def families(view: ReportView) -> Iterator[Metric]:
    of, report = view.of, view.snapshot.report
    errors = (((reason,), count) for reason, count in sorted(view.snapshot.errors.items()))
    text = "Sysinfo reports that could not be fetched or read, by reason."
    yield of.counter("kodeks_sysinfo_errors", text, "reason", errors)
    if report is None:
        return
    header = report.header
    name, text = "kodeks_sysinfo_created_timestamp_seconds", "When the newest sysinfo report was made."
    yield of.figure(name, text, header.created)
    name, text = "kodeks_sysinfo_received_timestamp_seconds", "When the newest sysinfo report arrived, and how."
    yield of.gauge(name, text, "via", [((report.via,), report.received)])
    yield of.figure("kodeks_sysinfo_size_bytes", "Size of the newest sysinfo report, unpacked.", report.size)
    name, text = "kodeks_server_start_timestamp_seconds", "When the server was started, according to the report."
    yield of.figure(name, text, header.started)
    kassist = next((each.version for each in reversed(report.modules) if each.name.lower() == "kassist"), "")
    versions = {"server": header.server_version, "sysinfo": header.sysinfo_version, "kassist": kassist, "os": header.os}
    facts = {part: short(version) for part, version in versions.items()}
    yield of.info("kodeks_build", "Versions of the server and its parts.", facts)
    yield of.figure("kodeks_spp_up", "Whether the user support service works, according to the report.", header.spp_ok)

"""Registration, key, seats, volumes and daily updates from the report."""

from collections.abc import Iterator

from prometheus_client import Metric

from kodeks_exporter.domain.report import Block
from kodeks_exporter.metrics.protection import error_code
from kodeks_exporter.metrics.reportview import ReportView, base_names, short


def families(view: ReportView) -> Iterator[Metric]:
    if view.snapshot.report is not None:
        yield from _registration(view)
        yield from _volumes(view)
        yield from _operup(view)


def _registration(view: ReportView) -> Iterator[Metric]:
    assert view.snapshot.report is not None
    of, header = view.of, view.snapshot.report.header
    if header.regnum or header.client:
        facts = {"regnum": short(header.regnum), "legal_entity": short(header.client)}
        yield of.info("kodeks_registration", "The registration.", facts)
    if header.protection is not None:
        text = "Whether the protection key works, according to the report."
        yield of.figure("kodeks_protection_ok", text, header.protection.ok)
        yield error_code(of, "sysinfo", header.protection.code)
    yield of.figure("kodeks_seats", "Seats in the registration file.", header.seats)
    text = "Start of the last day, local time, of the registration."
    yield of.figure("kodeks_registration_expiry_timestamp_seconds", text, header.expires)


def _volumes(view: ReportView) -> Iterator[Metric]:
    report = view.block(Block.VOLUMES)
    if report is None:
        return
    of, shown = view.of, report.volumes[: view.settings.series.volumes]
    volumes = dict(zip(base_names([each.file for each in shown]), shown, strict=True)).items()
    yield of.gauge(
        "kodeks_volume_info",
        "A database volume: product number, title, update.",
        "volume product title update",
        (((name, short(each.product), short(each.title), short(each.update)), 1) for name, each in volumes),
    )
    text = "Start of the last day, local time, of a volume's licence."
    expiry = (((name, short(each.product)), each.expires) for name, each in volumes)
    yield of.gauge("kodeks_volume_expiry_timestamp_seconds", text, "volume product", expiry)
    known = sum(1 for volume in report.volumes if volume.expires is not None)
    yield of.figure("kodeks_volumes_with_expiry", "Volumes in the newest report with a known licence expiry.", known)
    errors = (((name, "" if each.error is None else str(each.error)), each.has_error) for name, each in volumes)
    text = "Whether a volume has an error, and its code (0: none)."
    yield of.gauge("kodeks_volume_error", text, "volume code", errors)


def _operup(view: ReportView) -> Iterator[Metric]:
    report = view.block(Block.OPERUP)
    if report is None:
        return
    files = report.operup[: view.settings.series.operup_files]
    dates = dict(zip(base_names([each.name for each in files]), (each.date for each in files), strict=True))
    rows = (((name,), date) for name, date in dates.items())
    yield view.of.gauge("kodeks_operup_timestamp_seconds", "When a daily update file was made.", "file", rows)

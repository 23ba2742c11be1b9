"""Registration, key, seats, volumes and daily updates from the report."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

from kodeks_exporter.domain.report import Block
from kodeks_exporter.metrics.reportview import ReportView, base_names, gauge, short, unique


def families(view: ReportView) -> Iterator[Metric]:
    if view.snapshot.report is not None:
        yield from _registration(view)
        yield from _volumes(view)
        yield from _operup(view)


def _registration(view: ReportView) -> Iterator[Metric]:
    assert view.snapshot.report is not None
    header = view.snapshot.report.header
    if header.regnum or header.client:
        registration = InfoMetricFamily("kodeks_registration", "The registration.", labels=["installation"])
        registration.add_metric([view.name], {"regnum": short(header.regnum), "legal_entity": short(header.client)})
        yield registration
    protection = header.protection
    if protection is not None and protection.ok is not None:
        ok = gauge("kodeks_protection_ok", "Whether the protection key works, according to the report.")
        ok.add_metric([view.name], int(protection.ok))
        yield ok
    if protection is not None and protection.code is not None:
        code = GaugeMetricFamily(
            "kodeks_protection_error_code",
            "Protection error code, 0 when the key works; absent when none is reported.",
            labels=["installation", "source"],
        )
        code.add_metric([view.name, "sysinfo"], protection.code)
        yield code
    if header.seats is not None:
        seats = gauge("kodeks_seats", "Seats of the registration file.")
        seats.add_metric([view.name], header.seats)
        yield seats
    if header.expires is not None:
        expiry = gauge(
            "kodeks_registration_expiry_timestamp_seconds", "Start of the last day, local time, of the registration."
        )
        expiry.add_metric([view.name], header.expires)
        yield expiry


def _volumes(view: ReportView) -> Iterator[Metric]:
    report = view.block(Block.VOLUMES)
    if report is None:
        return
    info = gauge(
        "kodeks_volume_info",
        "A database volume: product number, title, update.",
        "volume",
        "product",
        "title",
        "update",
    )
    expiry = gauge(
        "kodeks_volume_expiry_timestamp_seconds",
        "Start of the last day, local time, of a volume's licence.",
        "volume",
        "product",
    )
    error = gauge("kodeks_volume_error", "Whether a volume has an error, and its code (0: none).", "volume", "code")
    volumes = report.volumes[: view.settings.series.volumes]
    rows = unique(
        ((name,), volume) for name, volume in zip(base_names([each.file for each in volumes]), volumes, strict=True)
    )
    for (name,), volume in rows.items():
        product = short(volume.product)
        info.add_metric([view.name, name, product, short(volume.title), short(volume.update)], 1)
        if volume.expires is not None:
            expiry.add_metric([view.name, name, product], volume.expires)
        if volume.has_error is not None:
            code = "" if volume.error is None else str(volume.error)
            error.add_metric([view.name, name, code], int(volume.has_error))
    known = gauge("kodeks_volumes_with_expiry", "Volumes in the newest report with a known licence expiry.")
    known.add_metric([view.name], sum(1 for volume in report.volumes if volume.expires is not None))
    yield info
    yield expiry
    yield known
    yield error


def _operup(view: ReportView) -> Iterator[Metric]:
    report = view.block(Block.OPERUP)
    if report is None:
        return
    family = gauge("kodeks_operup_timestamp_seconds", "When a file of daily updates was made.", "file")
    files = report.operup[: view.settings.series.operup_files]
    names = base_names([each.name for each in files])
    rows = unique(((name,), file) for name, file in zip(names, files, strict=True))
    for (name,), file in rows.items():
        family.add_metric([view.name, name], file.date)
    yield family

"""Links that kAssist processed on the last complete day."""

from collections.abc import Iterator

from prometheus_client import Metric

from kodeks_exporter.domain.report import Block
from kodeks_exporter.metrics.reportview import ReportView

_KINDS = ("unique", "added", "unmatched", "checked")


def families(view: ReportView) -> Iterator[Metric]:
    report = view.block(Block.KASSIST)
    if report is None:
        return
    newest = max((date for date in view.snapshot.kassist if date < report.date), default=None)
    if newest is None:
        return
    day = view.snapshot.kassist[newest]
    text = "Links that kAssist processed on the last complete day."
    yield view.of.gauge("kodeks_kassist_links", text, "kind", (((kind,), getattr(day, kind)) for kind in _KINDS))
    text = "Start of the local day of kodeks_kassist_links."
    yield view.of.figure("kodeks_kassist_day_timestamp_seconds", text, day.time)

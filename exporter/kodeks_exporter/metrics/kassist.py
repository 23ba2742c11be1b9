"""Links that kAssist processed on the last complete day."""

from collections.abc import Iterator

from prometheus_client import Metric

from kodeks_exporter.domain.report import Block
from kodeks_exporter.metrics.reportview import ReportView, gauge

_KINDS = ("unique", "added", "unmatched", "checked")


def families(view: ReportView) -> Iterator[Metric]:
    report = view.block(Block.KASSIST)
    if report is None:
        return
    links = gauge("kodeks_kassist_links", "Links that kAssist processed on the last complete day.", "kind")
    day_start = gauge("kodeks_kassist_day_timestamp_seconds", "Start of the local day of kodeks_kassist_links.")
    newest = max((date for date in view.snapshot.kassist if date < report.date), default=None)
    if newest is not None:
        day = view.snapshot.kassist[newest]
        day_start.add_metric([view.name], day.time)
        for kind in _KINDS:
            count = getattr(day, kind)
            if count is not None:
                links.add_metric([view.name, kind], count)
    yield links
    yield day_start

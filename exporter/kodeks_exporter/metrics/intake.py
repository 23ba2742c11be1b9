"""Uploads of reports."""

from collections.abc import Iterator, Mapping

from prometheus_client import Metric

from kodeks_exporter.metrics.families import counter


def families(uploads: Mapping[tuple[str, ...], int]) -> Iterator[Metric]:
    """``uploads`` by result: ``Uploads.results.totals()``."""
    yield counter("kodeks_exporter_uploads", "Uploads by result.", "result", uploads.items())

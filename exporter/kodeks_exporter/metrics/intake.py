"""Uploads of reports."""

from collections.abc import Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily


def families(uploads: Mapping[tuple[str, ...], int]) -> Iterator[Metric]:
    """``uploads`` by result: ``Uploads.results.totals()``."""
    results = CounterMetricFamily("kodeks_exporter_uploads", "Uploads by result.", labels=["result"])
    for labels, number in uploads.items():
        results.add_metric(labels, number)
    yield results

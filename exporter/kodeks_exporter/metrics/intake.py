"""How reports get in: uploads, and what could not be taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily

Totals = Mapping[tuple[str, ...], int]
"""Of a ``Tally``."""


def families(uploads: Totals, errors: Totals) -> Iterator[Metric]:
    """``uploads`` by result (``Uploads.results``), ``errors`` by installation and reason (``Intake.errors``)."""
    results = CounterMetricFamily("kodeks_exporter_uploads", "Uploads by result.", labels=["result"])
    for labels, number in uploads.items():
        results.add_metric(labels, number)
    yield results
    failed = CounterMetricFamily(
        "kodeks_sysinfo_errors",
        "Reports that could not be downloaded, read or kept, by reason.",
        labels=["installation", "reason"],
    )
    for labels, number in errors.items():
        failed.add_metric(labels, number)
    yield failed

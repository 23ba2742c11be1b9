"""Dropped series and records: one family for all subjects."""

from collections.abc import Mapping

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily


def dropped_series(installation: str, dropped: Mapping[str, int]) -> Metric:
    """``dropped``: subject to number. No samples when nothing was dropped."""
    family = GaugeMetricFamily(
        "kodeks_series_dropped",
        "Series, or records of the report, left out because of a bound, by subject.",
        labels=["installation", "subject"],
    )
    for subject, count in sorted(dropped.items()):
        family.add_metric([installation, subject], count)
    return family

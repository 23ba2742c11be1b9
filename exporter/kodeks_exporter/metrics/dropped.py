"""Dropped series and records: one family for all subjects."""

from collections.abc import Mapping

from prometheus_client import Metric

from kodeks_exporter.metrics.families import Of


def dropped_series(installation: str, dropped: Mapping[str, int]) -> Metric:
    """``dropped``: subject to number. No samples when nothing was dropped."""
    text = "Series, or records of the report, left out because of a limit, by subject."
    rows = (((subject,), count) for subject, count in sorted(dropped.items()))
    return Of(installation).gauge("kodeks_series_dropped", text, "subject", rows)

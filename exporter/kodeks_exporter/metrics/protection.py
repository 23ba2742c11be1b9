"""State of the protection key, as the administration page tells it."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from kodeks_exporter.domain.check import ProtectionFacts
from kodeks_exporter.store.live import LiveStatus


def families(status: LiveStatus) -> Iterator[Metric]:
    code = GaugeMetricFamily(
        "kodeks_protection_error_code",
        "Protection error code, 0 when the key works; absent when none is told.",
        labels=["installation", "source"],
    )
    result = status.round.results.get("key")
    if result is not None and isinstance(result.facts, ProtectionFacts) and result.facts.code is not None:
        code.add_metric([status.round.installation, "admin"], result.facts.code)
    yield code

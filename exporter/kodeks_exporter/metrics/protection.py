"""State of the protection key and errors of products, as the administration page reports it."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from kodeks_exporter.domain.check import ProtectionFacts
from kodeks_exporter.store.live import LiveStatus


def families(status: LiveStatus) -> Iterator[Metric]:
    code = GaugeMetricFamily(
        "kodeks_protection_error_code",
        "Protection error code, 0 when the key works; absent when none is reported.",
        labels=["installation", "source"],
    )
    products = GaugeMetricFamily(
        "kodeks_product_error",
        "1 while the licence page reports a product as unusable; this says nothing about the key.",
        labels=["installation", "product", "code"],
    )
    name = status.round.installation
    result = status.round.results.get("key")
    if result is not None and isinstance(result.facts, ProtectionFacts):
        if result.facts.code is not None:
            code.add_metric([name, "admin"], result.facts.code)
        for error in result.facts.products:
            products.add_metric([name, error.product, str(error.code)], 1)
    yield from (code, products)

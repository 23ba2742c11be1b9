"""State of the protection key and errors of products, as the administration page reports it."""

from collections.abc import Iterator

from prometheus_client import Metric

from kodeks_exporter.domain.check import ProtectionFacts
from kodeks_exporter.metrics.families import Of
from kodeks_exporter.store.live import LiveStatus


def families(status: LiveStatus) -> Iterator[Metric]:
    of, result = Of(status.round.installation), status.round.results.get("key")
    if result is None or not isinstance(facts := result.facts, ProtectionFacts):
        return
    yield error_code(of, "admin", facts.code)
    text = "1 while the licence page reports a product as unusable; this says nothing about the key."
    errors = (((error.product, str(error.code)), 1) for error in facts.products)
    yield of.gauge("kodeks_product_error", text, "product code", errors)


def error_code(of: Of, source: str, code: int | None) -> Metric:
    text = "Protection error code, 0 when the key works; absent when none is reported."
    return of.gauge("kodeks_protection_error_code", text, "source", [((source,), code)])

"""Catalogs of an installation as reported by ``/sysinfo/metrics``, polled or pushed."""

from collections.abc import Iterator

from prometheus_client import Metric

from kodeks_exporter.domain.check import CatalogFacts
from kodeks_exporter.metrics.families import Of
from kodeks_exporter.store.live import LiveStatus


def families(status: LiveStatus) -> Iterator[Metric]:
    """Of the live check."""
    result = status.round.results.get("catalog")
    facts = result.facts if result is not None and isinstance(result.facts, CatalogFacts) else CatalogFacts(())
    return catalog_families(status.round.installation, facts)


def catalog_families(installation: str, facts: CatalogFacts) -> Iterator[Metric]:
    of, labels, found = Of(installation), "catalog reason", facts.catalogs
    text = "Whether the main page of a catalog is assembled; if not, the reason."
    rows = [((each.path, each.main_page_reason), each.main_page_ok) for each in found]
    yield of.gauge("kodeks_catalog_main_page_ok", text, labels, rows)
    text = "Whether the product set of a catalog is complete; if not, the reason."
    rows = [((each.path, each.products_reason), each.products_ok) for each in found]
    yield of.gauge("kodeks_catalog_products_ok", text, labels, rows)

"""Catalogs of an installation as reported by ``/sysinfo/metrics``, polled or pushed."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from kodeks_exporter.domain.check import CatalogFacts
from kodeks_exporter.store.live import LiveStatus


def families(status: LiveStatus) -> Iterator[Metric]:
    """Of the live check."""
    result = status.round.results.get("catalog")
    facts = result.facts if result is not None and isinstance(result.facts, CatalogFacts) else CatalogFacts(())
    return catalog_families(status.round.installation, facts)


def catalog_families(installation: str, facts: CatalogFacts) -> Iterator[Metric]:
    labels = ["installation", "catalog", "reason"]
    main_page = GaugeMetricFamily(
        "kodeks_catalog_main_page_ok",
        "Whether the main page of a catalog is assembled; else the reason.",
        labels=labels,
    )
    products = GaugeMetricFamily(
        "kodeks_catalog_products_ok",
        "Whether the product set of a catalog is complete; else the reason.",
        labels=labels,
    )
    for catalog in facts.catalogs:
        if catalog.main_page_ok is not None:
            main_page.add_metric([installation, catalog.path, catalog.main_page_reason], int(catalog.main_page_ok))
        if catalog.products_ok is not None:
            products.add_metric([installation, catalog.path, catalog.products_reason], int(catalog.products_ok))
    yield main_page
    yield products

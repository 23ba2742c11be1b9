"""What installations tell by pushed status files, for those that can't be asked live."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from kodeks_exporter.domain.fleet import Installation
from kodeks_exporter.intake.statuses import PushedStatus

FRESH: Final = 3600.0
"""Seconds for which the catalogs of a status count as the present state: four of the usual 15 minutes."""


def is_fresh(status: PushedStatus, now: float) -> bool:
    return now - status.received <= FRESH


def families(installation: Installation, status: PushedStatus, *, fresh: bool) -> Iterator[Metric]:
    """``fresh`` False: only when it came. Catalogs of an installation with a url are told by its live checks."""
    name = installation.name
    received = GaugeMetricFamily(
        "kodeks_status_received_timestamp_seconds", "When the last status file was received.", labels=["installation"]
    )
    received.add_metric([name], status.received)
    yield received
    created = GaugeMetricFamily(
        "kodeks_status_created_timestamp_seconds",
        "When the last status file was made, by the clock of the installation's server.",
        labels=["installation"],
    )
    created.add_metric([name], status.created)
    yield created
    if installation.url or not fresh:
        return
    # Names and help as in metrics/catalogs.py: both are samples of one family.
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
    for catalog in status.facts.catalogs:
        if catalog.main_page_ok is not None:
            main_page.add_metric([name, catalog.path, catalog.main_page_reason], int(catalog.main_page_ok))
        if catalog.products_ok is not None:
            products.add_metric([name, catalog.path, catalog.products_reason], int(catalog.products_ok))
    yield main_page
    yield products

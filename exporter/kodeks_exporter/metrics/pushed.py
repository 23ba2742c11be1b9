"""What installations tell by pushed status files, for those that can't be asked live."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from kodeks_exporter.domain.fleet import Installation
from kodeks_exporter.intake.statuses import PushedStatus
from kodeks_exporter.metrics.catalogs import catalog_families
from kodeks_exporter.metrics.sysmon import sysmon_families

FRESH: Final = 3600.0
"""Seconds for which the figures of a status count as the present state: four of the usual 15 minutes."""


def is_fresh(status: PushedStatus, now: float) -> bool:
    return now - status.received <= FRESH


def families(installation: Installation, status: PushedStatus, *, fresh: bool) -> Iterator[Metric]:
    """``fresh`` False: only when it came. The figures of an installation with a url are told by its live checks."""
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
    yield from catalog_families(name, status.facts)
    if status.sysmon is not None:
        yield from sysmon_families(name, status.sysmon)

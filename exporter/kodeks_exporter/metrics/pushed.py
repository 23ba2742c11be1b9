"""Figures from pushed status files, for installations that can't be polled."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import Metric

from kodeks_exporter.intake.statuses import PushedStatus, Trail
from kodeks_exporter.metrics.catalogs import catalog_families
from kodeks_exporter.metrics.families import Of
from kodeks_exporter.metrics.sysmon import sysmon_families
from kodeks_exporter.settings.fleet import Installation

FRESH: Final = 3600.0
"""Seconds for which a status counts as the current state: four times the usual 15 minutes."""


def is_fresh(status: PushedStatus, now: float) -> bool:
    return now - status.received <= FRESH


def families(installation: Installation, status: PushedStatus, *, fresh: bool) -> Iterator[Metric]:
    """``fresh`` False: only its arrival time. The figures of an installation with a url come from its live checks."""
    of, name = Of(installation.name), "kodeks_status_received_timestamp_seconds"
    yield of.figure(name, "When the last new status file arrived.", status.received)
    yield of.figure(
        "kodeks_status_created_timestamp_seconds",
        "When the last status file was created, by the clock of the installation's server, or else when it arrived.",
        status.received if status.created is None else status.created,
    )
    if installation.url or not fresh:
        return
    yield from catalog_families(installation.name, status.facts)
    if status.sysmon is not None:
        yield from sysmon_families(installation.name, status.sysmon)


def trail_families(name: str, trail: Trail) -> Iterator[Metric]:
    """The arrival of status files, including unreadable ones."""
    of, text = Of(name), "When the last status file arrived, whatever was in it."
    yield of.figure("kodeks_status_arrived_timestamp_seconds", text, trail.arrived)
    text = "How many of the latest status files in a row were empty: the server did not answer on its own machine."
    yield of.figure("kodeks_status_empty_in_a_row", text, trail.empty)
    errors = (((reason,), count) for reason, count in sorted(trail.errors.items()))
    yield of.counter("kodeks_status_errors", "Status files that were not accepted, by reason.", "reason", errors)

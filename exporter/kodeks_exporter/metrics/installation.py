"""All families of one installation: the list of subjects."""

from collections.abc import Iterator
from functools import partial

from prometheus_client import Metric

from kodeks_exporter.metrics import catalogs, checks, host, inventory, protection, sysmon
from kodeks_exporter.metrics.exposition import Source
from kodeks_exporter.settings.fleet import Installation
from kodeks_exporter.store.live import LiveStatus


def families(installation: Installation, status: LiveStatus | None) -> Iterator[Metric]:
    """``status`` None: the installation was not checked yet, or has nothing to check."""
    yield from _found(installation, status)
    if status is not None:
        yield from checks.looks(status)


def sources(installation: Installation, status: LiveStatus | None) -> Iterator[Source]:
    """Two, because most rounds only change when the checks were run and how long they took."""
    version: tuple[object, ...] = (installation,)
    if status is not None:
        yield Source("checks", ("looks", installation.name), status, partial(checks.looks, status))
        found = (
            (each.check, each.outcome, each.reason, each.by, each.own, each.facts)
            for each in status.round.results.values()
        )
        version = (installation, status.round.state, status.round.planned, status.maintenance_start, *found)
    yield Source("checks", installation.name, version, partial(_found, installation, status))


def _found(installation: Installation, status: LiveStatus | None) -> Iterator[Metric]:
    yield from inventory.families(installation)
    if status is not None:
        yield from checks.families(installation, status)
        yield from protection.families(status)
        yield from catalogs.families(status)
        yield from host.families(status)
        yield from sysmon.families(status)

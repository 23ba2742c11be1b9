"""All families of one installation: the list of subjects."""

from collections.abc import Iterator

from prometheus_client import Metric

from kodeks_exporter.metrics import catalogs, checks, host, inventory, protection, sysmon
from kodeks_exporter.settings.fleet import Installation
from kodeks_exporter.store.live import LiveStatus


def families(installation: Installation, status: LiveStatus | None) -> Iterator[Metric]:
    """``status`` None: the installation was not checked yet, or has nothing to check."""
    yield from inventory.families(installation)
    if status is not None:
        yield from checks.families(installation, status)
        yield from protection.families(status)
        yield from catalogs.families(status)
        yield from host.families(status)
        yield from sysmon.families(status)

"""What the inventory says of an installation; everything else carries only its name, and queries join."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import InfoMetricFamily

from kodeks_exporter.domain.fleet import Installation


def families(installation: Installation) -> Iterator[Metric]:
    info = InfoMetricFamily(
        "kodeks_installation", "What the inventory says of an installation.", labels=["installation"]
    )
    info.add_metric(
        [installation.name],
        {
            "client": installation.client,
            "manager": installation.manager,
            "branch": installation.branch,
            "hosting": installation.hosting,
            "url": installation.url,
            "mode": installation.mode.value,
            "supported": "true" if installation.supported else "false",
            "time_zone": installation.time_zone.key,
        },
    )
    yield info

"""The inventory's data about an installation; all other metrics have only its name, and queries join."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client import Metric

from kodeks_exporter.metrics.families import Of, gauge
from kodeks_exporter.settings.fleet import Installation


def families(installation: Installation) -> Iterator[Metric]:
    yield Of(installation.name).info(
        "kodeks_installation",
        "Inventory data of an installation.",
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


def utc_offsets(installations: Iterable[Installation], now: float) -> Mapping[str, float]:
    """Seconds by which each installation's local time is ahead of UTC at ``now`` (Unix seconds)."""
    offsets: dict[str, float] = {}
    by_zone: dict[str, float] = {}
    for each in installations:
        zone = each.time_zone
        if zone.key not in by_zone:
            found = datetime.fromtimestamp(now, zone).utcoffset()
            by_zone[zone.key] = found.total_seconds() if found is not None else 0.0
        offsets[each.name] = by_zone[zone.key]
    return offsets


def offset_families(offsets: Mapping[str, float]) -> Iterator[Metric]:
    """PromQL knows no time zones: with these, a rule can ask for an installation's own day and month."""
    text = "How far an installation's local time is ahead of UTC now."
    rows = (((name,), offset) for name, offset in offsets.items())
    yield gauge("kodeks_installation_utc_offset_seconds", text, "installation", rows)

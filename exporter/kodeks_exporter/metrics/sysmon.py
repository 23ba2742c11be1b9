"""Series from installations' own ``/sysmon/metrics``, under their own names, polled or pushed."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import Metric

from kodeks_exporter.domain.check import Outcome, SysmonFacts
from kodeks_exporter.metrics.dropped import dropped_series
from kodeks_exporter.store.live import LiveStatus

_HELP: Final = "Passed on from an installation's /sysmon/metrics; Kodeks defines the meaning."


def families(status: LiveStatus) -> Iterator[Metric]:
    """From the live check; none if the last one failed."""
    result = status.round.results.get("sysmon")
    if result is not None and result.outcome is Outcome.OK and isinstance(result.facts, SysmonFacts):
        yield from sysmon_families(status.round.installation, result.facts)


def sysmon_families(installation: str, facts: SysmonFacts) -> Iterator[Metric]:
    """Types are left out: servers of different versions may give the same name different types."""
    by_name: dict[str, Metric] = {}
    for sample in facts.samples:
        family = by_name.setdefault(sample.name, Metric(sample.name, _HELP, "unknown"))
        # A label of theirs with this name is renamed, as Prometheus does with labels of targets.
        theirs = {"exported_installation" if key == "installation" else key: text for key, text in sample.labels}
        family.add_sample(sample.name, {"installation": installation, **theirs}, sample.value)
    yield from by_name.values()
    if facts.dropped:
        yield dropped_series(installation, {"sysmon": facts.dropped})

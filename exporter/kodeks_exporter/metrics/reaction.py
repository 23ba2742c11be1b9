"""How people react to alerts."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.utils import floatToGoString

from kodeks_exporter.domain.reaction import BUCKETS
from kodeks_exporter.metrics.families import counter, gauge
from kodeks_exporter.store.reaction import ReactionState, Spread

_BOUNDS = (*(floatToGoString(bound) for bound in BUCKETS), "+Inf")


@dataclass(frozen=True, slots=True)
class ReactionView:
    """``up``: by ``host:port`` of each Alertmanager, whether it answered the last poll; without those not yet
    polled."""

    state: ReactionState
    up: Mapping[str, bool]


def families(view: ReactionView) -> Iterator[Metric]:
    up = (((name,), answered) for name, answered in view.up.items())
    text = "Whether this Alertmanager answered the last poll."
    yield gauge("kodeks_reaction_alertmanager_up", text, "alertmanager", up)
    yield from _now(view.state)
    yield from _ever(view.state)


def _now(state: ReactionState) -> Iterator[Metric]:
    waiting: Counter[tuple[str, str]] = Counter(dict.fromkeys(state.sums, 0))
    taken: Counter[tuple[str, str]] = Counter(dict.fromkeys(state.sums, 0))
    oldest: dict[str, float] = {}
    for incident in state.incidents.values():
        key = incident.manager, incident.priority
        if incident.taken is not None:
            taken[key] += 1
        elif incident.waiting and incident.told is not None:
            waiting[key] += 1
            oldest[incident.manager] = min(oldest.get(incident.manager, incident.told), incident.told)
    labels = "manager priority"
    yield gauge("kodeks_reaction_waiting", "Firing alerts that nobody has taken.", labels, waiting.items())
    yield gauge("kodeks_reaction_taken", "Firing alerts that somebody has taken.", labels, taken.items())
    text = "Since when the oldest alert that nobody has taken has been waiting."
    rows = (((manager,), first) for manager, first in oldest.items())
    yield gauge("kodeks_reaction_oldest_waiting_timestamp_seconds", text, "manager", rows)


def _ever(state: ReactionState) -> Iterator[Metric]:
    labels = ["manager", "priority"]
    ended = (((*key, kind.value), number) for key, sums in state.sums.items() for kind, number in sums.outcomes.items())
    text = "Alerts that are over, by how they ended."
    yield counter("kodeks_reaction_alerts", text, "manager priority outcome", ended)
    acknowledge = HistogramMetricFamily(
        "kodeks_reaction_acknowledge_seconds", "How long alerts waited until they were taken.", labels=labels
    )
    recovery = HistogramMetricFamily(
        "kodeks_reaction_recovery_seconds", "How long alerts lasted.", labels=[*labels, "acknowledged"]
    )
    for key, sums in state.sums.items():
        acknowledge.add_metric(key, *_histogram(sums.acknowledge))
        for acknowledged, spread in sums.recovery.items():
            recovery.add_metric([*key, "yes" if acknowledged else "no"], *_histogram(spread))
    yield from (acknowledge, recovery)


def _histogram(spread: Spread) -> tuple[list[tuple[str, float]], float]:
    """Cumulative buckets and the sum, as ``add_metric`` takes them."""
    total, buckets = 0, []
    for bound, count in zip(_BOUNDS, spread.counts, strict=True):
        total += count
        buckets.append((bound, float(total)))
    return buckets, spread.seconds

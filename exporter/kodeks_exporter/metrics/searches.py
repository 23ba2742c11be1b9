"""Searches: counters, durations, and the newest single ones."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

from prometheus_client import Metric
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.utils import floatToGoString

from kodeks_exporter.domain.report import Block, SearchEvent
from kodeks_exporter.metrics.reportview import ReportView, short
from kodeks_exporter.store.journal import why_empty
from kodeks_exporter.store.snapshot import DURATION_BUCKETS
from kodeks_exporter.store.tally import OTHER

_BOUNDS = (*(floatToGoString(bound) for bound in DURATION_BUCKETS), "+Inf")


def families(view: ReportView) -> Iterator[Metric]:
    """Counters; they do not depend on the time of day."""
    if not view.snapshot.searches and view.block(Block.SEARCHES) is None:
        return
    yield _totals(view)
    yield _durations(view)
    text = "Searches that found nothing, by probable cause and family of documents."
    yield view.of.counter("kodeks_empty_searches", text, "cause family", view.snapshot.empty_searches.items())


def _totals(view: ReportView) -> Metric:
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for (catalog, source, kind, status), count in view.snapshot.searches.items():
        key = (short(catalog), source, kind, status)
        if key not in counts and len(counts) >= view.settings.series.search_kinds:
            key = (OTHER, source, kind, status)
        counts[key] += count
    text = "Searches, by catalog, source, type and status."
    return view.of.counter("kodeks_searches", text, "catalog source type status", counts.items())


def _durations(view: ReportView) -> Metric:
    family = HistogramMetricFamily(
        "kodeks_search_duration_seconds", "How long searches took.", labels=["installation", "status"]
    )
    for status, durations in view.snapshot.durations.items():
        total, buckets = 0, []
        for bound, count in zip(_BOUNDS, durations.counts, strict=True):
            total += count
            buckets.append((bound, float(total)))
        family.add_metric([view.name, status], buckets, durations.microseconds / 1e6)
    return family


def events_version(view: ReportView, now: float) -> tuple[int, int]:
    """Changes only when an event expires. ``now``: Unix seconds."""
    settings, window = view.settings.searches, view.snapshot.window
    return (
        _too_old(window.ok, now - settings.ok_age),
        _too_old(window.unsuccessful, now - settings.unsuccessful_age),
    )


def _too_old(events: Sequence[SearchEvent], since: float) -> int:
    return bisect_left(events, since, key=lambda event: event.time)


def events(view: ReportView, now: float) -> Iterator[Metric]:
    """The newest single searches; they expire."""
    settings, window = view.settings.searches, view.snapshot.window
    old_ok, old_unsuccessful = events_version(view, now)
    ok = window.ok[max(old_ok, len(window.ok) - settings.ok_count) :]
    unsuccessful = window.unsuccessful[max(old_unsuccessful, len(window.unsuccessful) - settings.unsuccessful_count) :]
    rows: dict[tuple[str, ...], float] = {}
    for event in (*unsuccessful, *ok):
        labels = _labels(view, event)
        # Identical searches in the same second are one series: that of the slowest.
        rows[labels] = max(rows.get(labels, 0.0), event.duration or 0.0)
    yield view.of.gauge(
        "kodeks_search_event_info",
        "A single search: how long it took, in seconds; bounded in number and age.",
        "user catalog source type status query time cause family",
        rows.items(),
    )


def _labels(view: ReportView, event: SearchEvent) -> tuple[str, ...]:
    length = view.settings.searches.text
    cause = family = ""
    if event.status == "empty":
        cause, family = view.snapshot.explanations.get(event.query) or why_empty(event.query)
    return (
        short(view.names.label(view.name, event.login), length),
        short(event.catalog, length),
        event.source,
        event.type,
        event.status,
        short(event.query, length),
        view.local(event.time),
        cause,
        family,
    )

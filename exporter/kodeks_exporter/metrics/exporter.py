"""The exporter itself."""

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

from kodeks_exporter import __version__, assets
from kodeks_exporter.domain.check import Impairment
from kodeks_exporter.metrics.families import counter, gauge
from kodeks_exporter.store.writer import Backlog

PARTS: Final = (
    "checks", "inventory", "trials", "reports", "report", "searches", "pushed", "forward", "uploads", "online",
    "reaction", "process", "exporter",
)  # fmt: skip
"""Of the exposition, as ``Source.part`` names them."""


@dataclass(frozen=True, slots=True)
class ExporterStatus:
    """Times are Unix seconds, durations seconds."""

    installations: int
    rounds: int
    poll_lag: float
    check_interval: float
    reload_ok: bool
    reload_time: float
    source_errors: Mapping[str, int]
    """By part of the exposition."""
    backlogs: Mapping[str, Backlog]
    """By file of the storage."""
    set_aside: int
    clock_leaps: int
    impaired: Mapping[Impairment, int]
    """How many installations can't be fully checked, by cause."""


def families(status: ExporterStatus) -> Iterator[Metric]:
    build = InfoMetricFamily("kodeks_exporter_build", "Version of the exporter, the commit it was built from, Python.")
    facts = {"version": __version__, "revision": assets.revision(), "python": platform.python_version()}
    build.add_metric([], facts)
    yield build
    yield _gauge("kodeks_exporter_installations", "Installations in the inventory.", status.installations)
    yield CounterMetricFamily(
        "kodeks_exporter_rounds", "Rounds of checks run since the start, one per installation.", value=status.rounds
    )
    yield _gauge("kodeks_exporter_poll_lag_seconds", "How late the most overdue round of checks is.", status.poll_lag)
    text = "Configured interval by kind of poll."
    yield gauge("kodeks_exporter_poll_interval_seconds", text, "kind", [(("checks",), status.check_interval)])
    impaired = [((cause.value,), status.impaired.get(cause, 0)) for cause in Impairment]
    text = "Whether the exporter's own machine is unable to check, by cause."
    yield gauge("kodeks_exporter_impaired", text, "cause", ((cause, count > 0) for cause, count in impaired))
    text = "Installations with a check that was skipped because the exporter's machine lacked something."
    yield gauge("kodeks_exporter_impaired_installations", text, "cause", impaired)
    yield _gauge(
        "kodeks_exporter_config_last_reload_successful",
        "Whether the last reload of the configuration succeeded.",
        int(status.reload_ok),
    )
    yield _gauge(
        "kodeks_exporter_config_last_reload_success_timestamp_seconds",
        "When the configuration was last loaded successfully.",
        status.reload_time,
    )
    yield counter(
        "kodeks_exporter_source_errors",
        "Metrics sources that failed and were left out of a scrape since the start, by part of the exposition.",
        "source",
        (((part,), status.source_errors.get(part, 0)) for part in PARTS),
    )
    backlogs = status.backlogs.items()
    text = "How long the oldest change has been waiting to be written; 0 when nothing waits."
    waits = (((file,), backlog.seconds) for file, backlog in backlogs)
    yield gauge("kodeks_exporter_storage_behind_seconds", text, "file", waits)
    text = "Changes that were never written because too many were waiting, since the start."
    lost = (((file,), backlog.lost) for file, backlog in backlogs)
    yield counter("kodeks_exporter_storage_lost_writes", text, "file", lost)
    yield _gauge(
        "kodeks_exporter_storage_unreadable_files",
        "Unreadable storage files, set aside at startup and not yet removed; 1 when the folder is gone.",
        status.set_aside,
    )
    yield CounterMetricFamily(
        "kodeks_exporter_clock_leaps",
        "How often the clock of the exporter's machine jumped by more than a minute since the start.",
        value=status.clock_leaps,
    )


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value=value)

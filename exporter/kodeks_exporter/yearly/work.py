"""What happened at a client's servers within a year: outages, versions, daily updates."""

import datetime as dt
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from kodeks_exporter.domain.handling import Record
from kodeks_exporter.settings import zones
from kodeks_exporter.yearly.facts import Handled, Outage, Work
from kodeks_exporter.yearly.prometheus import Prometheus, Series
from kodeks_exporter.yearly.promql import any_of, moment

HOUR: Final = 3600
LONG: Final = 0.5
"""From this many hours without the main page it is an outage. A nightly restart takes less."""
_STEP: Final = "6h"
_MENDED: Final = 0.999
"""From this share on an hour counts as a whole one."""


def gather(prometheus: Prometheus, installations: Sequence[str], year: int, at: float) -> Work:
    """For these installations, up to ``at`` (Unix seconds). Raises PrometheusError."""
    end = min(at, moment(dt.date(year + 1, 1, 1)))
    seconds = int(end - moment(dt.date(year, 1, 1))) - 1
    if not installations or seconds <= 0:
        return Work()
    outages: list[Outage] = []
    versions: dict[str, Sequence[str]] = {}
    updates = 0
    for name in installations:  # one by one: an answer has a value for each hour of the year
        chosen = f"{{installation=~{any_of([name])}}}"
        for series in prometheus.query(f"installation:kodeks_interface_up:hourly{chosen}[{seconds}s]", end):
            outages += _outages(name, series)
        window = f"[{seconds}s:{_STEP}]"
        seen = prometheus.query(f"max by (server) (max_over_time(timestamp(kodeks_build_info{chosen}){window}))", end)
        newest_last = sorted(seen, key=lambda series: series.value)
        versions[name] = [series.labels["server"] for series in newest_last if series.labels.get("server")]
        newest = f"max by (installation) (kodeks_operup_timestamp_seconds{chosen})"
        updates += sum(round(series.value) for series in prometheus.query(f"changes(({newest}){window})", end))
    return Work(sorted(outages, key=lambda each: each.begin), versions, updates)


_LOW_USE: Final = re.compile(r".*(ActivityIsLow|InvolvementIsLow|UsageDrop|ProfileDeviation).*")
_FAULTS: Final = ("K1", "K2", "K3")
_NO_FAULT: Final = re.compile(r"OnlineBilling.*|KodeksLicense.*")
"""Limits that are used up and terms that end: urgent, but nothing is broken."""


def handled(records: Iterable[Record], names: Collection[str], year: int, at: float) -> Handled:
    """``names``: the client's installations and accesses. Up to ``at`` (Unix seconds)."""
    begin, end = moment(dt.date(year, 1, 1)), min(at, moment(dt.date(year + 1, 1, 1)))
    own = [each for each in records if each.subject in names and begin <= each.told < end]
    taken = [(each, each.taken) for each in own if each.taken]
    low = [(each, by) for each, by in taken if _LOW_USE.match(each.alert)]
    faults = [by.at - each.told for each, by in taken if each.priority in _FAULTS and not _NO_FAULT.match(each.alert)]
    trainings = sum("обуч" in by.comment.lower() for _, by in low)
    return Handled(len(faults), median(faults) if faults else 0.0, len(low), trainings)


def _outages(installation: str, series: Series) -> Iterator[Outage]:
    """Consecutive hours during which the page was missing for part of the time. Each sample covers the hour before
    it."""
    bad = [(at, 1 - share) for at, share in series.samples if share < _MENDED]
    runs: list[list[tuple[float, float]]] = [bad[:1]] if bad else []
    for before, hour in pairwise(bad):
        if hour[0] - before[0] > 1.5 * HOUR:
            runs.append([])
        runs[-1].append(hour)
    for run in runs:
        hours = sum(missing for _, missing in run)
        if hours >= LONG:
            yield Outage(installation, dt.datetime.fromtimestamp(run[0][0] - HOUR, zones.DEFAULT), hours)

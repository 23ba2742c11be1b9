"""The series that Prometheus would scrape while a script runs, in promtool's notation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Final

from prometheus_client.samples import Sample

from kodeks_exporter.metrics import installation as installation_metrics
from kodeks_exporter.settings.fleet import Fleet, Installation
from replay import clock
from replay.observed import Fault, status
from replay.script import Event, Script, ScriptError, Value

TARGET: Final = 'job="kodeks",instance="127.0.0.1:9877"'
_CLOCKED: Final = "kodeks_check_last_run_timestamp_seconds"
"""Written again in every round."""
_NOW: Final = re.compile(r"now(?:([+-])(\w+))?")


@dataclass(slots=True)
class _Tracks:
    """For each series, from which step on it has which value. None: absent. ``clocked`` values have the time added."""

    points: dict[str, dict[int, float | None]] = field(default_factory=dict)
    clocked: set[str] = field(default_factory=set)

    def put(self, series: str, step: int, value: float | None) -> None:
        self.points.setdefault(series, {})[step] = value


def series_of(
    script: Script, fleet: Fleet, more: Mapping[str, Mapping[int, float | None]] | None = None, begin: int = 0
) -> dict[str, str]:
    """Series to values, one per step. ``more``: other series, by step. ``begin``: before this step there is nothing.
    Raises ScriptError."""
    tracks = _Tracks({_targeted(name): dict(points) for name, points in (more or {}).items()})
    for text, value in (
        ("up", 1.0), ("kodeks_exporter_poll_interval_seconds{kind=\"checks\"}", 30.0),
        ("kodeks_exporter_installations", float(len(fleet.installations))),
    ):  # fmt: skip
        tracks.put(_targeted(text), 0, value)
    for each in fleet.installations.values():
        _watch(each, script, tracks)
    for event in script.timeline:
        _write(event, script, tracks)
    for pattern in {name for event in script.timeline for name in event.who}:
        if not any(fnmatchcase(name, pattern) for name in fleet.installations):
            raise ScriptError(f"the timeline names {pattern!r}, the fleet does not")
    for away, back in _absences(script):
        for series, points in tracks.points.items():
            _cut(points, away, back, 0.0 if series == _targeted("up") else None)
    if begin:
        for points in tracks.points.values():
            _begun(points, begin)
    return {
        series: " ".join(_spelled(points, script, series in tracks.clocked)) for series, points in tracks.points.items()
    }


def at_step(script: Script, text: str) -> int:
    """The first scrape that sees what happens at this time."""
    return int(-(-script.seconds(text) // script.step))


def _absences(script: Script) -> Iterator[tuple[int, int]]:
    """From which step on the exporter is down, and from which it is back."""
    away: int | None = None
    for event in script.timeline:
        if event.exporter == "away":
            away = at_step(script, event.at)
        elif event.exporter == "back" and away is not None:
            yield away, at_step(script, event.at)
            away = None
    if away is not None:
        yield away, script.steps


def _cut(points: dict[int, float | None], away: int, back: int, meanwhile: float | None) -> None:
    """Uses ``meanwhile`` from ``away`` on, and the current values again from ``back`` on."""
    before = [step for step in points if step <= back]
    if not before:
        return
    value = points[max(before)]
    for step in before:
        if step >= away:
            del points[step]
    points[away], points[back] = meanwhile, value


def _begun(points: dict[int, float | None], begin: int) -> None:
    """Moves the values in force at ``begin`` to that step, and drops earlier ones."""
    before = sorted(step for step in points if step <= begin)
    if before:
        points[begin] = points[before[-1]]
    for step in before:
        if step < begin:
            del points[step]


def _watch(installation: Installation, script: Script, tracks: _Tracks) -> None:
    """The installation's live checks. One that only pushes has none, so only its inventory is written."""
    faults: dict[int, Fault | None] = {0: None}
    for event in script.timeline:
        if (event.fails or event.works) and any(fnmatchcase(installation.name, name) for name in event.who):
            step = at_step(script, event.at)
            began = Fault(event.fails, step * script.step, event.code, event.state, event.planned)
            faults[step] = began if event.fails else None
    live = bool(installation.url)
    before: set[str] = set()
    for step, fault in sorted(faults.items()):
        try:
            seen = status(installation, fault, step * script.step) if live else None
        except ValueError as error:
            raise ScriptError(str(error)) from error
        now: set[str] = set()
        for family in installation_metrics.families(installation, seen):
            for sample in family.samples:
                series = _text(sample)
                now.add(series)
                if sample.name == _CLOCKED:
                    tracks.clocked.add(series)
                    tracks.put(series, step, 0.0)
                else:
                    tracks.put(series, step, sample.value)
        for series in before - now:
            tracks.put(series, step, None)
        before = now


def _write(event: Event, script: Script, tracks: _Tracks) -> None:
    if not event.series:
        return
    at = script.seconds(event.at)
    until = script.seconds(event.until) if event.until else (script.end - script.start).total_seconds()
    while True:
        step = int(-(-at // script.step))
        for series, value in event.series.items():
            tracks.put(_targeted(series), step, _number(value, at))
        if event.every is None or at + event.every > until:
            return
        at += event.every


def _number(value: Value, now: float) -> float | None:
    if not isinstance(value, str):
        return value
    found = _NOW.fullmatch(value)
    if found is None:
        raise ScriptError(f"neither a number nor now, now-2h, now+3d: {value!r}")
    return now + (clock.seconds(found[2]) * (1 if found[1] == "+" else -1) if found[2] else 0.0)


def _targeted(series: str) -> str:
    """The series with the labels that Prometheus adds."""
    return f"{series[:-1]},{TARGET}}}" if series.endswith("}") else f"{series}{{{TARGET}}}"


def _text(sample: Sample) -> str:
    labels = ",".join(f'{name}="{_quoted(value)}"' for name, value in sample.labels.items())
    return _targeted(f"{sample.name}{{{labels}}}" if labels else sample.name)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _spelled(points: Mapping[int, float | None], script: Script, clocked: bool) -> Iterator[str]:
    ordered = sorted((step, value) for step, value in points.items() if 0 <= step < script.steps)
    if not ordered:
        # A series that the script sets only before its start or after its end.
        yield f"_x{script.steps}"
        return
    if ordered[0][0] > 0:
        yield f"_x{ordered[0][0]}"
    for (step, value), (following, _) in pairwise([*ordered, (script.steps, None)]):
        length = following - step
        if value is None:
            # What Prometheus writes when a scrape no longer has a series.
            yield "stale"
            if length > 1:
                yield f"_x{length - 1}"
        elif clocked:
            yield f"{step * script.step + value:.15g}+{script.step:.15g}x{length - 1}"
        else:
            yield f"{value:.15g}x{length - 1}"

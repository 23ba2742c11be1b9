"""Plays a manager's weeks: the stand's series, the real rules in stepped time, the rendered routes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import yaml

from demo.rundir import RunDirectory
from kodeks_exporter.config.load import load
from kodeks_exporter.render.files import render
from kodeks_exporter.settings.fleet import Fleet, Installation
from replay import engine
from replay.series import series_of
from replay.week.dispatch import Change, Model, Sent
from replay.week.parts import part
from replay.week.stand import Stand, stand
from replay.week.told import Planted, planted

_SELDOM: Final = 6
"""Steps of live checks per step of hourly data."""
_SETTINGS: Final = {
    "smtp": {"smarthost": "localhost:25", "sender": "k@dealer.example", "require_tls": False},
    "telegram": {"bot_token": "1:x"},
    "ops": {"email": "ops@dealer.example", "telegram_chat_id": -1001000000001},
}


@dataclass(frozen=True, slots=True)
class Size:
    """``first``: the first day, in January or February 2026."""

    installations: int = 40
    accesses: int = 20
    first: dt.date = dt.date(2026, 2, 9)
    days: int = 14
    warm_up: int = 3


@dataclass(frozen=True, slots=True)
class Weeks:
    """``sent`` and ``planted`` start at ``begin``; all times are seconds after ``start``. ``changes``: of alerts, in
    order, including those of the warm-up."""

    start: dt.datetime
    begin: float
    length: float
    sent: tuple[Sent, ...]
    planted: tuple[Planted, ...]
    changes: tuple[Change, ...]


def play(size: Size, progress: Callable[[str], None] = lambda _: None, known: Sequence[Change] | None = None) -> Weeks:
    """Raises EngineError, OSError. For a week of 40 installations the rules take several minutes of CPU time;
    ``known``: what they found earlier."""
    directory = RunDirectory()
    try:
        return _play(size, directory.path, progress, known)
    finally:
        directory.remove()


def _play(size: Size, folder: Path, progress: Callable[[str], None], known: Sequence[Change] | None) -> Weeks:
    progress("стенд")
    made = stand(size.installations, size.accesses, size.first, size.days, size.warm_up)
    script = made.script
    config = folder / "kodeks.yml"
    config.touch(mode=0o600)
    config.write_text(yaml.safe_dump({**script.fleet, "alertmanager": _SETTINGS}, allow_unicode=True), encoding="utf-8")
    settings = load(config, {})
    for file in render(settings).files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    rules = [path for path in sorted((folder / "rules").glob("*.yml")) if path.name not in engine.LEFT_OUT]
    changes = list(known or ())
    for live in (True, False) if known is None else ():
        progress(f"Prometheus: {'живые проверки' if live else 'отчёты и онлайн-доступы'}")
        changes += _changes(made, settings.fleet, rules, folder, live=live)
    progress("маршруты Alertmanager")
    length = script.steps * script.step
    document = yaml.load((folder / "alertmanager.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    begin = made.first * script.step
    changes.sort(key=lambda change: change.at)
    sent = Model(document, script.start, length).play(changes)
    start = script.start.timestamp()
    return Weeks(
        script.start,
        begin,
        length,
        tuple(message for message in sent if message.at >= begin),
        tuple(planted(made.history, start, start + begin, start + length)),
        tuple(changes),
    )


def _changes(made: Stand, fleet: Fleet, rules: list[Path], folder: Path, *, live: bool) -> Iterator[Change]:
    """From the rules of live checks, or from all others."""
    times = 1 if live else _SELDOM
    script = made.script.model_copy(update={"step": made.script.step * times})
    more = {name: {-(-step // times): value for step, value in points.items()} for name, points in made.more.items()}
    asked = part(rules, folder, script.step, live=live)
    begin = made.begin // times
    if live:
        fleet = replace(fleet, installations=_eventful(made, fleet))
        more = {name: points for name, points in more.items() if _about(name, fleet)}
    series = asked.reads(series_of(script, fleet, more, begin))
    for step, begun, ended in engine.changes(script, series, [asked.rules], folder, begin):
        yield Change(step * script.step, frozenset(begun), frozenset(ended))


_INSTALLATION: Final = re.compile(r'\binstallation="([^"]*)"')


def _eventful(made: Stand, fleet: Fleet) -> Mapping[str, Installation]:
    """Installations where a check fails at some time, and their neighbours on the same hosting; the others cause no
    messages."""
    failing = {name for event in made.script.timeline for name in event.who or _INSTALLATION.findall(str(event.series))}
    hostings = {fleet.installations[name].hosting for name in failing} - {""}
    return {name: each for name, each in fleet.installations.items() if name in failing or each.hosting in hostings}


def _about(series: str, fleet: Fleet) -> bool:
    found = _INSTALLATION.search(series)
    return found is None or found[1] in fleet.installations

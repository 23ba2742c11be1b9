"""Plays some weeks of a manager: the stand's series, the real rules by stepped time, the rendered routes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from demo.rundir import RunDirectory
from kodeks_exporter.config.load import load
from kodeks_exporter.render.files import render
from replay import engine
from replay.series import series_of
from replay.week.dispatch import Change, Model, Sent
from replay.week.stand import stand
from replay.week.told import Planted, planted

_LEFT_OUT: Final = ("score.yml", "history.yml")
"""Figures of quarters: nothing that ten days could change, and half of the work."""
_SETTINGS: Final = {
    "smtp": {"smarthost": "localhost:25", "sender": "k@dealer.example", "require_tls": False},
    "telegram": {"bot_token": "1:x"},
    "ops": {"email": "ops@dealer.example", "telegram_chat_id": -1001000000001},
}


@dataclass(frozen=True, slots=True)
class Size:
    """``first``: the first day, of January or February 2026."""

    installations: int = 40
    accesses: int = 20
    first: dt.date = dt.date(2026, 2, 2)
    days: int = 21
    warm_up: int = 3


@dataclass(frozen=True, slots=True)
class Weeks:
    """``sent`` and ``planted`` begin with ``begin``; all times are seconds after ``start``."""

    start: dt.datetime
    begin: float
    length: float
    sent: tuple[Sent, ...]
    planted: tuple[Planted, ...]


def play(size: Size, progress: Callable[[str], None] = lambda _: None) -> Weeks:
    """Raises EngineError, OSError. A week of 40 installations takes some minutes of a processor."""
    directory = RunDirectory()
    try:
        return _play(size, directory.path, progress)
    finally:
        directory.remove()


def _play(size: Size, folder: Path, progress: Callable[[str], None]) -> Weeks:
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
    rules = [path for path in sorted((folder / "rules").glob("*.yml")) if path.name not in _LEFT_OUT]
    progress("Prometheus: правила шаг за шагом")
    series = series_of(script, settings.fleet, made.more, made.begin)
    found = engine.changes(script, series, rules, folder, made.begin)
    progress("маршруты Alertmanager")
    length = script.steps * script.step
    document = yaml.safe_load((folder / "alertmanager.yml").read_text(encoding="utf-8"))
    changes = [Change(step * script.step, frozenset(begun), frozenset(ended)) for step, begun, ended in found]
    begin = made.first * script.step
    sent = Model(document, script.start, length).play(changes)
    start = script.start.timestamp()
    return Weeks(
        script.start,
        begin,
        length,
        tuple(message for message in sent if message.at >= begin),
        tuple(planted(made.history, start, start + begin, start + length)),
    )

"""Building the year, once: the result is kept under ``.cache/year`` by a hash of all that it is made of."""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from demo.history.accesses import online
from demo.history.counting import live
from demo.history.families import write_all
from demo.history.model import History
from demo.history.sites import sites
from demo.history.truth import truth
from demo.tools import ROOT
from demo.year import blocks
from demo.year.prometheus import serve, sweep
from demo.year.record import record
from demo.year.rules import DAY, HOUR, Rule, levels, read_by_others, recording

CACHE = ROOT / ".cache" / "year"
END = dt.date(2025, 11, 27)
"""Midnight UTC at which the year ends. Fixed, so that what was built yesterday is good today. Ten months of a calendar
year are over then, and some renewals of that year are still to come."""
DAYS = 395
_KEPT = 5
"""Years in the cache at most: of tests, of the measurement, of somebody's own."""
_MADE_OF = (
    "demo/history", "demo/people", "demo/stand/reports", "demo/year/build.py", "demo/year/blocks.py",
    "demo/year/record.py",
)  # fmt: skip


@dataclass(frozen=True)
class Year:
    """A built year in ``folder``. ``end``: Unix seconds, "now" of whoever looks at it: half an hour before midnight."""

    folder: Path
    start: int
    end: int
    installations: int

    @property
    def blocks(self) -> Path:
        """What Prometheus may be started over, see ``serve``."""
        return self.folder / "blocks"

    @cached_property
    def truth(self) -> dict[str, Any]:
        """What the model knows to be true, see demo/history/truth.py."""
        told: dict[str, Any] = json.loads((self.folder / "truth.json").read_text(encoding="utf-8"))
        return told


@dataclass(frozen=True, slots=True)
class Size:
    """What a year is asked for with."""

    installations: int = 200
    accesses: int = 150
    users: int = 20
    """Most users of an installation."""
    end: dt.date = END
    days: int = DAYS
    fine_days: int = 35
    """How many of the last days are kept in full: as much as 13 months of hourly figures would be is seldom needed."""
    seed: int = 0


def build(size: Size, folder: Path | None = None, say: Callable[[str], None] = lambda _: None) -> Year:
    """The year from the cache; built when it is not there. ``folder``: build it there, outside of the cache.

    Several processes may ask at once: one builds, the others wait.
    """
    if folder is not None:
        if folder.exists() and any(folder.iterdir()):
            raise FileExistsError(f"{folder} is not empty")
        return _build(size, recording(), folder, say)
    rules = recording()
    kept = CACHE / _key(size, rules)
    if not kept.exists():
        with _lock(CACHE):
            if not kept.exists():
                _make_room(CACHE)
                work = CACHE / "building"
                _build(size, rules, work, say)
                work.rename(kept)
    (kept / "year.json").touch()
    return _year(size, kept)


def _build(size: Size, rules: list[Rule], folder: Path, say: Callable[[str], None]) -> Year:
    begun = time.monotonic()

    def done(what: str) -> None:
        say(f"{time.monotonic() - begun:6.1f} s  {what}")

    year = _year(size, folder)
    work = folder / "work"
    work.mkdir(parents=True)
    first = (year.start - DAY) // blocks.BLOCK
    count = year.end // blocks.BLOCK - first + 1
    start = size.end - dt.timedelta(days=size.days)
    lives = [
        live(size.seed, site, start, size.days)
        for site in sites(size.seed, size.installations, size.users, start, size.end)
    ]
    history = History(lives, online(size.seed, size.accesses, start, size.days), HOUR)
    with blocks.writer(work / "samples", first, count) as writer:
        write_all(history, writer)
    (folder / "truth.json").write_text(json.dumps(truth(history), ensure_ascii=False), encoding="utf-8")
    done(f"{writer.samples} samples of {writer.series} series written")
    del lives, history
    texts = sorted((work / "samples").iterdir())
    blocks.create(texts, work / "data")
    done("in blocks")
    added: list[Path] = []
    wanted = read_by_others(rules)
    for number, level in enumerate(levels(rules)):
        with serve(work / "data") as url:
            for read, name in ((True, f"read{number}"), (False, f"told{number}")):
                own = work / name
                with blocks.writer(own, first, count) as writer:
                    chosen = [rule for rule in level if (rule.name in wanted) == read]
                    record(url, chosen, writer, year.start, year.end, size.fine_days)
                    writer.end()
                done(f"{writer.samples} samples of recording rules")
                added.append(own)
        blocks.create(sorted((work / f"read{number}").iterdir()), work / "data")
    done("recorded")
    for text in texts:
        blocks.append(text, [own / text.name for own in added])
    blocks.create(texts, year.blocks)
    shutil.rmtree(work)
    (folder / "year.json").write_text(json.dumps({"end": year.end, "installations": size.installations}) + "\n")
    done("all in blocks")
    return year


def _year(size: Size, folder: Path) -> Year:
    end = int(dt.datetime.combine(size.end, dt.time(), dt.UTC).timestamp())
    return Year(folder, end - size.days * DAY, end - HOUR // 2, size.installations)


def _key(size: Size, rules: list[Rule]) -> str:
    seen = hashlib.sha256(repr((size, rules)).encode())
    for source in _MADE_OF:
        for path in sorted((ROOT / source).rglob("*.py")) or [ROOT / source]:
            seen.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return seen.hexdigest()[:16]


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make_room(cache: Path) -> None:
    """Remove the years that were not asked for longest, and what an interrupted building left; none that is in use."""
    shutil.rmtree(cache / "building", ignore_errors=True)
    idle = []
    for folder in (path for path in cache.iterdir() if path.is_dir()):
        sweep(folder / "runs")
        if not any((folder / "runs").glob("*")):
            idle.append(folder)
    idle.sort(key=_asked, reverse=True)
    for place, folder in enumerate(idle):
        if place >= _KEPT - 1 or _asked(folder) == 0:
            shutil.rmtree(folder, ignore_errors=True)


def _asked(folder: Path) -> float:
    """When a year was last asked for; 0: it is none."""
    told = folder / "year.json"
    return told.stat().st_mtime if told.exists() else 0

"""A manager's fleet over several weeks: the demo's history, played by a script through the replay's engine.

People, refusals, searches, licences and online accesses come from ``demo.history``. The exporter's own code writes the
metrics of an incident's checks, as in every replay. Time starts on 1 January, as promtool's does.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from demo.history import facts
from demo.history.accesses import online
from demo.history.counting import live
from demo.history.families import write_all
from demo.history.life import Life
from demo.history.model import History
from demo.history.openmetrics import Writer
from demo.history.sites import sites
from demo.tools import ROOT
from replay.script import Script

MANAGER: Final = "ivanova"
YEAR: Final = dt.date(2026, 1, 1)
_ZERO: Final = int(dt.datetime.combine(YEAR, dt.time(), dt.UTC).timestamp())
_DAY: Final = 86400
_HOUR: Final = 3600
_SEED: Final = 3
_HOLD: Final = 8 * _DAY
"""Seconds: totals are written at least once a week, and stay valid until the next time."""
_LAST_HOLD: Final = 25 * _HOUR
_NAME: Final = re.compile(r"kodeks_\w+")
_CHECKS: Final = re.compile(
    "kodeks_(check_|installation_(info|state)|catalog_|maintenance_|sysinfo_(created|received)_|online_read_|exporter_)"
)
"""Written by the live checks, or by this module itself."""


@dataclass(frozen=True, slots=True)
class Stand:
    """``more``: series other than those of the checks, by step. ``begin``, ``first``: the steps at which it starts, and
    from which it counts."""

    script: Script
    history: History
    more: dict[str, dict[int, float | None]]
    begin: int
    first: int


def stand(
    installations: int, accesses: int, first: dt.date, days: int, warm_up: int, step: int = 300, seed: int = _SEED
) -> Stand:
    """``days`` days from ``first`` on; ``step``: seconds between two evaluations.

    ``warm_up``: days before the first one that counts, in which people are told about existing problems.
    """
    end = first + dt.timedelta(days=days)
    length = (end - YEAR).days
    found = sites(seed, installations, 20, YEAR, end)
    own = [replace(site, manager=MANAGER, branch="saratov", time_zone="Europe/Moscow") for site in found]
    logins = online(seed, accesses, YEAR, length)
    for access in logins.accesses:
        access.manager, access.branch = MANAGER, "saratov"
    history = History([live(seed, site, YEAR, length, length) for site in own], logins, _HOUR)
    begin = int(dt.datetime.combine(first, dt.time(), dt.UTC).timestamp()) - warm_up * _DAY
    holding = _Holding(begin, history.end, step, _read())
    write_all(history, holding)
    _own(history, holding)
    script = Script.model_validate(
        {
            "case": 0, "title": "Неделя менеджера", "today": "", "here": "", "calendar": True, "step": float(step),
            "start": dt.datetime(2026, 1, 1, 3),
            "end": dt.datetime(2026, 1, 1, 3) + dt.timedelta(seconds=history.end - _ZERO - step),
            "fleet": _fleet(history), "timeline": list(_timeline(history, begin)),
        }
    )  # fmt: skip
    steps = (begin - _ZERO) // step
    return Stand(script, history, holding.points, steps, steps + warm_up * _DAY // step)


def _read() -> frozenset[str]:
    """The metrics that rules read, including those read by texts: a text's query costs little."""
    return frozenset(
        name
        for path in (ROOT / "rules").glob("*.yml")
        for group in yaml.load(Path(path).read_text(encoding="utf-8"), yaml.CSafeLoader)["groups"]
        for rule in group["rules"]
        for name in _NAME.findall(rule["expr"])
    )


class _Holding(Writer):
    """Holds each value until the next one, by step: what a scrape would find."""

    def __init__(self, begin: int, end: int, step: int, wanted: Iterable[str]) -> None:
        self.samples = self.series = 0
        self.points: dict[str, dict[int, float | None]] = {}
        self._begin, self._end, self._step = begin, end, step
        self._wanted = frozenset(wanted)

    def family(self, name: str, kind: str, text: str) -> None:
        pass

    def write(self, name: str, moments: Sequence[int], values: Iterable[float]) -> None:
        metric = name.partition("{")[0]
        known = metric in self._wanted or re.sub("_(bucket|sum|count)$", "", metric) in self._wanted
        if known and not _CHECKS.match(metric):
            self.keep(name, list(zip(moments, values, strict=True)))

    def constant(self, name: str, moments: Sequence[int], value: float = 1) -> None:
        self.write(name, moments, [value] * len(moments))

    def end(self) -> None:
        pass

    def keep(self, name: str, samples: Sequence[tuple[int, float]]) -> None:
        """``samples``: Unix seconds and values, in order."""
        points: dict[int, float | None] = {}
        dated = name.partition("{")[0].endswith("_timestamp_seconds")
        for place, (at, value) in enumerate(samples):
            following = samples[place + 1][0] if place + 1 < len(samples) else self._end + _DAY
            until = following if following - at <= _HOLD else at + _LAST_HOLD
            if until <= self._begin:
                continue
            points[self._at(max(at, self._begin))] = value - _ZERO if dated else value
            if until < following:
                points[self._at(until)] = None
        if points:
            self.points[name] = points

    def _at(self, moment: int) -> int:
        return -(-(moment - _ZERO) // self._step)


def _own(history: History, holding: _Holding) -> None:
    """What the history samples too rarely for alerts: age of reports and readings, broken catalogs."""
    hours = range(history.start, history.end, _HOUR)
    for life in history.lives:
        name = f'{{installation="{life.site.name}"'
        came = [(at, float(facts.report_received(life, at))) for at in hours]
        via = facts.report_via(life)
        holding.keep(f'kodeks_sysinfo_received_timestamp_seconds{name},via="{via}"}}', came)
        holding.keep(f"kodeks_sysinfo_created_timestamp_seconds{name}}}", [(at, value - 30) for at, value in came])
    for access in history.online.accesses:
        last = history.end if access.refused_since is None else history.online.probes[access.refused_since]
        read = [(at, float(min(at, last) - 600)) for at in hours]
        holding.keep(f'kodeks_online_read_timestamp_seconds{{account="{access.account}"}}', read)


def _fleet(history: History) -> dict[str, Any]:
    hours = {"start": "07:30", "end": "20:00", "days": "monday:friday"}
    credentials = {"username": "smartlogin", "password": "smartpassword"}
    return {
        "managers": [
            {"name": MANAGER, "email": ["ivanova@dealer.example"], "telegram_chat_id": -1001000000002,
             "branch": "saratov", "time_zone": "Europe/Moscow", "working_hours": hours},
        ],
        "installations": [_installation(life, credentials) for life in history.lives],
        "online_accesses": [
            {"name": each.account, "client": each.client, "manager": MANAGER, "url": f"https://{each.server}/kodeks01",
             "credentials": credentials | {"username": each.login}}
            for each in history.online.accesses
        ],
    }  # fmt: skip


def _installation(life: Life, credentials: dict[str, str]) -> dict[str, Any]:
    site = life.site
    live_checks = {"url": site.url, "credentials": credentials, "catalogs": list(site.company.catalogs)}
    return {
        "name": site.name, "client": site.client, "manager": site.manager, "mode": site.mode,
        "supported": site.supported, "time_zone": site.time_zone,
        **({"hosting": site.hosting} if site.hosting else {}),
        **(live_checks if site.url else {}),
    }  # fmt: skip


_FAILS: Final = {"page": "page", "tcp": "tcp", "maintenance": "maintenance", "key": "key", "seats": "seats"}


def _timeline(history: History, begin: int) -> Iterable[dict[str, Any]]:
    for life in history.lives:
        for each in life.incidents:
            since, until = (max(life.start + hour * _HOUR, begin) for hour in (each.begin, each.end))
            if until <= begin:
                continue
            if each.check == "catalog":
                yield from _catalog(life, since, until)
                continue
            event: dict[str, Any] = {"at": _clock(since), "who": [life.site.name], "fails": _FAILS[each.check]}
            if each.check == "page":
                event["state"] = each.state
            if each.check == "key":
                event["code"] = 4111
            yield event
            yield {"at": _clock(until), "who": [life.site.name], "works": True}


def _catalog(life: Life, since: int, until: int) -> Iterable[dict[str, Any]]:
    labels = f'installation="{life.site.name}",catalog="{life.site.company.catalogs[0]}"'
    good = f'kodeks_catalog_products_ok{{{labels},reason=""}}'
    bad = f'kodeks_catalog_products_ok{{{labels},reason="unexpected change list products"}}'
    yield {"at": _clock(since), "series": {good: None, bad: 0}}
    yield {"at": _clock(until), "series": {good: 1, bad: None}}


def _clock(moment: int) -> str:
    """A time as scripts write it: Moscow time, with days after the first."""
    at = moment - _ZERO + 3 * _HOUR
    return f"+{at // _DAY}d {at % _DAY // _HOUR:02}:{at % _HOUR // 60:02}"

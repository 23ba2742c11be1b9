"""Metrics of online accesses."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from demo.history.accesses import CLASSES, EVENT_DAYS, RESOURCES, ZONE, Access, Accesses
from demo.history.model import History
from demo.history.monthly import FINAL_DAYS
from demo.history.openmetrics import Writer, labels
from demo.people import words

_OK_EVENTS, _OK_DAYS, _UNSUCCESSFUL_EVENTS = 20, 2, 50
_READ_AGE = 600


def billing(history: History, writer: Writer) -> None:
    online = history.online
    for server, down in online.down.items():
        writer.write("kodeks_online_server_up" + labels(server=server), online.probes, _up(online, down))
    months = _months(online)
    few = [place for place in range(len(online.moments)) if place % 7 == 0 or place >= len(online.moments) - 31]
    for each in online.accesses:
        writer.constant(_head(
            "kodeks_online_access_info", each, client=each.client, manager=each.manager, branch=each.branch,
            server=each.server, login=each.login,
        ), online.moments)  # fmt: skip
        _visits(online, each, writer)
        _read(history, each, writer)
        _figures(online, each, months, writer)
        for (kind, status), totals in each.searches.items():
            if totals[-1]:
                head = _head("kodeks_online_searches_total", each, type=kind, status=status)
                writer.write(head, [online.moments[place] for place in few], [totals[place] for place in few])
        _events(history, each, writer)
        _use(online, each, months, writer)
        _past(online, each, writer)


def _head(name: str, access: Access, **more: str) -> str:
    return name + labels(account=access.account, **more)


def _up(online: Accesses, down: set[int]) -> list[int]:
    return [int(place not in down) for place in range(len(online.probes))]


def _visits(online: Accesses, access: Access, writer: Writer) -> None:
    probes, down = online.probes, online.down[access.server]
    writer.write(_head("kodeks_online_up", access), probes, _up(online, down))
    # A server that does not answer says nothing of the login.
    known = [place for place in range(len(probes)) if place not in down]
    refused = len(probes) if access.refused_since is None else access.refused_since
    head = _head("kodeks_online_login_success", access)
    writer.write(head, [probes[place] for place in known], [int(place < refused) for place in known])
    for reason, places in {"connection": down, "refused": set(range(refused, len(probes)))}.items():
        if places:
            moments, totals = _count(probes, sorted(places))
            writer.write(_head("kodeks_online_errors_total", access, reason=reason), moments, totals)


def _count(probes: Sequence[int], failed: list[int]) -> tuple[list[int], list[int]]:
    """A counter from the probe before the first failure on, once a day and at each failure."""
    first = max(0, failed[0] - 1)
    places = sorted({first, *failed, *(place for place in range(first, len(probes)) if place % 4 == 0)})
    return [probes[place] for place in places], [bisect_right(failed, place) for place in places]


def _read(history: History, access: Access, writer: Writer) -> None:
    moments = sorted({*history.online.moments, *history.last_hours})
    refused = access.refused_since
    last = moments[-1] if refused is None else history.online.probes[refused] - _READ_AGE
    head = _head("kodeks_online_read_timestamp_seconds", access)
    writer.write(head, moments, [min(at - _READ_AGE, last) for at in moments])


def _figures(online: Accesses, access: Access, months: Sequence[_Month], writer: Writer) -> None:
    for resource in RESOURCES:
        left = access.left[resource]
        writer.constant(
            _head("kodeks_online_limit", access, resource=resource), online.moments, access.limits[resource]
        )
        writer.write(_head("kodeks_online_left", access, resource=resource), online.moments, left)
        for month, own, after in months:
            head = _head("kodeks_online_month_left", access, resource=resource, month=month)
            values = [*(left[place] for place in own), *(left[own[-1]] for _ in after)]
            writer.write(head, [online.moments[place] for place in (*own, *after)], values)


_Month = tuple[str, list[int], list[int]]
"""A month with the places of its moments, and of the later ones at which it is still shown."""


def _months(online: Accesses) -> list[_Month]:
    places: dict[str, list[int]] = {}
    days = [dt.datetime.fromtimestamp(at, ZONE).date() for at in online.moments]
    for place, day in enumerate(days):
        places.setdefault(f"{day:%Y-%m}", []).append(place)
    return [
        (month, places[month], [place for place in places.get(following, ()) if days[place].day <= FINAL_DAYS])
        for month, following in pairwise((*places, ""))
    ]


def _events(history: History, access: Access, writer: Writer) -> None:
    ok = [event for event in access.events if event.status == "ok" and event.at > history.end - _OK_DAYS * 86400]
    unsuccessful = [
        event for event in access.events if event.status != "ok" and event.at > history.end - EVENT_DAYS * 86400
    ]
    rows: dict[str, tuple[int, float]] = {}
    for event in (*unsuccessful[-_UNSUCCESSFUL_EVENTS:], *ok[-_OK_EVENTS:]):
        empty = event.status == "empty"
        rows[_head(
            "kodeks_online_search_event_info", access, type=event.type, status=event.status, query=event.query,
            time=dt.datetime.fromtimestamp(event.at, ZONE).replace(tzinfo=None).isoformat(),
            cause=words.cause(event.query) if empty else "", family=words.family(event.query) if empty else "",
        )] = (event.at, event.duration)  # fmt: skip
    for head, (at, duration) in rows.items():
        known = at - at % 86400 + 86400  # the night after
        moments = [moment for moment in (*history.days, history.end - 3600) if moment >= known]
        if moments:
            writer.constant(head, moments, duration)


def _use(online: Accesses, access: Access, months: Sequence[_Month], writer: Writer) -> None:
    uses = [access.use(month) for month, own, _ in months for _ in own]
    for name in CLASSES:
        # Daily while it is the class, and once a month (and when it ends) while it is not.
        places = [
            place
            for place, use in enumerate(uses)
            if use == name or place % 28 == 0 or place == len(uses) - 1 or (place and uses[place - 1] == name)
        ]
        head = _head("kodeks_online_class", access, **{"class": name})
        writer.write(head, [online.moments[at] for at in places], [int(uses[at] == name) for at in places])


def _past(online: Accesses, access: Access, writer: Writer) -> None:
    """What is advised today, and what an access' own past lets expect of it."""
    busy = [at for at in online.moments if access.use(_month(at)) == "seasonal"]
    if busy:
        writer.constant(_head("kodeks_online_season_months", access), busy, _season(access))
        next_busy = _head("kodeks_online_next_busy_timestamp_seconds", access)
        writer.write(next_busy, busy, [_next_busy(access, _month(at)) for at in busy])
    rows = [(at, wanted) for at in online.moments if (wanted := _expected(access, at)) is not None]
    if rows:
        expected = _head("kodeks_online_documents_expected", access)
        writer.write(expected, [at for at, _ in rows], [count for _, count in rows])
    told: dict[str, list[int]] = {}
    for at, left in zip(online.moments, access.left["documents"], strict=True):
        if advice := advise(access, at, left):
            name, reason = advice
            told.setdefault(_head("kodeks_online_advice", access, advice=name, reason=reason), []).append(at)
        if kind := _deviation(access, at, access.limits["documents"] - left):
            told.setdefault(_head("kodeks_online_deviation", access, kind=kind), []).append(at)
    for head, moments in told.items():
        writer.constant(head, moments)


def _season(access: Access) -> int:
    return 3 if access.kind == "quarterly" else 6


def _next_busy(access: Access, month: str) -> int:
    """Unix seconds: start of the month in which it is expected again, going by its last busy one."""
    busy = [name for name, used in access.used.items() if name <= month and used["documents"] > 0]
    year, number = map(int, (busy[-1] if busy else month).split("-"))
    number += _season(access) - 1
    return int(dt.datetime(year + number // 12, number % 12 + 1, 1, tzinfo=ZONE).timestamp())


def _expected(access: Access, at: int) -> float | None:
    """Documents of a usual month, for the part of it that is over."""
    day = dt.datetime.fromtimestamp(at, ZONE)
    known = [used["documents"] for name, used in access.used.items() if name < f"{day:%Y-%m}"][-3:]
    return round(sum(known) / len(known) * day.day / 31, 1) if known else None


def _deviation(access: Access, at: int, used: int) -> str:
    """silent, busy, or nothing of both."""
    expected, use = _expected(access, at), access.use(_month(at))
    day = dt.datetime.fromtimestamp(at, ZONE).day
    if expected is None or use in ("new", "seasonal"):
        return ""
    if day >= 15 and expected >= 10 and used < 0.15 * expected:
        return "silent"
    return "busy" if used >= 45 and used > 3 * expected else ""


def _month(at: int) -> str:
    return f"{dt.datetime.fromtimestamp(at, ZONE):%Y-%m}"


def advise(access: Access, at: int, left: int) -> tuple[str, str] | None:
    """Advice and reason, when so many documents are left at a moment."""
    use, day = access.use(_month(at)), dt.datetime.fromtimestamp(at, ZONE).day
    share = 1 - left / access.limits["documents"]
    if left == 0:
        return "call", "exhausted"
    if use == "never":
        return "call", "never_used"
    if use == "low" and day >= 20 and share < 0.1:
        return "call", "low"
    if use in ("exhausted", "shared") and share >= 0.75:
        return "call", "upsale"
    if use == "seasonal" and share < 0.03:
        return "wait", "season"
    return None

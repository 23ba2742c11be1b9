"""What is true of the history, told by the model itself and not by its metrics."""

from __future__ import annotations

import datetime as dt
from typing import Any

from demo.history import facts
from demo.history.accesses import ZONE, Access, Accesses
from demo.history.alerts import firing, firing_of
from demo.history.billing import advise
from demo.history.handling import scores
from demo.history.life import KINDS, Life
from demo.history.model import History
from demo.history.reaction import told
from demo.people.diary import Usage

_DAY = 86400
_MONTH_HOURS = 30 * 24


def truth(history: History) -> dict[str, Any]:
    """Plain data for JSON.

    Times are Unix seconds. ``installations``: by name, ``months`` by ``YYYY-MM`` of the server's local time. The first
    month's counters run from its 1st, also where the history begins later (refusals and searches only from there on);
    ``complete`` is false where it ends before the month does. ``usage`` has the kinds of ``kodeks_usage_total``, and
    ``domains`` the same by AD domain. ``availability`` is the share of hours (UTC months; ``availability_30d`` of the
    last 30 days) in which the port was open (``tcp``) and the interface there (``http``; hours in which that could not
    be looked at count as failed). ``zero_requests``: users without any request in the last 30 and 60 days.
    ``operup``: by file, when the newest update was made. ``licence_expiry``: what ends soonest. ``alerts``: what fires
    at the end. ``online``: by account, with its kind of use; ``class`` and ``advice`` are those at the end.
    ``reaction`` and ``handling``: by manager, see demo/history/reaction.py and handling.py.
    """
    return {
        "installations": {life.site.name: _installation(life) for life in history.lives},
        "online": {each.account: _access(history, each) for each in history.online.accesses},
        "reaction": told(history),
        "handling": scores(history),
    }


def _access(history: History, access: Access) -> dict[str, Any]:
    online = history.online
    return {
        "client": access.client,
        "manager": access.manager,
        "branch": access.branch,
        "server": access.server,
        "kind": access.kind,
        "limits": access.limits,
        "months": {
            month: {
                "used": used,
                "left": {resource: access.limits[resource] - count for resource, count in used.items()},
            }
            for month, used in access.used.items()
        },
        "availability": 1 - len(online.down[access.server]) / max(1, len(online.probes)),
        "availability_30d": _answered(online, access, history.end - 30 * _DAY),
        "class": access.use(f"{dt.datetime.fromtimestamp(history.end - 1, ZONE):%Y-%m}"),
        "advice": advise(access, history.end - 1, access.left["documents"][-1]),
        "login_refused": access.refused_since is not None,
        "alerts": [name for name, *_ in firing_of(access, history.end)],
    }


def _answered(online: Accesses, access: Access, since: int) -> float:
    """Share of the visits from ``since`` (Unix seconds) on that were answered."""
    places = [place for place, at in enumerate(online.probes) if at >= since]
    return 1 - len(online.down[access.server].intersection(places)) / max(1, len(places))


def _installation(life: Life) -> dict[str, Any]:
    site = life.site
    months = {}
    for name, month in life.months.items():
        months[name] = {
            "complete": month.complete,
            "activity": month.activity,
            "active_users": month.active,
            "involvement": month.active / site.seats,
            "seats": site.seats,
            "usage": dict(zip(KINDS, (*month.usage, month.rejections), strict=True)),
            "domains": {name: dict(zip(KINDS, sums, strict=True)) for name, sums in month.domains.items()},
            **dict(zip(Usage._fields, month.usage, strict=True)),
            "searches": {status: month.searches[status] for status in ("ok", "empty", "error")},
            "rejections": month.rejections,
            "availability": {check: month.succeeded[check] / month.hours for check in ("tcp", "http") if month.hours},
        }
    return {
        "client": site.client,
        "manager": site.manager,
        "branch": site.branch,
        "mode": site.mode,
        "seats": site.seats,
        "users": life.users[-1] if life.users else 0,
        "most_seats_used": max(life.seats_used, default=0),
        "incidents": [
            {
                "begin": life.start + each.begin * 3600,
                "end": life.start + each.end * 3600,
                "state": each.state,
                "check": each.check,
            }
            for each in life.incidents
        ],
        "availability_30d": {}
        if site.mode == "push"
        else {check: _available(life, check) for check in ("tcp", "http")},
        "zero_requests": {str(days): _zero_requests(life, days) for days in (30, 60)},
        "operup": {volume.operup: facts.operup_made(life, volume, life.moments[-1]) for volume in facts.volumes(life)},
        "licence_expiry": facts.licence_end(life),
        "alerts": [name for name, *_ in firing(life)],
        "months": months,
    }


def _available(life: Life, check: str) -> float:
    """Share of the hours of the last 30 days in which a check succeeded."""
    hours = range(max(0, life.hours - _MONTH_HOURS), life.hours)
    at = {hour: each for each in life.incidents for hour in range(each.begin, each.end)}
    return sum(hour not in at or at[hour].result(check) == 1 for hour in hours) / max(1, len(hours))


def _zero_requests(life: Life, days: int) -> int:
    """Users known at the end who were not there in the last days."""
    since = facts.end(life) - days * _DAY
    count = 0
    for joined, seen in zip(life.joined, life.seen, strict=True):
        last = -1.0 if seen is None else seen.replace(tzinfo=life.site.zone).timestamp()
        count += joined >= 0 and last < since
    return count

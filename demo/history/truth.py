"""What is true of the history, told by the model itself and not by its metrics."""

from __future__ import annotations

from typing import Any

from demo.history.families import History
from demo.history.life import Life
from demo.people.diary import Usage


def truth(history: History) -> dict[str, Any]:
    """Plain data for JSON.

    ``installations``: by name, ``months`` by ``YYYY-MM`` of the server's local time. The first month's counters run
    from its 1st, also where the history begins later; ``complete`` is false where it ends before the month does.
    ``availability`` is the share of hours (UTC months) in which the port was open (``tcp``) and the interface there
    (``http``; hours in which that could not be looked at count as failed). ``online``: by account, with its kind of
    use.
    """
    return {
        "installations": {life.site.name: _installation(life) for life in history.lives},
        "online": {
            each.account: {
                "client": each.client,
                "manager": each.manager,
                "kind": each.kind,
                "limits": each.limits,
                "months": {month: {"used": used} for month, used in each.used.items()},
                "availability": 1 - len(history.online.down[each.server]) / max(1, len(history.online.probes)),
            }
            for each in history.online.accesses
        },
    }


def _installation(life: Life) -> dict[str, Any]:
    site = life.site
    months = {}
    for name, month in life.months.items():
        months[name] = {
            "complete": month.complete,
            "activity": month.activity,
            "active_users": month.active,
            "involvement": month.active / site.seats,
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
            {"begin": life.start + each.begin * 3600, "end": life.start + each.end * 3600, "state": each.state}
            for each in life.incidents
        ],
        "months": months,
    }

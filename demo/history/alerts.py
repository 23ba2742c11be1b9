"""Alerts that fire as the history ends, as Prometheus writes them, with the labels that the rules give.

Only those that go on to the end: a past one could not be seen to have ended between samples an hour apart.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from demo.history import facts
from demo.history.accesses import ZONE, Access
from demo.history.incidents import Incident
from demo.history.life import Life
from demo.history.model import History
from demo.history.openmetrics import Writer, labels

Alert = tuple[str, str, str, dict[str, str]]
"""Name, severity, priority, labels of its own."""

_SHOWN_HOURS = 72
_DAY = 86400
_STATES = {
    "tcp": ("KodeksTcpStatus", "critical", "K1"),
    "key": ("KodeksOnlineSensLockCheck", "critical", "K1"),
    "maintenance": ("KodeksMaintenance", "info", "K4"),
    "catalog": ("KodeksCatalogBroken", "critical", "K2"),
}


_LICENCES = {"KodeksLicenseExpiring2day": 2, "KodeksLicenseExpiring7day": 7, "KodeksLicenseExpiring90day": 90}


def alerts(history: History, writer: Writer) -> None:
    """``ALERTS``, and since when each is active as ``ALERTS_FOR_STATE``."""
    hours = range(max(history.start, history.end - _SHOWN_HOURS * 3600), history.end, 3600)
    for given, since in _rows(history):
        writer.constant("ALERTS" + labels(alertstate="firing", **given), [at for at in hours if at >= since])
        writer.constant("ALERTS_FOR_STATE" + labels(**given), [at for at in hours if at >= since], since)


def _rows(history: History) -> Iterator[tuple[dict[str, str], int]]:
    """Labels, and since when (Unix seconds)."""
    usual = history.end - (_SHOWN_HOURS + 30) * 3600
    for life in history.lives:
        site = life.site
        whose = {"installation": site.name, "client": site.client, "manager": site.manager, "branch": site.branch,
                 "hosting": site.hosting, "url": site.url}  # fmt: skip
        for alert in firing(life):
            days = _LICENCES.get(alert[0])
            yield _labels(whose, alert), facts.licence_end(life) - days * _DAY if days else usual
        for incident in life.incidents:
            if incident.end == life.hours:
                yield _labels(whose, _of_incident(life, incident)), life.start + incident.begin * 3600
    for access in history.online.accesses:
        whose = {"account": access.account, "client": access.client, "manager": access.manager,
                 "branch": access.branch, "server": access.server}  # fmt: skip
        for alert in firing_of(access, history.end):
            yield _labels(whose, alert), usual


def _labels(whose: dict[str, str], alert: Alert) -> dict[str, str]:
    name, severity, priority, own = alert
    return {"alertname": name, "severity": severity, "priority": priority, "product": "kodeks", **whose, **own}


def _of_incident(life: Life, incident: Incident) -> Alert:
    own: dict[str, str] = {}
    if incident.check == "page":
        name = "KodeksNeedSupport" if incident.state == "needs_service" else "KodeksWarning"
        return name, "critical", "K2", own
    if incident.check == "seats":
        return "KodeksLimitsUsers", "info", "K4", own
    if incident.check == "catalog":
        own = {"catalog": life.site.company.catalogs[0], "reason": "unexpected change list products"}
    return *_STATES[incident.check], own


def firing(life: Life) -> Iterator[Alert]:
    """Alerts of what reports tell."""
    end, site = facts.end(life), life.site
    days = (facts.licence_end(life) - end) / _DAY
    if days < 2:
        yield "KodeksLicenseExpiring2day", "critical", "K3", {}
    elif days < 7:
        yield "KodeksLicenseExpiring7day", "critical", "K5", {}
    elif days < 90:
        yield "KodeksLicenseExpiring90day", "info", "K5", {}
    for volume in facts.volumes(life):
        if volume.ill_since is not None:
            yield "KodeksDBerrorsCode2007", "info", "K4", {"volume": volume.name}
        if end - facts.operup_made(life, volume, end) > 3 * _DAY:
            yield "KodeksDBOperUpToOld", "info", "K5", {"file": volume.operup}
    if not facts.spp_works(life):
        yield "KodeksSppStatus", "info", "K4", {}
    for partition, (free, _) in facts.disks(life).items():
        if free < 10 * 2**30:
            yield "KodeksDiskSpaceLow", "info", "K4", {"partition": partition}
    if end - facts.report_received(life, end) > 2 * _DAY:
        yield "SmartXMLfileIsToOld", "critical", "K3", {}
        return
    if not site.supported and life.active[-1]:
        yield "KodeksUnsupportedButUsed", "info", "K5", {}
    if _moscow_day(end) >= 20:
        if life.activity[-1] < 20:
            yield "KodeksUserActivityIsLow", "info", "K5", {}
        if life.active[-1] / site.seats < 0.6:
            yield "KodeksUserAInvolvementIsLow", "info", "K5", {}
    last = life.moments[-1] - _DAY
    if any(found.at > last for found in life.empty):
        yield "KodeksSearchIsEmpty", "info", "K5", {}
    if any(found.at > last and found.status == "error" for found in life.recent):
        yield "KodeksSearchError", "info", "K4", {}


def firing_of(access: Access, end: int) -> Iterator[Alert]:
    """Alerts of an online access at the history's end (Unix seconds)."""
    if access.refused_since is not None:
        yield "OnlineLoginFailed", "critical", "K3", {}
        return
    left, limit = access.left["documents"][-1], access.limits["documents"]
    if left <= 0:
        yield "OnlineBillingDocsLeftZero", "critical", "K3", {"resource": "documents"}
    elif left < 50:
        yield "OnlineBillingDocsLeft50", "critical", "K4", {"resource": "documents"}
    elif left < 150:
        yield "OnlineBillingDocsLeft150", "info", "K5", {"resource": "documents"}
    share, day = 1 - left / limit, _moscow_day(end)
    waiting = access.use(f"{dt.datetime.fromtimestamp(end - 1, ZONE):%Y-%m}") == "seasonal" and share < 0.03
    for name, low, days in (("OnlineUserActivityIsLow10", 0.03, range(10, 20)),
                            ("OnlineUserActivityIsLow20", 0.10, range(20, 30)),
                            ("OnlineUserActivityIsLow30", 0.15, range(30, 32))):  # fmt: skip
        if day in days and share < low and not waiting:
            yield name, "info", "K5", {}


def _moscow_day(end: int) -> int:
    return dt.datetime.fromtimestamp(end - 1, ZONE).day

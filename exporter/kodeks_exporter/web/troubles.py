"""What is wrong besides the live checks: in reports, online accesses and the monitor itself. Pure.

A trouble has the name of its alert, so that page and messages agree; the thresholds are those of the rules. The page is
faster because it has no ``for``. Troubles that need more than the latest figures are taken from Alertmanager's list.
"""

import math
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Final

from kodeks_exporter.domain.check import CheckResult, InstallationState, SnmpFacts
from kodeks_exporter.domain.online import Quota, Resource, reason_text
from kodeks_exporter.domain.protection import in_words
from kodeks_exporter.domain.reaction import Alert
from kodeks_exporter.domain.report import Block
from kodeks_exporter.intake.statuses import Trail
from kodeks_exporter.settings.alerting import THRESHOLDS
from kodeks_exporter.settings.fleet import Installation
from kodeks_exporter.store.access_state import AccessState
from kodeks_exporter.store.changes import REGISTRATION, USERS, VOLUMES, Changes
from kodeks_exporter.store.snapshot import LastReport, ReportSnapshot
from kodeks_exporter.web import words

DAY: Final = 86400.0
_STATUS_SILENT: Final = 2
"""After this many empty statuses in a row the client's server counts as silent; they come every 15 minutes."""
_UNREADABLE_FOR: Final = DAY
_SHOWN: Final = 5
_GIB: Final = 2**30
_LICENCE_90: Final = "KodeksLicenseExpiring90day"
RANKS: Final[Mapping[str, int]] = {
    "KodeksDnsFailure": 1, "KodeksTcpStatus": 1, "KodeksBehindProxyDown": 1, "KodeksOnlineSensLockCheck": 1,
    "LicmanTcpStatus": 1, "KodeksOfflineSensLockCheck": 1,
    "KodeksIcmp": 2, "KodeksHttp200Status": 2, "KodeksWarning": 2, "KodeksNeedSupport": 2, "KodeksAuthNotWork": 2,
    "KodeksCatalogBroken": 2, "LicmanIcmp": 2, "KodeksStatusSilent": 2, "KodeksServiceProcessDown": 2,
    "SmartXMLfileIsToOld": 3, "KodeksLicenseExpiring2day": 3, "OnlineServerDown": 3, "OnlineLoginFailed": 3,
    "OnlineBillingDocsLeftZero": 3, "OnlineBillingSearchLeftZero": 3, "OnlineBillingPrintLeftZero": 3,
    "OnlineBillingUploadLeftZero": 3, "KodeksMaintenanceToLong": 2,
    "KodeksLimitsUsers": 4, "KodeksMaintenance": 4, "KodeksCertificateExpiring": 4, "KodeksDBerrorsNoCode": 4,
    "KodeksDBerrorsCode2007": 4, "KodeksDBerrorsCodeXXX": 4, "KodeksDBLicensesZero": 4, "KodeksSppStatus": 4,
    "KodeksSysinfoUnreadable": 4, "KodeksReportShrunk": 4, "KodeksReportOfAnother": 4, "KodeksSnmpFailed": 4,
    "KodeksDiskSpaceLow": 4, "OnlineBillingDocsLeft50": 4, "OnlineBillingSearchLeft50": 4,
    "OnlineBillingPrintLeft50": 4, "OnlineBillingUploadLeft50": 4,
    "KodeksDBOperUpToOld": 5, "KodeksLicenseExpiring7day": 5, "KodeksLicenseExpiring90day": 5,
    "KodeksVersionChanged": 5, "OnlineBillingDocsLeft150": 5, "OnlineBillingSearchLeft150": 5,
    "OnlineBillingPrintLeft150": 5, "OnlineBillingUploadLeft150": 5,
}  # fmt: skip
"""Alerts that the page finds itself, with their priorities, 1 the most urgent."""
_ELSEWHERE: Final = frozenset({"KodeksMonitorImpaired", "KodeksConfigReloadFailed", "KodeksHostingOutage"})
"""Shown by the page itself in banners and notices."""
_OPS: Final = "ops"
"""``manager`` of alerts about the monitor."""
_GRAVE: Final = 3
_NOTED: Final = 5
_GIVEN_UP: Final = 30 * DAY
_STALE_QUOTA: Final = 28 * DAY
_VENDOR: Final = timezone(timedelta(hours=3))
"""The vendor's months are Moscow's (rules/online.yml)."""
_OF_CHECK: Final[Mapping[str, str]] = {
    "dns": "KodeksDnsFailure", "icmp": "KodeksIcmp", "tcp": "KodeksTcpStatus", "tls": "KodeksCertificateExpiring",
    "http": "KodeksHttp200Status", "proxy": "KodeksBehindProxyDown", "maintenance": "KodeksMaintenance",
    "key": "KodeksOnlineSensLockCheck", "page": "KodeksWarning", "seats": "KodeksLimitsUsers",
    "auth": "KodeksAuthNotWork", "catalog": "KodeksCatalogBroken", "licman_icmp": "LicmanIcmp",
    "licman_tcp": "LicmanTcpStatus", "snmp": "KodeksSnmpFailed",
}  # fmt: skip
_OF_RESOURCE: Final = {
    Resource.DOCUMENTS: ("Docs", "документов"),
    Resource.SEARCHES: ("Search", "поиска"),
    Resource.PRINTS: ("Print", "печати"),
    Resource.UPLOADS: ("Upload", "выгрузки"),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """``since``: Unix seconds, None when unknown: a report shows a state, not when it began.

    ``text``: one Russian sentence without its full stop.
    """

    alert: str
    text: str
    since: float | None = None
    priority: int = 0
    """1 to 5, 0: that of ``RANKS``."""

    @property
    def rank(self) -> int:
        return self.priority or RANKS.get(self.alert, 4)

    @property
    def noted(self) -> bool:
        """Not a failure: something for office hours."""
        return self.rank >= _NOTED

    @property
    def tone(self) -> str:
        return "note" if self.noted else "bad" if self.rank <= _GRAVE else "warn"


def alert_of(check: CheckResult, state: InstallationState | None, long: bool) -> str:
    """The alert for a failed check; empty: none. ``long``: maintenance has lasted longer than the site allows."""
    if check.check == "page" and state is InstallationState.NEEDS_SERVICE:
        return "KodeksNeedSupport"
    if check.check == "maintenance" and long:
        return "KodeksMaintenanceToLong"
    return _OF_CHECK.get(check.check, "")


def listed_troubles(
    alerts: Iterable[Alert], subjects: Container[str]
) -> tuple[Mapping[str, tuple[Trouble, ...]], tuple[str, ...]]:
    """Alerts listed by Alertmanager that the page does not find itself, by installation or access; and those of the
    monitor, as sentences. Inhibited alerts are left out: their cause is shown already."""
    found: dict[str, dict[str, list[Alert]]] = {}
    monitor = []
    for alert in sorted(alerts, key=lambda each: each.started):
        name = alert.labels.get("alertname", "")
        if alert.inhibited or name in RANKS or name in _ELSEWHERE:
            continue
        subject = alert.labels.get("installation") or alert.labels.get("account") or ""
        if subject in subjects:
            found.setdefault(subject, {}).setdefault(name, []).append(alert)
        elif alert.manager == _OPS:
            monitor.append(alert.title or alert.summary or name)
    return {subject: worst_first(map(_listed, each.values())) for subject, each in found.items()}, tuple(monitor)


def _listed(alike: list[Alert]) -> Trouble:
    first, more = alike[0], len(alike) - 1
    text = (first.title or first.summary or first.labels["alertname"]).rstrip(".")
    number = first.priority.removeprefix("K")
    return Trouble(
        first.labels["alertname"],
        f"{text} и ещё {more}" if more else text,
        first.started,
        int(number) if number.isdecimal() else _NOTED,
    )


def host_troubles(results: Iterable[CheckResult], thresholds: Mapping[str, float], planned: str) -> tuple[Trouble, ...]:
    """Troubles reported by the SNMP agent of the server's machine. ``planned``: announced downtime, when no service
    runs."""
    found: list[Trouble] = []
    for facts in (each.facts for each in results):
        if not isinstance(facts, SnmpFacts):
            continue
        limit = thresholds["disk_free_gib"] * _GIB
        full = [each for each in facts.disks if each.free < limit < each.size]
        if full:
            listed = ", ".join(f"{each.partition} {words.decimal(each.free / _GIB)} ГБ" for each in full[:_SHOWN])
            found.append(Trouble("KodeksDiskSpaceLow", f"Мало места на дисках: {listed}"))
        if facts.processes and not any(facts.processes.values()) and not planned:
            names = _some(sorted(facts.processes))
            found.append(Trouble("KodeksServiceProcessDown", f"Служба не запущена: нет процесса {names}"))
    return tuple(found)


def worst_first(troubles: Iterable[Trouble]) -> tuple[Trouble, ...]:
    return tuple(sorted(troubles, key=lambda each: (each.rank, each.since or 0.0, each.alert)))


def report_troubles(
    installation: Installation,
    snapshot: ReportSnapshot | None,
    trail: Trail | None,
    error: tuple[float, str] | None,
    thresholds: Mapping[str, float],
    now: float,
) -> tuple[Trouble, ...]:
    """``error``: when the last unreadable report came, and why. Judged by the report in force only: an old report
    shows nothing except that it is old."""
    found: list[Trouble] = []
    report = snapshot.report if snapshot is not None else None
    if error is not None and now - error[0] < _UNREADABLE_FOR and (report is None or report.received < error[0]):
        found.append(
            Trouble("KodeksSysinfoUnreadable", f"Последний отчёт не читается: {error[1].rstrip('.')}", error[0])
        )
    if trail is not None and trail.empty >= _STATUS_SILENT:
        text = f"Сервер Кодекса не отвечает скрипту на своей машине: пустых статусов подряд {trail.empty}"
        found.append(Trouble("KodeksStatusSilent", text, trail.fresh or None))
    if report is None:
        return worst_first(found)
    limit = thresholds["sysinfo_age_days"] * DAY
    if now - report.made > limit and installation.supported:
        text = f"Отчёт sysinfo старше {words.duration(limit)}: сделан {words.duration(now - report.made)} назад"
        return worst_first([*found, Trouble("SmartXMLfileIsToOld", text, report.made + limit)])
    assert snapshot is not None
    found += _licences(report, now)
    found += _volumes(report, thresholds, now)
    found += _changes(snapshot.changes, now)
    return worst_first(found)


def _licences(report: LastReport, now: float) -> Iterator[Trouble]:
    header = report.header
    if header.protection is not None and header.protection.ok is False:
        text = in_words(header.protection.code) if header.protection.code else "Ключ защиты не работает"
        yield Trouble("KodeksOfflineSensLockCheck", f"{text} (по отчёту)")
    if header.spp_ok is False:
        yield Trouble("KodeksSppStatus", "СПП не работает: вопросы пользователей не доходят")
    ends = {_file(each.file): each.expires for each in report.volumes if each.expires is not None}
    # A licence that ended long ago was given up, unless all did.
    kept = {file: end for file, end in ends.items() if now - end < _GIVEN_UP}
    if header.expires is not None:
        kept["регистрация"] = header.expires
    if not kept and ends:
        last = max(ends, key=lambda file: ends[file])
        kept = {last: ends[last]}
    left = (min(kept.values()) - now) / DAY if kept else math.inf
    for days, alert in ((2, "KodeksLicenseExpiring2day"), (7, "KodeksLicenseExpiring7day"), (90, _LICENCE_90)):
        if left < days:
            names = _some([file for file, end in kept.items() if end - now < days * DAY])
            when = "кончилась" if left < -1 else f"кончается, дней осталось: {max(0, math.floor(left))}"
            yield Trouble(alert, f"Лицензия {when} ({names})")
            return


def _volumes(report: LastReport, thresholds: Mapping[str, float], now: float) -> Iterator[Trouble]:
    if Block.VOLUMES in report.blocks:
        broken: dict[str, list[str]] = {}
        for volume in report.volumes:
            if volume.has_error:
                alert, code = "KodeksDBerrorsCodeXXX", f"ошибка {volume.error}"
                if volume.error is None:
                    alert, code = "KodeksDBerrorsNoCode", "ошибка без кода"
                elif volume.error == 2007:
                    alert, code = "KodeksDBerrorsCode2007", "нет прав на базу (ошибка 2007)"
                broken.setdefault(f"{alert}\0{code}", []).append(_file(volume.file))
        for key, names in broken.items():
            alert, code = key.split("\0")
            yield Trouble(alert, f"Тома БД, {code}: {_some(names)}")
        if report.volumes and all(volume.expires is None for volume in report.volumes):
            yield Trouble("KodeksDBLicensesZero", "Ни у одного тома нет срока лицензии")
    if Block.OPERUP in report.blocks:
        limit = thresholds["operup_age_days"]
        old = [each for each in report.operup if _workdays(now) - _workdays(each.date) > limit]
        if old:
            files = _some([_file(each.name) for each in old])
            text = f"Оперативные обновления старше {THRESHOLDS['operup_age_days'].words(limit)}: {files}"
            yield Trouble("KodeksDBOperUpToOld", text, _moment(min(_workdays(each.date) for each in old) + limit))


_MONDAY: Final = 3 * DAY + 3 * 3600
"""Before the beginning of Unix time, on Moscow's clock."""


def _workdays(unix: float) -> float:
    """Working days, five a week, since that Monday. As kodeks:operup:old of rules/database.yml."""
    weeks, rest = divmod(unix + _MONDAY, 7 * DAY)
    return 5 * weeks + min(rest / DAY, 5)


def _moment(workdays: float) -> float:
    weeks, rest = divmod(workdays, 5)
    return (7 * weeks + rest) * DAY - _MONDAY


def _changes(changes: Changes, now: float) -> Iterator[Trouble]:
    if changes.registration_changed and now - changes.registration_changed < DAY:
        text = f"Пришёл отчёт с другой регистрацией: {changes.regnum} вместо {changes.regnum_before}"
        yield Trouble("KodeksReportOfAnother", text, changes.registration_changed)
    fresh = [(part, each) for part, each in changes.version_changes.items() if now - each.made < DAY]
    if fresh:
        listed = ", ".join(f"{_PARTS.get(part, part)} {each.before} → {each.after}" for part, each in sorted(fresh))
        yield Trouble("KodeksVersionChanged", f"Версия изменилась: {listed}", max(each.made for _, each in fresh))
    for subject, lost in changes.lost.items():
        what = _LOST.get(subject, subject)
        yield Trouble("KodeksReportShrunk", f"В отчёте не стало {what} (было {lost.had})", lost.since)


_PARTS: Final = {"server": "сервер", "kassist": "kAssist", "sysinfo": "модуль sysinfo"}
_LOST: Final = {USERS: "пользователей", VOLUMES: "томов", REGISTRATION: "сведений о регистрации"}


def access_troubles(state: AccessState, now: float) -> tuple[Trouble, ...]:
    """Troubles of one online access; a server that is down is reported elsewhere, once for all its accesses."""
    found: list[Trouble] = []
    if state.login is False:
        found.append(Trouble("OnlineLoginFailed", reason_text("refused").rstrip(".")))
    if state.read is not None and now - state.read < _STALE_QUOTA and _month(state.read) == _month(now):
        found += (each for resource, quota in state.quotas.items() for each in _limit(resource, quota))
    return worst_first(found)


def _limit(resource: Resource, quota: Quota) -> Iterator[Trouble]:
    """A limit of 0 can't be used up; a limit of 100 is not nearly used up from the start."""
    alert, name = _OF_RESOURCE[resource]
    limit = math.inf if quota.limit is None else quota.limit
    if quota.left <= 0 < limit:
        yield Trouble(f"OnlineBilling{alert}LeftZero", f"Лимит {name} исчерпан")
    elif 0 < quota.left < 50 < limit:
        yield Trouble(f"OnlineBilling{alert}Left50", f"Лимит {name}: осталось {quota.left}")
    elif 50 <= quota.left < 150 < limit:
        yield Trouble(f"OnlineBilling{alert}Left150", f"Лимит {name}: осталось {quota.left}")


def _month(unix: float) -> tuple[int, int]:
    moscow = words.at(unix, _VENDOR)
    return moscow.year, moscow.month


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} и ещё {len(names) - _SHOWN}"


def _file(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2][:80]

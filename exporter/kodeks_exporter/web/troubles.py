"""What is wrong besides the live checks: what reports, online accesses and the monitor itself tell. Pure.

A trouble goes by the name of the alert that tells of it, so that page and messages speak of the same things; the
thresholds are those of the rules. The page is quicker: it waits for no ``for``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from kodeks_exporter.domain.check import CheckResult, InstallationState
from kodeks_exporter.domain.online import Resource, reason_text
from kodeks_exporter.domain.protection import in_words
from kodeks_exporter.domain.report import Block
from kodeks_exporter.intake.statuses import Trail
from kodeks_exporter.settings.fleet import Installation
from kodeks_exporter.store.changes import REGISTRATION, USERS, VOLUMES, Changes
from kodeks_exporter.store.online import AccessState
from kodeks_exporter.store.snapshot import LastReport, ReportSnapshot
from kodeks_exporter.web import words

DAY: Final = 86400.0
_STATUS_SILENT: Final = 2
"""Empty statuses in a row from which the client's server counts as silent; they come each 15 minutes."""
_UNREADABLE_FOR: Final = DAY
_SHOWN: Final = 5
RANKS: Final[Mapping[str, int]] = {
    "KodeksDnsFailure": 1, "KodeksTcpStatus": 1, "KodeksBehindProxyDown": 1, "KodeksOnlineSensLockCheck": 1,
    "LicmanTcpStatus": 1, "KodeksOfflineSensLockCheck": 1,
    "KodeksIcmp": 2, "KodeksHttp200Status": 2, "KodeksWarning": 2, "KodeksNeedSupport": 2, "KodeksAuthNotWork": 2,
    "KodeksCatalogBroken": 2, "LicmanIcmp": 2, "KodeksStatusSilent": 2, "KodeksServiceProcessDown": 2,
    "SmartXMLfileIsToOld": 3, "KodeksLicenseExpiring2day": 3, "OnlineServerDown": 3, "OnlineLoginFailed": 3,
    "OnlineBillingDocsLeftZero": 3, "OnlineBillingSearchLeftZero": 3, "OnlineBillingPrintLeftZero": 3,
    "OnlineBillingUploadLeftZero": 3,
    "KodeksLimitsUsers": 4, "KodeksMaintenance": 4, "KodeksCertificateExpiring": 4, "KodeksDBerrorsNoCode": 4,
    "KodeksDBerrorsCode2007": 4, "KodeksDBerrorsCodeXXX": 4, "KodeksDBLicensesZero": 4, "KodeksSppStatus": 4,
    "KodeksSysinfoUnreadable": 4, "KodeksReportShrunk": 4, "KodeksReportOfAnother": 4, "KodeksSnmpFailed": 4,
    "KodeksDBOperUpToOld": 5,
}  # fmt: skip
"""Alert to the number of its priority, 1 the most urgent."""
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
    """``since``: Unix seconds, None when that is not known: a report tells what is, not since when.

    ``text``: one Russian sentence without its full stop.
    """

    alert: str
    text: str
    since: float | None = None

    @property
    def rank(self) -> int:
        return RANKS.get(self.alert, 4)


def alert_of(check: CheckResult, state: InstallationState | None) -> str:
    """The alert that tells of a failed check; empty: none."""
    if check.check == "page" and state is InstallationState.NEEDS_SERVICE:
        return "KodeksNeedSupport"
    return _OF_CHECK.get(check.check, "")


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
    """``error``: when the last unreadable report came, and why. Each is judged by the report in force alone: an old one
    says nothing of today but that it is old."""
    found: list[Trouble] = []
    report = snapshot.report if snapshot is not None else None
    if error is not None and now - error[0] < _UNREADABLE_FOR and (report is None or report.received < error[0]):
        found.append(Trouble("KodeksSysinfoUnreadable", f"Последний отчёт не читается: {error[1]}", error[0]))
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
    found += _licences(report)
    found += _volumes(report, thresholds, now)
    found += _changes(snapshot.changes, now)
    return worst_first(found)


def _licences(report: LastReport) -> Iterator[Trouble]:
    header = report.header
    if header.protection is not None and header.protection.ok is False:
        text = in_words(header.protection.code) if header.protection.code else "Ключ защиты не работает"
        yield Trouble("KodeksOfflineSensLockCheck", f"{text} (по отчёту)")
    if header.spp_ok is False:
        yield Trouble("KodeksSppStatus", "СПП не работает: вопросы пользователей не доходят")


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
        ends = [volume.expires for volume in report.volumes if volume.expires is not None]
        if not ends and report.volumes:
            yield Trouble("KodeksDBLicensesZero", "Ни у одного тома нет срока лицензии")
        soon = [_file(v.file) for v in report.volumes if v.expires is not None and v.expires - now < 2 * DAY]
        if soon:
            yield Trouble("KodeksLicenseExpiring2day", f"Лицензия томов кончается или кончилась: {_some(soon)}")
    if Block.OPERUP in report.blocks:
        limit = thresholds["operup_age_days"] * DAY
        old = [each for each in report.operup if now - each.date > limit]
        if old:
            files = _some([_file(each.name) for each in old])
            text = f"Оперативные обновления старше {words.duration(limit)}: {files}"
            yield Trouble("KodeksDBOperUpToOld", text, min(each.date for each in old) + limit)


def _changes(changes: Changes, now: float) -> Iterator[Trouble]:
    if changes.registration_changed and now - changes.registration_changed < DAY:
        text = f"Пришёл отчёт с другой регистрацией: {changes.regnum} вместо {changes.regnum_before}"
        yield Trouble("KodeksReportOfAnother", text, changes.registration_changed)
    for subject, lost in changes.lost.items():
        what = _LOST.get(subject, subject)
        yield Trouble("KodeksReportShrunk", f"В отчёте не стало {what} (было {lost.had})", lost.since)


_LOST: Final = {USERS: "пользователей", VOLUMES: "томов", REGISTRATION: "сведений о регистрации"}


def access_troubles(state: AccessState) -> tuple[Trouble, ...]:
    """Of one online access; a server that is down is told once for all its accesses, elsewhere."""
    found: list[Trouble] = []
    if state.login is False:
        found.append(Trouble("OnlineLoginFailed", reason_text("refused").rstrip(".")))
    if state.read is not None:
        for resource, quota in state.quotas.items():
            alert, name = _OF_RESOURCE[resource]
            if quota.left == 0:
                found.append(Trouble(f"OnlineBilling{alert}LeftZero", f"Лимит {name} исчерпан"))
    return worst_first(found)


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} и ещё {len(names) - _SHOWN}"


def _file(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2][:80]

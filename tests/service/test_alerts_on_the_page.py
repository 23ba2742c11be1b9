"""The page counts what the alerts would: each alert of the rules stands on it, or here with the reason."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from kodeks_exporter.domain.check import CheckResult, Disk, InstallationState, Outcome, SnmpFacts
from kodeks_exporter.domain.online import Quota, Resource
from kodeks_exporter.domain.reaction import UNCOUNTED, Alert
from kodeks_exporter.domain.report import OperUpFile, Protection, ReportHeader, Volume
from kodeks_exporter.intake.intake import Refused
from kodeks_exporter.intake.statuses import Trail
from kodeks_exporter.online.watch import server_of
from kodeks_exporter.service.overview import Known, fleet_view
from kodeks_exporter.store.access_state import AccessState
from kodeks_exporter.store.changes import Changes, Lost, VersionChange
from kodeks_exporter.web.installation import installation_page
from kodeks_exporter.web.pages import Pages
from kodeks_exporter.web.query import Query
from kodeks_exporter.web.rows import NOTED
from kodeks_exporter.web.status import status_page
from kodeks_exporter.web.troubles import RANKS
from kodeks_exporter.web.viewers import Sight, narrowed
from tests.service.known import KNOWN, NOW, SETTINGS, live, report

ROOT: Final = Path(__file__).resolve().parents[2]
DAY: Final = 86400.0
PAGES: Final = Pages()
CLEAN: Final = replace(KNOWN, reports={}, trails={}, refused={}, accesses={}, reload_ok=True)

RULES: Final = {
    rule["alert"]: rule["labels"]
    for file in sorted((ROOT / "rules").glob("*.yml"))
    for group in yaml.load(file.read_text("utf-8"), yaml.CSafeLoader)["groups"]
    for rule in group["rules"]
    if "alert" in rule
}
ELSEWHERE: Final = {
    "KodeksWatchdog": "it always fires",
    "KodeksHostingOutage": "a notice above the list, found by the page itself",
    "KodeksMonitorImpaired": "a banner, found by the page itself",
    "KodeksConfigReloadFailed": "a banner, found by the page itself",
    **dict.fromkeys((name for name in RULES if name.endswith("Count")), "its single alerts are on the page"),
    **dict.fromkeys(
        (
            "KodeksSearchIsEmpty",
            "KodeksNewUser",
            "KodeksDetectOverUserError",
            "KodeksSearchError",
            "KodeksClientScoreFell",
            "KodeksHandlingMonth",
        ),
        "tells what has happened, once, and not what is; the digests have it",
    ),
}


def told(known: Known) -> set[str]:
    """The alerts whose guides the pages lead to."""
    view = fleet_view(SETTINGS, known)
    texts = [PAGES.render("status.html", status_page(view, Query(state=state))) for state in ("", NOTED)]
    for each in view.installations:
        page = installation_page(view, each.name, Query())
        assert page is not None
        texts.append(PAGES.render("installation.html", page))
    return set(re.findall(r'href="(?:\.\./)?docs/errors/(\w+)"', "".join(texts)))


def checked(check: str, state: InstallationState = InstallationState.UNREACHABLE, **more: Any) -> Known:
    failed = live("well", CheckResult(check, Outcome.FAILED, "timeout", "не отвечает", **more))
    return replace(CLEAN, live={"well": replace(failed, round=replace(failed.round, state=state))})


def reported(**changes: Any) -> Known:
    return replace(CLEAN, reports={"well": report(**changes)})


def changed(**changes: Any) -> Known:
    return replace(CLEAN, reports={"well": replace(report(), changes=Changes(**changes))})


def volume(error: int | None = None, failed: bool = False, days: float | None = 400) -> Volume:
    return Volume("/b/a.vol", "777", "А", "", None if days is None else NOW + days * DAY, failed, error, "")


def hosted(facts: SnmpFacts) -> Known:
    return replace(CLEAN, live={"well": live("well", CheckResult("snmp", Outcome.OK, facts=facts))})


def left(resource: Resource, number: int, limit: int = 300) -> Known:
    state = AccessState(attempted=NOW, login=True, read=NOW, quotas={resource: Quota(number, limit)})
    return replace(CLEAN, accesses={"used-up": state})


LONG_ONES = checked("maintenance", InstallationState.MAINTENANCE)
FOUND: Final[dict[str, Known]] = {
    "KodeksDnsFailure": checked("dns"),
    "KodeksIcmp": checked("icmp"),
    "KodeksTcpStatus": checked("tcp"),
    "KodeksCertificateExpiring": checked("tls"),
    "KodeksHttp200Status": checked("http"),
    "KodeksBehindProxyDown": checked("proxy"),
    "KodeksMaintenance": checked("maintenance", InstallationState.MAINTENANCE),
    "KodeksMaintenanceToLong": replace(
        LONG_ONES, live={"well": replace(LONG_ONES.live["well"], maintenance_start=NOW - 4 * 3600)}
    ),
    "KodeksOnlineSensLockCheck": checked("key", InstallationState.KEY_MISSING),
    "KodeksWarning": checked("page", InstallationState.WARNING),
    "KodeksNeedSupport": checked("page", InstallationState.NEEDS_SERVICE),
    "KodeksLimitsUsers": checked("seats", InstallationState.OUT_OF_SEATS),
    "KodeksAuthNotWork": checked("auth", InstallationState.OK),
    "KodeksCatalogBroken": checked("catalog", InstallationState.OK),
    "LicmanIcmp": checked("licman_icmp", InstallationState.OK),
    "LicmanTcpStatus": checked("licman_tcp", InstallationState.OK),
    "KodeksSnmpFailed": checked("snmp", InstallationState.OK),
    "KodeksDiskSpaceLow": hosted(SnmpFacts((Disk("C:", 100 * 2**30, 2**30),), {"kodweb": True})),
    "KodeksServiceProcessDown": hosted(SnmpFacts((), {"kodweb": False, "kodwebd": False})),
    "KodeksStatusSilent": replace(CLEAN, trails={"silent": Trail(NOW, NOW - 4000, 3)}),
    "SmartXMLfileIsToOld": reported(made=NOW - 3 * DAY),
    "KodeksSysinfoUnreadable": replace(CLEAN, refused={"well": Refused(NOW - 60, "это не отчёт")}),
    "KodeksOfflineSensLockCheck": reported(
        header=ReportHeader(protection=Protection(ok=False, code=4111, message="", binding=""))
    ),
    "KodeksSppStatus": reported(header=ReportHeader(spp_ok=False)),
    "KodeksDBerrorsNoCode": reported(volumes=(volume(None, failed=True),)),
    "KodeksDBerrorsCode2007": reported(volumes=(volume(2007, failed=True),)),
    "KodeksDBerrorsCodeXXX": reported(volumes=(volume(601, failed=True),)),
    "KodeksDBLicensesZero": reported(volumes=(volume(days=None),)),
    "KodeksDBOperUpToOld": reported(operup=(OperUpFile("a.upd", NOW - 8 * DAY),)),
    "KodeksLicenseExpiring2day": reported(volumes=(volume(days=1.5),)),
    "KodeksLicenseExpiring7day": reported(header=ReportHeader(expires=NOW + 5 * DAY)),
    "KodeksLicenseExpiring90day": reported(volumes=(volume(days=60),)),
    "KodeksReportOfAnother": changed(regnum="2", regnum_before="1", registrations=1, registration_changed=NOW - 60),
    "KodeksReportShrunk": changed(lost={"users": Lost(70, NOW - 60)}),
    "KodeksVersionChanged": changed(version_changes={"server": VersionChange("6.3", "6.4", NOW - 3600)}),
    "OnlineServerDown": replace(CLEAN, servers={server_of(SETTINGS.fleet.online_accesses["gone-1"]): False}),
    "OnlineLoginFailed": replace(CLEAN, accesses={"used-up": AccessState(attempted=NOW, login=False)}),
    **{
        f"OnlineBilling{name}Left{word}": left(resource, number)
        for name, resource in (
            ("Docs", Resource.DOCUMENTS),
            ("Search", Resource.SEARCHES),
            ("Print", Resource.PRINTS),
            ("Upload", Resource.UPLOADS),
        )
        for word, number in (("150", 149), ("50", 49), ("Zero", 0))
    },
}


def listed(name: str, *, inhibited: bool = False, **labels: str) -> Alert:
    own = {"alertname": name, "manager": "ivanova", "installation": "well", **RULES.get(name, {}), **labels}
    told = {key: value for key, value in own.items() if value and "{{" not in value}
    return Alert(name, told, "", (int(NOW - 60) * 1000,), inhibited, frozenset(), f"О чём говорит {name}")


@pytest.mark.parametrize("name", RULES)
def test_every_alert_has_its_place(name: str) -> None:
    if name in ELSEWHERE:
        assert name in UNCOUNTED or name.endswith("Count") or "itself" in ELSEWHERE[name]
        return
    if name in FOUND:
        assert name in told(FOUND[name]), "the page finds it by itself"
        assert name in RANKS
        return
    alert = listed(name, account="used-up", installation="") if name.startswith("Online") else listed(name)
    known = replace(CLEAN, listed={"1": alert})
    texts = [
        PAGES.render("status.html", status_page(fleet_view(SETTINGS, known), Query(state=state)))
        for state in ("", NOTED)
    ]
    assert f"О чём говорит {name}" in "".join(texts), "Alertmanager lists it"


def test_nothing_is_found_that_is_no_alert_or_is_not_tried() -> None:
    assert RANKS.keys() == FOUND.keys()
    assert ELSEWHERE.keys() <= RULES.keys()


def test_well_means_none_of_them() -> None:
    well = replace(
        CLEAN, reports={"well": report(volumes=(volume(),))}, accesses=left(Resource.DOCUMENTS, 200).accesses
    )
    assert told(well) == set()


def test_what_alertmanager_lists_is_told_once_and_by_its_urgency() -> None:
    alerts = {
        "1": listed("KodeksSppStatus"),
        "2": listed("KodeksSearchSlow"),
        "3": listed("KodeksLoginShared", user="a"),
        "4": listed("KodeksLoginShared", user="b"),
        "5": listed("KodeksUsageDrop", inhibited=True),
        "6": listed("KodeksXmlSensLockStatus"),
        "7": listed("KodeksNotificationsFailing"),
        "8": listed("KodeksUsageDrop", installation="of-nobody"),
    }
    view = fleet_view(SETTINGS, replace(CLEAN, listed=alerts))
    [well] = [each for each in view.installations if each.name == "well"]
    assert [(each.alert, each.rank) for each in well.troubles] == [
        ("KodeksXmlSensLockStatus", 1),
        ("KodeksLoginShared", 5),
        ("KodeksSearchSlow", 5),
    ], "what the page judges by itself, or another alert mutes, is not told a second time"
    assert well.troubles[1].text.endswith("и ещё 1")
    assert view.told_to_ops == ("О чём говорит KodeksNotificationsFailing",)
    assert narrowed(view, Sight(branches=frozenset({"saratov"}))).told_to_ops == (), "it may name anybody"


def test_what_is_noted_is_no_failure() -> None:
    page = status_page(fleet_view(SETTINGS, FOUND["KodeksLicenseExpiring90day"]), Query())
    assert page.heading == "Сбоев нет, на заметку: 1"
    [row] = [each for each in page.rows if each.name == "well"]
    assert row.status.label == "На заметку"
    assert "дней осталось: 60" in row.cause
    online = FOUND["OnlineBillingDocsLeft150"]
    assert status_page(fleet_view(SETTINGS, online), Query()).cards == ()
    [card] = status_page(fleet_view(SETTINGS, online), Query(state=NOTED)).cards
    assert "осталось 149" in str(card)


@pytest.mark.parametrize(
    ("resource", "number", "limit", "age"),
    [
        (Resource.DOCUMENTS, 0, 0, 0.0),  # no limit that could be used up
        (Resource.DOCUMENTS, 49, 50, 0.0),  # not nearly used up from the start
        (Resource.PRINTS, 100, 100, 0.0),
        (Resource.SEARCHES, 0, 300, 29 * DAY),  # of another month
    ],
)
def test_limits_that_say_nothing(resource: Resource, number: int, limit: int, age: float) -> None:
    state = AccessState(attempted=NOW, login=True, read=NOW - age, quotas={resource: Quota(number, limit)})
    assert told(replace(CLEAN, accesses={"used-up": state})) == set()


def test_a_volume_that_was_given_up_hides_no_other() -> None:
    old, soon = volume(days=-40), volume(days=5)._replace(file="/b/b.vol")
    assert "KodeksLicenseExpiring7day" in told(reported(volumes=(old, soon)))
    assert "KodeksLicenseExpiring2day" in told(reported(volumes=(old,))), "where all ended long ago, the last speaks"

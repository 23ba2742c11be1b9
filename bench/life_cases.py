"""What makes each alert fire: a table of series, used with stepped time (life.py) and real programs (vmalert.py)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

DAY: Final = 86400


Value = float | str | None
"""A number, None, or ``now``: the time in seconds."""


@dataclass(frozen=True, slots=True)
class Case:
    """What makes an alert fire. ``series``: name to its healthy and its faulty value (None: absent); ``{}`` stands for
    the subject's labels, SERVER for the vendor's server. ``many``: subjects that share a manager.
    ``hosting``, ``supported``: labels of the inventory."""

    alert: str
    series: Mapping[str, tuple[Value, Value]]
    many: int = 1
    access: bool = False
    hosting: str = ""
    supported: str = "true"


def _check(name: str) -> dict[str, tuple[Value, Value]]:
    return {f'kodeks_check_success{{{{}},check="{name}"}}': (1, 0)}


LIVE: Final = (
    *(
        Case(alert, _check(check))
        for alert, check in (
            ("KodeksIcmp", "icmp"), ("KodeksTcpStatus", "tcp"), ("KodeksHttp200Status", "http"),
            ("KodeksBehindProxyDown", "proxy"), ("KodeksDnsFailure", "dns"), ("KodeksMaintenance", "maintenance"),
            ("KodeksWarning", "page"), ("KodeksOnlineSensLockCheck", "key"), ("LicmanIcmp", "licman_icmp"),
            ("LicmanTcpStatus", "licman_tcp"), ("KodeksAuthNotWork", "auth"), ("KodeksLimitsUsers", "seats"),
        )
    ),
    *(
        Case(f"{alert}Count", _check(check), many=7)
        for alert, check in (("KodeksIcmp", "icmp"), ("KodeksTcpStatus", "tcp"), ("KodeksHttp200Status", "http"))
    ),
    Case("KodeksMaintenanceCount", _check("maintenance"), many=31),
    Case("KodeksHostingOutage", _check("tcp"), many=4, hosting="cloud"),
    Case("KodeksMaintenanceToLong",
         _check("maintenance") | {"kodeks_maintenance_start_timestamp_seconds{{}}": (None, -4 * 3600)}),
    Case("KodeksMaintenanceToLongCount",
         _check("maintenance") | {"kodeks_maintenance_start_timestamp_seconds{{}}": (None, -4 * 3600)}, many=7),
    Case("KodeksNeedSupport",
         _check("page") | {'kodeks_installation_state{{},state="needs_service"}': (0, 1)}),
    Case("KodeksCatalogBroken", {
        'kodeks_catalog_main_page_ok{{},catalog="/docs",reason=""}': (1, None),
        'kodeks_catalog_main_page_ok{{},catalog="/docs",reason="no required volume DB"}': (None, 0)}),
    Case("KodeksCertificateExpiring", {
        "kodeks_tls_certificate_expiry_timestamp_seconds{{}}": (90 * DAY, 3 * DAY)}),
    Case("KodeksDiskSpaceLow", {
        'kodeks_disk_free_bytes{{},partition="C"}': (5e10, 1e9),
        'kodeks_disk_size_bytes{{},partition="C"}': (1e12, 1e12)}),
    Case("KodeksServiceProcessDown", {"kodeks_process_running{{}}": (1, 0)}),
    Case("KodeksCheckStale", {'kodeks_check_last_run_timestamp_seconds{{},check="http"}': ("now", 600)}),
)  # fmt: skip

FRESH: Final = {
    "kodeks_sysinfo_created_timestamp_seconds{{}}": ("now", "now"),
    'kodeks_sysinfo_received_timestamp_seconds{{},via="pull"}': ("now", "now"),
}

REPORTS: Final = (
    *(
        Case(alert, {f'kodeks_volume_error{{{{}},volume="v",code="{code}"}}': (0, 1)})
        for alert, code in (
            ("KodeksDBerrorsNoCode", ""), ("KodeksDBerrorsCode2007", "2007"), ("KodeksDBerrorsCodeXXX", "600"))
    ),
    *(
        Case(f"{alert}Count", {f'kodeks_volume_error{{{{}},volume="v",code="{code}"}}': (0, 1)}, many=7)
        for alert, code in (
            ("KodeksDBerrorsNoCode", ""), ("KodeksDBerrorsCode2007", "2007"), ("KodeksDBerrorsCodeXXX", "600"))
    ),
    *(
        Case(f"KodeksLicenseExpiring{days}day",
             {"kodeks_registration_expiry_timestamp_seconds{{}}": (300 * DAY, (days - 1) * DAY)})
        for days in (2, 7, 90)
    ),
    Case("KodeksDBOperUpToOld", {'kodeks_operup_timestamp_seconds{{},file="f"}': (-DAY, -6 * DAY)}),
    Case("KodeksDBOperUpToOldCount", {'kodeks_operup_timestamp_seconds{{},file="f"}': (-DAY, -6 * DAY)}, many=7),
    Case("KodeksUnsupportedButUsed", {"kodeks_active_users{{}}": (0, 5)}, supported="false"),
    Case("KodeksDBLicensesZero", {"kodeks_volumes_with_expiry{{}}": (3, 0)}),
    Case("KodeksLoginShared", {
        'kodeks_login_addresses{{},user="u",domain=""}': (1, 3), "kodeks_seats{{}}": (10, 10),
        "kodeks_seats_used{{}}": (9, 9)}),
    Case("KodeksDetectOverUserError", {'kodeks_connections_rejected_total{{},user="u",reason="seats"}': (0, 2)}),
    Case("KodeksSearchError", {
        'kodeks_searches_total{{},catalog="d",source="ksrv",type="intellectual",status="error"}': (0, 2)}),
    Case("KodeksOfflineSensLockCheck", {"kodeks_protection_ok{{}}": (1, 0)}),
    Case("KodeksXmlSensLockStatus", {"kodeks_protection_ok{{}}": (1, None)}),
    Case("KodeksSppStatus", {"kodeks_spp_up{{}}": (1, 0)}),
)  # fmt: skip
"""In these, every installation has fresh reports, and a working key unless the case is about it."""

OLD: Final = (
    Case("SmartXMLfileIsToOld", {"kodeks_sysinfo_created_timestamp_seconds{{}}": (-DAY, -3 * DAY)}),
    Case("KodeksSysinfoUnreadable", {
        'kodeks_sysinfo_received_timestamp_seconds{{},via="push"}': (-7200, -7200),
        'kodeks_sysinfo_errors_total{{},reason="broken_zip"}': (0, 3)}),
)  # fmt: skip

ACCESSES: Final = (
    *(
        Case(f"OnlineBilling{name}Left{level}", {
            f'kodeks_online_left{{{{}},resource="{resource}"}}': (300, left),
            f'kodeks_online_limit{{{{}},resource="{resource}"}}': (350, 350),
            "kodeks_online_read_timestamp_seconds{{}}": ("now", "now")}, access=True)
        for name, resource in (
            ("Docs", "documents"), ("Search", "searches"), ("Print", "prints"), ("Upload", "uploads"))
        for level, left in (("150", 100), ("50", 20), ("Zero", 0))
    ),
    Case("OnlineLoginFailed", {"kodeks_online_login_success{{}}": (1, 0)}, access=True),
    Case("OnlineServerDown", {"kodeks_online_server_up{SERVER}": (1, 0)}, access=True),
    Case("OnlineProfileDeviation", {
        'kodeks_online_deviation{{},kind="silent"}': (0, 1),
        "kodeks_online_read_timestamp_seconds{{}}": ("now", "now")}, access=True),
)  # fmt: skip

FLEET: Final = {
    "KodeksExporterDown", "KodeksConfigReloadFailed", "KodeksRulesIncomplete", "KodeksWatchdog",
    "KodeksNotificationsFailing", "KodeksStorageFailing",
}  # fmt: skip
"""About the monitoring itself: see rules/tests."""


LATER: Final = (
    ("KodeksNewUser-push", Case("KodeksNewUser", {
        'kodeks_user_first_seen_timestamp_seconds{{},user="u",domain=""}': (-3600, -3600),
        'kodeks_user_requests_total{{},user="u",domain=""}': (3, 3), "kodeks_users{{}}": (10, 10)})),
    ("KodeksSearchIsEmpty-push", Case("KodeksSearchIsEmpty", {
        'kodeks_searches_total{{},catalog="d",source="ksrv",type="intellectual",status="empty"}': (2, 2)})),
    ("KodeksSearchIsEmpty-access", Case("KodeksSearchIsEmpty", {
        'kodeks_online_searches_total{{},type="intellectual",status="empty"}': (2, 2)}, access=True)),
    ("KodeksStatusSilent-push", Case("KodeksStatusSilent", {
        "kodeks_status_empty_in_a_row{{}}": (0, 2), "kodeks_status_arrived_timestamp_seconds{{}}": ("now", "now"),
        "kodeks_status_received_timestamp_seconds{{}}": ("now", -600)})),
    ("KodeksReportOfAnother-push", Case("KodeksReportOfAnother", {
        "kodeks_registration_changed_timestamp_seconds{{}}": (None, 0)})),
    ("KodeksReportShrunk-push", Case("KodeksReportShrunk", {
        **FRESH, 'kodeks_sysinfo_lost{{},subject="users"}': (None, 12)})),
    ("KodeksVersionChanged-push", Case("KodeksVersionChanged", {
        'kodeks_version_changed_timestamp_seconds{{},part="server",before="1",after="2"}': (None, 0)})),
)  # fmt: skip
"""Daily alerts, or alerts about pushed files: for real programs."""


def cases() -> Iterator[tuple[str, Case]]:
    """A name and a case: installations that are polled, those that only push reports, accesses."""
    yield from ((f"{case.alert}-pull", case) for case in LIVE)
    for mode in ("pull", "push"):
        yield from ((f"{case.alert}-{mode}", case) for case in (*REPORTS, *OLD))
    yield from ((f"{case.alert}-access", case) for case in ACCESSES)


def summaries() -> dict[str, str]:
    """Names of cases whose alert is sent again when somebody joins, and the alert. Maintenance is over when the last
    one is out, whoever joins."""
    return {name: case.alert for name, case in cases() if case.many > 1 and case.alert != "KodeksMaintenanceCount"}


def covered() -> set[str]:
    return {case.alert for _, case in cases()}


@dataclass(frozen=True, slots=True)
class Subject:
    """An installation or access in a case: the text of each series, with its labels, to its healthy and faulty value.
    ``own``: the series that the case is about; ``report``: figures of a report; ``late``: one more than a summary
    needs, who joins those that it has reported."""

    name: str
    series: Mapping[str, tuple[Value, Value]]
    own: frozenset[str]
    report: bool
    late: bool


def subjects(chosen: Iterable[tuple[str, Case]] | None = None, mark: str = "") -> Iterator[Subject]:
    """What an exporter exposes, for all cases or those ``chosen``. A case's manager has the name of the case.

    ``mark``: what names begin with, where a case is there more than once.
    """
    for title, case in cases() if chosen is None else chosen:
        name, server = mark + title, f'server="{mark}{case.alert}"'
        for number in range(case.many + (case.many > 1)):
            subject = f"{name}-{number}"
            whose = f'client="ООО «{subject}»",manager="{name}",branch="b"'
            own = f'{"account" if case.access else "installation"}="{subject}"'
            pull = name.endswith("-pull")
            if case.access:
                info = f"kodeks_online_access_info{{{own},{whose},{server}}}"
            else:
                info = (
                    f'kodeks_installation_info{{{own},{whose},hosting="{case.hosting and mark + case.hosting}",'
                    f'mode="{"pull" if pull else "push"}",url="{"http://x" if pull else ""}",'
                    f'supported="{case.supported}"}}'
                )
            shown: dict[str, tuple[Value, Value]] = dict(case.series)
            if case in REPORTS or case in OLD:
                shown = {"kodeks_protection_ok{{}}": (1, 1), "kodeks_volumes_with_expiry{{}}": (1, 1), **shown}
            if case in REPORTS:
                shown = {**FRESH, **shown}
            if pull:
                shown = {'kodeks_check_last_run_timestamp_seconds{{},check="http"}': ("now", "now"), **shown}

            def named(text: str, own: str = own, server: str = server) -> str:
                return text.replace("{{}", "{" + own, 1).replace("}}", "}").replace("SERVER", server)

            series = {named(text): values for text, values in shown.items()}
            about, report = frozenset(map(named, case.series)), case in (*REPORTS, *OLD)
            yield Subject(subject, {info: (1, 1), **series}, about, report, late=number > 0 and number == case.many)

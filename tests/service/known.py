"""A fleet with something wrong in every stream, as the exporter would know it at one moment."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from lxml import html

from kodeks_exporter.domain.check import CheckResult, InstallationState, Outcome, Round
from kodeks_exporter.domain.online import Quota, Resource
from kodeks_exporter.domain.report import Block, ReportHeader, Volume
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.intake.intake import Refused
from kodeks_exporter.intake.statuses import Trail
from kodeks_exporter.service.overview import Known, fleet_view
from kodeks_exporter.settings.fleet import Credentials, Fleet, Installation, Mode, OnlineAccess
from kodeks_exporter.settings.reaction import ReactionSettings
from kodeks_exporter.settings.settings import Links, Settings
from kodeks_exporter.store.access_state import AccessState
from kodeks_exporter.store.live import LiveStatus
from kodeks_exporter.store.snapshot import LastReport, ReportSnapshot
from kodeks_exporter.web.pages import Pages
from kodeks_exporter.web.query import Query
from kodeks_exporter.web.status import status_page

NOW = 1_795_950_000.0
NAMES = ("volume", "spp", "unreadable", "silent", "well", "down")
KEY = "0123456789abcdef"
LOGIN = Credentials("u", Secret("p"))


def installation(name: str) -> Installation:
    mode = Mode.PUSH if name == "silent" else Mode.PULL
    return Installation(
        name, f"Клиент {name}", "ivanova", mode, url="" if name == "silent" else f"http://{name}.example"
    )


def report(**changes: object) -> ReportSnapshot:
    header = ReportHeader(spp_ok=True)
    last = LastReport(header, NOW - 600, "", "", NOW - 590, "pull", 1, frozenset(Block))
    return ReportSnapshot(replace(last, **changes))  # type: ignore[arg-type]


def live(name: str, *failed: CheckResult) -> LiveStatus:
    results = {each.check: each for each in (failed or (CheckResult("http", Outcome.OK),))}
    state = InstallationState.UNREACHABLE if failed else InstallationState.OK
    return LiveStatus(Round(name, NOW - 10, 1.0, MappingProxyType(results), state), NOW - 300, None)


SETTINGS = Settings(
    fleet=Fleet(
        installations={name: installation(name) for name in NAMES},
        online_accesses={
            name: OnlineAccess(name, "Клиент онлайн", "ivanova", f"https://{host}.example/k", LOGIN)
            for name, host in (("used-up", "nps1"), ("gone-1", "nps2"), ("gone-2", "nps2"))
        },
    ),
    links=Links(grafana="https://grafana.example/"),
    reaction=ReactionSettings(("http://am.example:9093",), link="https://k.example", key=Secret(KEY)),
)
LIVE = {name: live(name) for name in NAMES if name not in ("silent", "down")}
KNOWN = Known(
    now=NOW,
    live=LIVE,
    past={},
    reports={
        "volume": report(volumes=(Volume("/b/stroy.vol", "777", "Строй", "2611", NOW + 1e7, True, 601, ""),)),
        "spp": report(header=ReportHeader(spp_ok=False)),
        "unreadable": report(),
        "well": report(),
    },
    trails={"silent": Trail(NOW, NOW - 4000, 3)},
    refused={"unreadable": Refused(NOW - 60, "это страница входа, а не отчёт"), "well": Refused(NOW - 9000, "старое")},
    accesses={
        "used-up": AccessState(attempted=NOW, login=True, read=NOW, quotas={Resource.DOCUMENTS: Quota(0, 300)}),
    },
    servers={"https://nps2.example": None},
    incidents={},
    listed={},
    alertmanagers={"http://am.example:9093": True},
    reload_ok=False,
    impaired={},
    waiting=0.0,
)


def shown(known: Known, query: Query = Query()) -> list[str]:  # noqa: B008 - it is frozen
    document: Any = html.fromstring(Pages().render("status.html", status_page(fleet_view(SETTINGS, known), query)))
    found = document.xpath("//section[contains(@class, 'monitor')] | //article")
    return [" ".join(each.text_content().split()) for each in found]

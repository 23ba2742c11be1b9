"""Everything that is wrong stands on one page, from whatever stream it is known, in the order of its urgency."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from lxml import html

from kodeks_exporter.domain.acknowledge import LABELS, sign
from kodeks_exporter.domain.check import CheckResult, Impairment, Outcome
from kodeks_exporter.domain.reaction import Incident, Taken
from kodeks_exporter.service.overview import fleet_view
from kodeks_exporter.settings.fleet import Fleet, Manager
from kodeks_exporter.store.past import Spell, SpellKind
from kodeks_exporter.web.installation import installation_page
from kodeks_exporter.web.pages import Pages
from kodeks_exporter.web.query import Query
from kodeks_exporter.web.status import status_page
from kodeks_exporter.web.troubles import RANKS
from tests.service.known import KEY, KNOWN, LIVE, NOW, SETTINGS, installation, live, report, shown

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_well_says_so() -> None:
    clean = replace(KNOWN, reports={"well": report()}, trails={}, refused={}, accesses={}, reload_ok=True)
    assert shown(clean) == []
    view = fleet_view(SETTINGS, clean)
    assert status_page(view, Query()).heading == "Сбоев нет"


def test_a_dead_server_comes_before_what_reports_say() -> None:
    dead = live("down", CheckResult("tcp", Outcome.FAILED, "refused", "порт закрыт"))
    told = shown(replace(KNOWN, live={**LIVE, "down": dead}))
    assert told[1].startswith("Клиент down")


def test_a_server_that_is_down_is_told_once() -> None:
    view = fleet_view(SETTINGS, KNOWN)
    server = next(each.server for each in view.accesses if each.name == "gone-1")
    told = [text for text in shown(replace(KNOWN, servers={server: False})) if "онлайн-доступов не отвечает" in text]
    assert len(told) == 1
    assert "2 доступа" in told[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"impaired": {Impairment.RESOLVER: 7}}, "Серверы имён мониторинга не отвечают (установок: 7)"),
        ({"alertmanagers": {"http://am.example:9093": False}}, "Alertmanager не отвечает"),
        ({"waiting": 900.0}, "Хранилище не пишется"),
    ],
)
def test_the_monitors_own_trouble_is_a_banner(change: dict[str, object], words: str) -> None:
    assert words in shown(replace(KNOWN, **change))[0]  # type: ignore[arg-type]


def test_each_cause_leads_on() -> None:
    labels = {"alertname": "KodeksSppStatus", "installation": "spp", "manager": "ivanova", "client": "Клиент spp"}
    open_one = Incident("1", labels, NOW - 300, NOW - 300, NOW - 290)
    known = replace(KNOWN, incidents={"1": open_one})
    document: Any = html.fromstring(Pages().render("status.html", status_page(fleet_view(SETTINGS, known), Query())))
    [card] = [each for each in document.xpath("//article") if "СПП" in each.text_content()]
    links = {a.text_content(): a.get("href") for a in card.xpath(".//p[@class='leads']/a")}
    assert links["Что делать"] == "docs/errors/KodeksSppStatus"
    assert links["Графики"] == "https://grafana.example/d/kodeks-client-profile?var-installation=spp"
    assert links["Оповещение"].startswith("http://am.example:9093/#/alerts?filter=%7Balertname%3D%22KodeksSppStatus")
    assert links["Взять в работу"].startswith("acknowledge?alert=KodeksSppStatus&manager=ivanova&client=")
    assert f"key={sign(KEY, {name: labels.get(name, '') for name in LABELS})}" in links["Взять в работу"]
    assert KEY not in html.tostring(document, encoding="unicode")

    taken = replace(open_one, taken=Taken(NOW - 60, "Иванова", "", NOW + 60))
    [text] = [each for each in shown(replace(KNOWN, incidents={"1": taken})) if "СПП" in each]
    assert "В работе: Иванова, " in text
    assert "Взять в работу" not in text


def test_a_thousand_half_of_them_broken_open_at_once() -> None:
    """All of it by processor time, so that a busy machine does not count: from what is known to the page's HTML."""
    volume = KNOWN.reports["volume"]
    names = [f"client-{number:04}" for number in range(1000)]
    past = tuple(
        Spell(NOW - 40_000 * age, SpellKind.OK if age % 2 else SpellKind.DOWN, "ok") for age in range(60, 0, -1)
    )
    known = replace(
        KNOWN,
        live={
            name: live(name, *[CheckResult("tcp", Outcome.FAILED, "refused", "порт закрыт")] * (number % 4 == 0))
            for number, name in enumerate(names)
        },
        past=dict.fromkeys(names, past),
        reports={name: volume if number % 2 else report() for number, name in enumerate(names)},
    )
    fleet = Fleet(installations={name: installation(name) for name in names})
    settings, pages = replace(SETTINGS, fleet=fleet), Pages()
    took = []
    for _ in range(3):
        began = time.process_time()
        page = pages.render("status.html", status_page(fleet_view(settings, known), Query()))
        took.append(time.process_time() - began)
    assert "Сбой у 750 установок" in page
    assert min(took) < 0.3, took


def test_ranks_are_the_priorities_of_the_rules() -> None:
    """One alert, one urgency: on the page as in messages. Alerts of rules in the making are not judged yet."""
    told = {
        rule["alert"]: int(rule["labels"]["priority"].removeprefix("K"))
        for file in (ROOT / "rules").glob("*.yml")
        for group in yaml.safe_load(file.read_text("utf-8"))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    assert {alert: rank for alert, rank in RANKS.items() if told.get(alert, rank) != rank} == {}
    assert len(RANKS.keys() & told.keys()) > 25


def test_times_are_those_of_most_managers() -> None:
    people = {name: Manager(name, time_zone=ZoneInfo(zone)) for name, zone in PEOPLE.items()}
    there = replace(SETTINGS, fleet=replace(SETTINGS.fleet, managers=people))
    assert str(fleet_view(there, KNOWN).time_zone) == "Asia/Omsk"
    assert fleet_view(SETTINGS, KNOWN).time_zone is None, "nobody is named: the machine's own"


def test_managers_are_called_by_their_names() -> None:
    manager = next(iter(fleet_view(SETTINGS, KNOWN).installations)).manager
    people = {manager: Manager(manager, full_name="Мария Иванова", phone="+7 8452 00-00-01")}
    there = fleet_view(replace(SETTINGS, fleet=replace(SETTINGS.fleet, managers=people)), KNOWN)
    of_one = installation_page(there, next(iter(there.installations)).name, Query())
    assert of_one is not None
    assert dict(of_one.facts)["Менеджер"] == "Мария Иванова, +7 8452 00-00-01"
    page = status_page(there, Query(sort="client"))
    assert {row.manager for row in page.rows} <= {"Мария Иванова", ""} | {each.manager for each in there.accesses}


PEOPLE = {"a": "Asia/Omsk", "b": "Europe/Moscow", "c": "Asia/Omsk"}

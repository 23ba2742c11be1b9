"""The status page and the pages of installations, as HTML."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from lxml import html
from werkzeug.test import Client

from kodeks_exporter.domain.check import CheckResult, InstallationState, Outcome
from kodeks_exporter.web.app import Application
from kodeks_exporter.web.views import FleetView
from tests.web.fakes import NOW, FakeBackend, failing, fleet, healthy, long_named, results, thousand


def page(client: Client, path: str = "/") -> Any:  # an lxml element; the stubs of xpath() know too little
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return html.fromstring(answer.data)


def text(element: Any) -> str:
    return " ".join(element.text_content().split())


def cards(document: Any) -> dict[str, str]:
    """Client to all text of its card, in the order of the page."""
    return {text(card.xpath(".//h2")[0]): text(card) for card in document.xpath("//article")}


def rows(document: Any) -> dict[str, str]:
    return {text(row.xpath("./td[1]/a")[0]): text(row) for row in document.xpath("//tbody/tr")}


def tallies(document: Any) -> dict[str, str]:
    found = document.xpath("//nav/a")
    return {re.sub(r"^[^\w]*", "", text(a).rpartition(" ")[0]): text(a.xpath("./span")[0]) for a in found}


def test_the_fleet_at_a_glance(client: Client) -> None:
    document = page(client)
    assert text(document.xpath("//h1")[0]) == "Сбой у 5 установок из 12"
    assert document.xpath("//title")[0].text.startswith("✕ 5 ")
    assert tallies(document) == {
        "Все": "12",
        "Сбои": "5",
        "Недоступна": "3",
        "Ключ не найден": "1",
        "Режим обслуживания": "1",
        "Плановые работы": "1",
        "Ещё не проверена": "1",
        "Только отчёты": "1",
        "Работает": "4",
    }
    assert len(cards(document)) == 5
    assert len(rows(document)) == 7


def test_a_failing_installation_tells_what_and_since_when(client: Client) -> None:
    card = cards(page(client))["ООО «Ромашка»"]
    assert "Ключ не найден" in card
    assert "Ошибка защиты 4111: ключ не обнаружен." in card
    assert "с 22:04, 12 мин" in card
    assert "Из-за этого не проверялось: главная страница, свободные места, вход монитора, каталоги." in card
    assert "ivanova" in card
    assert "проверена 12 с назад" in card


def test_all_checks_of_a_failing_installation_are_folded_away_in_its_card(client: Client) -> None:
    document = page(client)
    (card,) = document.xpath("//article[.//a[text()='ООО «Ромашка»']]")
    (details,) = card.xpath("./details[not(@open)]")
    found = {text(li.xpath("./*[@class='what']")[0]): text(li) for li in details.xpath(".//li")}
    assert list(found)[:3] == ["Имя в DNS", "Пинг", "Порт TCP"]
    assert found["Ответ HTTP"].endswith("В порядке; код 200 12 мс")
    assert "Ошибка защиты 4111" in found["Ключ защиты"]
    assert found["Ключ защиты"].endswith("3,0 с")
    assert found["Каталоги"].endswith("Не проверялось, причина — ключ защиты")


def test_worst_first_then_newest(client: Client) -> None:
    order = list(cards(page(client)))
    assert order[-2:] == ["ООО «Ромашка»", "МУП «Водоканал»"]  # 12 minutes ago; only maintenance
    assert "МУП «Горпроект»" in order[:3]  # 3 minutes ago


def test_an_address_that_works_is_given_when_dns_fails(client: Client) -> None:
    card = cards(page(client))["МУП «Горпроект»"]
    assert "По IP отвечает: 192.0.2.18" in card


def test_a_common_cause_is_pointed_out(client: Client) -> None:
    (notice,) = page(client).xpath("//section[@class='notices']/a")
    assert text(notice) == "Имя в DNS: 3 установки, площадка te-cloud"
    found = page(client, "/" + notice.get("href"))
    assert len(cards(found)) == 3
    assert not rows(found)


def test_a_planned_restart_is_no_failure(client: Client) -> None:
    document = page(client)
    assert "Плановый перезапуск" in rows(document)["ООО «Леспром»"]
    assert "ООО «Леспром»" not in cards(document)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?manager=ivanova&state=problem", {"ООО «Ромашка»", "МУП «Горпроект»"}),
        ("?state=key_missing", {"ООО «Ромашка»"}),
        ("?state=planned", {"ООО «Леспром»"}),
        ("?state=unchecked", {"ООО «Новая»"}),
        ("?state=reports", {"ФГУП «Закрытый контур»"}),
        ("?hosting=te-cloud&state=ok", {"ПАО «Дельта-Энерго»"}),
        ("?q=водоканал", {"МУП «Водоканал»"}),
        ("?q=GKB2", {"ГУЗ «Городская клиническая больница № 2»"}),
        ("?q=бета инж", {"ООО «Бета Инжиниринг»"}),
        ("?q=хвоя", set()),
        ("?state=nonsense", set()),
        ("?manager=nobody", set()),
    ],
)
def test_filters(client: Client, query: str, found: set[str]) -> None:
    document = page(client, "/" + query)
    assert {*cards(document), *rows(document)} == found
    assert ("не подходит ни одна установка" in text(document)) == (not found)


def test_counters_are_links_that_keep_the_other_filters(client: Client) -> None:
    document = page(client, "/?manager=petrov&q=example")
    (link,) = [a for a in document.xpath("//nav/a") if "Недоступна" in text(a)]
    followed = page(client, "/" + link.get("href"))
    assert set(cards(followed)) == {
        "АО «Энгельсский завод металлоконструкций»",
        "Инспекция государственного строительного надзора",
    }
    assert followed.xpath("//input[@name='q']/@value") == ["example"]
    assert followed.xpath("//select[@name='manager']/option[@selected]/@value") == ["petrov"]
    assert followed.xpath("//input[@type='hidden'][@name='state']/@value") == ["unreachable"]
    assert followed.xpath("//nav/a[@aria-current]")[0].get("href") == link.get("href")


def test_letter_yo_is_found_by_ye(client: Client, backend: FakeBackend) -> None:
    backend.view = fleet(healthy("a", "ООО «Берёзка»"), healthy("b", "ООО «Другая»"))
    assert set(cards(page(client, "/?q=березка"))) == {"ООО «Берёзка»"}


def test_is_it_us_or_them(client: Client) -> None:
    card = cards(page(client, "/?q=бета"))["ООО «Бета Инжиниринг»"]
    assert "Сервер отвечает, ключ на месте, места есть, вход работает, каталоги собраны." in card
    assert "смотрите сеть клиента и рабочие места" in card


def test_nothing_is_promised_of_what_was_not_checked(client: Client, backend: FakeBackend) -> None:
    some = tuple(r for r in results() if r.check in ("dns", "tcp", "http"))
    skipped = CheckResult("key", Outcome.SKIPPED, text="Нет учётной записи монитора.")
    backend.view = fleet(replace(healthy("a", "ООО «А»"), results=(*some, skipped)))
    card = cards(page(client, "/?q=«а»"))["ООО «А»"]
    assert "Сервер отвечает. Если" in card
    assert "ключ на месте" not in card


def test_a_fault_of_a_working_server_is_shown_as_one(client: Client, backend: FakeBackend) -> None:
    backend.view = fleet(failing("a", "ООО «А»", "catalog", "Каталог /docs: не собран.", InstallationState.OK))
    document = page(client)
    assert "Работает, есть сбой" in cards(document)["ООО «А»"]
    assert tallies(document)["Сбои"] == "1"
    assert set(cards(page(client, "/?state=faulty"))) == {"ООО «А»"}


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("сервер в режиме обслуживания", "Сервер в режиме обслуживания"),
        ("romashka.example не находится в DNS", "romashka.example не находится в DNS"),
        ("", "Ключ защиты: timeout"),
    ],
)
def test_the_cause_is_a_sentence(client: Client, backend: FakeBackend, told: str, shown: str) -> None:
    backend.view = fleet(failing("a", "ООО «А»", "key", told))
    (cause,) = page(client).xpath("//p[@class='cause']")
    assert text(cause) == shown


def test_second_faults_are_told_too(client: Client, backend: FakeBackend) -> None:
    view = failing("a", "ООО «А»", "key", "Ключ не обнаружен.", InstallationState.KEY_MISSING)
    snmp = CheckResult("snmp", Outcome.FAILED, "timeout", "Агент SNMP не отвечает.")
    backend.view = fleet(replace(view, results=(*view.results, snmp)))
    assert "Агент SNMP не отвечает." in cards(page(client))["ООО «А»"].split("Все проверки")[0]


def test_an_old_result_is_marked(client: Client, backend: FakeBackend) -> None:
    backend.view = fleet(healthy("fresh", "ООО «А»"), replace(healthy("old", "ООО «Б»"), last_run=NOW - 900))
    (stale,) = page(client).xpath("//*[@class='stale']")
    assert text(stale) == "15 мин назад"


def test_all_is_well(client: Client, backend: FakeBackend) -> None:
    backend.view = fleet(healthy("a", "ООО «А»"))
    document = page(client)
    assert text(document.xpath("//h1")[0]) == "Сбоев нет"
    assert document.xpath("//title")[0].text.startswith("✓")


def test_an_empty_fleet_says_what_to_do(client: Client, backend: FakeBackend) -> None:
    backend.view = fleet()
    said = text(page(client))
    assert "нет ни одной установки" in said
    assert "kodeks-exporter import" in said
    assert "/-/reload" in said


def test_refresh_keeps_the_query_and_can_be_stopped(client: Client) -> None:
    document = page(client, "/?manager=petrov")
    assert document.xpath("//meta[@http-equiv='refresh']/@content") == ["30"]  # without url: the same address again
    (stop,) = document.xpath("//footer//a/@href")
    stopped = page(client, "/" + stop)
    assert not stopped.xpath("//meta[@http-equiv='refresh']")
    assert stopped.xpath("//select[@name='manager']/option[@selected]/@value") == ["petrov"]
    assert all("refresh=0" in href for href in stopped.xpath("//nav/a/@href"))


def test_the_time_zone_is_printed(client: Client) -> None:
    assert "21.11.2025 22:16:40, время: Europe/Saratov (UTC+4)" in text(page(client).xpath("//footer")[0])


def test_client_texts_can_not_become_markup(client: Client, backend: FakeBackend) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    backend.view = FleetView(
        (
            replace(
                failing("a", evil, "http", evil, hosting=evil, manager=evil),
                url='http://x.example/"><script>alert(3)</script>',
                branch=evil,
            ),
            *(failing(f"b{i}", evil, "http", evil, hosting=evil, manager="other") for i in range(3)),
            replace(healthy("c", evil), manager=evil),
        ),
        NOW,
        evil,
    )
    for path in ("/", "/?q=script", "/installations/a", "/installations/c"):
        document = page(client, path)
        assert not document.xpath("//script")
        assert not document.xpath("//img")
        assert not document.xpath("//@onerror")
        assert evil in document.text_content()


def test_the_query_can_not_become_markup(client: Client) -> None:
    evil = '"><script>alert(1)</script>'
    for name in ("q", "manager", "state", "hosting", "cause", "refresh"):
        answer = client.get("/", query_string={name: evil})
        document = html.fromstring(answer.data)
        assert not document.xpath("//script")


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "JaVaScRiPt://x/%0aalert(1)", "data:text/html,x", "//x.example", "http:", "http://[x"],
)
def test_only_web_addresses_become_links(client: Client, backend: FakeBackend, url: str) -> None:
    backend.view = fleet(replace(healthy("a", "ООО «А»"), url=url))
    for path in ("/", "/?q=а", "/installations/a"):
        document = page(client, path)
        assert url not in document.xpath("//@href")
        assert url in text(document)


def test_links_to_installations_tell_them_nothing(client: Client) -> None:
    links = page(client).xpath("//a[starts-with(@href, 'http')]")
    assert len(links) == 11
    assert all("noreferrer" in link.get("rel") for link in links)


def test_nothing_is_loaded_from_elsewhere_and_the_style_fits_its_hash(client: Client) -> None:
    document = page(client)
    policy = client.get("/").headers["Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256(document.xpath("//style")[0].text.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert not document.xpath("//link[not(starts-with(@href, 'data:'))] | //@src | //@style")
    assert "url(" not in document.xpath("//style")[0].text
    assert "http" not in document.xpath("//style")[0].text


def test_links_work_behind_a_path_prefix(client: Client) -> None:
    for path in ("/", "/?state=ok", "/installations/beta"):
        own = [href for href in page(client, path).xpath("//a/@href") if not href.startswith("http")]
        assert own
        assert not any(href.startswith("/") for href in own)


def test_page_of_one_installation(client: Client) -> None:
    document = page(client, "/installations/romashka")
    assert text(document.xpath("//h1")[0]) == "ООО «Ромашка»"
    assert document.xpath("//title")[0].text == "✕ ООО «Ромашка»"
    assert len(document.xpath("//main/section/ul/li")) == 11
    assert "Имя в настройках romashka" in text(document)
    assert document.xpath("//p[@class='back']/a/@href") == ["../"]


def test_page_of_an_installation_without_checks(client: Client) -> None:
    said = text(page(client, "/installations/closed-net"))
    assert "Только отчёты" in said
    assert "Проверок ещё не было" in said


@pytest.mark.parametrize("make", [thousand, long_named])
@pytest.mark.parametrize("failed", [0, 30, 1000])
def test_a_thousand_installations_fit_into_a_megabyte(
    client: Client, backend: FakeBackend, make: Callable[[int], FleetView], failed: int
) -> None:
    backend.view = make(failed)
    answer = client.get("/")
    assert len(answer.data) < 1_000_000
    document = page(client)
    shown = len(document.xpath("//article")) + len(document.xpath("//tbody/tr"))
    for link in document.xpath("//nav[@aria-label='Страницы таблицы']/a[not(@aria-current)]/@href"):
        shown += len(page(client, "/" + link).xpath("//tbody/tr"))
    assert shown == 1000


@pytest.mark.parametrize(("number", "first"), [("2", 501), ("3", 1001), ("99", 1001), ("0", 1), ("x", 1), ("٣", 1001)])
def test_a_long_table_comes_in_pages(client: Client, backend: FakeBackend, number: str, first: int) -> None:
    some = [healthy(f"client-{n:04}", f"Клиент {n:04}") for n in range(1, 1202)]
    backend.view = fleet(*some)
    document = page(client, f"/?page={number}&sort=client")
    assert next(iter(rows(document))) == f"Клиент {first:04}"
    assert text(document.xpath("//a[@aria-current='page']")[0]).startswith(f"{first}–")
    header = document.xpath("//th/a[text()='Менеджер']/@href")[0]
    assert "page" not in header, "another order begins at its first page"


@pytest.mark.parametrize(("age", "stale"), [(3600.0, 0), (3 * 86400.0, 1)])
def test_age_of_the_report_is_told(age: float, stale: int) -> None:
    """Case 6: server up, report an hour old, key fine: so look at the client's network."""
    view = replace(healthy("romashka", "ООО «Ромашка»"), report_made=NOW - age)
    document = page(Client(Application(FakeBackend(fleet(view)))), "/installations/romashka")
    told = document.xpath("//p[@class='quiet']/span[contains(., 'отчёт sysinfo')]")
    assert len(told) == 1
    assert ("stale" in (told[0].get("class") or "")) == bool(stale)


def test_a_check_asked_for_shows_its_evidence(client: Client, backend: FakeBackend) -> None:
    backend.view = fleet(healthy("a", "ООО «А»"))
    answer = client.post("/installations/a")
    assert answer.status_code == 200
    document: Any = html.fromstring(answer.data)
    evidence = text(document.xpath("//section[@id='evidence']")[0])
    assert "GET /docs, с логином → 200, 12 мс" in evidence
    assert "server: WWW-Kodeks/6.4" in evidence
    assert "найдено по seats: «25»" in evidence
    assert 'http-equiv="refresh"' not in answer.get_data(as_text=True), "it would be asked for again and again"
    assert backend.probed == ["a"]


def test_no_other_site_can_ask_for_a_check(client: Client, backend: FakeBackend) -> None:
    backend.view = fleet(healthy("a", "ООО «А»"))
    for site in ("cross-site", "same-site"):
        assert client.post("/installations/a", headers={"Sec-Fetch-Site": site}).status_code == 403
    assert client.post("/installations/b").status_code == 404
    assert backend.probed == []


def test_a_sorted_page_is_one_table(client: Client, backend: FakeBackend) -> None:
    backend.view = fleet(
        healthy("a", "Ветер"), failing("b", "Астра", "tcp", "Порт закрыт."), healthy("c", "Бор", manager="Яшина")
    )
    assert list(rows(page(client, "/?sort=client"))) == ["Астра", "Бор", "Ветер"]
    assert list(rows(page(client, "/?sort=-client"))) == ["Ветер", "Бор", "Астра"]
    assert next(iter(rows(page(client, "/?sort=state")))) == "Астра"
    assert not cards(page(client, "/?sort=client"))
    assert cards(page(client, "/?sort=nonsense&zone=../../etc/passwd"))
    head = page(client, "/?sort=client").xpath("//th[@aria-sort='ascending']/a")[0]
    assert "sort=-client" in head.get("href")


def test_times_are_shown_in_the_zone_that_is_asked_for(client: Client) -> None:
    assert "с 22:04, 12 мин" in cards(page(client))["ООО «Ромашка»"]
    there = page(client, "/?zone=Asia/Omsk")
    assert "с 00:04, 12 мин" in cards(there)["ООО «Ромашка»"]
    assert "Asia/Omsk (UTC+6)" in text(there.xpath("//footer")[0])

"""What people get, from a real Alertmanager: who, how many, and which words."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from lxml import html

from tests.alertmanager.stand import Stand, alert, resolved, running


def words_of(markup: str) -> str:
    return "".join(str(text) for text in html.fromstring(markup).itertext())


NUMBERS = itertools.count()
OPS, IVANOVA, PETROV = -1001000000001, -1001000000002, -1001000000003


@pytest.fixture(scope="module")
def watchdog() -> Iterator[tuple[str, list[Any]]]:
    """A dead man's switch: its address and what it got."""
    received: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", received
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def stand(
    tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory, watchdog: tuple[str, list[Any]]
) -> Iterator[Stand]:
    with running(tool("prometheus-alertmanager"), tmp_path_factory.mktemp("am"), watchdog[0]) as found:
        yield found


def test_one_alert_and_its_end(stand: Stand) -> None:
    firing = alert("KodeksOnlineSensLockCheck", minutes=64, installation="one")
    firing["annotations"] |= {
        "title": "Ключ не активен",
        "details": "ошибка 4111: ключ не найден",
        "description": "Защита не работает. Ошибка 4111: ключ не найден. Сначала: проверьте, вставлен ли ключ.",
    }
    stand.post(firing)

    message = stand.telegram("(one)")
    assert message.chat_id == IVANOVA
    assert message.text.splitlines()[0] == "🔴 K1 · Ключ не активен"
    assert "ООО «Ромашка» (one)" in message.text
    assert '<a href="http://one.example:8080">one.example:8080</a>' in message.markup
    assert re.search(r"^С \d\d\.\d\d \d\d:\d\d \+04$", message.text, re.MULTILINE), "the details are not told twice"
    assert "\n<b>Сначала:</b> проверьте, вставлен ли ключ." in message.markup
    assert "/docs/errors/KodeksOnlineSensLockCheck.md" in message.markup
    assert "https://grafana.example/d/kodeks-fleet?var-installation=one" in message.markup

    mail = stand.mail("Ключ не активен")
    assert mail.to == ("ivanova@dealer.example",)
    assert mail.subject == "🔴 [FIRING:1] Ключ не активен: ООО «Ромашка» (KodeksOnlineSensLockCheck, K1)"
    page = html.fromstring(mail.html)
    for words in (mail.text, words_of(mail.html)):
        assert "ООО «Ромашка» (one)" in words
        assert "ошибка 4111: ключ не найден" in words
        assert "Сначала: проверьте, вставлен ли ключ." in words
        assert "http://one.example:8080" in words
    links = [link.get("href", "") for link in page.iter("a")]
    assert "http://one.example:8080" in links
    assert "https://grafana.example/d/kodeks-fleet?var-installation=one" in links
    assert any(link.endswith("/docs/errors/KodeksOnlineSensLockCheck.md") for link in links)
    assert not list(page.iter("img", "link", "script", "style")), "nothing from outside, no styles apart"

    stand.post(resolved(firing))
    over = stand.telegram("RESOLVED · Ключ не активен")
    assert over.chat_id == IVANOVA
    assert re.search(r"ООО «Ромашка» \(one\) — длилось 1 ч 04 мин, \d\d\.\d\d \d\d:\d\d–\d\d:\d\d \+04$", over.text)
    mail = stand.mail("✅ [RESOLVED:1] Ключ не активен")
    assert "длилось 1 ч 04 мин" in mail.text
    assert "длилось 1 ч 04 мин" in words_of(mail.html)


@pytest.mark.parametrize(
    ("minutes", "words"), [(0.1, "меньше минуты"), (12, "12 мин"), (75, "1 ч 15 мин"), (3000, "50 ч 00 мин")]
)
def test_how_long_it_lasted(stand: Stand, minutes: float, words: str) -> None:
    site = f"lasted-{words.split()[0]}".replace("меньше", "short")
    firing = alert(f"Lasted{site[7:]}", minutes=minutes, installation=site)
    stand.post(firing)
    stand.telegram(f"({site})")
    stand.post(resolved(firing))
    over = stand.telegrams.wait_for(lambda message: f"({site})" in message.text and "RESOLVED" in message.text, 20)
    assert f"длилось {words}, " in over.text


def test_five_hundred_alerts_with_hostile_names_are_one_message(stand: Stand) -> None:
    nasty = "<b>&\"'" * 60 + "🔑Ключ"
    flood = [
        alert("Flood", installation=f"flood{number}", client=f"{number}{nasty}", url=f"http://h/{nasty}")
        for number in range(500)
    ]
    for one in flood:
        one["annotations"] |= {"title": nasty, "details": nasty, "description": f"{nasty} Сначала: {nasty}"}
    stand.post(*flood)
    # The first message may hold a part of them only: posting so many takes longer than the short group_wait here.
    message = stand.telegrams.wait_for(lambda message: message.text.splitlines()[0].endswith(" — 500"), 20)
    assert len(message.markup) <= 4096
    rest = re.search(r"^…и ещё (\d+)$", message.text, re.MULTILINE)
    assert rest
    assert message.text.count("• ") + int(rest[1]) == 500
    assert message.text.count("• ") >= 2
    mail = stand.mails.wait_for(lambda mail: "[FIRING:500]" in mail.subject, 20)
    assert nasty in words_of(mail.html)
    assert "Показаны 100, всего 500" in words_of(mail.html)
    assert "всего 500" in mail.text
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 998, "mail servers refuse longer lines"

    stand.post(*[resolved(one) for one in flood])
    over = stand.telegrams.wait_for(lambda message: "flood" in message.text and "RESOLVED" in message.text, 20)
    assert len(over.markup) <= 4096
    assert re.search(r"^…и ещё \d+$", over.text, re.MULTILINE)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_few_alerts_with_endless_words_still_fit(stand: Stand, number: int) -> None:
    long = "\"'<&>" * 2000
    some = [
        alert(f"Long{number}", minutes=0, installation=f"long{number}-{i}", client=f"{i}{long}") for i in range(number)
    ]
    for i, one in enumerate(some):
        one["annotations"] |= {"title": long, "details": long, "description": f"{i}{long}", "dashboard": f"/d/{long}"}
    stand.post(*some)
    message = stand.telegrams.wait_for(lambda message: f"long{number}-0" in message.text, 20)
    assert len(message.markup) <= 4096
    assert all(f"(long{number}-{i})" in message.text for i in range(number))


def test_many_ordinary_clients_all_stand_in_the_list_with_the_first_step(stand: Stand) -> None:
    some = [
        alert("Dns", minutes=0, installation=f"dns{i}", client=f"ООО «Клиент {i}»", manager="petrov", branch="")
        for i in range(12)
    ]
    for i, one in enumerate(some):
        one["annotations"] |= {
            "title": "Имя не разрешается в DNS",
            "details": f"работает по адресу 192.0.2.{i}",
            "description": f"Работает 192.0.2.{i}. Сначала: позвоните тому, кто держит DNS.",
        }
    stand.post(*some)
    message = stand.telegram("Имя не разрешается")
    assert message.chat_id == PETROV
    assert message.text.splitlines()[0] == "🔴 K1 · Имя не разрешается в DNS — 12"
    assert "<b>Сначала:</b> позвоните тому, кто держит DNS." in message.markup
    for i in range(12):
        assert f"• ООО «Клиент {i}» (dns{i}): работает по адресу 192.0.2.{i} — с " in message.text
    assert "и ещё" not in message.text
    mail = stand.mail("Имя не разрешается")
    assert mail.to == ("petrov@dealer.example",)
    assert mail.text.count("Сначала: позвоните") == 1
    assert mail.text.count("работает по адресу 192.0.2.") == 12

    stand.post(*[resolved(one) for one in some[:4]])
    mixed = stand.telegram("уже в порядке")
    assert mixed.text.splitlines()[0] == "🔴 K1 · Имя не разрешается в DNS — 8"
    assert mixed.text.count("длилось") == 4


def test_the_subject_is_one_line_that_mail_servers_take(stand: Stand) -> None:
    client = "Федеральное государственное бюджетное учреждение науки «Институт Ы»\n"
    some = [alert("Subject", minutes=0, installation=f"subject{i}", client=f"{client}{i}") for i in range(5)]
    for one in some:
        one["annotations"]["title"] = "Имя не разрешается в DNS, по IP-адресу сервер работает"
    stand.post(*some)
    mail = stand.mail("(Subject, K1)")
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 998
    assert "Имя не разрешается в DNS, по IP-адресу сервер работает: Федеральное" in mail.subject


def test_info_goes_by_mail_only(stand: Stand) -> None:
    stand.post(alert("QuietNews", severity="info", priority="K4", installation="quiet"))
    mail = stand.mail("(QuietNews, K4)")
    assert mail.to == ("ivanova@dealer.example",)
    assert mail.subject.startswith("🟡 [FIRING:1]")
    assert stand.receivers("QuietNews") == {"ivanova"}
    assert not any("(quiet)" in message.text for message in stand.telegrams.messages)


def test_an_unknown_manager_falls_to_ops(stand: Stand) -> None:
    stand.post(alert("Orphan", manager="sidorov", installation="orphan"))
    assert stand.telegram("(orphan)").chat_id == OPS
    assert stand.mail("(Orphan, K1)").to == ("ops@dealer.example",)


def test_a_foreign_alert_without_our_annotations_is_readable(stand: Stand) -> None:
    labels = {"alertname": "HostOutOfMemory", "severity": "critical", "instance": "db:9100"}
    stand.post({"labels": labels, "annotations": {"summary": "мало памяти"}})
    message = stand.telegram("HostOutOfMemory")
    assert "db:9100" in message.text
    assert "мало памяти" in message.text
    mail = stand.mail("HostOutOfMemory")
    assert mail.subject == "🔴 [FIRING:1] HostOutOfMemory: db:9100 (HostOutOfMemory)"
    assert "мало памяти" in mail.text


def test_the_watchdog_reaches_the_dead_mans_switch_alone(stand: Stand, watchdog: tuple[str, list[Any]]) -> None:
    stand.post(alert("KodeksWatchdog", severity="none", priority="K5", manager="ops", branch=""))
    deadline = time.monotonic() + 20
    while not watchdog[1] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert watchdog[1][0]["alerts"][0]["labels"]["alertname"] == "KodeksWatchdog"
    assert stand.receivers("KodeksWatchdog") == {"dead-man"}


@pytest.mark.parametrize(
    ("cause", "consequence"),
    [
        ("KodeksTcpStatusCount", "KodeksTcpStatus"),
        ("KodeksDnsFailure", "KodeksIcmp"),
        ("KodeksDnsFailure", "KodeksBehindProxyDown"),
        ("KodeksServiceProcessDown", "KodeksTcpStatus"),
        ("KodeksServiceProcessDown", "KodeksHttp200Status"),
        ("KodeksServiceProcessDown", "KodeksBehindProxyDown"),
        ("KodeksOnlineSensLockCheck", "KodeksCatalogBroken"),
        ("KodeksOnlineSensLockCheck", "KodeksAuthNotWork"),
        ("KodeksOnlineSensLockCheck", "KodeksWarning"),
        ("KodeksMaintenanceToLong", "KodeksMaintenance"),
        ("LicmanTcpStatus", "KodeksOnlineSensLockCheck"),
        ("KodeksExporterDown", "KodeksCheckStale"),
        ("KodeksTcpStatus", "KodeksWarning"),
    ],
)
def test_a_cause_mutes_its_consequence(stand: Stand, cause: str, consequence: str) -> None:
    site = f"muted{next(NUMBERS)}"
    # Fresh ones, as Prometheus sends them: an old one would not wait for its group.
    first = alert(cause, minutes=0, manager=site, branch="", installation=site)
    second = alert(consequence, minutes=0, manager=site, branch="", installation=site)
    other = alert(consequence, minutes=0, manager=f"{site}-other", branch="", installation=f"{site}-other")
    stand.post(first, second)
    stand.telegrams.wait_for(lambda m: f"({site})" in m.text and f"{cause}.md" in m.markup, 20)
    assert stand.inhibited(consequence)
    if cause != "KodeksExporterDown":  # which is a cause for the whole fleet
        stand.post(other)
        stand.telegram(f"({site}-other)")
    assert not any(f"({site})" in m.text and f"{consequence}.md" in m.markup for m in stand.telegrams.messages)
    stand.post(resolved(first), resolved(second), resolved(other))


def test_empty_searches_are_one_mail_with_a_table_and_no_end(stand: Stand) -> None:
    rows = {
        "s1": "20.11 09:41\tpetrov\tТУ 1390-007 <b>\tнет в комплекте (ТУ)\n20.11 09:42\t—\tGYLA $1\tне та раскладка\n",
        "s2": "20.11 10:00\torlov\tгсот 12\tописка (ГОСТ)\n…\t\tостальные — на дашборде\t\n",
    }
    some = [alert("KodeksSearchIsEmpty", minutes=0, severity="info", priority="K5", installation=site) for site in rows]
    for one in some:
        one["annotations"] |= {"title": "Пустой поиск", "searches": rows[one["labels"]["installation"]]}
    stand.post(*some)
    mail = stand.mail("Пустой поиск")
    assert mail.to == ("ivanova@dealer.example",)
    lines = mail.text.splitlines()
    assert "  20.11 09:41  petrov: ТУ 1390-007 <b> — нет в комплекте (ТУ)" in lines
    assert "  20.11 09:42  —: GYLA $1 — не та раскладка" in lines
    assert "  … остальные — на дашборде" in lines
    table = [
        tuple("".join(str(text) for text in cell.itertext()) for cell in row)
        for row in html.fromstring(mail.html).iter("tr")
    ]
    assert ("20.11 09:41", "petrov", "ТУ 1390-007 <b>", "нет в комплекте (ТУ)") in table
    assert ("20.11 09:42", "—", "GYLA $1", "не та раскладка") in table
    assert ("20.11 10:00", "orlov", "гсот 12", "описка (ГОСТ)") in table
    assert ("… остальные — на дашборде",) in table
    assert stand.receivers("KodeksSearchIsEmpty") == {"ivanova-digest"}

    stand.post(*[resolved(one) for one in some])
    over = alert("QuietEnd", severity="info", priority="K5", installation="quiet-end")
    stand.post(over)
    stand.mail("(QuietEnd, K5)")
    time.sleep(2.5)  # more than two intervals of the group
    assert len([mail for mail in stand.mails.messages if "KodeksSearchIsEmpty" in mail.subject]) == 1
    assert not any("Пустой поиск" in message.text for message in stand.telegrams.messages)


@pytest.mark.parametrize(
    ("check", "muted", "spoken"),
    [("tcp", "KodeksTcpStatus", "KodeksOnlineSensLockCheck"), ("key", "KodeksOnlineSensLockCheck", "KodeksTcpStatus")],
)
def test_a_hosting_mutes_the_single_alerts_of_the_same_trouble(
    stand: Stand, check: str, muted: str, spoken: str
) -> None:
    hosting = f"hosting{next(NUMBERS)}"
    where = {"manager": hosting, "branch": "", "hosting": hosting}
    outage = alert("KodeksHostingOutage", minutes=0, installation=hosting, check=check, **where)
    single = alert(muted, minutes=0, installation=f"{hosting}-a", **where)
    stand.post(outage, single)
    stand.telegram(f"({hosting})")
    assert stand.inhibited(muted)
    other = alert(spoken, minutes=0, installation=f"{hosting}-b", **where)
    elsewhere = alert(muted, minutes=0, installation=f"{hosting}-c", **(where | {"hosting": "another"}))
    stand.post(other, elsewhere)
    stand.telegram(f"({hosting}-b)")
    stand.telegram(f"({hosting}-c)")
    assert not any(f"({hosting}-a)" in message.text for message in stand.telegrams.messages)
    stand.post(*[resolved(one) for one in (outage, single, other, elsewhere)])

"""What people get, from a real Alertmanager: who, how many, and which words."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from lxml import html

from demo.sinks.mail import Mail
from tests.alertmanager.stand import ROOT, Stand, alert, resolved, running
from tests.answering import Asked, reply, serving


def words_of(markup: str) -> str:
    return "".join(str(text) for text in html.fromstring(markup).itertext())


NUMBERS = itertools.count()
OPS, IVANOVA, PETROV = -1001000000001, -1001000000002, -1001000000003


@pytest.fixture(scope="module")
def watchdog() -> Iterator[tuple[str, list[Any]]]:
    """A dead man's switch: its address and what it got."""
    received: list[Any] = []

    def answer(to: BaseHTTPRequestHandler, asked: Asked) -> None:
        received.append(json.loads(asked.body))
        reply(to, 200)

    with serving(answer) as server:
        yield f"{server.url}/", received


@pytest.fixture(scope="module")
def stand(
    tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory, watchdog: tuple[str, list[Any]]
) -> Iterator[Stand]:
    with running(tmp_path_factory.mktemp("am"), watchdog[0]) as found:
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
    assert message.text.splitlines()[0] == "🔴 Ключ не активен · срочно"
    assert "ООО «Ромашка» (one)" in message.text
    assert '<a href="http://one.example:8080">one.example:8080</a>' in message.markup
    assert re.search(r"^С \d\d\.\d\d \d\d:\d\d \+04$", message.text, re.MULTILINE), "the details are not told twice"
    assert "\n<b>Сначала:</b> проверьте, вставлен ли ключ." in message.markup
    assert "/docs/errors/KodeksOnlineSensLockCheck.md" in message.markup
    assert "https://grafana.dealer.example/d/kodeks-fleet?var-installation=one" in message.markup

    mail = stand.mail("ключ не активен")
    assert mail.to == ("ivanova@dealer.example",)
    assert mail.subject == "🔴 ООО «Ромашка»: ключ не активен [FIRING, KodeksOnlineSensLockCheck, K1]"
    page = html.fromstring(mail.html)
    for words in (mail.text, words_of(mail.html)):
        assert "ООО «Ромашка» (one)" in words
        assert "ошибка 4111: ключ не найден" in words
        assert "Сначала: проверьте, вставлен ли ключ." in words
        assert "http://one.example:8080" in words
    links = [link.get("href", "") for link in page.iter("a")]
    assert "http://one.example:8080" in links
    assert "https://grafana.dealer.example/d/kodeks-fleet?var-installation=one" in links
    assert any(link.endswith("/docs/errors/KodeksOnlineSensLockCheck.md") for link in links)
    assert not list(page.iter("img", "link", "script", "style")), "nothing from outside, no styles apart"

    stand.post(resolved(firing))
    over = stand.telegram("RESOLVED · Ключ не активен")
    assert over.chat_id == IVANOVA
    assert re.search(r"ООО «Ромашка» \(one\) — длилось 1 ч 04 мин, \d\d\.\d\d \d\d:\d\d–\d\d:\d\d \+04$", over.text)
    mail = stand.mail("✅ ООО «Ромашка»: прошло — ключ не активен [RESOLVED")
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
    message = stand.telegrams.wait_for(lambda message: message.text.splitlines()[0].endswith(" — клиентов: 500"), 20)
    assert len(message.markup) <= 4096
    rest = re.search(r"^…и ещё (\d+)$", message.text, re.MULTILINE)
    assert rest
    assert message.text.count("• ") + int(rest[1]) == 500
    assert message.text.count("• ") >= 2
    mail = stand.mails.wait_for(lambda mail: "FIRING: 500" in mail.text.splitlines(), 20)
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
            "title": "Имя не находится в DNS",
            "details": f"работает по адресу 192.0.2.{i}",
            "description": f"Работает 192.0.2.{i}. Сначала: позвоните тому, кто держит DNS.",
        }
    stand.post(*some)
    message = stand.telegram("Имя не находится")
    assert message.chat_id == PETROV
    assert message.text.splitlines()[0] == "🔴 Имя не находится в DNS · срочно — клиентов: 12"
    assert "<b>Сначала:</b> позвоните тому, кто держит DNS." in message.markup
    for i in range(12):
        assert f"• ООО «Клиент {i}» (dns{i}): работает по адресу 192.0.2.{i} — с " in message.text
    assert "и ещё" not in message.text
    mail = stand.mail("имя не находится")
    assert mail.to == ("petrov@dealer.example",)
    assert mail.text.count("Сначала: позвоните") == 1
    assert mail.text.count("работает по адресу 192.0.2.") == 12

    stand.post(*[resolved(one) for one in some[:4]])
    mixed = stand.telegram("уже в порядке")
    assert mixed.text.splitlines()[0] == "🔴 Имя не находится в DNS · срочно — клиентов: 8"
    assert mixed.text.count("длилось") == 4


def test_up_to_five_with_advice_of_their_own_are_told_in_full_by_mail(stand: Stand) -> None:
    """As the weekly mail of the clients whose score fell most."""
    some = [
        alert(
            "KodeksClientScoreFell",
            minutes=0,
            severity="info",
            priority="K5",
            client=f"ООО «Клиент {i}»",
            installation="",
        )
        for i in range(6)
    ]
    for i, one in enumerate(some):
        one["annotations"] |= {
            "title": "Оценка клиента упала", "details": f"с 4,{i} до 3,1 из 5",
            "description": f"Больше всего упала стадия «{i}». Сначала: шаг {i}.",
        }  # fmt: skip
    stand.post(*some[:5])
    mail = stand.mails.wait_for(lambda mail: "FIRING: 5" in mail.text.splitlines() and "ScoreFell" in mail.subject, 20)
    for words in (mail.text, words_of(mail.html)):
        assert all(f"упала стадия «{i}»" in words and f"шаг {i}." in words for i in range(5))
        assert all(f"с 4,{i} до 3,1 из 5" in words for i in range(5))
    assert stand.receivers("KodeksClientScoreFell") == {"ivanova-digest"}
    stand.post(*some)
    mail = stand.mails.wait_for(lambda mail: "FIRING: 6" in mail.text.splitlines() and "ScoreFell" in mail.subject, 20)
    assert "упала стадия" not in mail.text + mail.html, "a longer list leaves what differs to the dashboard"
    assert all(f"с 4,{i} до 3,1 из 5" in mail.text for i in range(6))
    stand.post(*map(resolved, some))


def test_the_subject_is_one_line_that_mail_servers_take(stand: Stand) -> None:
    client = "Федеральное государственное бюджетное учреждение науки «Институт Ы»\n"
    some = [alert("Subject", minutes=0, installation=f"subject{i}", client=f"{client}{i}") for i in range(5)]
    for one in some:
        one["annotations"]["title"] = "Имя не находится в DNS, по IP-адресу сервер работает"
    stand.post(*some)
    mail = stand.mail(", Subject, K1]")
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 998
    assert mail.subject == (
        f"🔴 {client.strip()} 0 и ещё 4: имя не находится в DNS, по IP-адресу сервер работает [FIRING, Subject, K1]"
    )


LONG = "Федеральное государственное бюджетное образовательное учреждение высшего образования «Институт Ы»"


@pytest.mark.parametrize(
    ("name", "title", "clients", "expected"),
    [
        (
            "Whole0",
            "Низкая активность онлайн-доступа на 20-е число (меньше 10 %)",
            ["ООО «Ромашка»", "АО «Лютик и партнёры»", "ООО «Ромашка»"],
            "АО «Лютик и партнёры», ООО «Ромашка»: низкая активность онлайн-доступа на 20-е число (меньше 10 %)",
        ),
        ("Whole1", "Порт закрыт", [LONG], f"{LONG}: порт закрыт"),
        # A client that does not fit is called by its name in the inventory, or not at all; never by half of a name.
        ("Whole2", f"{LONG[:60]} и ещё", [LONG], f"whole2-0: {LONG[0].lower()}{LONG[1:60]} и ещё"),
        ("Whole3", "Порт закрыт", [f"А{LONG}", f"Б{LONG}"], f"А{LONG} и ещё 1: порт закрыт"),
        ("Whole4", "Порт закрыт", [f"К{i}" for i in range(9)], "К0, К1, К2, К3, К4 и ещё 4: порт закрыт"),
        ("Whole5", "TLS-сертификату нельзя доверять", ["К"], "К: TLS-сертификату нельзя доверять"),
        ("Whole6", "СПП не работает", ["К"], "К: СПП не работает"),
        # A title of other rules that alone is too long ends with a whole word.
        ("Whole7", "Слово " * 30, ["К"], "К: слово " + " ".join(["Слово"] * 10) + "…"),
        ("Whole8", "Ы" * 200, ["К"], "К: " + "Ы" * 35 + "…"),
        # A summary's client is a word, and no name.
        ("Whole9", "Порты закрыты сразу у многих", ["несколько клиентов"], "Порты закрыты сразу у многих"),
    ],
)
def test_a_subject_never_cuts_a_word_or_a_client(
    stand: Stand, name: str, title: str, clients: list[str], expected: str
) -> None:
    some = [alert(name, minutes=0, installation=f"{name.lower()}-{i}", client=each) for i, each in enumerate(clients)]
    for one in some:
        one["annotations"]["title"] = title
    stand.post(*some)
    subject = f"🔴 {expected} [FIRING, {name}, K1]"
    mail = stand.mails.wait_for(lambda mail: mail.subject == subject, 20)
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 998
    stand.post(*[resolved(one) for one in some])
    over = stand.mails.wait_for(lambda mail: f"[RESOLVED, {name}, K1]" in mail.subject, 20)
    assert "прошло — " in over.subject
    assert max(map(len, over.raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    ("priority", "sign", "urgency"),
    [("K1", "🔴", "срочно"), ("K2", "🔴", "срочно"), ("K3", "🟠", "сегодня"), ("K4", "🟡", "на неделе")],
)
def test_a_priority_has_a_colour_and_a_word(stand: Stand, priority: str, sign: str, urgency: str) -> None:
    name = f"Urgency{priority}"
    stand.post(alert(name, minutes=0, priority=priority, installation=name))
    if priority != "K4":  # by mail only
        assert stand.telegram(f"({name})").text.splitlines()[0] == f"{sign} Порт установки закрыт · {urgency}"
    mail = stand.mail(f", {name}, {priority}]")
    assert mail.subject.startswith(f"{sign} ")
    assert f"FIRING · {urgency}" in words_of(mail.html)
    assert f"{priority}: {urgency}" in mail.text


def test_a_repeat_says_how_long_it_lasts(stand: Stand) -> None:
    firing = alert("Lasts", minutes=0, installation="lasts")
    firing["annotations"]["lasts"] = "6 ч"
    stand.post(firing)
    assert stand.telegram("(lasts)").text.splitlines()[0] == "🔁 Порт установки закрыт · длится 6 ч"
    mail = stand.mail(", Lasts, K1]")
    assert mail.subject == "🔁 ООО «Ромашка»: порт установки закрыт, длится 6 ч [FIRING, Lasts, K1]"


def test_an_end_may_have_words_of_its_own(stand: Stand) -> None:
    firing = alert("Ended", installation="ended")
    firing["annotations"]["over"] = "отчёт пришёл, его не было 2 дн. 1 ч"
    stand.post(firing)
    stand.telegram("(ended)")
    stand.post(resolved(firing))
    mail = stand.mail("[RESOLVED, Ended, K1]")
    over = stand.telegrams.wait_for(lambda message: "(ended)" in message.text and "RESOLVED" in message.text, 20)
    for words in (mail.text, words_of(mail.html), over.text):
        assert "отчёт пришёл, его не было 2 дн. 1 ч" in words
        assert "длилось" not in words


def test_the_link_of_a_list_leads_to_all_that_are_in_it(stand: Stand) -> None:
    some = [alert("Listed", minutes=0, installation=f"listed{i}", client=f"К{i}") for i in range(4)]
    stand.post(*some)
    message = stand.telegrams.wait_for(lambda message: "(listed3)" in message.text, 20)
    mail = stand.mails.wait_for(lambda mail: ", Listed, K1]" in mail.subject and "(listed3)" in mail.text, 20)
    for text in (message.markup, mail.html, mail.text):
        assert "https://grafana.dealer.example/d/kodeks-fleet?var-manager=ivanova" in text
        assert "var-installation" not in text


def every_title() -> list[tuple[str, str]]:
    """Each alert with each title that its rule may give."""
    found = []
    for path in sorted((ROOT / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    pieces = re.sub(r"\{\{-?.*?-?\}\}", "\n", rule["annotations"]["title"], flags=re.DOTALL)
                    found += [(rule["alert"], piece.strip()) for piece in pieces.split("\n") if piece.strip()]
    return sorted(set(found))


def test_every_title_of_the_rules_and_an_ordinary_client_stand_whole_in_the_subject(stand: Stand) -> None:
    client = "МУП «Водоканал города Энгельса»"
    titles = every_title()
    assert len(titles) > 75
    some = {}
    for number, (name, title) in enumerate(titles):
        # By names as long as their own that no inhibition knows, each with a manager of its own: a mail for each.
        one = alert(
            name[0].lower() + name[1:], minutes=0, severity="info", priority="K5", client=client,
            manager=f"title{number}", branch="", installation=f"title{number}",
        )  # fmt: skip
        one["annotations"]["title"] = title
        small = title if not re.match("[А-ЯЁ][^A-ZА-ЯЁ]", title) else title[0].lower() + title[1:]
        some[f"🟡 {client}: {small} [FIRING, {one['labels']['alertname']}, K5]"] = one
    stand.post(*some.values())
    for subject in some:
        stand.mails.wait_for(lambda mail, subject=subject: mail.subject == subject, 20)  # type: ignore[misc]
    stand.post(*map(resolved, some.values()))


def test_info_goes_by_mail_only(stand: Stand) -> None:
    stand.post(alert("QuietNews", severity="info", priority="K4", installation="quiet"))
    mail = stand.mail(", QuietNews, K4]")
    assert mail.to == ("ivanova@dealer.example",)
    assert mail.subject.startswith("🟡 ")
    assert stand.receivers("QuietNews") == {"ivanova"}
    assert not any("(quiet)" in message.text for message in stand.telegrams.messages)


def test_an_unknown_manager_falls_to_ops(stand: Stand) -> None:
    stand.post(alert("Orphan", manager="sidorov", installation="orphan"))
    assert stand.telegram("(orphan)").chat_id == OPS
    assert stand.mail(", Orphan, K1]").to == ("ops@dealer.example",)


def test_an_alert_of_the_sites_own_rules_is_readable_without_our_annotations(stand: Stand) -> None:
    labels = {"alertname": "HostOutOfMemory", "product": "kodeks", "severity": "critical", "instance": "db:9100"}
    stand.post({"labels": labels, "annotations": {"summary": "мало памяти"}})
    message = stand.telegram("HostOutOfMemory")
    assert "db:9100" in message.text
    assert "мало памяти" in message.text
    mail = stand.mail("HostOutOfMemory")
    assert mail.subject == "🔴 db:9100: HostOutOfMemory [FIRING, HostOutOfMemory]"
    assert "мало памяти" in mail.text


def test_the_watchdog_reaches_the_dead_mans_switch_alone(stand: Stand, watchdog: tuple[str, list[Any]]) -> None:
    stand.post(alert("KodeksWatchdog", severity="none", priority="K5", manager="ops", branch=""))
    deadline = time.monotonic() + 20
    while not watchdog[1] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert watchdog[1][0]["alerts"][0]["labels"]["alertname"] == "KodeksWatchdog"
    assert stand.receivers("KodeksWatchdog") == {"dead-man"}


MUTED = (
    ("OnlineBillingDocsLeftZero", "OnlineBillingDocsLeft50"),
    ("OnlineBillingUploadLeft50", "OnlineBillingUploadLeft150"),
    ("KodeksLicenseExpiring2day", "KodeksLicenseExpiring7day"),
    ("KodeksLicenseExpiring7day", "KodeksLicenseExpiring90day"),
    ("OnlineUserActivityIsLow30", "OnlineUserActivityIsLow20"),
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
    ("KodeksMonitorImpaired", "KodeksCheckStale"),
    ("KodeksMonitorImpaired", "OnlineServerDown"),
    ("KodeksTcpStatus", "KodeksWarning"),
)
"""Causes and consequences."""
FOR_ALL = ("KodeksExporterDown", "KodeksMonitorImpaired")
"""Causes for the whole fleet."""


@pytest.mark.parametrize("pairs", [
    [pair for pair in MUTED if pair[0] not in FOR_ALL], *([pair] for pair in MUTED if pair[0] in FOR_ALL),
], ids=lambda pairs: pairs[0][0])  # fmt: skip
def test_a_cause_mutes_its_consequence(stand: Stand, pairs: list[tuple[str, str]]) -> None:
    """Each pair at a site of its own; the same consequence elsewhere is told."""
    here: dict[str, tuple[str, str]] = {f"muted{next(NUMBERS)}": pair for pair in pairs}
    told: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for site, (cause, consequence) in here.items():
        # Fresh ones, as Prometheus sends them: an old one would not wait for its group.
        first, second = (
            alert(name, minutes=0, manager=site, branch="", installation=site, account=site)
            for name in (cause, consequence)
        )
        if cause == "KodeksMonitorImpaired":
            first["labels"]["cause"] = "resolver"
        if cause.endswith("Count"):  # which mutes only those that it has told
            second["labels"]["summary"] = cause
        told += [first, second]
        away = f"{site}-other"
        others.append(alert(consequence, minutes=0, manager=away, branch="", installation=away, account=away))

    def mailed(site: str, name: str) -> Callable[[Mail], bool]:
        return lambda mail: f"({site})" in mail.text and f"{name}.md" in mail.html

    stand.post(*told)
    for site, (cause, consequence) in here.items():
        stand.mails.wait_for(mailed(site, cause), 20)
        assert stand.inhibited(consequence, site)
    if not set(FOR_ALL) & {cause for cause, _ in pairs}:
        stand.post(*others)
        for site, (_, consequence) in here.items():
            stand.mails.wait_for(mailed(f"{site}-other", consequence), 20)
    for site, (_, consequence) in here.items():
        assert not any(map(mailed(site, consequence), stand.mails.messages)), (site, consequence)
    stand.post(*map(resolved, told + others))


def test_a_server_that_is_down_mutes_the_logins_there_and_no_others(stand: Stand) -> None:
    where = {"manager": f"server{next(NUMBERS)}", "branch": "moscow", "server": "nps2.example"}
    down = alert(
        "OnlineServerDown",
        minutes=0,
        installation="",
        account="несколько доступов",
        client="несколько клиентов",
        **where,
    )
    login = alert("OnlineLoginFailed", minutes=0, installation="", account="down-1", **where)
    elsewhere = alert(
        "OnlineLoginFailed", minutes=0, installation="", account="down-2", **(where | {"server": "nps3.example"})
    )
    stranger = alert(
        "OnlineLoginFailed", minutes=0, installation="", account="down-3", **(where | {"branch": "saratov"})
    )
    stand.post(down, login)
    stand.telegrams.wait_for(lambda message: "OnlineServerDown.md" in message.markup, 20)
    assert stand.inhibited("OnlineLoginFailed")
    stand.post(elsewhere, stranger)
    stand.telegram("(down-2)")
    stand.telegram("(down-3)")
    assert not any("(down-1)" in message.text for message in stand.telegrams.messages)
    stand.post(*map(resolved, (down, login, elsewhere, stranger)))


def test_empty_searches_are_one_mail_with_a_table_and_no_end(stand: Stand) -> None:
    rows = {
        "s1": "20.11 09:41\tpetrov\tТУ 1390-007 <b>\tнет в комплекте (ТУ)\n20.11 09:42\t—\tGYLA $1\tне та раскладка\n",
        "s2": "20.11 10:00\torlov\tгсот 12\tописка (ГОСТ)\n…\t\tостальные — на дашборде\t\n",
    }
    some = [alert("KodeksSearchIsEmpty", minutes=0, severity="info", priority="K5", installation=site) for site in rows]
    for one in some:
        one["annotations"] |= {"title": "Пустой поиск", "searches": rows[one["labels"]["installation"]]}
    stand.post(*some)
    mail = stand.mail(", KodeksSearchIsEmpty, K5]")
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
    stand.mail(", QuietEnd, K5]")
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


def parameters(address: str) -> dict[str, str]:
    """Of a link by which an alert is taken."""
    split = urlsplit(address)
    assert f"{split.scheme}://{split.netloc}{split.path}" == "https://kodeks.dealer.example/acknowledge"
    return dict(parse_qsl(split.query, strict_parsing=True, keep_blank_values=True))


def expected_of(one: dict[str, Any]) -> dict[str, str]:
    labels = one["labels"]
    since = datetime.fromisoformat(one["startsAt"]).astimezone(UTC)
    return {
        "alert": labels["alertname"],
        **{name: labels[name] for name in ("manager", "branch", "client", "installation", "account", "hosting")
           if labels.get(name)},
        "since": str(int(since.timestamp()) * 1000 + since.microsecond // 1000),
        "key": labels["reaction_key"],
    }  # fmt: skip


def takes(markup: str) -> list[dict[str, str]]:
    """The parameters of the links of this kind in a mail or a Telegram message."""
    links = [link.get("href", "") for link in html.fromstring(f"<div>{markup}</div>").iter("a")]
    return [parameters(link) for link in links if "/acknowledge" in link]


HOSTILE = "ООО «Ромашка; & Ко» <b>'\"+%2B=#?/\\ 100 % {{x}}"


@pytest.mark.parametrize(
    "labels",
    [
        {"installation": "take1", "hosting": "te-cloud"},
        {"installation": "take2", "client": HOSTILE, "hosting": HOSTILE, "manager": "ivanova"},
        {"installation": "take3", "branch": "", "manager": "petrov"},
        {"installation": "", "account": "take4", "client": "ЗАО «Лютик»"},
        {"installation": "take5", "manager": "Кузьма О'Нил", "branch": "Самара «Юг»"},
    ],
    ids=["plain", "hostile", "no branch", "account", "names"],
)
def test_a_signed_alert_can_be_taken_by_a_link(stand: Stand, labels: dict[str, str]) -> None:
    mark = labels["installation"] or labels["account"]
    firing = alert("KodeksNeedSupport", minutes=2, reaction_key="17446744073709551615", **labels)
    stand.post(firing)
    message = stand.telegram(f"({mark})")
    assert takes(message.markup) == [expected_of(firing)]
    assert message.text.splitlines()[-1].endswith(" · Взять в работу")
    mail = stand.mails.wait_for(lambda mail: f"({mark})" in mail.text, 20)
    assert takes(mail.html) == [expected_of(firing)]
    (line,) = [line for line in mail.text.splitlines() if "Взять в работу" in line]
    assert parameters(line.removeprefix("  Взять в работу: ")) == expected_of(firing)
    stand.post(resolved(firing))
    over = stand.telegrams.wait_for(lambda message: "RESOLVED" in message.text and f"({mark})" in message.text, 20)
    assert "/acknowledge" not in over.markup
    over_mail = stand.mails.wait_for(lambda mail: "RESOLVED" in mail.subject and f"({mark})" in mail.text, 20)
    assert "/acknowledge" not in over_mail.html + over_mail.text


def test_an_alert_that_nobody_signed_has_no_link(stand: Stand) -> None:
    stand.post(alert("Unsigned", minutes=0, installation="unsigned"))
    assert "acknowledge" not in stand.telegram("(unsigned)").markup
    mail = stand.mail(", Unsigned, K1]")
    assert "acknowledge" not in mail.html + mail.text
    assert "Взять" not in mail.html + mail.text


def test_each_line_of_a_list_can_be_taken_and_the_first_ones_in_telegram_too(stand: Stand) -> None:
    # Signatures in another order than the clients: the list keeps to the clients.
    some = [
        alert("Takes", minutes=0, installation=f"takes{i:02}", client=f"ООО «Клиент {i:02}»", reaction_key=str(90 - i))
        for i in range(12)
    ]
    stand.post(*some)
    message = stand.telegrams.wait_for(lambda message: "(takes11)" in message.text, 20)
    assert [f"(takes{i:02})" in message.text for i in range(12)] == [True] * 12
    links = takes(message.markup)
    assert len(links) >= 3
    assert links == [expected_of(one) for one in some[: len(links)]]
    assert re.search(
        r"\nВзять в работу: ООО «Клиент 00» · ООО «Клиент 01» · .*, остальные — ссылками в письме$", message.text
    )
    mail = stand.mails.wait_for(
        lambda mail: ", Takes, K1]" in mail.subject and "FIRING: 12" in mail.text.splitlines(), 20
    )
    assert takes(mail.html) == [expected_of(one) for one in some]
    lines = [line for line in mail.text.splitlines() if "Взять в работу" in line]
    assert [parameters(line.removeprefix("  Взять в работу: ")) for line in lines] == [expected_of(one) for one in some]


def test_a_link_below_a_list_is_named_by_the_inventory_where_the_client_is_long(stand: Stand) -> None:
    some = [
        alert("TakesLong", minutes=0, installation=f"takes-long{i}", client=f"{LONG} {i}", reaction_key=str(i))
        for i in range(4)
    ]
    stand.post(*some)
    message = stand.telegrams.wait_for(lambda message: "(takes-long3)" in message.text, 20)
    assert re.search(
        r"\nВзять в работу: takes-long0( · takes-long\d)+(, остальные — ссылками в письме)?$", message.text
    )


@pytest.mark.parametrize("count", [3, 6])
def test_alerts_of_one_signature_have_one_link(stand: Stand, count: int) -> None:
    some = [
        alert(f"Volumes{count}", minutes=0, installation=f"volumes{count}", volume=str(i), reaction_key="5")
        for i in range(count)
    ]
    for i, one in enumerate(some):
        one["annotations"]["description"] = f"Том {i}"
    stand.post(*some)
    message = stand.telegrams.wait_for(lambda message: message.text.count(f"(volumes{count})") == count, 20)
    assert takes(message.markup) == [expected_of(some[0])]
    mail = stand.mails.wait_for(
        lambda mail: f"FIRING: {count}" in mail.text.splitlines() and f", Volumes{count}," in mail.subject, 20
    )
    assert takes(mail.html) == [expected_of(some[0])]
    assert mail.text.count("/acknowledge?") == 1


@pytest.mark.parametrize("count", [1, 3, 500])
def test_messages_with_links_stay_within_limits(stand: Stand, count: int) -> None:
    name = f"Linked{count}"
    client = "Ы" * 200 + HOSTILE * 3
    some = [
        alert(
            name,
            minutes=0,
            installation=f"{name}-{i}",
            client=f"{i} {client}",
            hosting="x" * 50,
            reaction_key=f"{2**64 - 2 - i}",
        )
        for i in range(count)
    ]
    for i, one in enumerate(some):
        one["annotations"]["description"] = f"{i} {HOSTILE * 20}" if count <= 3 else HOSTILE * 20
    stand.post(*some)
    ending = f" — клиентов: {count}" if count > 1 else "срочно"
    message = stand.telegrams.wait_for(
        lambda message: f"({name}-0)" in message.text and message.text.splitlines()[0].endswith(ending), 30
    )
    assert len(message.markup) <= 4096
    for link in takes(message.markup):
        assert link in [expected_of(one) for one in some[:10]]
    if count == 500:
        assert message.text.endswith("\nВзять в работу: ссылки — в письме")
    mail = stand.mails.wait_for(
        lambda mail: f"FIRING: {count}" in mail.text.splitlines() and f", {name}," in mail.subject, 30
    )
    assert len(takes(mail.html)) == min(count, 100)
    stand.post(*[resolved(one) for one in some[1:]])
    if count > 1:
        mixed = stand.telegrams.wait_for(
            lambda message: f"({name}-0)" in message.text and "уже в порядке" in message.text, 30
        )
        assert len(mixed.markup) <= 4096


def test_emoji_count_as_telegram_counts_them(stand: Stand) -> None:
    """Two of its 4096 each; otherwise Alertmanager would cut and Telegram refuse."""
    smile = "🙂" * 60
    firing = [
        {**alert("KodeksIcmp", installation=f"smile{number}", client=smile, hosting="", url=""),
         "annotations": {"title": "Улыбки", "details": smile * 2, "description": f"{smile * 6} Сначала: {number}"}}
        for number in range(40)
    ]  # fmt: skip
    stand.post(*firing)
    # Alerts that began in the past are sent without group_wait: the first message may hold some of them only.
    message = stand.telegrams.wait_for(lambda message: "Улыбки" in message.text and "…и ещё" in message.text, 30)
    assert len(message.markup.encode("utf-16-le")) // 2 <= 4096


def test_links_without_a_host_are_left_out(stand: Stand) -> None:
    firing = alert("KodeksWarning", installation="nolinks", url="")
    firing["annotations"] |= {
        "title": "Без адресов", "runbook_url": "/docs/errors/KodeksWarning.md", "dashboard": "/d/kodeks-fleet",
    }  # fmt: skip
    stand.post(firing)
    message, mail = stand.telegram("Без адресов"), stand.mail("без адресов")
    for text in (message.markup, mail.text, mail.html):
        assert "href" not in text
        assert "Что делать" not in text
        assert "Дашборд" not in text
        assert "/d/" not in text

"""The page by which an alert is taken: what it lets through, and above all what not. With a real Alertmanager."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from werkzeug.test import TestResponse

from demo.processes import free_port
from kodeks_exporter.domain.acknowledge import sign
from tests.reaction.stand import KEY, Alertmanager, Bench, alert, cluster, parameters, resolved, series, started


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    with cluster(tmp_path, 1) as (member,):
        yield member


@pytest.fixture
def bench(alertmanager: Alertmanager, tmp_path: Path) -> Iterator[Bench]:
    with Bench(tmp_path / "storage", (alertmanager.url,)) as found:
        yield found


def text(response: TestResponse) -> str:
    assert response.content_type == "text/html; charset=utf-8"
    document: Any = html.fromstring(response.text)
    return " ".join(document.xpath("//main")[0].text_content().split())


def test_an_alert_is_taken_by_its_link(alertmanager: Alertmanager, bench: Bench) -> None:
    firing, neighbour = alert(minutes=12), alert(minutes=12, installation="vasilek")
    other = alert("KodeksIcmp", minutes=12)
    alertmanager.post(firing, neighbour, other)
    link = parameters(firing)

    page = bench.get(**link)
    assert page.status_code == 200
    shown = text(page)
    for words in ("Порт установки закрыт", "ООО «Ромашка» (romashka)", "12 мин", "Время: Europe/Moscow", "Кто берёт",
                  "Комментарий", "30 мин", "2 ч", "8 ч", "1 день", "7 дней", "Беру в работу"):  # fmt: skip
        assert words in shown
    assert "vasilek" not in shown
    document: Any = html.fromstring(page.text)
    assert document.xpath("//input[@id='who']/@value") == ["Мария Иванова"], "whose message it is; may be changed"

    done = bench.post(link, who=" Анна  Иванова ", comment="Звоню в\nдата-центр", seconds="1800")
    assert done.status_code == 200, done.text
    assert "Спасибо, взято в работу" in text(done)
    assert "ООО «Ромашка» (romashka)" in text(done)
    assert "Звоню в дата-центр" in text(done)

    (silence,) = alertmanager.silences()
    assert silence["createdBy"] == "Анна Иванова"
    assert silence["comment"] == "Звоню в дата-центр"
    matchers = {each["name"]: each["value"] for each in silence["matchers"]}
    assert matchers == {
        "alertname": "KodeksTcpStatus", "manager": "ivanova", "branch": "saratov", "client": "ООО «Ромашка»",
        "installation": "romashka", "account": "", "hosting": "",
    }  # fmt: skip
    assert all(each["isEqual"] and not each["isRegex"] for each in silence["matchers"])
    assert alertmanager.silenced()["vasilek"] is False, "nothing else is silenced"
    bench.look()
    values = bench.values()
    assert values[series("kodeks_reaction_taken")] == 1
    assert values[series("kodeks_reaction_waiting")] == 2
    assert values[series("kodeks_reaction_acknowledge_seconds_count")] == 1
    assert values[series("kodeks_reaction_acknowledge_seconds_sum")] == pytest.approx(12 * 60, abs=10)


def test_opening_the_link_changes_nothing(alertmanager: Alertmanager, bench: Bench) -> None:
    """Mail scanners open every link, some with HEAD, and some twice."""
    firing = alert()
    alertmanager.post(firing)
    bench.look()
    before = bench.values()
    link = parameters(firing)
    for _ in range(3):
        assert bench.get(**link).status_code == 200
        assert bench.client.head("/acknowledge", query_string=link).status_code == 200
    assert bench.get(**link, who="робот", comment="робот", seconds="1800").status_code == 200
    assert alertmanager.silences() == []
    assert bench.values() == before


def refused(bench: Bench, link: dict[str, str], status: int, words: str) -> None:
    for response in (bench.get(**link), bench.post(link)):
        assert response.status_code == status, response.text
        assert words in text(response)
        assert "<form" not in response.text


def test_forged_links(alertmanager: Alertmanager, bench: Bench) -> None:
    firing = alert()
    alertmanager.post(firing)
    for key in ("", "0", sign("another key of the same length..", firing["labels"]), "ключ", "1" * 5000):
        refused(bench, parameters(firing, key=KEY) | {"key": key}, 403, "Ссылка неверна")
    assert alertmanager.silences() == []


@pytest.mark.parametrize(
    "change",
    [
        {"installation": "vasilek"}, {"alert": "KodeksIcmp"}, {"manager": "petrov"}, {"branch": ""}, {"client": ""},
        {"account": "romashka-1"}, {"hosting": "te-cloud"},
    ],
)  # fmt: skip
def test_a_link_for_anothers_alert(alertmanager: Alertmanager, bench: Bench, change: dict[str, str]) -> None:
    """Whatever is changed in a true link, and though such an alert fires as well."""
    firing = alert()
    labels = {"alertname" if name == "alert" else name: value for name, value in change.items()}
    name = labels.pop("alertname", "KodeksTcpStatus")
    alertmanager.post(firing, alert(name, minutes=30, **labels))
    refused(bench, parameters(firing) | change, 403, "Ссылка неверна")
    assert alertmanager.silences() == []


def test_values_can_not_be_shifted_between_labels(alertmanager: Alertmanager, bench: Bench) -> None:
    """What is signed is one text; so a value with the separator must not be read as two."""
    firing = alert(manager="", branch="a;b", client="c")
    shifted = alert(manager="a", branch="b;c", client="")
    alertmanager.post(shifted)
    assert sign(KEY, alert(manager="", branch="", client="x")["labels"]) != sign(KEY, shifted["labels"])
    refused(bench, parameters(shifted), 403, "Ссылка неверна")
    refused(bench, parameters(firing), 403, "Ссылка неверна")
    client = alert(client="ООО «А»; ООО «Б»")
    alertmanager.post(client)
    assert bench.get(**parameters(client)).status_code == 200


def test_expired_links(alertmanager: Alertmanager, bench: Bench) -> None:
    lifetime = 100 * 24 * 60
    firing = alert(minutes=lifetime + 60)
    alertmanager.post(firing)
    refused(bench, parameters(firing), 410, "Ссылка устарела")
    young = alert(minutes=lifetime - 60, installation="vasilek")
    alertmanager.post(young)
    assert bench.get(**parameters(young)).status_code == 200
    bench.ahead = 3700
    refused(bench, parameters(young), 410, "Ссылка устарела")


def test_an_alert_that_is_over_or_fires_anew(alertmanager: Alertmanager, bench: Bench) -> None:
    firing = alert()
    refused(bench, parameters(firing), 410, "больше не действует")
    alertmanager.post(firing)
    earlier = str(round(started(firing) * 1000) - 60_000)
    refused(bench, parameters(firing, since=earlier), 410, "Ссылка от другого раза")
    later = str(round(started(firing) * 1000) + 60_000)
    refused(bench, parameters(firing, since=later), 410, "Ссылка от другого раза")
    alertmanager.post(resolved(firing))
    refused(bench, parameters(firing), 410, "больше не действует")
    assert alertmanager.silences() == []


def test_a_link_is_good_once(alertmanager: Alertmanager, bench: Bench) -> None:
    firing = alert()
    alertmanager.post(firing)
    link = parameters(firing)
    assert bench.post(link, who="Анна Иванова", comment="Еду к клиенту").status_code == 200
    refused(bench, link, 409, "Взято: Анна Иванова")
    refused(bench, link, 409, "Еду к клиенту")
    bench.reopen()
    refused(bench, link, 409, "Взято: Анна Иванова")
    refused(bench, link, 409, "Напоминаний не будет до")
    (silence,) = alertmanager.silences()
    alertmanager.expire(silence["id"])  # the silence is over, the alert is not
    refused(bench, link, 409, "Тишина уже кончилась")
    assert alertmanager.silences() == []
    values = bench.until(lambda values: values.get(series("kodeks_reaction_taken")) == 1)
    assert values[series("kodeks_reaction_acknowledge_seconds_count")] == 1


def test_what_was_taken_in_alertmanager_itself(alertmanager: Alertmanager, bench: Bench) -> None:
    firing = alert()
    alertmanager.post(firing)
    alertmanager.silence("уже смотрю", author="Дежурный", installation="romashka")
    refused(bench, parameters(firing), 409, "Взято: Дежурный")


def test_two_press_at_once(alertmanager: Alertmanager, bench: Bench) -> None:
    firing = alert()
    alertmanager.post(firing)
    link, statuses = parameters(firing), []
    threads = [threading.Thread(target=lambda: statuses.append(bench.post(link).status_code)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409, 409, 409]
    assert len(alertmanager.silences()) == 1


def test_several_alerts_of_one_link_are_taken_together(alertmanager: Alertmanager, bench: Bench) -> None:
    """Two partitions of a server are two alerts, and alike in all that a link signs."""
    first, second = (alert("KodeksDiskSpaceLow", minutes=10, partition=each) for each in "CD")
    alertmanager.post(first, second)
    page = text(bench.get(**parameters(second)))
    assert "Взять в работу 2 оповещения" in page
    assert bench.post(parameters(second)).status_code == 200
    assert bench.values()[series("kodeks_reaction_taken")] == 2
    refused(bench, parameters(first), 409, "Уже в работе")


def test_the_name_of_whoever_takes_it_is_wanted(alertmanager: Alertmanager, bench: Bench) -> None:
    firing = alert()
    alertmanager.post(firing)
    link = parameters(firing)
    for form, words in (
        ({"who": " \u0000 "}, "Напишите, кто берёт"),
        ({"comment": "\n"}, "Напишите в комментарии"),
        ({"who": "я" * 81}, "Имя длиннее 80 знаков"),
        ({"comment": "я" * 501}, "Комментарий длиннее 500 знаков"),
        ({"seconds": "99999999"}, "Выберите, на какое время"),
        ({"seconds": ""}, "Выберите, на какое время"),
        ({"seconds": "nan"}, "Выберите, на какое время"),
    ):
        response = bench.post(link, **form)
        assert response.status_code == 400
        assert words in text(response)
        assert "Беру в работу" in text(response), "the form is there to be mended"
    assert alertmanager.silences() == []


def test_what_is_typed_stays_text(alertmanager: Alertmanager, bench: Bench) -> None:
    firing = alert(client="<b>Рога</b>", installation="romashka")
    firing["annotations"]["summary"] = "<script>alert(1)</script>"
    alertmanager.post(firing)
    page = bench.get(**parameters(firing))
    assert "<script" not in page.text
    assert "<b>" not in page.text
    again = bench.post(parameters(firing), who='"><script>', comment="")
    assert "<script" not in again.text
    done = bench.post(parameters(firing), who="<i>я</i>", comment="<u>да</u>")
    assert done.status_code == 200
    assert "<i>" not in done.text
    assert "<u>" not in done.text
    policy = done.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert done.headers["Cache-Control"] == "no-store"
    assert done.headers["Referrer-Policy"] == "no-referrer", "a link in the page must not carry the key away"


def test_bodies_are_bounded(alertmanager: Alertmanager, bench: Bench) -> None:
    firing = alert()
    alertmanager.post(firing)
    link = parameters(firing)
    assert bench.post(link, comment="я" * 20_000).status_code == 413
    file = bench.client.post("/acknowledge", query_string=link, data={"who": (b"x", "x.txt")})
    assert file.status_code == 415
    body = bench.client.post("/acknowledge", query_string=link, data=b"who=a", content_type="application/json")
    assert body.status_code == 415
    assert alertmanager.silences() == []


@pytest.mark.parametrize("since", ["", "now", "-1", "9" * 16, "١٢"])
def test_links_without_a_proper_time(bench: Bench, since: str) -> None:
    assert bench.get(**parameters(alert(), since=since)).status_code == 400


def test_wrong_signatures_lock_nobody_out(alertmanager: Alertmanager, bench: Bench) -> None:
    firing = alert()
    alertmanager.post(firing)
    link = parameters(firing)
    assert {bench.get(**link | {"key": str(number)}).status_code for number in range(300)} == {403}
    assert bench.get(**link).status_code == 200


def test_the_start_can_not_be_guessed_with_an_old_link(alertmanager: Alertmanager, bench: Bench) -> None:
    """Prometheus evaluates a rule every 15 s, so somebody who knows last month's start has few to try."""
    firing, other = alert(minutes=20), alert(installation="vasilek")
    alertmanager.post(firing, other)
    now = round(started(firing) * 1000) + 20 * 60_000
    statuses = [bench.get(**parameters(firing, since=str(now - step * 15_000))).status_code for step in range(81)]
    assert statuses[:5] == [410] * 5
    assert set(statuses[5:]) == {429}
    assert bench.get(**parameters(firing)).status_code == 429, "or the answer would tell which one is right"
    assert bench.get(**parameters(other)).status_code == 200
    elsewhere = bench.client.get(
        "/acknowledge", query_string=parameters(firing), environ_base={"REMOTE_ADDR": "192.0.2.7"}
    )
    assert elsewhere.status_code == 200, "nobody else is locked out"
    bench.ahead = 601
    assert bench.get(**parameters(firing)).status_code == 200


def test_no_alertmanager_answers(tmp_path: Path) -> None:
    with Bench(tmp_path / "storage", (f"http://127.0.0.1:{free_port()}",)) as bench:
        refused(bench, parameters(alert()), 502, "Alertmanager сейчас не отвечает")


def test_one_of_two_answers(tmp_path: Path) -> None:
    with cluster(tmp_path) as (first, second):
        firing = alert()
        first.post(firing)
        second.post(firing)
        with Bench(tmp_path / "storage", (first.url, second.url)) as bench:
            first.kill()
            assert bench.get(**parameters(firing)).status_code == 200
            assert bench.post(parameters(firing)).status_code == 200
            assert len(second.silences()) == 1


def test_the_silence_reaches_the_whole_cluster(tmp_path: Path) -> None:
    with cluster(tmp_path) as members:
        firing = alert()
        for member in members:
            member.post(firing)
        with Bench(tmp_path / "storage", tuple(member.url for member in members)) as bench:
            assert bench.post(parameters(firing)).status_code == 200
            deadline = time.monotonic() + 20
            while not all(member.silenced()["romashka"] for member in members):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            assert [len(member.silences()) for member in members] == [1, 1]
            refused(bench, parameters(firing), 409, "Уже в работе")
            bench.look()
            assert bench.values()[series("kodeks_reaction_acknowledge_seconds_count")] == 1


def test_nothing_configured(tmp_path: Path) -> None:
    with Bench(tmp_path / "storage", ()) as bench:
        refused(bench, parameters(alert()), 404, "не настроены")


def test_the_key_gets_nowhere(alertmanager: Alertmanager, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    firing = alert()
    alertmanager.post(firing)
    link = parameters(firing)
    shown = [bench.get(**link | {"key": "1"}), bench.get(**link), bench.post(link), bench.post(link)]
    for secret in (KEY, link["key"]):
        assert all(secret not in response.text for response in shown)
        assert secret not in caplog.text
        assert all(secret not in str(record.__dict__) for record in caplog.records)


def test_a_renewal_is_taken_until_a_date(alertmanager: Alertmanager, bench: Bench) -> None:
    """Nothing else is: a silence of months would hide a fault."""
    firing, fault = alert("KodeksLicenseExpiring90day", minutes=60 * 24 * 30), alert()
    alertmanager.post(firing, fault)
    link = parameters(firing)
    document: Any = html.fromstring(bench.get(**link).text)
    first, last = (document.xpath(f"//input[@id='until']/@{name}")[0] for name in ("min", "max"))
    told = {"who": "Анна", "comment": "Счёт в марте", "seconds": "1800"}
    for wrong in ("2020-01-01", "9999-12-31", "послезавтра"):
        answer = bench.post(link, **told, until=wrong)
        assert answer.status_code == 400
        assert "Выберите день" in text(answer)
    assert bench.post(link, **told, until=last).status_code == 200
    (silence,) = alertmanager.silences()
    assert first < last == silence["endsAt"][:10]
    assert "until" not in bench.get(**parameters(fault)).text

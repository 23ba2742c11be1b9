"""A played month of three managers, and the review of it: signs, sample, dispute, second opinion, figures."""

from __future__ import annotations

import csv
import io
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from werkzeug.test import Client, TestResponse

from kodeks_exporter.domain.handling import Kind, Record, ReviewStep
from kodeks_exporter.domain.reaction import Alert, Listing, Silence
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.metrics.handling import families
from kodeks_exporter.reaction.handling import PERIOD, Sign, sample, signs, week_of
from kodeks_exporter.reaction.incidents import look
from kodeks_exporter.settings.fleet import Fleet, Manager
from kodeks_exporter.settings.handling import HandlingSettings, Reviewer
from kodeks_exporter.settings.reaction import ReactionSettings
from kodeks_exporter.settings.settings import Settings, Web
from kodeks_exporter.store.reaction import ReactionStore
from kodeks_exporter.web.app import Application
from kodeks_exporter.web.handling import Handling
from kodeks_exporter.web.server import WebServer
from tests.reaction.phone import WIDTH, Phone, phone
from tests.web.fakes import FakeBackend

NOW = 1_795_950_000.0  # Sunday, 29 November 2026
MOSCOW = ZoneInfo("Europe/Moscow")
POINTS = ("in_time", "cause", "told", "told_mended", "prevented")
REVIEWERS = (Reviewer("chief", everything=True), Reviewer("second", ("saratov", "samara")), Reviewer("far", ("omsk",)))
NAMES = {"honest": "Анна Честная", "slow": "Пётр Тихий", "cheat": "Олег Ловкий"}
SETTINGS = Settings(
    fleet=Fleet(managers={name: Manager(name, full_name=called, branch="saratov") for name, called in NAMES.items()}),
    reaction=ReactionSettings(("http://am:9093",), key=Secret("0123456789abcdef")),
    handling=HandlingSettings(REVIEWERS),
    web=Web(user_header="X-User", trusted_proxies=("127.0.0.1",)),
)


def play(folder: Path) -> ReactionStore:
    """40 alerts of each in four weeks. The honest one looks first and mends; the slow one takes hours, or never does;
    the third clicks at once, pastes one comment, and lets the alert go on under ever longer silences."""
    pick = Random(7)
    alerts: list[tuple[float, float, Alert, list[Silence]]] = []
    for number in range(120):
        manager = tuple(NAMES)[number % 3]
        start = NOW - 28 * 86400 + number * 19_000 + pick.uniform(0, 900)
        wait, lasts = {
            "honest": (pick.uniform(60, 900), pick.uniform(1800, 5400)),
            "slow": (pick.uniform(3600, 14400), pick.uniform(18000, 40000)),
            "cheat": (pick.uniform(5, 20), pick.uniform(20000, 40000)),
        }[manager]
        comment = "Работаем" if manager == "cheat" else f"Звоню клиенту {number}, {pick.choice('абвгд')}"
        ends = [start + wait + 7200, *([start + 16000, start + 50000] if manager == "cheat" else [])]
        begin = [start + wait, start + 7000, start + 15000]
        if manager == "slow" and number % 4 == 0:
            ends = []
        silences = [Silence(f"{number}-{i}", begin[i], end, NAMES[manager], comment) for i, end in enumerate(ends)]
        labels = {"alertname": "KodeksTcpStatus", "manager": manager, "branch": "saratov", "priority": "K1",
                  "client": f"ООО «Клиент {number}»", "installation": f"c{number}"}  # fmt: skip
        alert = Alert(str(number), labels, "", (round(start * 1000),), inhibited=False, silenced_by=frozenset())
        alerts.append((start, start + lasts, alert, silences))
    store, moments = ReactionStore(folder), set[float]()
    for start, end, _, silences in alerts:
        told = [start, end - 30, end, end + 400, *(silence.starts for silence in silences)]
        moments |= {moment + 1 for moment in told}
    for now in sorted(moments):
        listed: dict[str, Alert] = {}
        silenced: dict[str, Silence] = {}
        for start, end, alert, silences in alerts:
            if start <= now < end:
                force = {each.id: each for each in silences if each.starts <= now < each.ends}
                listed[alert.identity] = replace(alert, silenced_by=frozenset(force))
                silenced |= force
        state = store.state()
        listing = Listing(listed, silenced)
        step = look(state.incidents, state.past, listing, now, state.watched or now, 0.0, {"K1": 7200.0}, 360.0)
        store.record(step, now)
    assert store._database.flush()
    return store


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReactionStore]:
    store = play(tmp_path_factory.mktemp("month"))
    yield store
    store.close()


@pytest.fixture
def application(month: ReactionStore) -> Iterator[Application]:
    pages = Handling(month.handling, lambda: SETTINGS, lambda _: MOSCOW, lambda: NOW)
    yield Application(FakeBackend(viewers=SETTINGS.web), pages.routes())
    with month._database.transaction() as connection:
        connection.execute("DELETE FROM handling_step")


def ask(application: Application, address: str, user: str = "", **form: str) -> TestResponse:
    headers = {"X-User": user}
    client, environ = Client(application), {"REMOTE_ADDR": "127.0.0.1"}
    if form:
        return client.post(address, data=form, headers=headers, environ_overrides=environ)
    return client.get(address, headers=headers, environ_overrides=environ)


def field(page: str, before: str) -> str:
    return page.partition(before)[2].partition('"')[0].replace("&amp;", "&")


def test_signs_name_the_third_and_only_the_third(month: ReactionStore) -> None:
    records = month.handling.records(0)
    assert len(records) == 120
    assert {each.manager for each in records if each.taken is None} == {"slow"}
    assert {len(each.extensions) for each in records if each.manager == "cheat"} == {2}
    honest = [each for each in records if each.manager == "honest"]
    assert {each.messages for each in honest} == {1}, "silent until it is over"
    assert max(each.messages for each in records if each.taken is None) >= 3
    found = signs(records, NAMES)
    assert found.keys() == {"cheat"}
    assert found["cheat"].keys() == {Sign.INSTANT, Sign.SAME_COMMENT, Sign.EXTENDED}


def taken(record: Record, manager: str, wait: float, by: str, before_end: float = 4000.0) -> Record:
    assert record.taken is not None
    at = record.told + wait
    changed = replace(record.taken, at=at, by=by)
    return replace(record, id=record.id + manager, manager=manager, taken=changed, over=at + before_end, extensions=())


def test_the_signs_that_the_month_did_not_show(month: ReactionStore) -> None:
    mine = [each for each in month.handling.records(0) if each.manager == "honest"]
    late = [taken(each, "late", 3000, f"Имя {number % 3}", 60) for number, each in enumerate(mine)]
    assert signs(late, {})["late"].keys() == {Sign.AFTERWARDS}
    soon = [taken(each, "soon", 100, f"Имя {number % 3}", 60) for number, each in enumerate(mine)]
    assert signs(soon, {}) == {}, "what is mended in minutes ends soon after it was taken"
    shared = [taken(each, name, 600, "Олег Ловкий") for each in mine for name in ("cheat", "other")]
    assert signs(shared, NAMES).keys() == {"other"}, "it is the first one's own name"
    assert signs(shared[:8], NAMES) == {}, "a few are no habit"
    quick = [replace(taken(each, "quick", 10, "К"), over=each.told + 900) for each in mine]
    assert Sign.INSTANT not in signs([*mine, *quick], {}).get("quick", {}), "who mends faster may be quick"


def test_the_sample_is_the_same_all_week_and_has_both_kinds(month: ReactionStore) -> None:
    begin, end = week_of(NOW, MOSCOW)
    assert (end - begin, end <= NOW) == (7 * 86400.0, True)
    records = month.handling.records(0)
    week = [each for each in records if begin <= each.over < end]
    drawn = sample(week, signs(records, NAMES), 5)
    assert drawn == sample(reversed(week), signs(records, NAMES), 5)
    assert {manager: len(own) for manager, own in drawn.items()} == dict.fromkeys(NAMES, 5)
    assert all(bool(why) is (manager == "cheat") for manager, own in drawn.items() for _, why in own)


def test_who_may_see_what(application: Application, month: ReactionStore) -> None:
    id_ = month.handling.records(0)[0].id
    assert ask(application, "/handling", "chief").status_code == 200
    for address in ("/handling", f"/handling?record={id_}", "/handling.csv", f"/handling/view?record={id_}&key=x"):
        assert ask(application, address, "somebody").status_code == 403
    assert "Клиент" not in ask(application, "/handling", "far").get_data(as_text=True)
    assert ask(application, f"/handling?record={id_}", "far").status_code == 404
    assert len(ask(application, "/handling.csv", "far").get_data(as_text=True).splitlines()) == 1


def test_a_form_of_another_site_changes_nothing(application: Application, month: ReactionStore) -> None:
    id_ = month.handling.records(0)[0].id
    form = {"text": "да", **dict.fromkeys(POINTS, "5")}
    theirs = field(ask(application, f"/handling?record={id_}", "second").get_data(as_text=True), 'name="token" value="')
    for token in ("", "ключ", theirs):
        assert ask(application, f"/handling?record={id_}", "chief", token=token, **form).status_code == 403
    own = field(ask(application, f"/handling?record={id_}", "chief").get_data(as_text=True), 'name="token" value="')
    assert ask(application, f"/handling?record={id_}", "chief", token=own, **{**form, "cause": "6"}).status_code == 400
    assert month.handling.steps() == {}
    assert ask(application, f"/handling?record={id_}", "chief", token=own, **form).status_code == 303
    assert ask(application, f"/handling?record={id_}", "chief", token=own, **form).status_code == 409, "once"


def test_review_dispute_and_second_opinion_in_a_browser(
    application: Application, month: ReactionStore, tmp_path: Path
) -> None:
    server = WebServer("127.0.0.1:0", application)
    server.start()
    try:
        with phone(tmp_path) as thumb:
            be(thumb, "chief")
            thumb.open(f"{server.url}/handling")
            assert "один и тот же комментарий" in thumb.text()
            thumb.picture(tmp_path / "sample.png")
            href = thumb.ask("[...document.querySelectorAll('h2')].find(h => h.innerText.includes('Ловкий'))"
                             ".nextElementSibling.querySelector('a').href")  # fmt: skip
            thumb.open(href)
            fill(thumb, "1", "Клиенту никто не звонил")
            link = thumb.ask("document.querySelector('#link').href")
            be(thumb, "")
            thumb.open(link)
            assert "Клиенту никто не звонил" in thumb.text()
            thumb.ask("document.querySelector('[name=who]').value = 'Олег Ловкий'")
            fill(thumb, "", "Звонил, есть запись")
            be(thumb, "chief")
            thumb.open(href)
            assert thumb.ask("document.querySelector('form') === null"), "another reviewer decides"
            be(thumb, "second")
            thumb.open(href)
            fill(thumb, "4", "Запись есть")
            assert thumb.ask("document.documentElement.scrollWidth") <= WIDTH
            thumb.picture(tmp_path / "decided.png")
    finally:
        server.stop()
    [steps] = month.handling.steps().values()
    assert [(each, steps[each].by) for each in Kind] == [
        (Kind.REVIEW, "chief"), (Kind.DISPUTE, "Олег Ловкий"), (Kind.DECISION, "second"),
    ]  # fmt: skip
    told = families(month.handling.records(0), month.handling.steps(), NAMES, NOW)
    samples = {(each.name, *each.labels.values()): each.value for family in told for each in family.samples}
    assert samples["kodeks_handling_score", "cheat", "cause"] == 4.0
    assert samples["kodeks_handling_reviews", "honest", "saratov"] == 0
    assert samples["kodeks_handling_sign", "cheat", "instant"] == 1
    assert samples["kodeks_handling_disputes", "cheat", "changed"] == 1
    assert len(samples) == 5 + 3 + 9 + 15, "bounded by managers, points and signs"
    rows = list(csv.DictReader(io.StringIO(ask(application, "/handling.csv", "chief").text[1:]), delimiter=";"))
    [reviewed] = [row for row in rows if row["review_by"]]
    assert len(rows) == 120
    assert (reviewed["dispute_text"], reviewed["decision_by"], reviewed["told"][:4], reviewed["point_cause"]) == (
        "Звонил, есть запись", "second", "2026", "4",
    )  # fmt: skip


def be(thumb: Phone, user: str) -> None:
    thumb._call("Network.enable")
    thumb._call("Network.setExtraHTTPHeaders", headers={"X-User": user})


def fill(thumb: Phone, number: str, text: str) -> None:
    thumb.ask(f"document.querySelectorAll('form select').forEach(each => each.value = '{number}')")
    thumb.ask(f"document.querySelector('[name=text]').value = '{text}'")
    thumb.tap("form button")
    thumb.wait(f"document.querySelector('.evidence') !== null && document.body.innerText.includes('{text}')")


def test_killed_after_a_step_it_is_kept_and_killed_within_it_it_is_not(month: ReactionStore, tmp_path: Path) -> None:
    record, done = month.handling.records(NOW - PERIOD)[0].id, set[Kind]()
    for kind in Kind:
        for within in (True, False):
            if (child := os.fork()) == 0:
                store = ReactionStore(tmp_path)
                if within:
                    with store._database.transaction() as connection:
                        connection.execute("INSERT INTO handling_step VALUES (?, ?, x'00')", (record, kind.value))
                        os.kill(os.getpid(), signal.SIGKILL)
                store.handling.add(record, ReviewStep(kind, NOW, "chief"))
                os.kill(os.getpid(), signal.SIGKILL)
            assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
            done |= set() if within else {kind}
            store = ReactionStore(tmp_path)
            assert {*store.handling.steps().get(record, {})} == done
            assert all(store.handling.add(record, ReviewStep(each, NOW, "second")) is False for each in done)
            store.close()

"""A manager takes an alert on a phone: Chromium with a small touch screen, the real server, a real Alertmanager."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import bcrypt
import pytest
import requests

from kodeks_exporter.config.webfile import ServerSecurity
from kodeks_exporter.web import acknowledge, upload
from kodeks_exporter.web.app import Application
from kodeks_exporter.web.server import WebServer
from tests.reaction.phone import HEIGHT, WIDTH, Phone, phone
from tests.reaction.stand import Alertmanager, Bench, alert, cluster, parameters, series
from tests.web.fakes import FakeBackend


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    with cluster(tmp_path, 1) as (member,):
        yield member


@pytest.fixture
def bench(alertmanager: Alertmanager, tmp_path: Path) -> Iterator[Bench]:
    with Bench(tmp_path / "storage", (alertmanager.url,)) as found:
        yield found


@pytest.fixture
def server(bench: Bench) -> Iterator[str]:
    """The real server, with a password as web.yml may set one."""
    application = Application(FakeBackend(), bench.reactions.routes())
    security = ServerSecurity(users={"prometheus": bcrypt.hashpw(b"secret", bcrypt.gensalt(4))})
    open_paths = upload.OPEN_PATHS + acknowledge.OPEN_PATHS
    web = WebServer("127.0.0.1:0", application, security, open_paths=open_paths)
    web.start()
    yield web.url
    web.stop()


@pytest.fixture
def thumb(tmp_path: Path) -> Iterator[Phone]:
    with phone(tmp_path) as found:
        yield found


def fits(thumb: Phone) -> None:
    assert thumb.ask("innerWidth") == WIDTH
    assert thumb.ask("document.documentElement.scrollWidth") <= WIDTH, "nothing is cut off or scrolls sideways"
    small = thumb.ask(
        "[...document.querySelectorAll('input[type=text], textarea, button, .choice')]"
        ".filter(each => each.getBoundingClientRect().height < 44).map(each => each.outerHTML)"
    )
    assert small == [], "a thumb needs 44 pixels"
    tiny = thumb.ask(
        "[...document.querySelectorAll('input[type=text], textarea')]"
        ".filter(each => parseFloat(getComputedStyle(each).fontSize) < 16).length"
    )
    assert tiny == 0, "phones zoom into smaller text"


def test_taken_by_thumb(alertmanager: Alertmanager, bench: Bench, server: str, thumb: Phone, tmp_path: Path) -> None:
    firing = alert(minutes=12)
    alertmanager.post(firing)
    thumb.open(f"{server}/acknowledge?{urlencode(parameters(firing))}")
    fits(thumb)
    assert thumb.ask("document.querySelector('button').getBoundingClientRect().bottom") < HEIGHT, "without scrolling"
    thumb.picture(tmp_path / "form.png")
    assert thumb.ask("document.querySelector('#who').value") == "Мария Иванова", "the manager of the alert"
    thumb.empty("#who")
    thumb.tap("#who")
    thumb.type("Анна Иванова")
    thumb.tap("#comment")
    thumb.type("Звоню в дата-центр, обещали через полчаса")
    thumb.tap(".choice:nth-of-type(3)")
    assert thumb.ask("document.querySelector('input[name=seconds]:checked').value") == "28800"
    thumb.picture(tmp_path / "filled.png")
    thumb.tap("button")
    thumb.wait("document.body !== null && document.body.innerText.includes('Спасибо')")
    fits(thumb)
    thumb.picture(tmp_path / "done.png")
    (silence,) = alertmanager.silences()
    assert (silence["createdBy"], silence["comment"]) == ("Анна Иванова", "Звоню в дата-центр, обещали через полчаса")
    assert bench.values()[series("kodeks_reaction_taken")] == 1

    thumb.open(f"{server}/acknowledge?{urlencode(parameters(firing, again='1'))}")
    thumb.wait("document.body.innerText.includes('Уже в работе')")
    fits(thumb)
    thumb.picture(tmp_path / "again.png")


def test_what_is_left_out_is_asked_for_before_anything_is_sent(
    alertmanager: Alertmanager, server: str, thumb: Phone
) -> None:
    firing = alert(minutes=12)
    alertmanager.post(firing)
    thumb.open(f"{server}/acknowledge?{urlencode(parameters(firing))}")
    thumb.tap("button")
    assert thumb.ask("document.querySelector('form').checkValidity()") is False
    assert thumb.ask("document.activeElement.id") == "comment", "the name of the alert's manager is there"
    thumb.empty("#who")
    thumb.tap("button")
    assert thumb.ask("document.activeElement.id") == "who"
    assert alertmanager.silences() == []


def test_long_words_and_many_alerts_fit(alertmanager: Alertmanager, server: str, thumb: Phone, tmp_path: Path) -> None:
    name = "Общество с ограниченной ответственностью «Научно-производственное объединение «Ромашковоеполеимениленина»"
    alerts = [alert("KodeksDiskSpaceLow", client=name, partition=str(each)) for each in range(12)]
    alertmanager.post(*alerts)
    thumb.dark()
    thumb.open(f"{server}/acknowledge?{urlencode(parameters(alerts[0]))}")
    assert "и ещё 9 оповещений" in thumb.text()
    fits(thumb)
    thumb.picture(tmp_path / "many.png")


def test_this_page_alone_asks_for_no_password(alertmanager: Alertmanager, server: str) -> None:
    firing = alert()
    alertmanager.post(firing)
    page = requests.get(f"{server}/acknowledge", params=parameters(firing), timeout=10)
    assert page.status_code == 200
    for path in ("/", "/metrics", "/config", "/acknowledge/", "/acknowledge/x"):
        assert requests.get(server + path, timeout=10).status_code == 401, path

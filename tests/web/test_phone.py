"""The status page on the phone of whoever is on call: Chromium with a small touch screen, and the real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kodeks_exporter.service.overview import fleet_view
from kodeks_exporter.store.past import Spell, SpellKind
from kodeks_exporter.web.app import Application
from kodeks_exporter.web.server import WebServer
from tests.reaction.phone import WIDTH, Phone, phone
from tests.service.known import KNOWN, NOW, SETTINGS
from tests.web.fakes import FakeBackend

PAST = (
    Spell(NOW - 20 * 86400, SpellKind.OK, "ok"),
    Spell(NOW - 9000, SpellKind.DOWN, "unreachable", "tcp", "Соединение отклонено: порт закрыт, служба не запущена"),
    Spell(NOW - 5000, SpellKind.OK, "ok"),
)


@pytest.fixture
def server() -> Iterator[str]:
    known = replace(KNOWN, past=dict.fromkeys(("volume", "spp", "well"), PAST))
    web = WebServer("127.0.0.1:0", Application(FakeBackend(view=fleet_view(SETTINGS, known))))
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


def test_everything_that_is_wrong_fits_and_can_be_checked_again(server: str, thumb: Phone, tmp_path: Path) -> None:
    thumb.open(f"{server}/?refresh=0")
    fits(thumb)
    assert thumb.ask("document.querySelectorAll('article').length") == 5
    assert thumb.ask("getComputedStyle(document.querySelector('.bar rect.bad')).fill") != "rgb(0, 0, 0)"
    thumb.picture(tmp_path / "all.png")
    thumb.open(f"{server}/installations/volume?refresh=0")
    fits(thumb)
    thumb.tap("form button")
    thumb.wait("document.querySelector('#evidence') !== null")
    fits(thumb)
    assert thumb.ask("document.querySelector('#evidence').innerText.includes('GET /docs')") is True
    thumb.picture(tmp_path / "checked.png")
    thumb.open(f"{server}/?sort=client&refresh=0")
    fits(thumb)

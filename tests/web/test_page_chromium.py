"""The status page as a real browser shows it: what can be read, and that nothing is cut off on a phone."""

from __future__ import annotations

import struct
import subprocess
import zlib
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from demo import browser
from kodeks_exporter.web.server import WebServer
from tests.web.conftest import Start
from tests.web.fakes import FakeBackend, thousand, twelve

PHONE, DESKTOP = (390, 844), (1280, 800)
LIGHT_PAPER, DARK_PAPER = (0xF5, 0xF6, 0xF8), (0x12, 0x15, 0x1A)

Pixel = tuple[int, int, int]


@dataclass(frozen=True)
class Shown:
    """The document after the browser has read it, and its picture as rows of pixels."""

    document: Any
    picture: list[list[Pixel]]

    def text(self, xpath: str) -> list[str]:
        return [" ".join(element.text_content().split()) for element in self.document.xpath(xpath)]


def show(url: str, size: tuple[int, int], folder: Path, *flags: str) -> Shown:
    picture = folder / "page.png"
    command = browser.command(
        folder / "profile", f"--window-size={size[0]},{size[1]}", f"--screenshot={picture}", "--dump-dom", *flags, url
    )
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    return Shown(html.fromstring(done.stdout.decode()), read_png(picture.read_bytes()))


def read_png(data: bytes) -> list[list[Pixel]]:
    """Just enough of PNG for Chromium's screenshots: 8 bits a channel, RGB or RGBA, not interlaced."""
    position, packed = 8, b""
    width = height = channels = 0
    while position < len(data):
        length, kind = struct.unpack(">I4s", data[position : position + 8])
        body = data[position + 8 : position + 8 + length]
        position += length + 12
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", body)
            assert (depth, interlace) == (8, 0)
            channels = {2: 3, 6: 4}[colour]
        elif kind == b"IDAT":
            packed += body
    raw, stride = zlib.decompress(packed), width * channels
    previous, rows = bytearray(stride), []
    for y in range(height):
        start = y * (stride + 1)
        line = unfilter(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), previous, channels)
        rows.append([(line[x], line[x + 1], line[x + 2]) for x in range(0, stride, channels)])
        previous = line
    return rows


def unfilter(kind: int, line: bytearray, above: bytearray, step: int) -> bytearray:
    if kind == 1:
        for channel in range(step):
            line[channel::step] = bytes(value & 0xFF for value in accumulate(line[channel::step]))
    elif kind == 2:
        line[:] = bytes((value + up) & 0xFF for value, up in zip(line, above, strict=True))
    elif kind in (3, 4):
        for i in range(len(line)):
            left, corner = (line[i - step], above[i - step]) if i >= step else (0, 0)
            up = above[i]
            average = (left + up) // 2
            nearest = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
            line[i] = (line[i] + (average if kind == 3 else nearest)) & 0xFF
    return line


def assert_nothing_is_cut_off(shown: Shown, size: tuple[int, int]) -> None:
    """Below the strip of counters, which scrolls by design, both margins are empty from top to bottom."""
    assert (len(shown.picture[0]), len(shown.picture)) == size
    for row in shown.picture[150:]:
        assert {*row[:8], *row[-8:]} == {LIGHT_PAPER}


@pytest.fixture
def server(start: Start) -> WebServer:
    return start()


def test_phone(server: WebServer, tmp_path: Path) -> None:
    shown = show(server.url + "/", PHONE, tmp_path)
    assert shown.text("//title")[0].startswith("✕ 5")
    assert shown.text("//h1") == ["Сбой у 5 установок из 12"]
    assert len(shown.text("//article")) == 5
    assert "По IP отвечает: 192.0.2.17" in shown.text("//article")[0]
    assert_nothing_is_cut_off(shown, PHONE)


def test_desktop(server: WebServer, tmp_path: Path) -> None:
    shown = show(server.url + "/?manager=petrov", DESKTOP, tmp_path)
    assert len(shown.text("//article")) == 3
    assert shown.text("//select[@name='manager']/option[@selected]") == ["petrov"]
    assert_nothing_is_cut_off(shown, DESKTOP)


def test_the_stylesheet_passes_the_policy_in_the_dark_too(server: WebServer, tmp_path: Path) -> None:
    shown = show(server.url + "/", PHONE, tmp_path, "--blink-settings=preferredColorScheme=0")
    assert shown.picture[400][2] == DARK_PAPER


@pytest.mark.parametrize("path", ["/installations/zavod-7", "/?state=ok"])
def test_other_views_on_a_phone(server: WebServer, tmp_path: Path, path: str) -> None:
    shown = show(server.url + path, PHONE, tmp_path)
    assert shown.text("//article | //tbody/tr")
    assert_nothing_is_cut_off(shown, PHONE)


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_a_thousand_installations(
    server: WebServer, backend: FakeBackend, tmp_path: Path, size: tuple[int, int]
) -> None:
    backend.view = thousand(30)
    shown = show(server.url + "/", size, tmp_path)
    assert len(shown.text("//article")) == 30
    assert len(shown.text("//tbody/tr")) == 500
    assert_nothing_is_cut_off(shown, size)


def test_nothing_of_a_client_runs(server: WebServer, backend: FakeBackend, tmp_path: Path) -> None:
    """Even where markup got in, the policy would not run it; here it does not get in."""
    evil = "<script>document.title='broken in'</script><img src=x onerror=\"document.title='broken in'\">"
    view = twelve()
    first = view.installations[0]
    backend.view = type(view)((type(first)(evil, evil, evil, url=evil, hosting=evil),), view.generated, "0.1.0")
    shown = show(server.url + "/", PHONE, tmp_path)
    assert "broken" not in shown.text("//title")[0]
    assert evil in shown.document.text_content()

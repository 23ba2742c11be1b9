"""The bundle holds nothing of the original, in whatever encoding, and still shows what a pattern is written for."""

from __future__ import annotations

import base64
import html
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.trace import Exchange
from kodeks_exporter.settings.fleet import Installation
from kodeks_exporter.survey.bundle import write_bundle
from kodeks_exporter.survey.findings import Survey
from kodeks_exporter.survey.pseudonyms import Pseudonyms, own_words

PEOPLE = ("Пантелеймонова", "krivosheev", "Ыхтыярская", "Zhdanovich", "ТЮЛЬКИН")
NUMBERS = ("0777_654321", "79172345678", "640000", "203.0.113.77", "192.0.2.10")
ORIGINALS = ("Незабудка", "nezabudka", "шлямбурович", "tainoe-slovo-77", "nadzor", *PEOPLE, *NUMBERS)
OURS = Installation(
    "nezabudka", "ЗАО «Незабудка»", "шлямбурович", url="http://nezabudka.example", addresses=NUMBERS[4:]
)


def written(text: str) -> Iterable[bytes]:
    """The ways in which a word may stand in a file."""
    for form in {text, text.casefold(), text.upper(), text.capitalize()}:
        yield from (form.encode(charset, "ignore") for charset in ("utf-8", "cp1251", "koi8-r", "utf-16-le", "cp866"))
        yield quote(form).encode()
        yield quote(form, encoding="cp1251", errors="ignore").encode()
        yield "".join(f"&#{ord(sign)};" for sign in form).encode()
        yield "".join(f"\\u{ord(sign):04x}" for sign in form).encode()
        yield base64.b64encode(form.encode())[:-4]


def page(people: Iterable[str]) -> str:
    rows = "".join(
        f'<tr><td title="{html.escape(name)}">'
        f'<a href="/u?n={quote(name)}&c={quote(name, encoding="cp1251", errors="ignore")}">'
        f"{''.join(f'&#{ord(sign)};' for sign in name)}</a> {name} <!-- {name} --></td></tr>"
        for name in people
    )
    return f"<html><title>Сведения</title>Рабочих мест: <b>40</b> Привязка: SenseLock ключ<table>{rows}</table></html>"


def made(folder: Path, people: Iterable[str], charset: str = "utf-8") -> dict[str, bytes]:
    body = page(people).encode(charset, "xmlcharrefreplace")
    headers = {"content-type": f"text/html; charset={charset}", "server": "WWW-Kodeks/6.4", "location": "/x/nadzor"}
    found = Survey("installations", "nezabudka")
    found.trace.append(Exchange("GET", "/admin/title", True, 0.1, Response(200, headers, body, "/admin/title")))
    found.trace.append(
        Exchange("GET", "/m", True, 0.1, Response(200, {}, b'kserver_x{user="krivosheev",path="/docs"} 0\n', "/m"))
    )
    followed = Response(200, headers, b"<html></html>", "/users/krivosheev")
    found.trace.append(Exchange("GET", "/users/krivosheev", True, 0.1, followed))
    found.propose("каталоги", "сервер называет /zhdanovich", "catalogs", ["/zhdanovich"])
    found.propose("выход", "сеанс завершает /manage/bye", "paths.logout", "/manage/bye")
    write_bundle(folder / "b.zip", found, OURS)
    with zipfile.ZipFile(folder / "b.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251", "koi8-r", "utf-16"])
def test_nothing_of_the_original_is_left(tmp_path: Path, charset: str) -> None:
    parts = made(tmp_path, (*ORIGINALS,), charset)
    whole = b"\0".join(parts.values()) + "\0".join(parts).encode()
    assert [word for word in ORIGINALS for form in written(word) if len(form) > 5 and form in whole] == []
    assert b"nezabudka" not in (tmp_path / "b.zip").read_bytes()


def test_what_a_pattern_is_written_for_stays(tmp_path: Path) -> None:
    parts = made(tmp_path, PEOPLE)
    shown = parts["pages/01.txt"].decode()
    assert "Сведения" in shown
    assert "Рабочих мест: <b>" in shown
    assert "Привязка: SenseLock ключ" in shown
    assert "GET /admin/title (с логином)" in shown
    assert "server: WWW-Kodeks/6.4" in shown
    assert 'kserver_x{user="' in parts["pages/02.txt"].decode()
    assert shown.count("<tr>") == len(PEOPLE)
    assert "logout: /manage/bye" in parts["proposal.yml"].decode()


def test_one_word_has_one_stand_in_and_another_bundle_another() -> None:
    one, two = (Pseudonyms(keep=(), hide=()) for _ in range(2))
    for names in (one, two):
        names.note("Иванова ivanova 12345678")
    assert one.replace("Иванова, ИВАНОВА; иванова") == ", ".join(
        [one.replace("Иванова"), one.replace("ИВАНОВА")]
    ) + "; " + one.replace("иванова")
    assert one.replace("Иванова 12345678") != two.replace("Иванова 12345678")


def test_the_clients_own_words_go_even_when_they_are_ordinary() -> None:
    names = Pseudonyms(keep=("/admin/title",), hide=("ООО Сервер лицензий", "admin"))
    assert names.replace("Сервер") != "Сервер"
    assert "admin" not in names.replace("/admin/title")
    assert "title" in names.replace("/admin/title")


WORDS = st.text(st.characters(categories=("Lu", "Ll", "Nd"), max_codepoint=0x500), min_size=5, max_size=20)


@given(st.lists(WORDS, min_size=1, max_size=5), st.sampled_from(["{}", "&lt;{}&gt;", "a{}_b", "{}-1", "(«{}»)"]))
def test_no_word_passes(words: list[str], around: str) -> None:
    ours = own_words()
    # With four letters that are nobody's but its own: a replacement may happen to begin with fewer.
    words = [word for word in words if set(re.findall(r"[^\W\d]{4,}", word.casefold())) - ours]
    text = " ".join(around.format(word) for word in words)
    names = Pseudonyms(keep=(), hide=())
    names.note(text)
    shown = names.replace(text)
    assert [word for word in words if word.casefold() in shown.casefold()] == []

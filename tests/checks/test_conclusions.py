"""What was concluded of a page serves again only for the same page, asked by the same patterns."""

from __future__ import annotations

from dataclasses import replace

from kodeks_exporter.checks.conclusions import Conclusions
from kodeks_exporter.net.answer import Response
from kodeks_exporter.settings.checks import Patterns
from tests.checks.conftest import Clinic, failures
from tests.checks.site import answer

PAGE = Response(200, {"content-type": "text/html"}, b"<h1>page</h1>", "/docs")


def test_a_page_is_read_once_for_each_question() -> None:
    asked: list[Response] = []

    def length(_patterns: Patterns, response: Response) -> int:
        asked.append(response)
        return len(response.body)

    def status(_patterns: Patterns, response: Response) -> int:
        return response.status

    conclusions, patterns = Conclusions(), Patterns()
    for _ in range(3):
        assert conclusions.of(length, patterns, replace(PAGE, path="/other", headers=dict(PAGE.headers))) == 13
        assert conclusions.of(status, patterns, PAGE) == 200
    assert len(asked) == 1
    for other in (
        replace(PAGE, body=b"<h1>Page</h1>"),
        replace(PAGE, status=503),
        replace(PAGE, headers={"content-type": "text/html; charset=cp1251"}),
    ):
        conclusions.of(length, patterns, other)
    conclusions.of(length, Patterns(), PAGE)
    assert len(asked) == 5


def test_a_fleet_whose_pages_all_change_leaves_nothing_behind_for_ever() -> None:
    asked: list[bytes] = []

    def note(_patterns: Patterns, response: Response) -> None:
        asked.append(response.body)

    conclusions, patterns = Conclusions(), Patterns()
    for number in range(20_001):
        conclusions.of(note, patterns, replace(PAGE, body=str(number).encode()))
        if number % 5000 == 0:
            conclusions.of(note, patterns, PAGE)  # one that is asked again and again stays
    assert asked.count(PAGE.body) == 1
    conclusions.of(note, patterns, replace(PAGE, body=b"0"))
    assert asked.count(b"0") == 2


def test_what_changes_on_a_page_is_seen_in_the_next_round(clinic: Clinic) -> None:
    first = clinic.examine()
    assert not failures(first)
    clinic.site.pages["/docs"] = answer("<h1>Режим обслуживания</h1>")
    assert failures(clinic.examine(first.results)) == {"maintenance": "maintenance"}
    clinic.site.pages["/docs"] = answer("<h1>Режим обслуживания</h1>", charset="koi8-r")
    assert failures(clinic.examine(first.results)) == {"maintenance": "maintenance"}
    clinic.site.pages["/docs"] = answer()
    clinic.site.pages["/admin/lic"] = answer("Привязка: SenseLock ключ - Ошибка защиты 4113")
    assert failures(clinic.examine(first.results)) == {"key": "code_4113"}

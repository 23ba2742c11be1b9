"""The profile and the history page in all the forms that they are expected to take."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kodeks_exporter.domain.online import Quota, Resource
from kodeks_exporter.online.account_page import read_quotas
from kodeks_exporter.online.history_page import read_history
from kodeks_exporter.online.markup import login_form, tables
from kodeks_exporter.settings.online import OnlinePatterns
from tests.online.conftest import MOSCOW, moment

PATTERNS = OnlinePatterns()
DAY = date(2026, 11, 19)
DOCUMENTS, SEARCHES, PRINTS, UPLOADS = Resource

SAMPLE = """<html><head><meta charset="utf-8"><title>Профиль</title></head><body>
<h1>Профиль пользователя</h1>
<table class="limits">
<tr><th>Показатель</th><th>Осталось</th><th>Лимит</th></tr>
<tr><td>Документы</td><td>216</td><td>300</td></tr>
<tr><td>Поиск</td><td>2 989</td><td>3 000</td></tr>
<tr><td>Печать</td><td>3 000</td><td>3 000</td></tr>
<tr><td>Выгрузка</td><td>2 998</td><td>3 000</td></tr>
</table></body></html>"""
SAMPLE_QUOTAS = {
    DOCUMENTS: Quota(216, 300),
    SEARCHES: Quota(2989, 3000),
    PRINTS: Quota(3000, 3000),
    UPLOADS: Quota(2998, 3000),
}


def quotas(source: str) -> dict[Resource, Quota]:
    return dict(read_quotas(source, PATTERNS))


def test_the_sample() -> None:
    assert quotas(SAMPLE) == SAMPLE_QUOTAS


@pytest.mark.parametrize("space", ["\u00a0", "\u2009", "\u202f", "\u2007", "&nbsp;", "&thinsp;", "&#8239;", "", "\n "])
def test_white_space_of_any_kind_groups_digits(space: str) -> None:
    assert quotas(SAMPLE.replace("2 9", f"2{space}9").replace("3 0", f"3{space}0")) == SAMPLE_QUOTAS


def table(*rows: str) -> str:
    return "<table>" + "".join(f"<tr><td>{'</td><td>'.join(row.split('|'))}</td></tr>" for row in rows) + "</table>"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(
            table("Печать|10|20", "Документы|1|2"), {PRINTS: Quota(10, 20), DOCUMENTS: Quota(1, 2)}, id="other order"
        ),
        pytest.param(table("|Лимит|Осталось", "Документы|300|216"), {DOCUMENTS: Quota(216, 300)}, id="columns"),
        pytest.param(table("Показатель|Осталось", "Документы|216"), {DOCUMENTS: Quota(216, None)}, id="no limit"),
        pytest.param(table("Документы|216"), {DOCUMENTS: Quota(216, None)}, id="no header, no limit"),
        pytest.param(
            table("|Использовано|Лимит", "Документы|84|300"), {DOCUMENTS: Quota(216, 300)}, id="used and limit"
        ),
        pytest.param(
            table("|Использовано|Осталось|Всего", "Документы|84|216|300"), {DOCUMENTS: Quota(216, 300)}, id="all three"
        ),
        pytest.param(table("|Осталось", "Документы|216 из 300"), {DOCUMENTS: Quota(216, 300)}, id="in one cell"),
        pytest.param(table("Документы:|216 шт."), {DOCUMENTS: Quota(216, None)}, id="units"),
        pytest.param(table("|Осталось|Лимит", "Документы|-4|300"), {DOCUMENTS: Quota(0, 300)}, id="overdrawn"),
        pytest.param(table("|Осталось|Лимит", "Документы|0|300"), {DOCUMENTS: Quota(0, 300)}, id="zero"),
        pytest.param(table("1|Документы|216"), {DOCUMENTS: Quota(216, None)}, id="no header, numbered"),
        pytest.param(
            table("№|Показатель|Осталось", "1|Документы|216"), {DOCUMENTS: Quota(216, None)}, id="numbered rows"
        ),
        pytest.param(
            table("Показатель|Документы|Поиск", "Осталось|216|2 989", "Лимит|300|3 000"),
            {DOCUMENTS: Quota(216, 300), SEARCHES: Quota(2989, 3000)},
            id="on its side",
        ),
        pytest.param(
            table("Меню|Документы") + f"<table><tr><td>{SAMPLE}</td></tr></table>", SAMPLE_QUOTAS, id="inside a layout"
        ),
        pytest.param(
            "<TABLE><TR><TD>Документы<TD><b>2</b>16<TR><TD>Поиск<TD>5",
            {DOCUMENTS: Quota(216, None), SEARCHES: Quota(5, None)},
            id="nothing is closed",
        ),
        pytest.param(SAMPLE.replace("<table", "<!-- <table><tr><td>Документы</td><td>9</td></tr></table> --><table"),
                     SAMPLE_QUOTAS, id="a comment"),
        pytest.param(table("Поиск|5"), {}, id="no documents"),
        pytest.param(table("Документы|много"), {}, id="no number"),
        pytest.param("<div>Документы: 216</div>", {}, id="no table"),
        pytest.param("", {}, id="nothing"),
    ],
)  # fmt: skip
def test_other_forms_of_the_profile(source: str, expected: dict[Resource, Quota]) -> None:
    assert quotas(source) == expected


HISTORY = """<table class="history">
<tr><th>Время</th><th>Тип поиска</th><th>Запрос</th><th>Найдено</th><th>Длительность, с</th></tr>
<tr><td>19.11.2026 10:12:03</td><td>Интеллектуальный</td><td>ГОСТ 9.402</td><td>12</td><td>0,9</td></tr>
<tr><td>19.11.2026 10:14:40</td><td>Атрибутный</td><td>ТУ 14-1-476-72</td><td>0</td><td>11,2</td></tr>
</table>"""


def history(source: str, text: str = "") -> list[tuple[object, ...]] | None:
    events = read_history(source, text, DAY, "u1", PATTERNS, MOSCOW)
    if events is None:
        return None
    return [(each.time, each.type, each.status, each.query, each.found, each.duration) for each in events]


def test_the_history_sample() -> None:
    start = moment("2026-11-19 10:00")
    assert history(HISTORY) == [
        (start + 12 * 60 + 3, "intellectual", "ok", "ГОСТ 9.402", 12, 0.9),
        (start + 14 * 60 + 40, "attribute", "empty", "ТУ 14-1-476-72", 0, 11.2),
    ]


def test_other_forms_of_the_history() -> None:
    at = moment("2026-11-19 10:12")
    assert history(table("Запрос|Найдено|Дата", "a &lt; b|1 204|2026-11-19 10:12")) == [
        (at, "other", "ok", "a < b", 1204, None)
    ]
    assert history(table("10:12|Атрибутный|СП 20|0|1.5")) == [(at, "attribute", "empty", "СП 20", 0, 1.5)]
    assert history(table("Время|Запрос|Найдено", "10:12|x|ошибка")) == [(at, "other", "error", "x", None, None)]
    assert history(table("Время|Запрос", "18.11.2026 10:12|вчера", "31.31.2026 10:12|никогда")) == []
    assert history(table("Время|Запрос")) == []
    assert history("<p>x</p>", "Запросов за 19.11.2026 не найдено") == []
    assert history("<p>x</p>", "Добро пожаловать") is None


HOSTILE = [
    "<a ", "<", "<!--", '<a b="', "</", "<td>", "<table>", "<tr>", "<script>", "<a =", "<a x", "&#", "<table><tr><td>",
    "<input type=password ", "<form>", "1 ", "<td>1 000 ", "</table>", "<table><tr><td>Документы<td>1",
]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_hostile_page_takes_no_time(unit: str) -> None:
    source = unit * (512 * 1024 // len(unit))
    begin = time.thread_time()
    quotas(source)
    login_form(source)
    history(source)
    assert time.thread_time() - begin < 3


PIECES = st.sampled_from(
    [
        "<table>",
        "</table>",
        "<tr>",
        "<td>",
        "</td>",
        "<th>",
        "<form>",
        "<input/type=password>",
        "<!--",
        "-->",
        "<",
        ">",
        "<script>",
        "&nbsp;",
        "&#x",
        "Документы",
        "Осталось",
        "Лимит",
        "Время",
        "Запрос",
        "10:12",
        "216",
        "99:99",
        "٣",
    ]
)


@given(st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=60).map("".join)))
def test_no_page_breaks_the_readers(source: str) -> None:
    for quota in quotas(source).values():
        assert quota.left >= 0
    history(source, source)
    login_form(source)
    assert isinstance(tables(source), list)

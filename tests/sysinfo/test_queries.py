"""Causes and families of empty searches: the table is the specification, docs/empty-search.md its prose."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kodeks_exporter.domain.queries import FAMILIES, Cause, cause, family

TABLE = [
    # The cases of the stories
    ("GYLA 14.1", "layout", "ПНД Ф"),
    ("GYLA 14.1:2:3:4.112-2023", "layout", "ПНД Ф"),
    ("гсот", "typo", "ГОСТ"),
    ("гсот 30971-2012", "typo", "ГОСТ"),
    ("ТУ 14–1–476–72", "typo", "ТУ"),
    ("ТУ 1390-007-86695843-2010", "absent", "ТУ"),
    # Nothing wrong
    ("ГОСТ 30971-2012", "absent", "ГОСТ"),
    ("ГОСТ 9.402", "absent", "ГОСТ"),
    ("гост", "absent", "ГОСТ"),
    ("госты на трубы", "absent", "ГОСТ"),
    ("ГОСТ Р 52289-2019", "absent", "ГОСТ Р"),
    ("ГОСТ Р ИСО 9001-2015", "absent", "ГОСТ Р"),
    ("ГОСТ РВ 0015-002", "absent", "ГОСТ"),
    ("ГОСТ рельсы", "absent", "ГОСТ"),
    ("гост30971", "absent", "ГОСТ"),
    ("СП 48.13330.2019", "absent", "СП"),
    ("сп48.13330", "absent", "СП"),
    ("свод правил организация строительства", "absent", "СП"),
    ("СНиП 2.03.01-84*", "absent", "СНиП"),
    ("СанПиН 2.1.3684-21", "absent", "СанПиН"),
    ("РД 34.20.501-95", "absent", "РД"),
    ("РД ЭО 1.1.2.01", "absent", "РД"),
    ("ПНД Ф 14.1:2:4.50-96", "absent", "ПНД Ф"),
    ("ПНДФ 14.1", "absent", "ПНД Ф"),
    ("МИ 2377-98", "absent", "МИ"),
    ("ФНП 461", "absent", "ФНП"),
    ("ГН 2.2.5.3532-18", "absent", "ГН"),
    ("РМГ 61-2010", "absent", "РМГ"),
    ("ОСТ 36-146-88", "absent", "ОСТ"),
    ("СТО Газпром 2-2.1-249", "absent", "СТО"),
    ("МУК 4.2.1018-01", "absent", "МУ"),
    ("ISO 9001", "absent", "ISO"),
    ("ИСО 14001", "absent", "ISO"),
    ("EN 10204", "absent", "EN"),
    ("DIN 933", "absent", "DIN"),
    ("ASTM A106", "absent", "ASTM"),
    ("API 5L", "absent", "API"),
    ("приказ Минтруда 883н", "absent", "приказ"),
    ("приказом 461", "absent", "приказ"),
    ("постановление правительства 87", "absent", "постановление"),
    ("федеральный закон 123-ФЗ", "absent", "закон"),
    ("123-ФЗ", "absent", "закон"),
    ("116 ФЗ", "absent", "закон"),
    ("Градостроительный кодекс", "absent", "кодекс"),
    ("ТР ТС 010/2011", "absent", "ТР ТС"),
    ("техническими регламентами", "absent", "прочее"),
    ("приказ об утверждении СП 1.13130", "absent", "приказ"),
    ("трубы стальные", "absent", "прочее"),
    ("", "absent", "прочее"),
    ("   ", "absent", "прочее"),
    ("30971-2012", "absent", "прочее"),
    ("12-34-567", "absent", "прочее"),
    # Real words near a family's name
    ("рост цен", "absent", "прочее"),
    ("мост 30", "absent", "прочее"),
    ("пост 5", "absent", "прочее"),
    ("гость", "absent", "прочее"),
    ("гостиница", "absent", "прочее"),
    ("указ 204", "absent", "указ"),
    ("заказ 15", "absent", "прочее"),
    ("загон для скота", "absent", "прочее"),
    ("клип 12", "absent", "прочее"),
    ("сто рублей", "absent", "прочее"),
    ("что 1", "absent", "прочее"),
    ("ту самую", "absent", "прочее"),
    ("ми", "absent", "МИ"),
    ("миска", "absent", "прочее"),
    ("тест 5", "absent", "прочее"),
    ("сноп 3", "absent", "прочее"),
    # Real Latin words
    ("AutoCAD", "absent", "прочее"),
    ("Kodeks server", "absent", "прочее"),
    ("pdf", "absent", "прочее"),
    ("DN 50 PN 16", "absent", "прочее"),
    ("CO2", "absent", "прочее"),
    ("HL 300", "absent", "прочее"),
    ("mp3", "absent", "прочее"),
    ("monitoring system", "absent", "прочее"),
    ("LED светильник", "absent", "прочее"),
    ("welding procedure", "absent", "прочее"),
    ("C 1", "absent", "прочее"),
    # Wrong layout
    ("ujcn 30971", "layout", "ГОСТ"),
    ("UJCN 30971-2012", "layout", "ГОСТ"),
    ("Ujcn H 52289", "layout", "ГОСТ"),
    ("cybg 2.03.01", "layout", "СНиП"),
    ("CfyGbY 2.1.3684", "layout", "СанПиН"),
    ("gyla 14.1", "layout", "ПНД Ф"),
    ("gyl a 14.1", "layout", "ПНД Ф"),
    ("ayg 461", "layout", "ФНП"),
    ("hvu 61-2010", "layout", "РМГ"),
    ("ne 14-1-476-72", "layout", "ТУ"),
    ("cg 48.13330.2019", "layout", "СП"),
    ("hl 34.20.501", "layout", "РД"),
    ("ghbrfp 461", "layout", "приказ"),
    ("gjcnfyjdktybt 87", "layout", "постановление"),
    ("pfrjy", "layout", "закон"),
    ("nhe,f cnfkmyfz", "layout", "прочее"),
    ("cdfhrf vtnfkkjrjycnherwbq", "layout", "прочее"),
    ("ШЫЩ 9001", "layout", "ISO"),
    ("фыеь a106", "layout", "ASTM"),
    # Look-alikes
    ("ГOCT 30971", "layout", "ГОСТ"),
    ("ГОСT Р 52289", "layout", "ГОСТ Р"),
    ("ГОСТ P 52289", "layout", "ГОСТ Р"),
    ("CП 48.13330", "layout", "СП"),
    ("TУ 14-1", "layout", "ТУ"),
    ("TY 14-1-476", "layout", "ТУ"),
    ("CTO 2-2.1", "layout", "СТО"),
    ("PД 34.20", "layout", "РД"),
    ("Cнип 2.03", "layout", "СНиП"),
    # Slips
    ("готс 9.402", "typo", "ГОСТ"),
    ("огст 9.402", "typo", "ГОСТ"),
    ("ГСОТ Р 12", "typo", "ГОСТ Р"),
    ("гост 9.402 и гсот 12", "typo", "ГОСТ"),
    ("госст 9.402", "typo", "ГОСТ"),
    ("гст 9.402", "typo", "ГОСТ"),
    ("нсип 2.03", "typo", "СНиП"),
    ("снп 2.03.01", "typo", "СНиП"),
    ("санпни 2.1", "typo", "СанПиН"),
    ("санпн 2.1", "typo", "СанПиН"),
    ("сампин 2.1", "typo", "СанПиН"),
    ("прикза 461", "typo", "приказ"),
    ("прикз минтруда", "typo", "приказ"),
    ("постновление 87", "typo", "постановление"),
    ("постановлние", "typo", "постановление"),
    ("распоряжние 5", "typo", "распоряжение"),
    ("пдн 14.1", "typo", "ПНД Ф"),
    ("ГОСТ 9.402—2004", "typo", "ГОСТ"),
    ("ГОСТ 9.402 – 2004", "typo", "ГОСТ"),
    ("СП 48−13330", "typo", "СП"),
    # Pasted
    ("Настоящий стандарт распространяется на профили стальные листовые гнутые с трапециевидными гофрами для "
     "строительства и устанавливает требования", "too_long", "прочее"),
    ("а б в г д е ж з и к л м н о п р", "too_long", "прочее"),
    ("ГОСТ 30971-2012 " * 20, "too_long", "ГОСТ"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "expected_cause", "expected_family"), TABLE)
def test_cause_and_family(query: str, expected_cause: str, expected_family: str) -> None:
    assert (cause(query), family(query)) == (expected_cause, expected_family)


@given(st.text(max_size=400))
@settings(max_examples=1500)
def test_any_text_has_one_cause_and_one_family(query: str) -> None:
    assert cause(query) in set(Cause)
    assert family(query) in FAMILIES
    assert (cause(query), family(query)) == (cause(query), family(query))


@given(st.lists(st.sampled_from([*"ГОСТгостGOCTujcnпндф14.1-–—,.;'[]№ \t"]), max_size=120).map("".join))
@settings(max_examples=1000)
def test_texts_that_resemble_designations(query: str) -> None:
    assert cause(query) in set(Cause)
    assert family(query) in FAMILIES


@pytest.mark.parametrize("piece", ["г", "гост ", "a", "ujcn", ";", "–1", "\u0301", "1.", " ", "ГO", "a\n", "𝔊"])
def test_a_huge_query_takes_no_time(piece: str) -> None:
    query = piece * 2_000_000
    start = time.process_time()
    cause(query)
    family(query)
    assert time.process_time() - start < 1.0


@given(
    st.sampled_from(["ГОСТ 30971-2012", "СП 48.13330.2019", "приказ 461", "трубы"]), st.sampled_from(["lower", "upper"])
)
def test_case_does_not_matter(query: str, change: str) -> None:
    assert family(getattr(query, change)()) == family(query)
    assert cause(getattr(query, change)()) is Cause.ABSENT

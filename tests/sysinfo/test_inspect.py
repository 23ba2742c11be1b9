"""``sysinfo inspect``: it shows what is there without showing values, and its suggestions are a profile that works."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kodeks_exporter.domain.report import Block, UnreadableReport
from kodeks_exporter.sysinfo.inspect import Inspection, inspect, render, suggestion_text
from kodeks_exporter.sysinfo.profile import Profile, load_profile, parse_profile

from .conftest import DATA, DEFAULT, SAMPLE_XML, database, read, sample_database, zipped
from .test_profile import changed


def inspected(content: bytes | str, folder: Path, profile: Profile = DEFAULT) -> Inspection:
    path = folder / "report"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return inspect(path, profile)


def suggested(inspection: Inspection, folder: Path) -> Profile:
    """The suggested lines, taken as they are as a site's profile."""
    (folder / "site.yml").write_text(suggestion_text(inspection), encoding="utf-8")
    return load_profile("site", [folder])


def test_the_sample_is_recognised_whole(folder: Path) -> None:
    for content in (SAMPLE_XML.encode(), sample_database(folder), zipped(("a.xml", SAMPLE_XML))):
        inspection = inspected(content, folder)
        assert [item.place for item in inspection.found if not item.use] == []
        assert inspection.missing == ()
        assert inspection.suggestion == {}
        assert inspection.bad_values == {}
        assert "поисковые запросы: 3" in render(inspection)


@pytest.mark.parametrize("source", ["sample", "sqlite", "other"])
def test_no_personal_data_is_shown(folder: Path, source: str) -> None:
    content = {
        "sample": SAMPLE_XML.encode(),
        "sqlite": sample_database(folder),
        "other": (DATA / "other.xml").read_bytes(),
    }[source]
    text = render(inspected(content, folder))
    for secret in (
        *("ivanova", "petrov", "kuznetsov", "Иванова", "Сидоров", "+7 000", "example.org", "Инженер", "10.0.0.15"),
        *("orlova", "gusev", "Орлова", "Технолог", "10.1.0.5", "ГОСТ", "GYLA", "гсот", "Ромашка", "Лютик"),
    ):
        assert secret not in text


def test_long_numbers_may_be_telephones_and_are_not_shown(folder: Path) -> None:
    text = SAMPLE_XML.replace("+7 000 000-00-01", "79001234567")
    assert "9001234567" not in render(inspected(text, folder))
    assert "7900123" not in render(inspected(text, folder))


def test_what_is_unknown_missing_and_not_understood(folder: Path) -> None:
    text = (
        SAMPLE_XML.replace(' domain="ROMASHKA" ip', ' колво_окон="3" ip')
        .replace("<spp ", "<снмп ")
        .replace('type="attribute"', 'type="фасетный"')
        .replace('since="2026-11-20T09:01:12"', 'since="20/11/2026 09:01:12"')
        .replace('seats="25"', 'seats="много"')
        .replace('duration="0.84"', 'duration="быстро"')
    )
    inspection = inspected(text, folder)
    assert {item.place for item in inspection.found if not item.use} == {
        "/sysinfo/sessions/session/@колво_окон",
        "/sysinfo/снмп/@status",
    }
    assert set(inspection.missing) == {
        ("/sysinfo/sessions/session/@domain", "sessions.domain"),
        ("/sysinfo/spp/@status", "header.spp_status"),
    }
    assert set(inspection.bad_values) == {"searches.type", "searches.duration", "sessions.since", "header.seats"}
    shown = render(inspection)
    assert "нет перевода в values.type для значений: «фасетный»" in shown
    assert "%d/%m/%Y %H:%M:%S" in yaml.safe_load(suggestion_text(inspection))["dates"]


def test_skipped_records_are_told(folder: Path) -> None:
    text = SAMPLE_XML.replace('time="2026-11-20T09:12:44"', 'time="вчера"')
    assert "поисковые запросы: 2, пропущено 1" in render(inspected(text, folder))


def test_renamed_fields_of_a_known_record_are_suggested(folder: Path) -> None:
    text = (
        SAMPLE_XML.replace(" duration=", " dlitelnost_ms=")
        .replace(" login=", " polzovatel=")
        .replace(" found=", " kolvo=")
    )
    inspection = inspected(text, folder)
    blocks = inspection.suggestion["xml"]["blocks"]  # type: ignore[index]
    assert blocks["searches"]["fields"] == {
        "login": "@polzovatel",
        "found": "@kolvo",
        "duration": {"from": "@dlitelnost_ms", "unit": "ms"},
    }
    assert blocks["users"]["fields"] == {"login": "@polzovatel"}
    got = read(text, folder, suggested(inspection, folder)).got
    assert [e.login for e in got.searches] == ["ivanova", "petrov", "petrov"]
    assert [u.login for u in got.users] == ["ivanova", "petrov", "sidorov"]


def test_the_suggestions_for_another_layout_read_it_like_a_hand_made_profile(folder: Path) -> None:
    content = (DATA / "other.xml").read_bytes()
    inspection = inspected(content, folder)
    assert inspection.summary is None
    by_hand = read(content, folder, load_profile(str(DATA / "other.yml")))
    by_guess = read(content, folder, suggested(inspection, folder))
    assert by_guess.got == by_hand.got
    assert by_guess.summary.blocks_present == by_hand.summary.blocks_present
    assert "ничего: отчёт устроен не так" in render(inspection)


TRANSLITERATED = """<otchet versiya="2.0.6.20" data="2026/11/20 09:55:00"><server versiya="6.4.5.300" os="Linux"/>
<reg nomer="0599_1" organizaciya="OOO" mest="15" srok="2027/01/31"/>
<toma><tom imya_fajla="a.vol" nomer_produkta="777712301" srok_dejstviya="2027/01/31" oshibka="0"/></toma>
<polzovateli><polzovatel uchetnaya_zapis="anna" fio="A" dolzhnost="" telefon="1" posledniy_vhod="2026/11/20 09:00:00">
<statistika mesyac="2026/11" zaprosov="5" dokumentov="2" pechat="0" sohraneno="1"/></polzovatel></polzovateli>
<poisk><zapros vremya="2026/11/20 09:12:44" polzovatel="anna" tip="intellectual"
 rezultat="ok" kolvo="5" dlitelnost="1500">x</zapros>
<zapros vremya="2026/11/20 09:13:44" polzovatel="anna" tip="attribute"
 rezultat="empty" kolvo="0" dlitelnost="15000">y</zapros></poisk>
<otkazy><otkaz vremya="2026/11/20 08:00:00" polzovatel="boris" prichina="seats"/></otkazy></otchet>"""


def test_transliterated_names_are_understood(folder: Path) -> None:
    inspection = inspected(TRANSLITERATED, folder)
    reading = read(TRANSLITERATED, folder, suggested(inspection, folder))
    got, header = reading.got, reading.summary.header
    assert [(e.login, e.type, e.status, e.found, e.duration, e.query) for e in got.searches] == [
        ("anna", "intellectual", "ok", 5, 1.5, "x"),
        ("anna", "attribute", "empty", 0, 15.0, "y"),
    ]
    assert [(u.login, u.month, u.requests, u.documents, u.printed, u.saved) for u in got.usages] == [
        ("anna", "2026-11", 5, 2, 0, 1)
    ]
    assert [(u.login, u.filled) for u in got.users] == [("anna", {"fullname": True, "position": False, "phone": True})]
    assert [(v.file, v.product, v.error) for v in got.volumes] == [("a.vol", "777712301", 0)]
    assert [(r.login, r.reason) for r in got.rejections] == [("boris", "seats")]
    assert (header.regnum, header.client, header.seats, header.server_version) == ("0599_1", "OOO", 15, "6.4.5.300")
    assert header.created is not None
    assert header.expires is not None


def test_another_database(folder: Path) -> None:
    content = database(
        "CREATE TABLE polzovateli(login, fio, telefon); INSERT INTO polzovateli VALUES ('anna', 'A', '');"
        "CREATE TABLE search_log(dt, user, query_text, result, elapsed_ms);"
        "INSERT INTO search_log VALUES ('20.11.2026 09:12:44', 'anna', 'ГОСТ', 'empty', 900);"
        "CREATE VIEW v AS SELECT * FROM search_log; CREATE TABLE server(version, os, zapusk);"
        "INSERT INTO server VALUES ('6.4.5.300', 'Linux', '19.11.2026 03:10:00');",
        folder,
    )
    inspection = inspected(content, folder)
    reading = read(content, folder, suggested(inspection, folder))
    assert [(e.time, e.login, e.query, e.status, e.duration) for e in reading.got.searches] == [
        (1795151564.0, "anna", "ГОСТ", "empty", 0.9)
    ]
    assert [(u.login, u.filled) for u in reading.got.users] == [("anna", {"fullname": True, "phone": False})]
    assert reading.summary.header.server_version == "6.4.5.300"
    assert reading.summary.blocks_present == {Block.SEARCHES, Block.USERS}
    assert all("v." not in item.place for item in inspection.found)


def test_a_wrong_encoding_is_noticed(folder: Path) -> None:
    content = SAMPLE_XML.encode("cp1251")  # declares UTF-8
    assert "кодировка windows-1251" in render(inspected(content, folder))
    insisting = parse_profile("x", changed({"xml": {"encoding": "utf-8"}}))
    inspection = inspected(content, folder, insisting)
    assert "windows-1251" in render(inspection)
    assert inspection.suggestion["xml"] == {"encoding": "windows-1251"}


def test_what_is_read_is_not_doubted(folder: Path) -> None:
    """Joined values, numbers in groups, a time of day, dates of Windows programs, dates that stand for «never»."""
    text = (
        SAMPLE_XML.replace('requests="412"', 'requests="1\u00a0412"')
        .replace('date="2026-11-20T02:15:00"', 'date="20.11.2026" at="02:15:00"')
        .replace('since="2026-11-20T09:01:12"', 'since="46346,3758333"')
        .replace('last_seen="2026-08-02T11:00:00"', 'last_seen="0001-01-01T00:00:00"')
    )
    joined = {"xml": {"blocks": {"operup": {"fields": {"date": {"from": ["@date", "@at"]}}}}}}
    inspection = inspected(text, folder, parse_profile("x", changed(joined)))
    assert inspection.bad_values == {}
    assert "время суток" in render(inspection)


def test_hidden_white_space_is_shown(folder: Path) -> None:
    text = SAMPLE_XML.replace('login="ivanova" domain', 'login=" ivanova\u200b" domain', 1)
    lines = render(inspected(text, folder)).splitlines()
    assert "есть лишние пробелы или невидимые знаки" in next(line for line in lines if "sessions.login" in line)
    assert "лишние" not in next(line for line in lines if "searches.login" in line)


def test_names_of_a_list_of_names_and_values_are_shown(folder: Path) -> None:
    params = "".join(
        f'<p n="{name}" v="{value}"/>' for name, value in (("Версия", "6.4"), (" Мест", "25"), ("Прочее", "x"))
    )
    layout = {
        "xml": {
            "keys": {"record": "/sysinfo/params/p", "key": "@n", "value": "@v"},
            "header": {"seats": "key:Мест", "os": "key:ОС"},
        }
    }
    text = SAMPLE_XML.replace("</sysinfo>", f"<params>{params}</params></sysinfo>")
    inspection = inspected(text, folder, parse_profile("x", changed(layout)))
    found = {item.place: item.use for item in inspection.found if item.place.startswith("key:")}
    assert found == {"key:Версия": "", "key:Мест": "header.seats", "key:Прочее": ""}
    assert ("key:ОС", "header.os") in inspection.missing


def test_a_site_profile_is_what_is_looked_at(folder: Path) -> None:
    profile = parse_profile("x", changed({"xml": {"blocks": {"kassist": None}}}))
    unknown = {item.place for item in inspected(SAMPLE_XML, folder, profile).found if not item.use}
    assert unknown == {f"/sysinfo/kassist/day/@{name}" for name in ("date", "unique", "added", "unmatched", "checked")}


@pytest.mark.parametrize("content", [b"", b"hello", b"<a>", b"PK\x03\x04", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"])
def test_what_can_not_be_read_says_why(folder: Path, content: bytes) -> None:
    with pytest.raises(UnreadableReport):
        inspected(content, folder)


def test_any_xml_can_be_inspected(folder: Path) -> None:
    huge = (
        "<r>" + "".join(f"<e{n % 3000} a='{n}'><b{n % 7}>{n}</b{n % 7}></e{n % 3000}>" for n in range(20_000)) + "</r>"
    )
    inspection = inspected(huge, folder)
    assert inspection.survey.more
    assert "показаны не все" in render(inspection)
    assert len(inspection.found) <= 5000

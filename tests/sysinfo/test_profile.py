"""Profiles: what a site can change, and that all mistakes are told at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kodeks_exporter.domain.report import Block
from kodeks_exporter.sysinfo.profile import BUILT_IN, BadProfile, extend, load_profile, parse_profile

from .conftest import DATA, SAMPLE_XML, database, read


def changed(changes: object) -> object:
    """The default profile's document with changes."""
    return extend(yaml.safe_load((BUILT_IN / "default.yml").read_text(encoding="utf-8")), changes)


def test_a_site_profile_wins_over_the_built_in_of_that_name(folder: Path) -> None:
    (folder / "default.yml").write_text("extends: default\n", encoding="utf-8")
    with pytest.raises(BadProfile, match="circle"):
        load_profile("default", [folder])
    (folder / "site.yml").write_text("extends: default\n", encoding="utf-8")
    (folder / "default.yml").unlink()
    assert load_profile("site", [folder]).xml == load_profile("default").xml
    assert load_profile(str(folder / "site.yml")).name == str(folder / "site.yml")


def test_an_extending_profile_has_only_the_differences(folder: Path) -> None:
    (folder / "site.yml").write_text(
        "extends: default\nxml:\n  blocks:\n    kassist: null\n"
        "    searches: {fields: {duration: {from: '@ms', unit: ms}}}\n",
        encoding="utf-8",
    )
    profile = load_profile("site", [folder])
    reading = read(SAMPLE_XML.replace("duration=", "ms="), folder, profile)
    assert [round(event.duration or 0, 5) for event in reading.got.searches] == [0.00084, 0.0124, 0.01102]
    assert Block.KASSIST not in reading.summary.blocks_present
    assert reading.got.days == []


def test_all_mistakes_at_once() -> None:
    document = changed(
        {
            "dates": ["%Y-%m-%d", "%Q", "%d", "%m/%d/%Y %I:%M"],
            "values": {"status": {"fine": ["x"], "ok": "found"}, "colour": {}},
            "xml": {
                "encoding": "klingon",
                "header": {"created": "sysinfo/@created", "started": "key:x", "nonsense": "/a"},
                "blocks": {
                    "users": {"record": "users/user", "fields": {"login": "@@", "domain": "../../../../@x"}},
                    "searches": {
                        "fields": {"duration": {"from": "@d", "unit": "weeks"}, "found": {"from": "@f", "unit": "ms"}}
                    },
                    "volumes": {"record": "/a/b", "fields": {"file": None}},
                    "colours": {},
                },
            },
            "sqlite": {"header": {"created": "no_dot"}, "blocks": {"usage": {"table": None}}},
            "speed": 1,
        }
    )
    with pytest.raises(BadProfile) as caught:
        parse_profile("bad", document)
    text = "\n".join(caught.value.mistakes)
    for where in (
        "speed: unknown",
        "dates[1]: unknown directive %Q",
        "dates[2]: a format needs a year",
        "dates[3]: %I and %p belong together",
        "values.status.fine: unknown",
        "values.status.ok: must be a list",
        "values.colour: unknown",
        "xml.encoding: unknown",
        "xml.header.created: 'sysinfo/@created' must be a path from the root",
        "xml.header.started: key:x needs the section keys",
        "xml.header.nonsense: unknown",
        "xml.blocks.users.record: 'users/user' must be a path",
        "xml.blocks.users.fields.login: '@@' must be",
        "xml.blocks.users.fields.domain: '../../../../@x' goes above the root",
        "xml.blocks.searches.fields.duration.unit: unknown",
        "xml.blocks.searches.fields.found.unit: only a duration has a unit",
        "xml.blocks.volumes.fields.file: missing",
        "xml.blocks.colours: unknown",
        "sqlite.header.created: 'no_dot' must be table.column",
        "sqlite.blocks.usage.table: must be a text",
    ):
        assert where in text
    assert len(caught.value.mistakes) == 20


@pytest.mark.parametrize(
    "text", ["", "[]", "1", "{a: ]", "xml: 5", "xml: {blocks: []}", "extends: [x]", "extends: nowhere", "\0"]
)
def test_broken_files(folder: Path, text: str) -> None:
    path = folder / "p.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadProfile):
        load_profile(str(path))


def test_an_unknown_name_tells_where_it_was_looked_for(folder: Path) -> None:
    with pytest.raises(BadProfile, match=str(folder)):
        load_profile("nowhere", [folder])
    with pytest.raises(BadProfile):
        load_profile(str(folder / "nowhere.yml"))


def test_keys_joined_fields_and_outer_fields(folder: Path) -> None:
    document = {
        "dates": ["%d.%m.%Y %H:%M:%S", "%d.%m.%Y"],
        "months": ["%m.%Y"],
        "xml": {
            "keys": {"record": "/r/info/param", "key": "@name", "value": "text()"},
            "header": {"created": {"from": ["key:date", "key:time"]}, "os": "key:os", "client": "/r/org/name"},
            "blocks": {
                "users": {
                    "record": "/r/people/group/user",
                    "fields": {"login": "login", "domain": "../@name", "phone": "contact/@tel"},
                },
                "usage": {
                    "record": "/r/people/group/user/months/m",
                    "fields": {"login": "../../login", "domain": "../../../@name", "month": "@id", "requests": "n/all"},
                },
                "searches": {
                    "record": "/r/people/group/user/q",
                    "fields": {"time": {"from": ["@d", "@t"]}, "login": "../login", "query": "text"},
                },
            },
        },
    }
    profile = parse_profile("other", document)
    reading = read(
        '<r><org><name>АО</name></org><info><param name="date">20.11.2026</param><param name="time">10:00:00</param>'
        '<param name="os">Linux</param><param name="junk">x</param></info><people><group name="G1">'
        '<user><months><m id="11.2026"><n><all>5</all></n></m><m id="10.2026"/></months>'
        '<q d="19.11.2026" t="08:00:00"><text>ГОСТ</text></q>'
        '<login>anna</login><contact tel="1"/></user><user><login>boris</login><q d="19.11.2026"><text>x</text></q>'
        '<q d="19.11.2026" t="09:00:00"/></user></group><group><user><login>vera</login></user></group></people></r>',
        folder,
        profile,
    )
    got = reading.got
    assert reading.summary.header.os == "Linux"
    assert reading.summary.header.client == "АО"
    assert reading.summary.header.created == 1795154400.0
    assert [(u.login, u.domain, u.filled) for u in got.users] == [
        ("anna", "G1", {"phone": True}),
        ("boris", "G1", {}),
        ("vera", "", {}),
    ]
    assert [(u.login, u.domain, u.month, u.requests) for u in got.usages] == [
        ("anna", "G1", "2026-11", 5),
        ("anna", "G1", "2026-10", None),
    ]
    assert [(s.login, s.query) for s in got.searches] == [("anna", "ГОСТ"), ("boris", "")]
    assert reading.summary.skipped == {Block.SEARCHES: 1}


def test_a_report_of_another_layout_is_read_by_a_profile_alone(folder: Path) -> None:
    profile = load_profile(str(DATA / "other.yml"))
    got = read((DATA / "other.xml").read_bytes(), folder, profile)
    assert got.summary.encoding == "windows-1251"
    assert got.summary.blocks_present == frozenset(Block) - {Block.KASSIST}
    header = got.summary.header
    assert (header.client, header.seats, header.regnum) == ("АО «Лютик»", 40, "0599_777001")
    assert header.created == 1795157700.0
    assert header.protection is not None
    assert header.protection.ok is False
    assert header.protection.code == 4113
    assert [(s.login, s.type, s.status, s.query, s.duration) for s in got.got.searches] == [
        ("orlova", "intellectual", "ok", "ГОСТ 12.0.004-2015", 0.84),
        ("orlova", "attribute", "empty", "ТУ 14-1-476-72", 12.4),
        ("gusev", "intellectual", "empty", "гсот 9.402", 11.02),
    ]
    assert [(u.login, u.month, u.requests, u.documents) for u in got.got.usages] == [
        ("orlova", "2026-11", 120, 33),
        ("gusev", "2026-11", 7, 0),
    ]
    assert [v.error for v in got.got.volumes] == [0, 601]


def test_another_sqlite_layout(folder: Path) -> None:
    document = changed(
        {
            "sqlite": {
                "keys": None,
                "header": dict.fromkeys(yaml.safe_load((BUILT_IN / "default.yml").read_text())["sqlite"]["header"])
                | {"created": {"from": ["Отчёт.Дата", "Отчёт.Время"]}},
                "blocks": {
                    "searches": {
                        "table": "Поиск",
                        "fields": {
                            "time": {"from": ["Дата", "Время"]},
                            "query": "Текст",
                            "status": None,
                            "duration": {"from": "мс", "unit": "ms"},
                        },
                    }
                },
            }
        }
    )
    content = database(
        'CREATE TABLE "Отчёт"("Дата" TEXT, "Время" TEXT); INSERT INTO "Отчёт" VALUES (\'20.11.2026\', \'09:55:00\');'
        'CREATE TABLE "Поиск"("Дата", "Время", "Текст", "мс", found);'
        "INSERT INTO \"Поиск\" VALUES ('2026-11-20', '09:12:44', 'ГОСТ', 840, 0);",
        folder,
    )
    got = read(content, folder, parse_profile("other", document))
    assert got.summary.header.created == 1795157700.0 - 3600
    assert [(s.time, s.query, s.duration, s.status) for s in got.got.searches] == [
        (1795151564.0, "ГОСТ", 0.84, "empty")
    ]

"""Texts are made plain where they enter, whatever hides in them and whichever encoding is claimed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.domain.texts import login_and_domain, plain
from kodeks_exporter.sysinfo.profile import BadProfile, parse_profile

from .conftest import SAMPLE_XML, database, read
from .test_profile import changed

NAMES = ("иванова", "сидоров", "петрова")


def report(users: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    return f'{head}<sysinfo created="2026-11-20T09:55:00"><users>{users}</users></sysinfo>'


def users(*logins: str) -> str:
    return "".join(f'<user login="{login}"/>' for login in logins)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "a"), ("  a \t\r\n b ", "a b"), ("\ufeffa\u200b\u00adb", "ab"), ("a\u00a0\u2003b", "a b"),
        ("\x00a\x1f\x85b\x7f", "a b"), ("a\ufffe\uffff\ufdd0b", "a b"), ("a\u2028b", "a b"), ("\ufffd", "\ufffd"),
        (" \u3000\u200b ", ""), ("ГОСТ 5 \u2014 «1»", "ГОСТ 5 \u2014 «1»"), ("👍🏽  e\u0301", "👍🏽 e\u0301"),
    ],
)  # fmt: skip
def test_plain(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text(max_size=40))
def test_plain_is_one_line_and_settled(text: str) -> None:
    once = plain(text)
    assert plain(once) == once
    assert not once.startswith(" ")
    assert "  " not in once
    assert not set(once) & set("\n\r\t\0\ufeff\u00a0")


@pytest.mark.parametrize(
    ("login", "domain", "expected"),
    [
        ("ivanova", "", ("ivanova", "")), (" Ivanova ", "Romashka", ("ivanova", "ROMASHKA")),
        ("ROMASHKA\\Ivanova", "", ("ivanova", "ROMASHKA")), ("romashka/ivanova", "", ("ivanova", "ROMASHKA")),
        ("ivanova@Romashka.Local", "", ("ivanova", "romashka.local")), ("ivanova@x.ru", "D", ("ivanova", "D")),
        ("D\\a", "E", ("a", "E")), ("\\ivanova", "", ("\\ivanova", "")), ("a@b@c", "", ("a@b@c", "")),
        ("ИВАНОВА", "", ("иванова", "")), ("  ", "D", ("", "D")), ("D \\ a", "", ("a", "D")),
    ],
)  # fmt: skip
def test_login_and_domain(login: str, domain: str, expected: tuple[str, str]) -> None:
    assert login_and_domain(login, domain) == expected


def test_one_person_is_one_login_in_every_block(folder: Path) -> None:
    text = (
        SAMPLE_XML.replace('<session login="ivanova" domain="ROMASHKA"', '<session login="Romashka\\Ivanova"')
        .replace('<user login="ivanova" domain="ROMASHKA"', '<user login="IVANOVA@ROMASHKA" domain=""')
        .replace('09:12:44" login="ivanova"', '09:12:44" login=" romashka\\ivanova\u00a0"')
    )
    plainly, got = read(SAMPLE_XML, folder).got, read(text, folder).got
    assert got.sessions[0][:2] == ("ivanova", "ROMASHKA")
    assert (got.users, got.usages) == (plainly.users, plainly.usages)
    assert got.searches == plainly.searches


@pytest.mark.parametrize("head", ['<?xml version="1.0"?>', '<?xml version="1.0" encoding="utf-8"?>', ""])
@pytest.mark.parametrize("padding", [0, 5000, 100_000])
def test_windows_1251_is_recognised_whatever_is_declared(folder: Path, head: str, padding: int) -> None:
    text = report(users(*(f"u{number}" for number in range(padding // 20)), *NAMES), head)
    done = read(text.encode("cp1251"), folder)
    assert [user.login for user in done.got.users[-3:]] == list(NAMES)
    assert done.summary.encoding == "windows-1251"


@pytest.mark.parametrize("declared", ["", "utf-8", "windows-1251", "koi8-r", "cp866", "iso-8859-1", "us-ascii"])
@pytest.mark.parametrize("encoding", ["koi8-r", "cp866", "windows-1251"])
@pytest.mark.parametrize("padding", [0, 5000])
def test_russian_sets_are_recognised_by_their_letters(folder: Path, declared: str, encoding: str, padding: int) -> None:
    people = ["Иванова Анна Петровна", "Сергеев Николай", "технический отдел", *NAMES]
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else '<?xml version="1.0"?>'
    head += f"<!-- {'x' * padding} -->"
    done = read(report(users(*people), head).encode(encoding), folder)
    assert [user.login for user in done.got.users] == [each.lower() for each in people]
    assert done.summary.encoding == encoding


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("windows1251", "windows-1251"), ("x-cp1251", "windows-1251"), ("cp-1251", "windows-1251"),
        ("WIN-1251", "windows-1251"), ("IBM866", "cp866"), ("ISO8859-5", "iso-8859-5"), ("KOI8_R", "koi8-r"),
    ],
)  # fmt: skip
def test_an_encoding_has_many_names(folder: Path, declared: str, encoding: str) -> None:
    done = read(report(users(*NAMES), f'<?xml version="1.0" encoding="{declared}"?>').encode(encoding), folder)
    assert ([user.login for user in done.got.users], done.summary.encoding) == (list(NAMES), encoding)


@pytest.mark.parametrize("declared", ["windows-1251", "cp1251", "koi8-r", "us-ascii"])
def test_utf8_under_another_name_is_recognised(folder: Path, declared: str) -> None:
    done = read(report(users(*NAMES), f'<?xml version="1.0" encoding="{declared}"?>').encode(), folder)
    assert ([user.login for user in done.got.users], done.summary.encoding) == (list(NAMES), "utf-8")


def test_a_cut_letter_among_latin_ones_is_damage_and_no_encoding(folder: Path) -> None:
    content = report(users("a", "X", "b", *NAMES)).encode().replace(b'"X"', b'"x\xd0"')
    done = read(content, folder)
    assert [user.login for user in done.got.users] == ["a", "x\ufffd", "b", *NAMES]
    late = report(users("X", *(f"u{number}" for number in range(5000)), *NAMES)).encode().replace(b'"X"', b'"\xd0"')
    assert [user.login for user in read(late, folder).got.users[-3:]] == list(NAMES)


def test_an_encoding_of_neither_kind_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(UnreadableReport, match="unknown_encoding") as raised:
        read(report(users(*NAMES)).encode("cp866"), folder)
    assert "windows-1251" in raised.value.text


def test_the_operators_word_on_the_encoding_stays(folder: Path) -> None:
    koi8 = parse_profile("x", changed({"xml": {"encoding": "koi8-r"}}))
    assert [user.login for user in read(report(users(*NAMES)).encode("koi8-r"), folder, koi8).got.users] == list(NAMES)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("before", ["", "\n", " \r\n\t\n", "\ufeff", "\n\ufeff ", "\n" * 9000])
def test_blanks_and_marks_before_the_declaration(folder: Path, before: str, encoding: str) -> None:
    data = (before + SAMPLE_XML).encode(encoding)
    if encoding in ("utf-16-le", "utf-16-be") and before == "\n" * 9000:
        return  # nothing tells which end comes first
    assert read(data, folder).got.users == read(SAMPLE_XML, folder).got.users


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("&#x0B;", " "), ("&#31;", " "), ("&#0;", " "), ("&#xFFFF;", " "), ("&#65534;", " "), ("&#xD83D;", " "),
        ("&#55357;&#56911;", "\U0001f64f"), ("&#xD83D;&#xDE0F;", "\U0001f60f"), ("&#56911;", " "),
        ("&#x110000;", " "), ("&#99999999999;", " "), ("&#1040;", "А"), ("&#x41;", "A"), ("&amp;#0;", "&#0;"),
        ("\x0b", " "), ("\x00", " "), ("\ufffe", " "), ("\uffff", " "), ("&#xFEFF;", ""), ("&#55357;x&#56911;", " x "),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_characters_that_xml_does_not_allow(folder: Path, written: str, expected: str, encoding: str) -> None:
    query = SAMPLE_XML.replace("ГОСТ 30971-2012", f"ГОСТ{written}5")
    assert read(query.encode(encoding), folder).got.searches[0].query == f"ГОСТ{expected}5"
    login = SAMPLE_XML.replace('09:12:44" login="ivanova"', f'09:12:44" login="a{written}b"')
    assert read(login.encode(encoding), folder).got.searches[0].login == f"a{expected}b".lower()


def test_references_are_seen_across_the_pieces_that_are_read(folder: Path) -> None:
    for shift in range(60):
        padded = SAMPLE_XML.replace("ГОСТ 30971-2012", "x" * (3000 + shift) + "&#x0B;y&#55357;&#56911;&#65535;z")
        padded = padded.replace("<sysinfo ", f"<!--{'c' * (4096 - 3000 - 1300)}--><sysinfo ")
        assert read(padded, folder).got.searches[0].query.lstrip("x") == " y\U0001f64f z"


@pytest.mark.parametrize(
    ("written", "unix"),
    [
        ("46346.375", 1795150800.0), ("46346,375", 1795150800.0), ("46346", 1795118400.0),
        (" 46346.3750001 ", 1795150800.0),
        ("20.11.2026\u00a009:00:00", 1795150800.0), ("\u200b2026-11-20T09:00:00", 1795150800.0), ("5.5", None),
        ("11/20/2026 9:00:00 AM", 1795150800.0), ("11/20/2026 09:00\u202fam", 1795150800.0),
        ("11/20/2026 12:00 AM", 1795118400.0), ("11/20/2026 12:00:00 PM", 1795161600.0),
        ("11/20/2026 1:00 pm", 1795165200.0), ("11/20/2026 13:00 PM", None), ("20/11/2026 9:00 AM", None),
    ],
)  # fmt: skip
def test_dates(folder: Path, written: str, unix: float | None) -> None:
    text = SAMPLE_XML.replace('since="2026-11-20T09:01:12"', f'since="{written}"')
    assert read(text, folder).got.sessions[0].since == (None if unix is None else unix)


ROWS = """
<r><row kind="User" login="a"/><row kind="Search" login="a" at="2026-11-20T09:00:00"/><row kind=" user" login="b"/>
<row login="c"/><group kind="search"><row kind="" login="d" at="2026-11-20T09:00:00"/></group></r>"""


def test_rows_chosen_by_what_they_say(folder: Path) -> None:
    profile = parse_profile(
        "x",
        changed(
            {
                "xml": {
                    "blocks": {
                        "users": {"record": "/r/row", "where": {"@kind": "user"}},
                        "searches": {
                            "record": "/r/row",
                            "where": {"@kind": ["search", "Поиск"]},
                            "fields": {"time": "@at"},
                        },
                        "rejections": {
                            "record": "/r/group/row",
                            "where": {"../@kind": "search"},
                            "fields": {"time": "@at"},
                        },
                    }
                },
                "sqlite": {"blocks": {"users": {"table": "rows", "where": {"kind": 1}, "fields": {"login": "name"}}}},
            }
        ),
    )
    done = read(ROWS, folder, profile)
    assert [user.login for user in done.got.users] == ["a", "b"]
    assert [event.login for event in done.got.searches] == ["a"]
    assert [rejection.login for rejection in done.got.rejections] == ["d"]
    assert done.summary.skipped == {}
    script = "CREATE TABLE rows (name, kind); INSERT INTO rows VALUES ('a', 1), ('b', 2), ('C', '1 ');"
    assert [user.login for user in read(database(script, folder), folder, profile).got.users] == ["a", "c"]
    script = "CREATE TABLE rows (name); INSERT INTO rows VALUES ('a'); CREATE TABLE meta (key, value);"
    with pytest.raises(UnreadableReport, match="profile_mismatch"):
        read(database(script, folder), folder, profile)


@pytest.mark.parametrize("where", [{"kind/@": "x"}, {"@kind": []}, {"@kind": [None]}, ["@kind"], {"@kind": {"a": 1}}])
def test_conditions_that_are_none(where: object) -> None:
    with pytest.raises(BadProfile, match="where"):
        parse_profile("x", yaml.safe_load(yaml.safe_dump(changed({"xml": {"blocks": {"users": {"where": where}}}}))))

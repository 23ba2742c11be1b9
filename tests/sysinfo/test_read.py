"""Reading of good reports in all their forms."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kodeks_exporter.domain.report import (
    Block,
    KassistDay,
    OperUpFile,
    Protection,
    Rejection,
    ReportHeader,
    SearchEvent,
    Session,
    User,
    UserUsage,
    Volume,
)
from kodeks_exporter.sysinfo.profile import parse_profile
from kodeks_exporter.sysinfo.read import read_report

from .conftest import DEFAULT, SAMPLE_XML, SARATOV, Collected, Reading, database, read, sample_database, zipped


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> float:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()


CP1251 = SAMPLE_XML.replace('encoding="UTF-8"', 'encoding="windows-1251"').encode("cp1251")


def test_the_sample_is_read_whole(folder: Path) -> None:
    reading = read(SAMPLE_XML, folder)
    got, summary = reading.got, reading.summary
    assert got.headers == [summary.header]
    header = summary.header
    # Saratov is UTC+4: 09:55 there is 05:55 UTC
    assert header.created == utc(2026, 11, 20, 5, 55)
    assert got.created_at == [header.created]
    assert header.started == utc(2026, 11, 19, 23, 10)
    assert header.expires == utc(2027, 1, 30, 20)
    assert (header.sysinfo_version, header.server_version) == ("2.0.6.15", "6.4.5.127 (x64)")
    assert (header.os, header.regnum, header.client) == ("Windows Server 2019", "0599_123456", 'ООО "Ромашка"')
    assert header.seats == 25
    assert header.protection == Protection(ok=True, code=0, message="", binding="SenseLock")
    assert header.spp_ok is True
    assert [(m.name, m.version) for m in got.modules] == [("ksrv", "6.4.5.127"), ("kassist", "5.1.0.88")]
    assert got.sessions[1] == Session("petrov", "ROMASHKA", "10.0.0.17", "Mozilla/5.0", utc(2026, 11, 20, 5, 40, 3))
    assert got.volumes == [
        Volume(
            r"D:\Kodeks\Bases\npa01.vol",
            "777712301",
            "Нормы, правила, стандарты",
            "2611",
            utc(2027, 1, 30, 20),
            False,
            0,
            "",
        ),
        Volume(
            r"D:\Kodeks\Bases\stroy.vol",
            "777712305",
            "Стройэксперт",
            "2611",
            utc(2026, 12, 14, 20),
            True,
            2007,
            "Ошибка защиты (2007)",
        ),
    ]
    assert got.files[1] == OperUpFile(r"D:\Kodeks\OperUp\stroy.opu", utc(2026, 11, 15, 22, 14, 10))
    everything = dict.fromkeys(("fullname", "position", "department", "phone", "email"), True)
    assert got.users == [
        User("ivanova", "ROMASHKA", utc(2025, 2, 9, 20), utc(2026, 11, 20, 5, 50), everything),
        User(
            "petrov",
            "ROMASHKA",
            utc(2026, 11, 17, 20),
            utc(2026, 11, 20, 5, 41),
            dict.fromkeys(everything, False),
        ),
        User("sidorov", "", utc(2024, 5, 31, 20), utc(2026, 8, 2, 7), everything | {"phone": False}),
    ]
    assert got.usages[0] == UserUsage("ivanova", "ROMASHKA", "2026-11", 412, 96, 14, 151, 88, 12, 3, 4, 21, 9)
    assert got.searches == [
        SearchEvent(
            utc(2026, 11, 20, 5, 12, 44), "ivanova", "/docs", "ksrv", "intellectual", "ok", "ГОСТ 30971-2012", 37, 0.84
        ),
        SearchEvent(
            utc(2026, 11, 20, 5, 41, 10),
            "petrov",
            "/docs",
            "ksrv",
            "intellectual",
            "empty",
            "ТУ 1390-007-86695843-2010",
            0,
            12.4,
        ),
        SearchEvent(
            utc(2026, 11, 20, 5, 41, 55),
            "petrov",
            "/docs",
            "ksrv",
            "attribute",
            "empty",
            "GYLA 14.1:2:3:4.112-2023",
            0,
            11.02,
        ),
    ]
    assert got.rejections == [Rejection(utc(2026, 11, 20, 4, 59, 58), "kuznetsov", "seats")]
    assert got.days == [KassistDay("2026-11-19", utc(2026, 11, 18, 20), 14, 20, 2, 9)]
    assert summary.blocks_present == frozenset(Block)
    assert summary.records[Block.SEARCHES] == 3
    assert not summary.skipped
    assert (summary.container, summary.format, summary.encoding) == ("bare", "xml", "utf-8")
    assert summary.size == len(SAMPLE_XML.encode())


def test_no_personal_text_leaves_the_reader(folder: Path) -> None:
    everything = repr(read(SAMPLE_XML, folder))
    for secret in ("Анна", "Сидоров С", "+7 000", "example.org", "Инженер", "ПТО", "ОТК"):
        assert secret not in everything


FORMS: dict[str, tuple[str, str, Callable[[Path], bytes]]] = {
    "utf-8 with mark": ("bare", "xml", lambda _: b"\xef\xbb\xbf" + SAMPLE_XML.encode()),
    "windows-1251": ("bare", "xml", lambda _: CP1251),
    "utf-16": ("bare", "xml", lambda _: SAMPLE_XML.replace("UTF-8", "UTF-16").encode("utf-16")),
    "utf-16 big": ("bare", "xml", lambda _: b"\xfe\xff" + SAMPLE_XML.encode("utf-16-be")),
    "no declaration": ("bare", "xml", lambda _: SAMPLE_XML.partition("?>")[2].lstrip().encode()),
    "blanks in front": ("bare", "xml", lambda _: b"\r\n " + SAMPLE_XML.partition("?>")[2].encode()),
    "zip": ("zip", "xml", lambda _: zipped(("sysinfo.xml", SAMPLE_XML))),
    "zip, stored": ("zip", "xml", lambda _: zipped(("sysinfo.xml", SAMPLE_XML), method=0)),
    "zip, windows-1251": ("zip", "xml", lambda _: zipped(("отчёт.xml", CP1251))),
    "zip, folder and others": (
        "zip",
        "xml",
        lambda _: zipped(("a/", b""), ("a/readme.txt", b"x" * 9999), ("a/b/report.dat", SAMPLE_XML), ("e", b"")),
    ),
    "zip, evil name": ("zip", "xml", lambda _: zipped(("../../../../etc/cron.d/evil", SAMPLE_XML))),
    "zip, absolute name": ("zip", "xml", lambda _: zipped(("/etc/passwd", SAMPLE_XML))),
    "gzip": ("gzip", "xml", lambda _: gzip.compress(SAMPLE_XML.encode())),
    "sqlite": ("bare", "sqlite", sample_database),
    "zip, sqlite": ("zip", "sqlite", lambda folder: zipped(("../x.xml", sample_database(folder)))),
    "gzip, sqlite": ("gzip", "sqlite", lambda folder: gzip.compress(sample_database(folder))),
}


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_give_the_same_records(folder: Path, form: str) -> None:
    container, file_format, make = FORMS[form]
    expected = read(SAMPLE_XML, folder)
    reading = read(make(folder), folder)
    assert reading.got.headers == expected.got.headers
    for name in ("modules", "sessions", "volumes", "files", "users", "usages", "searches", "rejections", "days"):
        assert sorted(map(repr, getattr(reading.got, name))) == sorted(map(repr, getattr(expected.got, name))), name
    assert reading.summary.blocks_present == expected.summary.blocks_present
    assert reading.summary.records == expected.summary.records
    assert (reading.summary.container, reading.summary.format) == (container, file_format)
    assert not [path for path in folder.rglob("*") if path.name in ("evil", "x.xml")]


def without(*elements: str) -> str:
    text = SAMPLE_XML
    for element in elements:
        before, _, rest = text.partition(f"<{element}>")
        text = before + rest.partition(f"</{element}>")[2]
    return text


@pytest.mark.parametrize(
    "block", ["modules", "sessions", "volumes", "operup", "users", "searches", "rejections", "kassist"]
)
def test_a_missing_block_is_not_an_empty_one(folder: Path, block: str) -> None:
    missing = read(without(block), folder).summary
    gone = {Block(block), Block.USAGE} if block == "users" else {Block(block)}
    assert missing.blocks_present == frozenset(Block) - gone
    before, _, rest = SAMPLE_XML.partition(f"<{block}>")
    empty = read(f"{before}<{block}/>" + rest.partition(f"</{block}>")[2], folder).summary
    assert Block(block) in empty.blocks_present
    assert Block(block) not in empty.records


def test_missing_tables_and_columns(folder: Path) -> None:
    content = database(
        "CREATE TABLE users(login TEXT, phone TEXT); INSERT INTO users VALUES ('ivanova', ''), (NULL, 'x');"
        "CREATE TABLE searches(time TEXT, query TEXT, status TEXT);",
        folder,
    )
    reading = read(content, folder)
    assert reading.summary.blocks_present == {Block.USERS, Block.SEARCHES}
    assert reading.got.users == [User("ivanova", "", None, None, {"phone": False})]
    assert reading.summary.skipped == {Block.USERS: 1}
    assert reading.summary.header.created is None
    assert reading.got.created_at == []


def test_missing_parts_of_the_header_are_unknown(folder: Path) -> None:
    header = read('<sysinfo created="2026-11-20T09:55:00"><users/></sysinfo>', folder).summary.header
    assert header.protection is None
    assert header.spp_ok is None
    assert header.seats is None
    assert header.started is None


@pytest.mark.parametrize(
    ("attributes", "ok", "code"),
    [
        ('status="ok" code="0"', True, 0),
        ('status="error" code="4113"', False, 4113),
        ('code="4111"', False, 4111),
        ('code="0"', True, 0),
        ('status="" code=""', None, None),
        ('status="странно"', None, None),
        ('status="Ошибка"', False, None),
    ],
)
def test_protection(folder: Path, attributes: str, ok: bool | None, code: int | None) -> None:
    text = f"<sysinfo><registration><protection {attributes}/></registration></sysinfo>"
    protection = read(text, folder).summary.header.protection
    assert protection is not None
    assert (protection.ok, protection.code) == (ok, code)


@pytest.mark.parametrize(
    ("attribute", "has_error", "code"),
    [
        ("", None, None),
        ('error="0"', False, 0),
        ('error=""', False, 0),
        ('error="2007"', True, 2007),
        ('error="Ошибка 601"', True, 601),
        ('error="сбой"', True, None),
        ('error="1 2"', True, None),
        ('error="99999999999999999999"', True, None),
    ],
)
def test_volume_errors(folder: Path, attribute: str, has_error: bool | None, code: int | None) -> None:
    text = f'<sysinfo><volumes><volume file="a.vol" {attribute}/></volumes></sysinfo>'
    (volume,) = read(text, folder).got.volumes
    assert (volume.has_error, volume.error) == (has_error, code)


def searches(text: str, folder: Path, zone: str = "Europe/Saratov") -> Reading:
    return read(f"<sysinfo><searches>{text}</searches></sysinfo>", folder, zone=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("zone", "local", "expected"),
    [
        ("Europe/Moscow", "2026-11-20T09:12:44", utc(2026, 11, 20, 6, 12, 44)),
        ("Asia/Vladivostok", "2026-01-01 03:00:00", utc(2025, 12, 31, 17)),
        ("Europe/Saratov", "20.11.2026 09:12:44", utc(2026, 11, 20, 5, 12, 44)),
        ("Europe/Saratov", "2026-11-20T09:12:44.250", utc(2026, 11, 20, 5, 12, 44) + 0.25),
        ("Europe/Saratov", "2026-11-20T09:12:44+03:00", utc(2026, 11, 20, 6, 12, 44)),
        ("Europe/Saratov", " 2026-11-20 09:12 ", utc(2026, 11, 20, 5, 12)),
        # Clocks go back: 02:30 happens twice, the first is meant
        ("Europe/Berlin", "2026-10-25T02:30:00", utc(2026, 10, 25, 0, 30)),
        ("Europe/Berlin", "2026-10-25T03:30:00", utc(2026, 10, 25, 2, 30)),
        # Clocks go forward: 02:30 never happens, it is read with the offset before the change
        ("Europe/Berlin", "2026-03-29T02:30:00", utc(2026, 3, 29, 1, 30)),
        # Half an hour of change in the middle of an hour
        ("Australia/Lord_Howe", "2026-04-05T01:45:00", utc(2026, 4, 4, 14, 45)),
        ("Australia/Lord_Howe", "2026-04-05T02:15:00", utc(2026, 4, 4, 15, 45)),
    ],
)
def test_local_times(folder: Path, zone: str, local: str, expected: float) -> None:
    # Twice, and after others of the same day, since hours are remembered
    text = "".join(f'<search time="{t}"/>' for t in (local, local[:-5] + "00:00", local))
    got = searches(text, folder, zone).got.searches
    assert (got[0].time, got[-1].time) == (expected, expected)


@pytest.mark.parametrize(
    "time", ["", "вчера", "2026-13-01", "2026-11-20T25:00:00", "1899-12-30T00:00:00", "0001-01-01"]
)
def test_a_search_without_a_time_is_skipped(folder: Path, time: str) -> None:
    reading = searches(f'<search time="{time}"/><search/>', folder)
    assert reading.got.searches == []
    assert reading.summary.skipped == {Block.SEARCHES: 2}
    assert Block.SEARCHES in reading.summary.blocks_present


def test_values_of_searches(folder: Path) -> None:
    events = searches(
        '<search time="2026-11-20T09:00:00" status="Найдено" type="Атрибутный" source="kAssist" duration="0,84"/>'
        '<search time="2026-11-20T09:00:00" status="новое" type="9" source="?" duration="-1" found="много"/>'
        '<search time="2026-11-20T09:00:00" duration="00:01:02.5" found="1 234"/>'
        '<search time="2026-11-20T09:00:00" duration="nan" found="-5"/>'
        '<search time="2026-11-20T09:00:00" duration="inf" found="1e400"><![CDATA[ <ГОСТ> &amp; ]]>\nещё</search>',
        folder,
    ).got.searches
    assert [(e.status, e.type, e.source) for e in events[:2]] == [
        ("ok", "attribute", "kassist"),
        ("other", "other", "other"),
    ]
    assert [e.status for e in events[2:]] == ["", "", ""]
    assert [e.duration for e in events] == [0.84, None, 62.5, None, None]
    assert [e.found for e in events] == [None, None, 1234, None, None]
    assert events[-1].query == "<ГОСТ> &amp; ещё"


def test_long_texts_are_cut(folder: Path) -> None:
    (event,) = searches(
        f'<search time="2026-11-20T09:00:00" login="{"я" * 5000}">{"ы" * 90000}</search>', folder
    ).got.searches
    assert len(event.login) == 200
    assert len(event.query) == 4000


def test_damaged_letters_do_not_cost_the_report(folder: Path) -> None:
    content = SAMPLE_XML.encode().replace("ГОСТ 30971".encode(), "ГОСТ".encode() + b"\xd0 \x01\x0b30971")
    event = read(content, folder).got.searches[0]
    assert event.query == "ГОСТ\ufffd 30971-2012"


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_letters_on_the_border_of_chunks(folder: Path, cut: int) -> None:
    text = SAMPLE_XML.replace("<users>", "<x>" + "a" * cut + "€я" * 60_000 + "</x><users>")
    assert read(text, folder).got.searches == read(SAMPLE_XML, folder).got.searches


def test_an_encoding_set_by_the_profile_wins(folder: Path) -> None:
    from .test_profile import changed

    content = SAMPLE_XML.encode("cp1251")  # declares UTF-8, which it is not
    profile = parse_profile("x", changed({"xml": {"encoding": "windows-1251"}}))
    assert read(content, folder, profile).got.searches[0].query == "ГОСТ 30971-2012"


def test_the_same_login_in_two_domains_keeps_its_first_in_sqlite(folder: Path) -> None:
    content = database(
        "CREATE TABLE users(login TEXT, domain TEXT); INSERT INTO users VALUES ('a', 'ONE'), ('a', 'TWO'), ('b', '');"
        "CREATE TABLE usage(login TEXT, month TEXT, requests); "
        "INSERT INTO usage VALUES ('a', '2026-11', 5), ('b', '11.2026', '6'), ('c', '2026-11', x'37');",
        folder,
    )
    got = read(content, folder).got.usages
    assert [(u.login, u.domain, u.month, u.requests, u.documents) for u in got] == [
        ("a", "ONE", "2026-11", 5, None),
        ("b", "", "2026-11", 6, None),
        ("c", "", "2026-11", 7, None),
    ]


def test_created_is_told_before_all_records_and_the_header_after(folder: Path) -> None:
    class Order(Collected):
        def created(self, time: float) -> None:
            assert [*self.modules, *self.users, *self.searches, *self.volumes] == []
            super().created(time)

        def header(self, header: ReportHeader) -> None:
            assert len(self.searches) == 3
            assert len(self.days) == 1
            super().header(header)

    for content in (SAMPLE_XML.encode(), sample_database(folder)):
        path = folder / "report"
        path.write_bytes(content)
        sink = Order()
        read_report(path, DEFAULT, SARATOV, sink)
        assert len(sink.created_at) == len(sink.headers) == 1


def test_what_a_sink_raises_comes_through(folder: Path) -> None:
    class Full(Collected):
        def search(self, event: SearchEvent) -> None:
            raise LookupError("disk full")

    for content in (SAMPLE_XML.encode(), zipped(("a", SAMPLE_XML)), sample_database(folder)):
        path = folder / "report"
        path.write_bytes(content)
        with pytest.raises(LookupError, match="disk full"):
            read_report(path, DEFAULT, SARATOV, Full())

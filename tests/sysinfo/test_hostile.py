"""Broken and hostile reports: a clear reason, no crash, no hang, bounded memory, nothing executed or looked up."""

from __future__ import annotations

import gzip
import io
import random
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kodeks_exporter.domain.report import REASONS, UnreadableReport
from kodeks_exporter.sysinfo.limits import MIB, ReadLimits

from .conftest import SAMPLE_XML, Reading, database, read, sample_database, zipped

SMALL = ReadLimits(report_size=64 * MIB, seconds=20.0)


def refused(content: bytes | str, folder: Path, reason: str, limits: ReadLimits = SMALL) -> UnreadableReport:
    with pytest.raises(UnreadableReport) as caught:
        read(content, folder, limits=limits)
    assert caught.value.reason == reason, caught.value
    assert reason in REASONS
    assert caught.value.text.endswith(".")
    return caught.value


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \r\n ", "empty"),
        (b"\0" * 5000, "not_a_report"),
        (b"hello", "not_a_report"),
        (b"%PDF-1.4", "not_a_report"),
        (b"\x7fELF", "not_a_report"),
        (b"<", "broken_xml"),
        (b"<sysinfo>", "broken_xml"),
        (b"<sysinfo></other>", "broken_xml"),
        (b'<?xml version="1.0" encoding="utf-7"?><sysinfo/>', "unknown_encoding"),
        (b'<?xml version="1.0" encoding="zlib"?><sysinfo/>', "unknown_encoding"),
        (b"<sysinfo><a>&nope;</a></sysinfo>", "broken_xml"),
        (SAMPLE_XML.encode()[:-20], "broken_xml"),
        (SAMPLE_XML.encode() * 2, "broken_xml"),
        (b"PK\x03\x04", "broken_zip"),
        (b"PK\x05\x06" + b"\0" * 18, "empty"),
        (zipped(), "empty"),
        (zipped(("a.xml", ""), ("b/", "")), "empty"),
        (zipped(("a.txt", "hello"), ("b/", "")), "not_a_report"),
        (zipped(("a.zip", zipped(("b.xml", SAMPLE_XML)))), "unsupported_zip"),
        (zipped(("a.xml", SAMPLE_XML))[:-30], "broken_zip"),
        (zipped(("a.xml", SAMPLE_XML), method=zipfile.ZIP_LZMA), "unsupported_zip"),
        (zipped(("a.xml", SAMPLE_XML), method=zipfile.ZIP_BZIP2), "unsupported_zip"),
        (gzip.compress(SAMPLE_XML.encode())[:-300], "broken_zip"),
        (gzip.compress(b"hello", mtime=0), "not_a_report"),
        (b"\x1f\x8b\xff\xff", "broken_zip"),
        (b"SQLite format 3\0", "broken_sqlite"),
        (b"SQLite format 3\0" + b"\xff" * 5000, "broken_sqlite"),
    ],
)
def test_what_is_no_report(folder: Path, content: bytes, reason: str) -> None:
    refused(content, folder, reason)


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n" + SAMPLE_XML.encode(), "not_a_report", "curl -i"),
        (b"\xef\xbb\xbf {\"error\": 5}", "not_a_report", "JSON"),
        (SAMPLE_XML * 2, "broken_xml", "дописали"),
        (SAMPLE_XML + "\r\n0\r\n\r\n", "broken_xml", "дописали"),
        (SAMPLE_XML.encode("utf-32"), "unknown_encoding", "UTF-32"),
    ],
)  # fmt: skip
def test_what_else_scripts_save_is_named(folder: Path, content: bytes | str, reason: str, words: str) -> None:
    assert words in refused(content, folder, reason).text


@pytest.mark.parametrize("encode", [str.encode, lambda text: text.encode("cp1251"), lambda text: text.encode("utf-16")])
@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<!DOCTYPE html>\n<html><head><title>Авторизация</title></head><body><form><input name=u></form>", "входа"),
        ('\n <HTML><BODY>Логин <form action="/x"><input type="password"></form></BODY></HTML>', "входа"),
        ("<html><head><title>401 Unauthorized</title></head></html>", "входа"),
        (
            '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" ""><html><body>x</body></html>',
            "веб-",
        ),
        ("<!-- kodweb --><html><body><p>Идёт техническое обслуживание БД</p>", "обслуживания"),
        ("<html><body><h1>504 Gateway Time-out</h1>nginx</body></html>", "ошибки 504"),
        ('<div class="x"><form>Пароль <input type=password></form></div>', "входа"),
        ("<br />\n<b>Warning</b>: x in /var/www", "веб-"),
        ("<html><body>Количество пользователей превысило максимальное</body></html>", "мест"),
    ],
)
def test_a_page_in_place_of_a_report_is_named(
    folder: Path, page: str, words: str, encode: Callable[[str], bytes]
) -> None:
    data = encode(page)
    for content in (data, gzip.compress(data), zipped(("report.xml", data)), zipped(("a", data), ("b", "x"))):
        text = refused(content, folder, "not_a_report").text
        assert words in text
        assert "а не отчёт" in text


def test_a_gzip_in_a_zip_is_named(folder: Path) -> None:
    packed = zipped(("r.xml.gz", gzip.compress(SAMPLE_XML.encode())))
    assert "gzip" in refused(packed, folder, "unsupported_zip").text


def test_a_report_behind_many_small_files_is_found(folder: Path) -> None:
    logs = [(f"{number}.log", "x") for number in range(200)]
    assert read(zipped(*logs, ("r.xml", SAMPLE_XML)), folder).summary.records


def test_a_page_beside_the_report_is_passed_over(folder: Path) -> None:
    page = "<html><body>" + "инструкция " * 5000 + "</body></html>"
    assert read(zipped(("readme.html", page), ("r.xml", SAMPLE_XML)), folder).summary.records


@pytest.mark.parametrize("charset", ["utf-8", "utf-16"])
def test_larger_files_beside_the_report_are_passed_over(folder: Path, charset: str) -> None:
    """Settings, a copy of the help, an export of something else: XML, too, or a database."""
    report = SAMPLE_XML.replace('encoding="UTF-8"', f'encoding="{charset}"').encode(charset)
    settings = "<?xml version='1.0'?><sysinfos>" + "<option name='a'/>" * 20_000 + "</sysinfos>"
    other = database(f"CREATE TABLE option (name TEXT); INSERT INTO option VALUES ('{'x' * 90_000}')", folder)
    assert read(zipped(("a.xml", settings), ("b.db", other), ("c.xml", report)), folder).summary.format == "xml"
    assert read(zipped(("a.xml", settings), ("b.db", sample_database(folder))), folder).summary.format == "sqlite"
    refused(zipped(("a.xml", settings)), folder, "profile_mismatch")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"Rar!\x1a\x07\x01\0", "RAR"), (b"7z\xbc\xaf\x27\x1c\0\4", "7z"), (b"MSCF\0\0\0\0", "CAB"),
        (bytes(257) + b"ustar\x0000", "tar"), (b"BZh91AY&SY", "bzip2"), (b"MZ\x90\0\3", "EXE"),
    ],
)  # fmt: skip
def test_other_archives_are_named(folder: Path, content: bytes, name: str) -> None:
    for packed in (content, zipped(("inner", content)), zipped(("readme.txt", "x" * 5000), ("inner", content))):
        assert name in refused(packed, folder, "unsupported_zip").text


def test_a_missing_file(folder: Path) -> None:
    from kodeks_exporter.sysinfo.read import read_report

    from .conftest import DEFAULT, SARATOV, Collected

    for path in (folder / "nothing.zip", folder):
        with pytest.raises(UnreadableReport) as caught:
            read_report(path, DEFAULT, SARATOV, Collected())
        assert caught.value.reason == "io_error"


# --- zip


def test_encrypted_zip(folder: Path) -> None:
    content = bytearray(zipped(("a.xml", SAMPLE_XML)))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    refused(bytes(content), folder, "encrypted_zip")


def test_flipped_bytes_inside_a_zip(folder: Path) -> None:
    content = bytearray(zipped(("a.xml", SAMPLE_XML)))
    content[200] ^= 0xFF
    refused(bytes(content), folder, "broken_zip")
    content = bytearray(zipped(("a.xml", SAMPLE_XML), method=zipfile.ZIP_STORED))
    content[content.index(b"ivanova")] ^= 1
    refused(bytes(content), folder, "broken_zip")  # told by the checksum only


def test_zip_bombs(folder: Path) -> None:
    bomb = zipped(("a.xml", b"<sysinfo>" + b" " * 60 * MIB))
    assert len(bomb) < MIB
    refused(bomb, folder, "bomb")
    refused(gzip.compress(b"<sysinfo>" + b" " * 60 * MIB), folder, "bomb")
    refused(zipped(("a.db", b"SQLite format 3\0" + b"\0" * 60 * MIB)), folder, "bomb")
    assert not list(folder.glob("kodeks-report-*"))


def test_size_limit(folder: Path) -> None:
    limits = ReadLimits(report_size=MIB)
    big = b"<sysinfo>" + random.Random(1).randbytes(MIB).hex().encode() + b"</sysinfo>"
    refused(big, folder, "too_large", limits)
    refused(zipped(("a.xml", big)), folder, "too_large", limits)
    refused(gzip.compress(big), folder, "too_large", limits)
    refused(big, folder, "too_large", ReadLimits(file_size=1000))


def test_a_zip_that_claims_gigabytes(folder: Path) -> None:
    content = bytearray(zipped(("a.xml", SAMPLE_XML)))
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, 0xFFFFFFF0)
    refused(bytes(content), folder, "too_large")
    # A claim that is too small cuts the report instead
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, 1000)
    with pytest.raises(UnreadableReport):
        read(bytes(content), folder)


def test_a_zip_with_a_huge_directory(folder: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(40_000):
            archive.writestr(f"{number}", b"")
    start = time.process_time()
    refused(buffer.getvalue(), folder, "unsupported_zip")
    assert time.process_time() - start < 1.0


# --- XML


LOL = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
DTDS = {
    "billion laughs": f'<!DOCTYPE s [<!ENTITY l0 "lol">{LOL}]><sysinfo>&l9;</sysinfo>',
    "quadratic blowup": f'<!DOCTYPE s [<!ENTITY a "{"a" * 50000}">]><sysinfo>{"&a;" * 50000}</sysinfo>',
    "external entity": '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><sysinfo><users>&x;</users></sysinfo>',
    "parameter entity": '<!DOCTYPE s [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]><sysinfo/>',
    "external subset": '<!DOCTYPE s SYSTEM "file:///etc/passwd"><sysinfo/>',
    "public subset": '<!DOCTYPE s PUBLIC "-//X//Y" "http://127.0.0.1:9/x.dtd"><sysinfo/>',
    "default attributes": f'<!DOCTYPE s [<!ATTLIST a b CDATA "{"b" * 50000}">]><sysinfo>{"<a/>" * 50000}</sysinfo>',
    "unparsed": '<!DOCTYPE s [<!NOTATION n SYSTEM "x"><!ENTITY u SYSTEM "x" NDATA n>]><sysinfo/>',
    "empty subset": "<!DOCTYPE s []><sysinfo/>",
}


@pytest.mark.parametrize("name", DTDS)
def test_no_dtd_is_taken(folder: Path, name: str) -> None:
    start = time.process_time()
    error = refused(DTDS[name], folder, "forbidden_xml")
    assert time.process_time() - start < 1.0
    assert "root:" not in str(error)
    refused(zipped(("a.xml", DTDS[name])), folder, "forbidden_xml")
    refused(DTDS[name].encode("utf-16"), folder, "forbidden_xml")


def test_a_bare_doctype_does_no_harm(folder: Path) -> None:
    assert read("<!DOCTYPE sysinfo>" + SAMPLE_XML.partition("?>")[2], folder).summary.header.seats == 25


SHAPES = {
    "deep": ("<a>" * 3_000_000, "too_complex"),
    "deep in a known place": ("<sysinfo><users><user>" + "<user>" * 3_000_000, "too_complex"),
    "endless tag": ("<sysinfo " + "a" * 5 * MIB, "too_complex"),
    "endless attribute": ('<sysinfo version="' + "a" * 5 * MIB + '"/>', "too_complex"),
    "endless comment": ("<sysinfo><!--" + "a" * 5 * MIB + "--></sysinfo>", "too_complex"),
    "many names": ("<sysinfo>" + "".join(f"<a{n}/>" for n in range(100_000)) + "</sysinfo>", "too_complex"),
    "many attributes": ("<sysinfo>" + "".join(f"<a b{n}='1'/>" for n in range(100_000)) + "</sysinfo>", "too_complex"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_that_are_too_complex(folder: Path, name: str) -> None:
    content, reason = SHAPES[name]
    start = time.process_time()
    refused(content, folder, reason)
    assert time.process_time() - start < 5.0


def test_records_that_wait_are_bounded(folder: Path) -> None:
    from kodeks_exporter.sysinfo.profile import parse_profile

    from .test_profile import changed

    block = {"record": "/sysinfo/u/q", "fields": {"time": "@t", "login": "../login"}}
    profile = parse_profile("x", changed({"xml": {"blocks": {"searches": block}}}))
    text = '<sysinfo><u><q t="2026-11-20"/>' + "<q t='2026-11-20'/>" * 60_000 + "<login>a</login></u></sysinfo>"
    with pytest.raises(UnreadableReport) as caught:
        read(text, folder, profile)
    assert caught.value.reason == "too_complex"


def test_a_time_budget(folder: Path) -> None:
    refused("<sysinfo>" + "<a/>" * 500_000 + "</sysinfo>", folder, "too_slow", ReadLimits(seconds=0.01))


MEMORY_SCRIPT = """
import sys
from pathlib import Path
from tests.sysinfo.conftest import DEFAULT, SARATOV, Collected
from kodeks_exporter.sysinfo.read import read_report
from kodeks_exporter.domain.report import UnreadableReport

class Nothing:
    def __getattr__(self, name):
        return lambda record: None

def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024

before = peak()
try:
    summary = read_report(Path(sys.argv[1]), DEFAULT, SARATOV, Nothing())
    print(peak() - before, sum(summary.records.values()))
except UnreadableReport as error:
    print(peak() - before, error.reason)
"""


def growth(content: bytes, folder: Path) -> tuple[int, str]:
    """MiB that a fresh process grows by when it reads the content, and what came of it."""
    path = folder / "report"
    path.write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY_SCRIPT, str(path)], capture_output=True, text=True, check=True, timeout=100
    )
    mib, result = done.stdout.split()
    return int(mib), result


SEARCH = b"<search time='2026-11-20T09:00:%02d' login='user%d' status='ok'>" + "ГОСТ %d".encode() + b"</search>"


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("many searches", lambda: b"".join(SEARCH % (n % 60, n, n) for n in range(400_000))),
        ("one endless text", lambda: b"<search time='2026-11-20T09:00:00'>" + b"x" * 50 * MIB + b"</search>"),
        ("text beside records", lambda: b"x\n" * 25 * MIB),
        ("one endless CDATA", lambda: b"<search><![CDATA[" + b"x" * 50 * MIB + b"]]></search>"),
        ("bad times", lambda: b"".join(b"<search time='%d'/>" % n for n in range(400_000))),
        ("words", lambda: b"".join(b"<search time='2026-11-20' type='%d'/>" % n for n in range(300_000))),
    ],
)
def test_memory_does_not_grow_with_the_report(folder: Path, name: str, make: object) -> None:
    assert callable(make)
    mib, _ = growth(b"<sysinfo><searches>" + make() + b"</searches></sysinfo>", folder)
    assert mib < 32


def test_memory_does_not_grow_with_a_database(folder: Path) -> None:
    content = database(
        "CREATE TABLE searches(time TEXT, login TEXT, query TEXT);"
        "INSERT INTO searches WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600000)"
        " SELECT '2026-11-20T09:00:00', 'user' || i, 'ГОСТ ' || i || hex(zeroblob(20)) FROM n;",
        folder,
    )
    assert len(content) > 40 * MIB
    mib, result = growth(content, folder)
    assert result == "600000"
    assert mib < 32


# --- SQLite


def blocks(reading: Reading) -> set[str]:
    return {str(block) for block in reading.summary.blocks_present}


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
GOOD = "CREATE TABLE modules(name TEXT, version TEXT); INSERT INTO modules VALUES ('ksrv', '1');"


def test_views_virtual_tables_and_generated_columns_are_not_read(folder: Path) -> None:
    content = database(
        GOOD + f"CREATE VIEW users AS {ENDLESS} SELECT i AS login FROM n;"
        "CREATE VIRTUAL TABLE searches USING fts5(time, query);"
        "INSERT INTO searches VALUES ('2026-11-20T09:00:00', 'ГОСТ');"
        "CREATE TABLE sessions(login TEXT, domain TEXT AS (upper(login)),"
        " ip TEXT AS (hex(zeroblob(100000000))) STORED);",
        folder,
    )
    start = time.process_time()
    reading = read(content, folder, limits=SMALL)
    assert blocks(reading) == {"modules", "sessions"}
    assert reading.got.users == []
    assert reading.got.searches == []
    assert time.process_time() - start < 1.0


def test_a_table_that_turns_into_something_else(folder: Path) -> None:
    for kind, sql in (
        ("table", "CREATE VIRTUAL TABLE users USING fts5(login)"),
        ("table", f"CREATE VIEW users AS {ENDLESS} SELECT i AS login FROM n"),
        ("table", "CREATE TABLE users(login AS (load_extension('/tmp/x.so')))"),
        ("table", "garbage"),
        ("view", "CREATE TABLE users(login)"),
    ):
        script = (
            GOOD + "CREATE TABLE users(login TEXT); INSERT INTO users VALUES ('a');PRAGMA writable_schema=ON;"
            f"UPDATE sqlite_master SET type='{kind}', sql='{sql.replace(chr(39), chr(39) * 2)}' WHERE name='users';"
        )
        try:
            reading = read(database(script, folder), folder, limits=SMALL)
        except UnreadableReport as error:
            assert error.reason in ("broken_sqlite", "profile_mismatch")  # noqa: PT017
        else:
            assert reading.got.users == []


def test_triggers_do_not_run(folder: Path) -> None:
    content = database(
        GOOD + "CREATE TRIGGER t AFTER INSERT ON modules BEGIN DELETE FROM modules; END;"
        "CREATE TRIGGER u BEFORE DELETE ON modules BEGIN SELECT load_extension('x'); END;",
        folder,
    )
    assert [m.name for m in read(content, folder).got.modules] == ["ksrv"]


def test_any_type_may_stand_in_any_column(folder: Path) -> None:
    content = database(
        "CREATE TABLE searches(time, login, found, duration, query, status);"
        "INSERT INTO searches VALUES ('2026-11-20T09:00:00', 5, 'x', x'ff00', x'd093d09e', NULL),"
        " (x'323032362d31312d3230', x'fffe', 1.0, 2, 3.5, 7), (1763618400, 'a', 1e300, -1, '', ''),"
        " (NULL, NULL, NULL, NULL, NULL, NULL), (9e999, 1, 1, 1, 1, 1);",
        folder,
    )
    got = read(content, folder).got.searches
    assert [(e.login, e.found, e.duration, e.query, e.status) for e in got] == [
        ("5", None, None, "ГО", ""),
        ("\ufffd\ufffd", 1, 2.0, "3.5", "other"),
    ]


def test_texts_of_another_encoding_and_huge_cells(folder: Path) -> None:
    content = database(
        "CREATE TABLE modules(name TEXT, version TEXT); INSERT INTO modules VALUES (CAST(x'cfcdc4' AS TEXT), '1');",
        folder,
    )
    assert [m.name for m in read(content, folder).got.modules] == ["\ufffd\ufffd\ufffd"]
    huge = database("CREATE TABLE modules(name); INSERT INTO modules VALUES (hex(zeroblob(6000000)));", folder)
    refused(huge, folder, "broken_sqlite")


def test_names_that_try_to_break_out(folder: Path) -> None:
    from kodeks_exporter.sysinfo.profile import parse_profile

    from .test_profile import changed

    nasty = 'mo"; DROP TABLE x; --'
    table = {"table": nasty, "fields": {"name": 'a"b', "version": "x]`'"}}
    profile = parse_profile("x", changed({"sqlite": {"blocks": {"modules": table}}}))
    quoted = nasty.replace('"', '""')
    content = database(
        f'CREATE TABLE "{quoted}"("a""b", "x]`\'"); INSERT INTO "{quoted}" VALUES (\'k\', \'1\');', folder
    )
    assert [tuple(m) for m in read(content, folder, profile).got.modules] == [("k", "1")]


def test_a_time_budget_for_databases(folder: Path) -> None:
    content = database(
        "CREATE TABLE rejections(time, login); INSERT INTO rejections WITH RECURSIVE n(i) AS"
        " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000) SELECT '2026-11-20', i FROM n;",
        folder,
    )
    refused(content, folder, "too_slow", ReadLimits(seconds=0.02))


def test_a_schema_bomb(folder: Path) -> None:
    content = database(
        GOOD + "PRAGMA writable_schema=ON; INSERT INTO sqlite_master WITH RECURSIVE n(i) AS"
        " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
        " SELECT 'table', 't' || i, 't' || i, 2, 'CREATE TABLE t' || i || '(a,b,c,d,e,f)' FROM n;",
        folder,
    )
    start = time.process_time()
    refused(content, folder, "too_complex")
    assert time.process_time() - start < 1.0
    many_tables = "".join(f"CREATE TABLE t{n}(a);" for n in range(1500))
    assert blocks(read(database(f"BEGIN;{many_tables}{GOOD}COMMIT;", folder), folder)) == {"modules"}


def test_too_many_users(folder: Path) -> None:
    content = database(
        "CREATE TABLE users(login, domain); INSERT INTO users VALUES (1, 'd'), (2, 'd'), (3, 'd');", folder
    )
    refused(content, folder, "too_complex", ReadLimits(logins=2))


# --- thousands of inputs


def outcome(content: bytes, folder: Path) -> None:
    """Reads; anything but a good end or UnreadableReport is a failure, and so is a slow one."""
    start = time.process_time()
    try:
        read(content, folder, limits=SMALL)
    except UnreadableReport as error:
        assert error.reason in REASONS  # noqa: PT017
        assert len(str(error)) < 400  # noqa: PT017
    assert time.process_time() - start < 5.0


many = settings(max_examples=1500, suppress_health_check=[HealthCheck.function_scoped_fixture])
XML_BYTES = SAMPLE_XML.encode()


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Content that was cut, had bytes changed, and pieces doubled or moved."""
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(("cut", "flip", "insert", "move", "zero")))
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        size = draw(st.integers(1, 300))
        if kind == "cut":
            del data[at : at + size]
        elif kind == "flip" and data:
            data[at] ^= draw(st.integers(1, 255))
        elif kind == "insert":
            data[at:at] = draw(st.binary(max_size=20))
        elif kind == "zero":
            data[at : at + size] = bytes(len(data[at : at + size]))
        else:
            piece = data[at : at + size]
            to = draw(st.integers(0, len(data)))
            data[to:to] = piece
    return bytes(data)


@many
@given(content=damaged(XML_BYTES))
def test_damaged_xml(folder: Path, content: bytes) -> None:
    outcome(content, folder)


@many
@given(content=damaged(zipped(("a/sysinfo.xml", SAMPLE_XML))))
def test_damaged_zips(folder: Path, content: bytes) -> None:
    outcome(content, folder)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_databases(folder: Path, data: st.DataObject) -> None:
    cached = folder.parent / "sample.db"
    if not cached.exists():
        cached.write_bytes(sample_database(folder))
    content = bytearray(cached.read_bytes())
    for _ in range(data.draw(st.integers(1, 30))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(content))))
    outcome(bytes(content[:cut]), folder)


ELEMENTS = st.sampled_from(
    (
        *("sysinfo", "server", "registration", "protection", "modules", "module", "sessions", "session", "volumes"),
        *("volume", "operup", "file", "spp", "users", "user", "usage", "searches", "search", "rejections"),
        *("rejection", "kassist", "day", "x"),
    )
)
FIELDS = (
    *(
        "time",
        "login",
        "domain",
        "status",
        "type",
        "source",
        "found",
        "duration",
        "error",
        "code",
        "expires",
        "created",
    ),
    *("month", "requests", "date", "name", "file", "since", "registered", "last_seen", "seats", "version", "unique"),
)
ODD_VALUES = ("2026-11-20T09:00:00", "2026-11", "9" * 30, "-1", "1e9", "nan", "0", "", "ok", "empty")
ATTRIBUTES = st.dictionaries(
    st.sampled_from(FIELDS), st.one_of(st.text(max_size=20), st.sampled_from(ODD_VALUES)), max_size=8
)


@st.composite
def trees(draw: st.DrawFn, depth: int = 0) -> str:
    """Known elements in any place and order."""
    from xml.sax.saxutils import escape, quoteattr

    name = draw(ELEMENTS) if depth else "sysinfo"
    attributes = "".join(f" {key}={quoteattr(value)}" for key, value in draw(ATTRIBUTES).items())
    inner = draw(st.lists(trees(depth + 1), max_size=4)) if depth < 4 else []
    return f"<{name}{attributes}>{escape(draw(st.text(max_size=10)))}{''.join(inner)}</{name}>"


@settings(max_examples=250, suppress_health_check=list(HealthCheck))
@given(text=trees())
def test_shuffled_reports(folder: Path, text: str) -> None:
    outcome(text.encode("utf-8", "replace"), folder)


@many
@given(content=st.binary(max_size=600))
def test_any_bytes(folder: Path, content: bytes) -> None:
    outcome(content, folder)
    outcome(b"PK\x03\x04" + content, folder)
    outcome(b"\x1f\x8b\x08" + content, folder)
    outcome(b"<?xml version='1.0' encoding='utf-16'?>" + content, folder)
    outcome(b"SQLite format 3\0" + content, folder)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=damaged(zlib.compress(XML_BYTES)))
def test_damaged_deflate_inside_a_whole_zip(folder: Path, content: bytes) -> None:
    outcome(gzip.compress(XML_BYTES)[:10] + content, folder)


def test_nothing_is_left_behind(folder: Path) -> None:
    temp = folder / "temp"
    temp.mkdir()
    for content in (sample_database(folder), b"SQLite format 3\0" + b"x" * 9999):
        try:
            read(content, folder, limits=ReadLimits(temp_dir=str(temp)))
        except UnreadableReport:
            continue
    assert list(temp.iterdir()) == []

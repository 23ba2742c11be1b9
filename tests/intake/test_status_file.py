from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kodeks_exporter.domain.check import CatalogState
from kodeks_exporter.intake.status_file import MAX_SIZE, UnreadableStatus, parse_status
from tests.intake.fakes import STATUS

CATALOGS = (CatalogState("/docs", True, "", True, ""), CatalogState("/norms", False, "update DB", None, ""))
WHEN = 1795303735.0


@pytest.mark.parametrize(
    "data",
    [
        STATUS,
        STATUS.replace(b"\r\n", b"\n"),
        b"\xef\xbb\xbf" + STATUS,
        STATUS.decode().encode("utf-16"),
        STATUS.decode().encode("utf-16-le"),
        STATUS.decode().encode("utf-16-be"),
        STATUS.decode().encode("utf-16-le") + b"\0" * 4096,
        STATUS.rstrip() + b"\0" * 4096,
        STATUS.rstrip() + b"\x1a",
        STATUS.replace(b"\r\n", b"\r"),
        STATUS.replace(b"date:", b"Date:").replace(b" GMT", b""),
        b"HTTP/1.1 200 OK\r\nServer: WWW-Kodeks/6.4\r\n"
        + STATUS.replace(b" GMT\r\n", b" GMT\r\nConnection: close\r\n\r\n"),
        STATUS + b'\n# TYPE sysmon_other untyped\nsysmon_other{x="} broken\n\xff\xfe\n',
    ],
)
def test_forms_that_scripts_may_write(data: bytes) -> None:
    status = parse_status(data)
    assert (status.created, status.facts.catalogs) == (WHEN, CATALOGS)


@pytest.mark.parametrize(
    "date",
    [b"", b"date: tomorrow\n", b"date: Sat, 21 Nov 99999 23:28:55 GMT\n", b"date:\n", b"date: 28.11.2026  3:15\r\n"],
)
def test_without_a_date_the_metrics_are_taken_all_the_same(date: bytes) -> None:
    status = parse_status(date + STATUS.partition(b"\n")[2])
    assert (status.created, status.facts.catalogs) == (None, CATALOGS)


@pytest.mark.parametrize("charset", ["utf-8", "cp1251", "cp866", "koi8-r", "utf-16", "utf-16-le"])
def test_reasons_are_read_in_any_russian_set(charset: str) -> None:
    text = 'date: Sat, 21 Nov 2026 23:28:55 GMT\nkserver_main_page{path="/docs",status="обновление базы"} 1\n'
    assert parse_status(text.encode(charset)).facts.catalogs == (
        CatalogState("/docs", False, "обновление базы", None, ""),
    )


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf"])
def test_what_is_no_number_says_nothing_of_a_catalog(value: str) -> None:
    text = f'kserver_main_page{{path="/docs"}} {value}\nkserver_product_control{{path="/docs"}} 0\n'
    assert parse_status(text.encode()).facts.catalogs == (CatalogState("/docs", None, "", True, ""),)


def test_metrics_without_catalogs_are_fine() -> None:
    assert parse_status(b"date: Sat, 21 Nov 2026 23:28:55 GMT\nsysmon_sessions 3\n").facts.catalogs == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "status_empty"), (b" \r\n\t", "status_empty"), (b"\xff\xfe\r\0\n\0", "status_empty"),
        (b"\r\0\n\0", "status_empty"), (b"\0" * 4096, "status_empty"), (b"\x1a", "status_empty"),
        (bytes(MAX_SIZE + 1), "status_too_large"), (b"curl: (7) Failed to connect\n", "status_no_metrics"),
        (b"date: Sat, 21 Nov 2026 23:28:55 GMT\r\n", "status_no_metrics"),
        (b"date: Sat, 21 Nov 2026 23:28:55 GMT\n<html>401</html>\n", "status_page"),
        (b"HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\n\r\n<html><h1>502 Bad Gateway</h1></html>\r\n", "status_page"),
        (b'date: Sat, 21 Nov 2026 23:28:55 GMT\nkserver_main_page{path="/docs" 0\nx 1\n', "status_broken"),
        (b"date: Sat, 21 Nov 2026 23:28:55 GMT\n" + b"kserver_main_page 0\n" * 2000, "status_broken"),
    ],
)  # fmt: skip
def test_what_is_no_status(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableStatus) as raised:
        parse_status(data)
    assert raised.value.reason == reason


LINES = st.lists(
    st.sampled_from(STATUS.splitlines()) | st.binary(max_size=60)
    | st.text(alphabet='kserver_main_page{}="\\,#/ 01\t', max_size=60).map(lambda t: b"kserver_main_page" + t.encode())
)  # fmt: skip


@given(LINES.map(b"\n".join))
def test_any_bytes(data: bytes) -> None:
    try:
        status = parse_status(data)
    except UnreadableStatus:
        return
    assert len(status.facts.catalogs) <= 50

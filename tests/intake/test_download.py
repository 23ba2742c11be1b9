from __future__ import annotations

import ssl
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.processes import free_port
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.intake.download import Downloader
from kodeks_exporter.intake.intake import Intake
from kodeks_exporter.intake.pull import due, pull_job, pull_jobs
from kodeks_exporter.net import transport
from kodeks_exporter.net.connection import connect
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.poll.scheduler import Pace
from kodeks_exporter.settings.checks import CheckSettings
from kodeks_exporter.settings.fleet import Credentials, Fleet, Installation, Tls
from kodeks_exporter.settings.reports import ReportSettings
from kodeks_exporter.settings.settings import PollSettings, Settings
from kodeks_exporter.sysinfo.read import read_report
from tests.answering import Answer, Asked, chunked, reply, serving
from tests.intake.fakes import BROKEN, PROFILE, FakeStore, files, zipped
from tests.web.certificates import Authority

PATH = "/sysinfo/si_save_request"
LOGIN = Credentials("smartlogin", Secret("секрет"))
BASIC = "Basic " + b64encode("smartlogin:секрет".encode()).decode()
XML = b"<?xml version='1.0'?><sysinfo>" + b"<user/>" * 3000 + b"</sysinfo>"
LOGIN_PAGE = b"<!DOCTYPE html><html><form action='/login'></form></html>"
FAST = ReportSettings(download_timeout=1.0, download_limit=100_000)


class Got:
    def __init__(self) -> None:
        self.data = b""

    def write(self, piece: bytes) -> None:
        self.data += piece


def site(url: str, **changes: Any) -> Installation:
    return replace(Installation("romashka", "ООО «Ромашка»", "ivanova", url=url, credentials=LOGIN), **changes)


def download(installation: Installation, reports: ReportSettings = FAST) -> tuple[str, bytes]:
    got = Got()
    suffix = Downloader(lambda host: (host,)).download(installation, reports, CheckSettings(), got.write)
    return suffix, got.data


def failure(answer: Answer, reports: ReportSettings = FAST) -> CheckError:
    with serving(answer) as server, pytest.raises(CheckError) as raised:
        download(site(server.url), reports)
    assert "секрет" not in str(raised.value)
    return raised.value


# What a server may do


def test_zip_with_the_monitors_login() -> None:
    with serving(lambda to, _: reply(to, 200, zipped())) as server:
        assert download(site(server.url)) == (".zip", zipped())
    assert server.lines() == [f"POST {PATH} type=zip"]
    assert server.asked[0].headers["authorization"] == BASIC


def test_redirect_with_a_cookie_as_curl_follows_it_and_the_session_is_left() -> None:
    def answer(to: BaseHTTPRequestHandler, asked: Asked) -> None:
        if asked.method == "POST":
            reply(to, 302, Location="/sysinfo/file?id=1", Set_Cookie="session=abc; Path=/")
        elif asked.headers.get("cookie") == "session=abc":
            reply(to, 200, zipped())
        else:
            reply(to, 403)

    with serving(answer) as server:
        assert download(site(server.url))[0] == ".zip"
    assert server.lines() == [f"POST {PATH} type=zip", "GET /sysinfo/file?id=1", "GET /logout"]


def test_xml_where_zip_is_not_known() -> None:
    def answer(to: BaseHTTPRequestHandler, asked: Asked) -> None:
        if b"zip" in asked.body:
            reply(to, 500)
        else:
            chunked(to, [XML[:10], XML[10:1000], XML[1000:]])

    with serving(answer) as server:
        assert download(site(server.url)) == (".xml", XML)
    assert server.lines() == [f"POST {PATH} type=zip", f"POST {PATH} type=xml"]


@pytest.mark.parametrize(
    ("body", "suffix"),
    [(XML, ".xml"), (b"\xef\xbb\xbf" + XML, ".xml"), (XML.decode().encode("utf-16"), ".xml"),
     (b"SQLite format 3\0...", ".db"), (zipped(), ".zip")],
)  # fmt: skip
def test_the_suffix_tells_what_came_and_not_what_was_asked_for(body: bytes, suffix: str) -> None:
    with serving(lambda to, _: reply(to, 200, body)) as server:
        assert download(site(server.url)) == (suffix, body)


def test_what_claims_to_be_packed_for_transport_is_not_unpacked() -> None:
    with serving(lambda to, _: reply(to, 200, zipped(), Content_Encoding="gzip")) as server:
        assert download(site(server.url)) == (".zip", zipped())


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, b"", "login_refused"), (403, b"", "http_403"), (404, b"", "http_404"), (503, b"", "http_503"),
        (503, "Количество пользователей превысило максимальное".encode(), "out_of_seats"),
        (403, "Количество пользователей превысило максимальное (2008)".encode("cp1251"), "out_of_seats"),
        (200, LOGIN_PAGE, "not_a_report"), (200, b"error 5", "not_a_report"), (200, b" \r\n", "empty"),
    ],
)  # fmt: skip
def test_refusals(status: int, body: bytes, reason: str) -> None:
    error = failure(lambda to, _: reply(to, status, body))
    assert error.reason == reason
    assert error.text


def test_a_refused_login_is_not_tried_twice() -> None:
    with serving(lambda to, _: reply(to, 401)) as server, pytest.raises(CheckError):
        download(site(server.url))
    assert len(server.asked) == 1


def test_too_large_by_its_own_word_or_by_its_length() -> None:
    assert failure(lambda to, _: reply(to, 200, b"PK" + bytes(100_000))).reason == "too_large"
    assert failure(lambda to, _: chunked(to, [b"PK", *[bytes(1000)] * 200])).reason == "too_large"


def test_a_report_of_the_very_limit_is_taken() -> None:
    with serving(lambda to, _: reply(to, 200, b"PK" + bytes(99_998))) as server:
        assert len(download(site(server.url))[1]) == 100_000


def test_cut_in_the_middle() -> None:
    def answer(to: BaseHTTPRequestHandler, _: Asked) -> None:
        to.send_response(200)
        to.send_header("Content-Length", "1000")
        to.end_headers()
        to.wfile.write(b"PK123")
        to.close_connection = True

    assert failure(answer).reason == "incomplete"


@pytest.mark.parametrize("part", ["silence", "headers", "body"])
def test_the_time_limit_is_for_the_whole(part: str) -> None:
    def answer(to: BaseHTTPRequestHandler, _: Asked) -> None:
        if part != "silence":
            to.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"\r\nPK" if part == "body" else b""))
        for _second in range(60):
            time.sleep(0.2)
            if part != "silence":
                to.wfile.write(b"x")

    began = time.monotonic()
    assert failure(answer).reason == "timeout"
    assert time.monotonic() - began < 8


def test_nothing_goes_to_another_host() -> None:
    with serving(lambda to, _: reply(to, 200, zipped())) as elsewhere:
        for target in (elsewhere.url + "/x", "//localhost/x", "http://[x", "ftp://127.0.0.1/x"):
            error = failure(lambda to, _, target=target: reply(to, 302, Location=target))  # type: ignore[misc]
            assert error.reason in ("redirect_foreign", "garbage")
        assert elsewhere.asked == []


def test_the_body_of_a_redirect_is_not_read() -> None:
    def answer(to: BaseHTTPRequestHandler, asked: Asked) -> None:
        if asked.method == "GET":
            reply(to, 200, zipped())
            return
        to.send_response(302)
        to.send_header("Location", "/report")
        to.send_header("Content-Length", "1000000000000")
        to.end_headers()
        time.sleep(2)

    with serving(answer) as server:
        assert download(site(server.url))[0] == ".zip"


def test_redirects_without_end() -> None:
    assert failure(lambda to, _: reply(to, 302, Location=PATH)).reason == "redirects"


def test_no_connection() -> None:
    with pytest.raises(CheckError) as raised:
        download(site(f"http://127.0.0.1:{free_port()}"))
    assert raised.value.reason == "refused"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200), st.booleans())
def test_any_answer_ends_in_a_report_or_an_error(raw: bytes, begun: bool) -> None:
    def answer(to: BaseHTTPRequestHandler, _: Asked) -> None:
        to.wfile.write((b"HTTP/1.1 200 OK\r\n" if begun else b"") + raw)
        to.close_connection = True

    with serving(answer) as server:
        try:
            assert download(site(server.url))[1]
        except CheckError as error:
            assert error.reason  # noqa: PT017 - either way is fine


# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"), "ca")


def test_certificates(authority: Authority) -> None:
    pair = authority.issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    with serving(lambda to, _: reply(to, 200, zipped()), context) as server:
        with pytest.raises(CheckError) as raised:
            download(site(server.url))
        assert raised.value.reason == "certificate_untrusted"
        assert server.asked == []  # so no password was sent
        assert download(site(server.url, tls=Tls(ca_file=str(authority.file))))[0] == ".zip"
        assert download(site(server.url, tls=Tls(verify=False)))[0] == ".zip"


def test_from_http_to_https_and_back(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the live checks follow it; what was to go by TLS is asked for in the open, but without the password."""
    pair = authority.issue("moved")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    with serving(lambda to, _: reply(to, 200, zipped())) as plain, serving(plain.answer, context) as private:
        ports = {80: int(plain.url.rpartition(":")[2]), 443: int(private.url.rpartition(":")[2])}
        monkeypatch.setattr(transport, "connect", lambda to, port, seconds: connect(to, ports[port], seconds))
        for begun, to, other, login in ((plain, "https", private, BASIC), (private, "http", plain, None)):
            end, begun.answer = begun.answer, lambda line, _, to=to: reply(line, 302, Location=f"{to}://127.0.0.1/x")  # type: ignore[misc]
            begin = "http://127.0.0.1" if begun is plain else "https://127.0.0.1"
            assert download(site(begin, tls=Tls(ca_file=str(authority.file))))[0] == ".zip"
            assert [asked.headers.get("authorization") for asked in (begun.asked[0], other.asked[-1])] == [BASIC, login]
            begun.answer = end


def test_certificate_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(CheckError) as raised:
        download(site("https://127.0.0.1:1", tls=Tls(ca_file=str(tmp_path / "gone"))))
    assert raised.value.reason == "ca_file"


# The job


class Round:
    """One installation, pulled into a fake store."""

    def __init__(self, storage: Path, url: str) -> None:
        self.storage = storage
        self.store = FakeStore()
        self.now = 1_000_000.0
        self.planned = False
        fleet = Fleet(installations={"romashka": site(url)})
        self.settings = Settings(fleet=fleet, poll=PollSettings(sysinfo=3300), reports=FAST)
        self.intake = Intake(storage, lambda: fleet, self.store, lambda _: PROFILE, clock=lambda: self.now)
        self.run = pull_job(
            "romashka", self.intake, Downloader(lambda host: (host,)), lambda: self.settings, lambda _: self.planned,
            lambda: self.now,
        )  # fmt: skip


@pytest.fixture
def body() -> list[bytes]:
    return [zipped()]


@pytest.fixture
def round_(tmp_path: Path, body: list[bytes]) -> Iterator[Round]:
    with serving(lambda to, _: reply(to, 200, body[0])) as server:
        yield Round(tmp_path, server.url)


def test_one_report_an_interval(round_: Round) -> None:
    for minutes in range(0, 111, 5):
        round_.now = 1_000_000.0 + minutes * 60
        assert round_.run() is Pace.NORMAL
    assert [(r.via, r.received - 1_000_000.0) for r in round_.store.reports] == [
        ("pull", 0), ("pull", 3300), ("pull", 6600),
    ]  # fmt: skip
    assert files(round_.storage) == {"files/romashka.zip"}


def test_after_a_restart_the_report_that_is_there_counts(round_: Round) -> None:
    round_.run()
    again = Round(round_.storage, "http://127.0.0.1:1")
    again.now = round_.now + 600
    assert again.run() is Pace.NORMAL


def test_the_announced_backup_is_left_in_peace(round_: Round) -> None:
    round_.planned = True
    assert round_.run() is Pace.NORMAL
    assert round_.store.reports == []


@pytest.mark.parametrize(("answer", "reason"), [(LOGIN_PAGE, "not_a_report"), (b"PK" + bytes(100_000), "too_large")])
def test_failures_are_counted_and_tried_ever_later(
    round_: Round, body: list[bytes], answer: bytes, reason: str
) -> None:
    body[0] = answer
    assert round_.run() is Pace.FAILED
    assert round_.store.errors == [("romashka", reason)]
    assert files(round_.storage) == set()
    body[0] = zipped()
    assert round_.run() is Pace.NORMAL


def test_unreadable_reports_leave_the_last_good_one_in_force(tmp_path: Path) -> None:
    good = True

    def ingest(*args: Any) -> None:
        if not good:
            FakeStore().ingest("romashka", partial(read_report, unreadable), *args[2:])

    unreadable = tmp_path / "unreadable"
    unreadable.write_bytes(BROKEN)
    with serving(lambda to, _: reply(to, 200, zipped())) as server:
        round_ = Round(tmp_path / "storage", server.url)
        round_.store.ingest = ingest  # type: ignore[method-assign,assignment]
        assert round_.run() is Pace.NORMAL
        good = False
        round_.now += 4000
        assert round_.run() is Pace.FAILED
    newest = round_.intake.newest("romashka")
    assert newest is not None
    assert newest.received == 1_000_000.0


def test_jobs_are_spread_and_only_for_those_that_are_pulled() -> None:
    fleet = Fleet(
        installations={f"i{n}": replace(site("http://127.0.0.1:1"), name=f"i{n}") for n in range(100)}
        | {"closed": site("")}
    )
    jobs = pull_jobs(fleet, 3300.0, lambda _: lambda: Pace.NORMAL)
    assert len(jobs) == 100
    delays = sorted(job.delay for job in jobs.values())
    assert delays[0] < 30
    assert delays[-1] > 270
    assert {job.interval for job in jobs.values()} == {300.0}


def test_due() -> None:
    assert due(None, 0, 3300)
    assert due(0, 3300, 3300)
    assert not due(0, 3000, 3300)
    assert due(5000, 3000, 3300)

"""How the stand hands its reports out, and how they are pushed: with real curl, as the scripts in the field do."""

from __future__ import annotations

import http.client
import io
import shutil
import sqlite3
import subprocess
import threading
import time
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from demo.push import Errand, Pusher, PushFailedError, push_report, push_status
from demo.stand import ServerSpec, Stand, StandSpec
from tests.demo.visitor import BASIC, WRONG, Answer

PATH = "/sysinfo/si_save_request"


@pytest.fixture(scope="module")
def office() -> Iterator[Stand]:
    spec = StandSpec(
        servers=(
            ServerSpec("plain", population=30),
            ServerSpec("cyrillic", population=30, report_charset="windows-1251", seats=4, users=2),
            ServerSpec("database", population=30, report_format="sqlite"),
            ServerSpec("cookie", population=30, report_cookie=True, seats=25, users=3),
        )
    )
    with Stand(spec) as stand:
        yield stand


@pytest.fixture
def reports(office: Stand) -> Iterator[Stand]:
    yield office
    office.clear()


def ask(
    stand: Stand, name: str, kind: str = "zip", authorization: str = BASIC, cookie: str = "", method: str = "POST"
) -> Answer:
    host, port = stand.address(name)
    connection = http.client.HTTPConnection(host, port, timeout=10)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    headers |= {"Authorization": authorization} if authorization else {}
    headers |= {"Cookie": cookie} if cookie else {}
    body = f"type={kind}" if method == "POST" else None
    connection.request(method, PATH if body else f"{PATH}?type={kind}", body, headers)
    response = connection.getresponse()
    answer = Answer(response.status, response.headers, response.read())
    connection.close()
    return answer


def unzip(data: bytes) -> tuple[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (name,) = archive.namelist()
        return name, archive.read(name)


def test_xml_comes_in_chunks_and_closes_the_connection(reports: Stand) -> None:
    answer = ask(reports, "plain", "xml")
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.headers["Connection"] == "close"
    assert answer.headers["Content-Length"] is None
    assert ET.fromstring(answer.body).find("users/user/usage") is not None


def test_zip_holds_xml_in_the_servers_encoding_or_sqlite(reports: Stand) -> None:
    name, data = unzip(ask(reports, "cyrillic").body)
    assert name.endswith(".xml")
    assert data.startswith(b'<?xml version="1.0" encoding="windows-1251"?>')
    assert "Ромашка" in data.decode("windows-1251")
    _, data = unzip(ask(reports, "database").body)
    database = sqlite3.connect(":memory:")
    database.deserialize(data)
    assert database.execute("SELECT count(*) FROM users").fetchone()[0] > 10


def test_report_asks_for_the_login_and_holds_no_seat(reports: Stand) -> None:
    used = reports.seats_used("plain")
    assert ask(reports, "plain", authorization="").status == 401
    assert ask(reports, "plain", authorization=WRONG).status == 401
    assert ask(reports, "plain").status == 200
    assert ask(reports, "plain", method="GET").status == 405
    assert reports.seats_used("plain") == used
    reports.fault("plain", "auth_refused")
    assert ask(reports, "plain").status == 401


def test_cookie_comes_first_with_a_redirect(reports: Stand) -> None:
    first = ask(reports, "cookie")
    assert (first.status, first.headers["Location"]) == (302, f"{PATH}?type=zip")
    assert ask(reports, "cookie", method="GET").status == 302  # whoever forgets the cookie goes round and round
    second = ask(reports, "cookie", cookie=first.cookie, method="GET")
    assert second.status == 200
    assert unzip(second.body)[0] == "sysinfo.xml"


@pytest.mark.parametrize("name", ["plain", "cookie"])
def test_real_curl_gets_the_report(reports: Stand, name: str, tmp_path: Path) -> None:
    host, port = reports.address(name)
    target = tmp_path / "report.zip"
    subprocess.run(
        ["curl", "-sfL", "-b", "", "-u", "smartlogin:smartpassword", "-d", "type=zip", "-o", str(target),
         f"http://{host}:{port}{PATH}"], check=True, timeout=20,
    )  # fmt: skip
    assert zipfile.ZipFile(target).testzip() is None


def test_full_server_says_so_in_its_report(reports: Stand) -> None:
    reports.fault("cyrillic", "out_of_seats")
    root = ET.fromstring(ask(reports, "cyrillic", "xml").body)
    assert len(root.findall("sessions/session")) == 4
    assert len(root.findall("rejections/rejection")) >= 3


def test_lost_key_and_its_return_show_at_once(reports: Stand) -> None:
    reports.fault("plain", "key_lost", code=4113)
    protection = ET.fromstring(ask(reports, "plain", "xml").body).find("registration/protection")
    assert protection is not None
    assert (protection.attrib["status"], protection.attrib["code"]) == ("error", "4113")
    reports.clear("plain")
    protection = ET.fromstring(ask(reports, "plain", "xml").body).find("registration/protection")
    assert protection is not None
    assert (protection.attrib["status"], protection.attrib["code"]) == ("ok", "0")


def test_faults_of_the_content(reports: Stand) -> None:
    for fault in ("spp_down", "volume_error", "operup_stale"):
        reports.fault("plain", fault)
    reports.fault("plain", "report_missing", block="searches,kassist")
    root = ET.fromstring(ask(reports, "plain", "xml").body)
    assert root.find("spp").attrib["status"] == "error"  # type: ignore[union-attr]
    assert root.find("volumes/volume").attrib["error"] == "2007"  # type: ignore[union-attr]
    assert root.find("searches") is None
    assert root.find("users") is not None


def test_broken_report_is_a_cut_zip(reports: Stand) -> None:
    whole = ask(reports, "plain").body
    reports.fault("plain", "report_broken")
    cut = ask(reports, "plain")
    assert cut.status == 200
    assert whole.startswith(cut.body[:100])
    with pytest.raises(zipfile.BadZipFile):
        unzip(cut.body)


def test_login_page_instead_of_a_report(reports: Stand) -> None:
    reports.fault("plain", "report_html")
    answer = ask(reports, "plain")
    assert answer.status == 200
    assert answer.headers.get_content_type() == "text/html"
    assert 'TYPE="password"' in answer.text


def test_huge_report_is_as_large_as_wanted_inside_and_outside(reports: Stand) -> None:
    reports.fault("plain", "report_huge", size=5)
    answer = ask(reports, "plain")
    assert len(answer.body) > 5 * 1024 * 1024
    assert ET.fromstring(unzip(answer.body)[1]).find("users") is not None


@pytest.mark.parametrize("kind", ["xml", "zip"])
def test_slow_report_comes_at_its_rate(reports: Stand, kind: str) -> None:
    size = len(ask(reports, "plain", kind).body)
    reports.fault("plain", "report_slow", rate=size * 2)
    begun = time.monotonic()
    assert len(ask(reports, "plain", kind).body) == size
    assert 0.3 < time.monotonic() - begun < 5


def test_search_on_command_stands_in_the_next_report(reports: Stand) -> None:
    reports.search("plain", "novichok", "GYLA 14.1")
    root = ET.fromstring(ask(reports, "plain", "xml").body)
    last = root.findall("searches/search")[-1]
    assert (last.text, last.attrib["login"], last.attrib["status"]) == ("GYLA 14.1", "novichok", "empty")
    with pytest.raises(ValueError, match="status"):
        reports.search("plain", "novichok", "x", "lost")
    with pytest.raises(KeyError):
        reports.search("nobody", "novichok", "x")


def test_search_by_the_control_interface(reports: Stand) -> None:
    order = b'{"server": "database", "login": "lena", "query": "\xd0\xb3\xd1\x81\xd0\xbe\xd1\x82"}'
    connection = http.client.HTTPConnection(reports.control_url.removeprefix("http://"), timeout=30)
    connection.request("POST", "/search", order)
    assert connection.getresponse().status == 200
    connection.close()
    _until(lambda: "гсот" in [row[8] for row in reports.report("database").blocks["searches"]])


class _Exporter(BaseHTTPRequestHandler):
    """Takes uploads as the domain document tells, and keeps what came."""

    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        name = body.partition(b'filename="')[2].partition(b'"')[0].decode()
        self.server.came.append((self.path, self.headers["dealer"], self.headers["upload"], name, body))
        if self.server.refuse:
            self._answer(403, b"forbidden")
        else:
            self._answer(200, f'{{"ok":true,"path":"/files/{name}"}}'.encode())

    def do_HEAD(self) -> None:
        here = any(self.path == f"/files/{name}?token=secret" for _, _, _, name, _ in self.server.came)
        self._answer(200 if here else 404, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    came: list[tuple[str, str, str, str, bytes]]
    refuse = False


@pytest.fixture
def exporter() -> Iterator[_Server]:
    server = _Server(("127.0.0.1", 0), _Exporter)
    server.came = []
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def errand(reports: Stand, exporter: _Server) -> Errand:
    assert shutil.which("curl")
    host, port = reports.address("plain")
    target = f"127.0.0.1:{exporter.server_address[1]}"
    return Errand("client-1", f"http://{host}:{port}", "smartlogin", "smartpassword", target, "0599demo", "secret")


def test_script_pushes_report_and_status_with_curl(errand: Errand, exporter: _Server, tmp_path: Path) -> None:
    push_report(errand, tmp_path)
    push_status(errand, tmp_path)
    assert [(path, dealer, upload, name) for path, dealer, upload, name, _ in exporter.came] == [
        ("/upload?token=secret", "0599demo", "yes", "client-1.zip"),
        ("/upload?token=secret", "0599demo", "yes", "client-1.status"),
    ]
    assert zipfile.ZipFile(tmp_path / "client-1.zip").namelist() == ["sysinfo.xml"]
    first, second, *_ = (tmp_path / "client-1.status").read_text().splitlines()
    assert first.lower().startswith("date: ")
    assert second == "# Sysinfo metrics"


def test_refused_push_is_told_without_the_token(errand: Errand, exporter: _Server, tmp_path: Path) -> None:
    exporter.refuse = True
    with pytest.raises(PushFailedError, match="forbidden") as failure:
        push_report(errand, tmp_path)
    assert "secret" not in str(failure.value)


def test_pusher_goes_on_after_a_failure_and_comes_when_called(
    errand: Errand, exporter: _Server, tmp_path: Path
) -> None:
    complaints: list[str] = []
    exporter.refuse = True
    pusher = Pusher(errand, tmp_path / "push", 60.0, complaints.append)
    pusher.start()
    try:
        _until(lambda: bool(complaints))
        exporter.refuse = False
        pusher.now()
        _until(lambda: pusher.pushed == 1)
        pusher.now()
        _until(lambda: pusher.pushed == 2)
    finally:
        pusher.stop()
    assert len(complaints) == 1


def _until(ready: object, seconds: float = 10.0) -> None:
    assert callable(ready)
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.02)

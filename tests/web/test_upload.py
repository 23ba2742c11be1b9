"""Uploads through the real server: with requests for the details, with curl for the letter of the scripts."""

from __future__ import annotations

import json
import logging
import resource
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote

import bcrypt
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from kodeks_exporter.config.webfile import ServerSecurity
from kodeks_exporter.intake.intake import Intake
from kodeks_exporter.web.app import Application
from kodeks_exporter.web.connection import ServerOptions
from kodeks_exporter.web.server import WebServer
from kodeks_exporter.web.upload import OPEN_PATHS, RESULTS, Uploads
from tests.intake.fakes import BROKEN, ODD, STATUS, TOKEN, FakeStore, files, fleet, intake, zipped
from tests.web.fakes import FakeBackend

LIMIT = 8 * 1024 * 1024
DEALER = "0599romashkin"


class Site:
    """The exporter's web server with uploads, over a fake store."""

    def __init__(self, storage: Path, max_uploads: int = 64, limit: int = LIMIT) -> None:
        self.storage = storage
        self.store = FakeStore()
        self.clients = tuple(f"client-{number}" for number in range(60))
        inventory = fleet(*self.clients)
        self.intake: Intake = intake(storage, self.store, inventory)
        self.uploads = Uploads(self.intake, lambda: inventory, limit, max_uploads)
        self.app = Application(FakeBackend(), self.uploads.routes())
        self.server = WebServer("127.0.0.1:0", self.app, options=ServerOptions(uploads=max_uploads, max_body=0))
        self.server.start()
        self.url = self.server.url

    def upload(
        self, name: str, data: bytes, dealer: str = DEALER, token: str = TOKEN, field: str = "file"
    ) -> requests.Response:
        return requests.post(
            f"{self.url}/upload",
            params={"token": token},
            headers={"dealer": dealer, "upload": "yes"},
            files={field: (name, data)},
            timeout=30,
        )

    def head(self, name: str, dealer: str = DEALER, token: str = TOKEN, method: str = "HEAD") -> requests.Response:
        return requests.request(
            method, f"{self.url}/files/{name}", params={"token": token}, headers={"dealer": dealer}, timeout=30
        )

    def held(self) -> int:
        """Uploads that have arrived and wait for the store."""
        return len([*(self.storage / "spool").iterdir()])

    def counted(self) -> dict[str, int]:
        return {labels[0]: number for labels, number in self.uploads.results.totals().items() if number}


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    sites: list[Site] = []

    def make(**options: int) -> Site:
        sites.append(Site(tmp_path / f"storage{len(sites)}", **options))
        return sites[-1]

    yield make
    for site in sites:
        threading.Thread(target=site.server.stop, daemon=True).start()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()


def curl(*arguments: str, folder: Path) -> str:
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", "30", *arguments],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


# What the scripts do, with the real curl


@pytest.mark.parametrize("suffix", [".zip", ".xml", ".db", ".sqlite", ".status"])
def test_the_two_curl_lines(site: Site, tmp_path: Path, suffix: str) -> None:
    name = f"romashka{suffix}"
    data = STATUS if suffix == ".status" else zipped()
    (tmp_path / name).write_bytes(data)
    token = quote(TOKEN, safe="")
    check = ("-I", "-H", "upload: yes", "-H", f"dealer: {DEALER}", f"{site.url}/files/{name}?token={token}")

    assert curl(*check, folder=tmp_path).startswith("HTTP/1.1 404 ")
    answer = curl(
        "-i", "-H", "upload: yes", "-H", f"dealer: {DEALER}", "-F", f"file=@{name}",
        f"{site.url}/upload?token={token}", folder=tmp_path,
    )  # fmt: skip
    head, _, body = answer.rpartition("\n\n" if "\r" not in answer else "\r\n\r\n")
    assert head.splitlines()[0].startswith("HTTP/1.1 200 ")
    assert "Content-Type: text/plain; charset=utf-8" in head.splitlines()
    assert body == f'{{"ok":true,"path":"/files/{name}"}}'

    lines = curl(*check, folder=tmp_path).splitlines()
    assert lines[0].startswith("HTTP/1.1 200 ")
    assert f"Content-Length: {len(data)}" in lines
    modified = next(line.partition(": ")[2] for line in lines if line.startswith("Last-Modified"))
    assert abs(parsedate_to_datetime(modified).timestamp() - time.time()) < 60


def test_the_curl_lines_of_the_docs(site: Site, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "reports.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("curl ")]
    assert len(lines) == 2
    (tmp_path / "romashka.zip").write_bytes(zipped())
    answers = []
    for line in lines:
        for word, text in (
            ("https://monitoring.dealer.example", site.url),
            ("0599romashkin", "all"),
            ("TOKEN", "t-all"),
            ("zakryty", "romashka"),
        ):
            line = line.replace(word, text)
        done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=True)
        answers.append(done.stdout)
    assert answers[0] == '{"ok":true,"path":"/files/romashka.zip"}'
    assert answers[1].startswith("HTTP/1.1 200 ")


def test_the_docs_name_every_outcome() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reports.md").read_text(encoding="utf-8")
    assert [result for result in RESULTS if f"`{result}`" not in page] == []


def test_curl_asks_before_it_sends_a_large_file(site: Site, tmp_path: Path) -> None:
    data = bytes(5 * 1024 * 1024)
    (tmp_path / "romashka.zip").write_bytes(data)
    began = time.monotonic()
    trace = subprocess.run(
        ["curl", "-sv", "-H", "dealer: all", "-F", "file=@romashka.zip", f"{site.url}/upload?token=t-all"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "> Expect: 100-continue" in trace.stderr
    assert "< HTTP/1.1 100 Continue" in trace.stderr
    assert trace.stdout == '{"ok":true,"path":"/files/romashka.zip"}'
    assert time.monotonic() - began < 5
    assert site.store.reports[0].data == data


@pytest.mark.parametrize(("token", "size", "status"), [("wrong", 5, "403"), ("wrong", 20, "413"), ("t-all", 20, "413")])
def test_curl_hears_why_a_large_file_is_refused(site: Site, tmp_path: Path, token: str, size: int, status: str) -> None:
    (tmp_path / "romashka.zip").write_bytes(bytes(size * 1024 * 1024))
    answer = curl(
        "-w", " %{http_code}", "-H", "dealer: all", "-F", "file=@romashka.zip", f"{site.url}/upload?token={token}",
        folder=tmp_path,
    )  # fmt: skip
    assert answer.startswith('{"ok":false,"error":"')
    assert answer.endswith(f" {status}")
    assert files(site.storage) == set()


def test_wrong_tokens_cost_no_memory(make_site: Callable[..., Site], tmp_path: Path) -> None:
    site = make_site(limit=64 * 1024 * 1024)
    (tmp_path / "romashka.zip").write_bytes(bytes(16 * 1024 * 1024))
    before = peak = _resident()
    senders = [
        subprocess.Popen(
            ["curl", "-s", "-w", "%{http_code}", "-H", "dealer: all", "-F", "file=@romashka.zip",
             f"{site.url}/upload?token=wrong"], cwd=tmp_path, stdout=subprocess.PIPE,
        )
        for _ in range(10)
    ]  # fmt: skip
    while any(sender.poll() is None for sender in senders):
        peak = max(peak, _resident())
        time.sleep(0.005)
    assert {sender.communicate()[0][-3:] for sender in senders} == {b"403"}
    assert peak - before < 16 * 1024 * 1024


def test_scripts_need_no_password_of_the_web_file(tmp_path: Path) -> None:
    inventory = fleet()
    taker = intake(tmp_path, FakeStore(), inventory)
    app = Application(FakeBackend(), Uploads(taker, lambda: inventory, LIMIT, 4).routes())
    users = {"ops": bcrypt.hashpw(b"secret", bcrypt.gensalt(4))}
    server = WebServer("127.0.0.1:0", app, ServerSecurity(users=users), ServerOptions(max_body=0), OPEN_PATHS)
    server.start()
    try:
        answer = requests.post(
            f"{server.url}/upload?token=t-all", headers={"dealer": "all"}, files={"file": ("romashka.zip", zipped())},
            timeout=10,
        )  # fmt: skip
        assert answer.status_code == 200
        shown = requests.head(f"{server.url}/files/romashka.zip?token=t-all", headers={"dealer": "all"}, timeout=10)
        assert shown.status_code == 200
        for path in ("/metrics", "/", "/config", "/upload/", "/files", "/uploads", "/-/reload"):
            assert requests.get(f"{server.url}{path}", timeout=10).status_code == 401, path
        with socket.create_connection(server.address) as connection:
            connection.sendall(b"GET /files/../metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 404")
    finally:
        threading.Thread(target=server.stop, daemon=True).start()


# Who may


@pytest.mark.parametrize(
    ("dealer", "token"),
    [(DEALER, "wrong"), (DEALER, ""), ("nobody", TOKEN), ("", ""), ("all", TOKEN), (DEALER, TOKEN + "x")],
)
def test_wrong_dealer_or_token(site: Site, caplog: pytest.LogCaptureFixture, dealer: str, token: str) -> None:
    caplog.set_level(logging.DEBUG)
    for answer in (site.upload("romashka.zip", zipped(), dealer, token), site.head("romashka.zip", dealer, token)):
        assert answer.status_code == 403
    assert files(site.storage) == set()
    assert site.counted() == {"forbidden": 1}
    assert all(record.levelno < logging.ERROR for record in caplog.records)


def test_refusals_leave_one_line_without_the_token(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    site.upload("romashka.zip", zipped(), token="geheim-4711")
    site.upload("romashka.zip", zipped(), dealer="geheim-4711", token="geheim-4711")
    site.upload("romashka.zip", BROKEN, dealer="all", token="t-all")
    lines = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.__dict__["result"] for record in lines] == ["forbidden", "forbidden", "unreadable"]
    everything = " ".join(str(record.__dict__) for record in caplog.records if "kodeks_exporter" in record.name)
    assert "geheim" not in everything
    assert "t-all" not in everything


def test_a_dealer_writes_and_reads_only_its_own(site: Site) -> None:
    assert site.upload("vasilek.zip", zipped()).status_code == 404
    assert site.upload("vasilek.zip", zipped(), "all", "t-all").status_code == 200
    assert site.head("vasilek.zip").status_code == 404
    assert site.head("vasilek.zip", "all", "t-all").status_code == 200
    assert site.head("vasilek.zip", "all", "t-all", "GET").status_code == 403  # it may lie at every client
    assert site.upload("romashka.zip", zipped()).status_code == 200
    assert site.head("romashka.zip", method="GET").status_code == 403  # at four of them
    assert site.head("romashka.zip", "one", "t-one", "GET").content == zipped()
    assert site.upload("pulled.zip", zipped(), "all", "t-all").status_code == 404  # not a pushing one
    assert site.upload("gone.zip", zipped()).status_code == 404  # listed for the dealer, no longer in the inventory


# What may come


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("../romashka.zip", 400), ("..\\romashka.zip", 400), ("/etc/romashka.zip", 400), ("romashka\0.zip", 400),
        ("ромашка.zip", 400), ("...zip", 400), ("romashka.zip/", 400), (".zip", 400), ("a" * 300 + ".zip", 400),
        ("romashka.exe", 415), ("romashka", 400), ("romashka.zip.", 415), ("romashka.", 415),
        ("Romashka.zip", 404), ("unknown.zip", 404), ("romashka.zip.zip", 404),
        ("romashka.ZIP", 200), ("a.b.xml", 200), (f"{ODD}.zip", 200), ("romashka%2e.zip", 400), ("a b.zip", 400),
    ],
)  # fmt: skip
def test_names(site: Site, name: str, status: int) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + name.encode() + b'"\r\n\r\n'
        + zipped() + b"\r\n--x--\r\n"
    )  # fmt: skip
    answer = requests.post(
        f"{site.url}/upload", params={"token": TOKEN}, data=body, timeout=10,
        headers={"dealer": DEALER, "Content-Type": "multipart/form-data; boundary=x"},
    )  # fmt: skip
    assert answer.status_code == status, answer.text
    if status == 200:
        assert len(site.store.reports) == 1
    else:
        assert answer.json()["ok"] is False
        assert files(site.storage) == set()


def test_broken_report_is_told_and_the_last_good_one_stays(site: Site) -> None:
    assert site.upload("romashka.zip", zipped("<good/>")).status_code == 200
    answer = site.upload("romashka.zip", BROKEN)
    assert answer.status_code == 422
    assert "Это не отчёт sysinfo" in answer.json()["error"]
    assert "not_a_report" in answer.json()["error"]
    assert "\n" not in answer.text
    assert site.head("romashka.zip", "one", "t-one", "GET").content == zipped("<good/>")
    assert files(site.storage) == {"files/romashka.zip", "rejected/romashka.zip"}
    assert site.counted() == {"ok": 1, "unreadable": 1}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<html><title>Login</title>", "страница входа, а не метрики"),
        (STATUS[:37], "нет метрик"),
    ],
)
def test_broken_status(site: Site, data: bytes, words: str) -> None:
    answer = site.upload("romashka.status", data)
    assert answer.status_code == 422
    assert words in answer.json()["error"]


def test_size_limits(site: Site) -> None:
    assert site.upload("romashka.zip", bytes(LIMIT)).status_code == 200
    assert site.upload("romashka.zip", bytes(LIMIT + 1)).status_code == 413
    assert site.upload("romashka.status", bytes(1024 * 1024 + 1)).status_code == 413
    assert files(site.storage) == {"files/romashka.zip"}
    assert site.counted() == {"ok": 1, "too_large": 2}


def test_body_of_unknown_length_is_refused(site: Site) -> None:
    answer = requests.post(
        f"{site.url}/upload", params={"token": TOKEN}, headers={"dealer": DEALER}, data=iter([b"x"]), timeout=10
    )
    assert answer.status_code == 411


def test_forms_without_a_file(site: Site) -> None:
    assert site.upload("romashka.zip", zipped(), field="other").status_code == 400
    for arguments in ({"data": {"file": "text"}}, {"data": b"x"}, {"files": {"file": (None, "text")}}):
        answer = requests.post(
            f"{site.url}/upload", params={"token": TOKEN}, headers={"dealer": DEALER}, timeout=10, **arguments
        )  # fmt: skip
        assert answer.status_code == 400, answer.text
    two = [("file", ("romashka.zip", zipped())), ("file", ("a.b.zip", zipped()))]
    answer = requests.post(
        f"{site.url}/upload", params={"token": TOKEN}, headers={"dealer": DEALER}, timeout=10, files=two
    )
    assert answer.status_code == 400
    assert files(site.storage) == set()


def test_other_fields_beside_the_file_do_not_matter(site: Site) -> None:
    answer = requests.post(
        f"{site.url}/upload", params={"token": TOKEN}, headers={"dealer": DEALER}, timeout=10,
        data={"note": "x" * 1000}, files={"file": ("romashka.zip", zipped()), "second": ("x.txt", b"y")},
    )  # fmt: skip
    assert answer.status_code == 200
    assert site.store.reports[0].data == zipped()


def test_full_disk(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kodeks_exporter.intake.spool.os.fsync", full)
    answer = site.upload("romashka.zip", zipped())
    assert answer.status_code == 507
    assert "кончилось место" in answer.json()["error"]
    assert files(site.storage) == set()


def test_a_storage_that_was_taken_away_asks_to_come_again(site: Site) -> None:
    shutil.rmtree(site.storage)
    answer = site.upload("romashka.zip", zipped())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "не пишется" in answer.json()["error"]
    assert str(site.storage) not in answer.text


def test_broken_store_is_our_fault_and_keeps_the_file(site: Site) -> None:
    site.store.failure = RuntimeError("bug")
    answer = site.upload("romashka.zip", zipped())
    assert answer.status_code == 500
    assert "bug" not in answer.text
    assert files(site.storage) == {"rejected/romashka.zip"}


def test_sender_that_goes_away(site: Site) -> None:
    with socket.create_connection(site.server.address) as connection:
        connection.sendall(
            b"POST /upload?token=t-all HTTP/1.1\r\nHost: x\r\ndealer: all\r\nContent-Length: 1000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="romashka.zip"\r\n\r\nPK'
        )
        time.sleep(0.3)
    deadline = time.monotonic() + 5
    while site.counted() != {"aborted": 1}:
        assert time.monotonic() < deadline, site.counted()
        time.sleep(0.02)
    assert files(site.storage) == set()


# Many at once


def test_too_many_at_once_are_told_to_come_again(make_site: Callable[..., Site]) -> None:
    site = make_site(max_uploads=2)
    site.store.hold = threading.Event()
    with ThreadPoolExecutor(4) as pool:
        first = [
            pool.submit(site.upload, "romashka.zip", zipped()),
            pool.submit(site.upload, "client-0.zip", zipped(), "all", "t-all"),
        ]
        while site.store.at_once < 2:
            time.sleep(0.01)
        answer = site.upload("romashka.zip", zipped())
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert requests.get(f"{site.url}/metrics", timeout=30).status_code == 200
        site.store.hold.set()
        assert [one.result().status_code for one in first] == [200, 200]
    assert site.upload("romashka.zip", zipped()).status_code == 200


def test_one_dealer_leaves_room_for_others(make_site: Callable[..., Site]) -> None:
    site = make_site(max_uploads=4)
    site.store.hold = threading.Event()
    with ThreadPoolExecutor(4) as pool:
        of_all = [pool.submit(site.upload, f"client-{n}.zip", zipped(), "all", "t-all") for n in range(3)]
        while site.held() < 3:
            time.sleep(0.01)
        assert site.upload("client-3.zip", zipped(), "all", "t-all").status_code == 503
        other = pool.submit(site.upload, "romashka.zip", zipped())
        while site.held() < 4:
            time.sleep(0.01)
        site.store.hold.set()
        assert {one.result().status_code for one in (*of_all, other)} == {200}


def test_fifty_reports_of_5_mb_at_once(make_site: Callable[..., Site]) -> None:
    site = make_site(max_uploads=72)  # of which one dealer may take fifty
    site.store.slowness = 0.02
    site.store.keep_data = False
    data = bytes(range(256)) * (5 * 1024 * 1024 // 256)
    site.upload("romashka.zip", data)  # warm
    scrapes: list[float] = []
    done = threading.Event()

    def scrape() -> None:
        while not done.is_set():
            began = time.monotonic()
            assert requests.get(f"{site.url}/metrics", timeout=10).status_code == 200
            scrapes.append(time.monotonic() - began)

    # The senders are curls: their memory is not ours.
    source = site.storage.parent / "data"
    source.write_bytes(data)
    before = _resident()
    peak = before
    scraper = threading.Thread(target=scrape)
    scraper.start()
    senders = [
        subprocess.Popen(
            ["curl", "-s", "-w", "%{http_code}", "-H", "dealer: all", "-F", f"file=@{source};filename={name}.zip",
             f"{site.url}/upload?token=t-all"], stdout=subprocess.PIPE,
        )
        for name in site.clients[:50]
    ]  # fmt: skip
    while any(sender.poll() is None for sender in senders):
        peak = max(peak, _resident())
        time.sleep(0.02)
    answers = [sender.communicate()[0].decode() for sender in senders]
    done.set()
    scraper.join()
    assert answers == [f'{{"ok":true,"path":"/files/{name}.zip"}}200' for name in site.clients[:50]]
    assert site.store.most_at_once <= 2
    assert peak - before < 48 * 1024 * 1024, f"grew by {(peak - before) / 2**20:.0f} MiB"
    assert max(scrapes) < 5
    print(f"grew by {(peak - before) / 2**20:.0f} MiB, slowest of {len(scrapes)} scrapes {max(scrapes):.2f} s")


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


# Anything at all


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Without sockets, for thousands of requests."""
    inventory = fleet()
    kept = intake(tmp_path_factory.mktemp("storage"), FakeStore(), inventory)
    return Client(Application(FakeBackend(), Uploads(kept, lambda: inventory, 100_000, 4).routes()))


def _post(client: Client, body: bytes, boundary: str = "x") -> int:
    answer = client.post(
        "/upload?token=t-all", data=body, headers={"dealer": "all"},
        content_type=f"multipart/form-data; boundary={boundary}",
    )  # fmt: skip
    assert json.loads(answer.text)["ok"] is (answer.status_code == 200)
    return answer.status_code


PIECES = st.sampled_from(
    [
        b"--x", b"--x--", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"--", b":", b";", b'"', b"\0", b"\xff",
        b'Content-Disposition: form-data; name="file"; filename="romashka.zip"', b"Content-Disposition: form-data",
        b'Content-Disposition: form-data; name="file"', b"Content-Disposition: attachment; filename*=x''%zz",
        b"Content-Length: -1", b"Content-Transfer-Encoding: base64", b"PK\x03\x04", b"a" * 70_000,
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PIECES | st.binary(max_size=20), max_size=30).map(b"".join))
def test_any_body(client: Client, body: bytes) -> None:
    assert _post(client, body) in (200, 400, 404, 413, 415, 422)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda raw: raw.decode("latin-1")))
def test_any_file_name(client: Client, name: str) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + name.encode("utf-8", "surrogatepass")
        + b'"\r\n\r\ndata\r\n--x--\r\n'
    )  # fmt: skip
    assert _post(client, body) in (400, 404, 413, 415)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=90))
def test_any_boundary_and_dealer(client: Client, text: str) -> None:
    assert _post(client, b"--x--\r\n", text) in (400, 413)
    answer = client.post("/upload", query_string={"token": text}, headers={"dealer": text}, data={"file": "x"})
    assert answer.status_code == 403


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_any_name_of_a_shown_file(client: Client, name: str) -> None:
    answer = client.get(f"/files/{quote(name, safe='', errors='replace')}?token=t-all", headers={"dealer": "all"})
    assert answer.status_code in (400, 404, 405)

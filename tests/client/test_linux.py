"""The Linux scripts as a technician runs them: real sh and curl, a real exporter, and a Kodeks that is played."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.answering import Answering, Asked, reply, serving
from tests.cli.running import Exporter, command, write
from tests.cli.running import serving as exporting

XML = (Path(__file__).parents[1] / "sysinfo/data/sysinfo.xml").read_bytes()
NAME = "romashka"
PASSWORD = 'a"b\\c%d $(x)'
TOKEN = "geheim&token=%-0123456789"
PAGE = b"<!DOCTYPE html><html><title>\xd0\x92\xd1\x85\xd0\xbe\xd0\xb4</title></html>"
METRICS = b'kserver_main_page{service="kodweb",path="/docs"} 0\n'


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sysinfo.xml", content)
    return buffer.getvalue()


@dataclass
class Kodeks:
    """``report``, ``metrics``: status and body of each answer."""

    report: tuple[int, bytes] = (200, zipped(XML))
    metrics: tuple[int, bytes] = (200, METRICS)
    older: bool = False
    """No sysmon there."""

    def answer(self, to: BaseHTTPRequestHandler, asked: Asked) -> None:
        if asked.path == "/sysinfo/si_save_request" and asked.method == "POST":
            # Known of the real one: a redirect to the same address with a cookie, which must come back.
            reply(to, 302, Location="/sysinfo/si_save_request", Set_Cookie="KodeksData=7; path=/")
        elif asked.path == "/sysinfo/si_save_request" and "KodeksData=7" in asked.headers.get("cookie", ""):
            reply(to, *self.report)
        elif asked.path == ("/sysinfo/metrics" if self.older else "/sysmon/metrics"):
            reply(to, *self.metrics)
        else:
            reply(to, 404, b"nothing here")


@pytest.fixture
def kodeks() -> Kodeks:
    return Kodeks()


@pytest.fixture
def server(kodeks: Kodeks) -> Iterator[Answering]:
    with serving(kodeks.answer) as played:
        yield played


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(
        tmp_path_factory.mktemp("config") / "kodeks.yml",
        {
            "managers": [{"name": "ivanova"}],
            "installations": [
                {
                    "name": NAME,
                    "client": "ООО «Ромашка» & <Ко>",
                    "manager": "ivanova",
                    "mode": "push",
                    "credentials": {"username": "smartlogin", "password": PASSWORD},
                }
            ],
            "dealers": [{"name": "0599romashkin", "token": TOKEN}],
        },
    )


@pytest.fixture(scope="module")
def exporter(config: Path) -> Iterator[Exporter]:
    with exporting(config, config.parent / "storage") as running:
        yield running


@pytest.fixture
def folder(config: Path, exporter: Exporter, server: Answering, tmp_path: Path) -> Path:
    output = tmp_path / "a folder"
    options = ["--server", exporter.url, "--kodeks-url", server.url, "--system", "linux", "--output", str(output)]
    done = command("client-script", "--config.file", config, NAME, *options)
    assert done.returncode == 0, done.stderr
    assert TOKEN not in done.stdout + done.stderr
    return output


def run(folder: Path, task: str) -> tuple[int, str]:
    """Exit code and what it said last."""
    environment = {"PATH": os.environ["PATH"], "http_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}
    done = subprocess.run(
        ["sh", str(folder / f"{task}.sh")], cwd="/", env=environment, capture_output=True, text=True, timeout=60
    )
    said = done.stdout.strip().splitlines()
    assert (folder / "log.txt").read_text(encoding="utf-8").splitlines()[-1] == said[-1]
    assert not done.stderr
    return done.returncode, said[-1]


def received(exporter: Exporter) -> float | None:
    return exporter.metric(f'kodeks_sysinfo_received_timestamp_seconds{{installation="{NAME}",via="push"}}')


def test_a_report_gets_through_and_no_seat_stays_taken(folder: Path, exporter: Exporter, server: Answering) -> None:
    before = received(exporter)
    code, said = run(folder, "report")
    assert (code, "OK" in said) == (0, True), said
    assert received(exporter) != before
    assert server.asked[-1].path == "/logout"
    assert "KodeksData=7" in server.asked[-1].headers["cookie"]
    assert not [path for path in folder.iterdir() if path.suffix in {".data", ".cookies", ".answer", ".head"}]


@pytest.mark.parametrize("older", [False, True])
def test_a_state_gets_through(folder: Path, exporter: Exporter, kodeks: Kodeks, older: bool) -> None:
    kodeks.older = older
    code, said = run(folder, "status")
    assert (code, "OK" in said) == (0, True), said
    series = f'kodeks_catalog_main_page_ok{{installation="{NAME}",catalog="/docs",reason=""}}'
    assert exporter.metric(series) == 1


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ((200, PAGE), "page-instead-of-report"),
        ((200, b""), "empty-report"),
        ((200, b"Rar!\x1a\x07\x00 something"), "not-a-zip"),
        ((401, b"login"), "no-report: curl exit 22"),
        ((503, PAGE), "no-report: curl exit 22"),
    ],
)
def test_what_is_no_report_is_named_and_not_sent(
    folder: Path, exporter: Exporter, kodeks: Kodeks, answer: tuple[int, bytes], word: str
) -> None:
    (folder / "report.data").write_bytes(zipped(XML))  # left by a run that was killed
    before = received(exporter)
    kodeks.report = answer
    code, said = run(folder, "report")
    assert (code, word in said) == (1, True), said
    assert received(exporter) == before


@pytest.mark.parametrize("answer", [(200, PAGE), (200, b""), (500, b"broken"), (403, PAGE)])
def test_a_silent_server_is_reported_by_an_empty_state(
    folder: Path, exporter: Exporter, kodeks: Kodeks, answer: tuple[int, bytes]
) -> None:
    series = f'kodeks_status_errors_total{{installation="{NAME}",reason="status_empty"}}'
    before = exporter.metric(series) or 0
    kodeks.metrics = answer
    code, said = run(folder, "status")
    assert (code, "SILENT" in said) == (0, True), said
    assert exporter.metric(series) == before + 1


def test_a_refused_token_is_said_and_not_repeated_in_the_log(folder: Path) -> None:
    upload = folder / "upload-report.curl"
    upload.write_text(upload.read_text().replace("0123456789", "9876543210"))
    code, said = run(folder, "report")
    assert (code, "not-accepted: HTTP 403" in said) == (1, True), said
    assert "9876543210" not in (folder / "log.txt").read_text()


def test_the_log_stays_small(folder: Path) -> None:
    (folder / "log.txt").write_text("an old line\n" * 30_000)
    run(folder, "status")
    assert (folder / "log.txt").stat().st_size < 50_000


def test_one_run_at_a_time(folder: Path) -> None:
    with (folder / "status.lock").open("w") as lock:
        held = subprocess.Popen(["flock", str(lock.name), "sleep", "20"])
        try:
            while subprocess.run(["flock", "-n", lock.name, "true"], check=False).returncode == 0:
                pass
            code, said = run(folder, "status")
        finally:
            held.kill()
            held.wait()
    assert (code, "still-running" in said) == (1, True), said


def test_secrets_are_the_owners_alone(folder: Path) -> None:
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        secret = path.suffix == ".curl"
        assert path.stat().st_mode & 0o077 == (0 if secret else 0o044), path
        assert secret or ('a\\"b' not in text and "geheim" not in text), path


def test_scripts_are_plain_sh(folder: Path) -> None:
    """dash is Debian's sh, and stricter than bash."""
    dash = shutil.which("dash") or "sh"
    for path in folder.glob("*.sh"):
        assert subprocess.run([dash, "-n", str(path)], capture_output=True, check=False).returncode == 0

"""Reports get in as the field's scripts bring them, and their figures come out in /metrics."""

from __future__ import annotations

import signal
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.running import Exporter, serving, wait_for, write
from tests.sysinfo.conftest import SAMPLE_XML, sample_database, zipped

TOKEN = "s3cret-t0ken-of-a-dealer"
CREATED = datetime.fromisoformat("2026-11-20T09:55:00+03:00").timestamp()
FIGURES = {
    'kodeks_seats{installation="NAME"}': 25,
    'kodeks_user_requests_total{installation="NAME",user="ivanova",domain="ROMASHKA"}': 412,
    'kodeks_user_documents_total{installation="NAME",user="ivanova",domain="ROMASHKA"}': 96,
    'kodeks_active_users{installation="NAME"}': 2,
    'kodeks_protection_ok{installation="NAME"}': 1,
    'kodeks_sysinfo_created_timestamp_seconds{installation="NAME"}': CREATED,
}
NAMES = ("romashka", "mak", "iris", "roza", "pion", "astra")
FOREIGN = "vasilek"
"""An installation of another dealer."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    site = {"client": "ООО «Ромашка»", "manager": "ivanova", "mode": "push", "time_zone": "Europe/Moscow"}
    return write(
        tmp_path / "kodeks.yml",
        {
            "managers": [{"name": "ivanova"}],
            "installations": [{"name": name, **site} for name in (*NAMES, FOREIGN)],
            "dealers": [{"name": "0599romashkin", "token": TOKEN, "installations": list(NAMES)}],
        },
    )


def curl(exporter: Exporter, *arguments: str) -> str:
    done = subprocess.run(
        ["curl", "-sS", "-H", "upload: yes", "-H", "dealer: 0599romashkin", *arguments],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout


def push(exporter: Exporter, name: str, content: bytes, folder: Path, token: str = TOKEN) -> str:
    (folder / name).write_bytes(content)
    return curl(exporter, "-F", f"file=@{folder / name}", f"{exporter.url}/upload?token={token}")


def test_curl_as_in_the_field(config: Path, tmp_path: Path) -> None:
    database = sample_database(tmp_path)
    windows = SAMPLE_XML.replace('encoding="UTF-8"', 'encoding="windows-1251"').encode("cp1251")
    forms = {
        ".xml": SAMPLE_XML.encode(), ".XML": windows, ".db": database, ".sqlite": database,
        ".zip": zipped(("sysinfo.xml", SAMPLE_XML)), ".ZIP": zipped(("sysinfo.db", database)),
    }  # fmt: skip
    with serving(config, tmp_path / "data") as exporter:
        for name, (suffix, content) in zip(NAMES, forms.items(), strict=True):
            there = f"{exporter.url}/files/{name}{suffix}?token={TOKEN}"
            assert curl(exporter, "-I", there).startswith("HTTP/1.1 404")
            answer = push(exporter, f"{name}{suffix}", content, tmp_path)
            assert answer == f'{{"ok":true,"path":"/files/{name}{suffix.lower()}"}}'
            assert curl(exporter, "-I", there).startswith("HTTP/1.1 200")
        wanted = {series.replace("NAME", name): value for series, value in FIGURES.items() for name in NAMES}

        def found() -> dict[str, float]:
            lines = (line.rpartition(" ") for line in exporter.get("/metrics").text.splitlines())
            return {series: float(value) for series, _, value in lines if series in wanted}

        wait_for(lambda: found() == wanted, 30)
        assert exporter.metric('kodeks_exporter_uploads_total{result="ok"}') == len(NAMES)
        text = exporter.get("/metrics").text
        for personal in ("Иванова Анна", "Инженер", "+7 000", "example.org"):
            assert personal not in text
        assert TOKEN not in exporter.log + text


def test_restart_shows_the_same_figures(config: Path, tmp_path: Path) -> None:
    def reported(text: str) -> set[str]:
        return {line for line in text.splitlines() if 'installation="romashka"' in line}

    with serving(config, tmp_path / "data") as exporter:
        push(exporter, "romashka.xml", SAMPLE_XML.encode(), tmp_path)
        wait_for(lambda: exporter.metric('kodeks_seats{installation="romashka"}') == 25)
        wait_for(lambda: "kodeks_empty_searches_total" in exporter.get("/metrics").text)
        before = reported(exporter.get("/metrics").text)
        exporter.process.send_signal(signal.SIGKILL)
        exporter.process.wait()
    with serving(config, tmp_path / "data") as exporter:
        wait_for(lambda: exporter.metric('kodeks_seats{installation="romashka"}') == 25)
        assert reported(exporter.get("/metrics").text) == before


def test_what_may_not_be_written_is_refused(config: Path, tmp_path: Path) -> None:
    with serving(config, tmp_path / "data") as exporter:
        assert '"ok":false' in push(exporter, f"{FOREIGN}.xml", SAMPLE_XML.encode(), tmp_path)
        assert '"ok":false' in push(exporter, "romashka.xml", SAMPLE_XML.encode(), tmp_path, "wrong")
        assert "Архив повреждён" in push(exporter, "romashka.zip", b"PK\x03\x04 no archive", tmp_path)
        push(exporter, "romashka.status", b"", tmp_path)  # it says that the server is silent
        assert exporter.metric('kodeks_sysinfo_errors_total{installation="romashka",reason="broken_zip"}') == 1
        assert exporter.metric('kodeks_status_empty_in_a_row{installation="romashka"}') == 1
        assert "wrong" not in exporter.log.replace("wrong_", "")


def test_a_file_dropped_into_the_inbox_is_taken(config: Path, tmp_path: Path) -> None:
    with serving(config, tmp_path / "data") as exporter:
        (tmp_path / "data" / "inbox" / "romashka.xml").write_text(SAMPLE_XML, "utf-8")
        wait_for(lambda: exporter.metric('kodeks_seats{installation="romashka"}') == 25, 30)
        received = [line for line in exporter.get("/metrics").text.splitlines() if 'via="hand"' in line]
        assert len(received) == 1

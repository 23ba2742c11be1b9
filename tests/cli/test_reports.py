"""Reports get in as the field's scripts bring them, and their figures come out in /metrics."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.running import Exporter, serving, wait_for, write

DATA = Path(__file__).parents[1] / "sysinfo" / "data"
XML = (DATA / "sysinfo.xml").read_text("utf-8")
TOKEN = "s3cret-t0ken-of-a-dealer"
CREATED = datetime.fromisoformat("2026-11-20T09:55:00+03:00").timestamp()
FIGURES = {
    'kodeks_seats{installation="romashka"}': 25,
    'kodeks_user_requests_total{installation="romashka",user="ivanova",domain="ROMASHKA"}': 412,
    'kodeks_user_documents_total{installation="romashka",user="ivanova",domain="ROMASHKA"}': 96,
    'kodeks_active_users{installation="romashka"}': 2,
    'kodeks_protection_ok{installation="romashka"}': 1,
    'kodeks_sysinfo_created_timestamp_seconds{installation="romashka"}': CREATED,
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write(
        tmp_path / "kodeks.yml",
        {
            "managers": [{"name": "ivanova"}],
            "installations": [
                {
                    "name": name,
                    "client": "ООО «Ромашка»",
                    "manager": "ivanova",
                    "mode": "push",
                    "time_zone": "Europe/Moscow",
                }
                for name in ("romashka", "vasilek")
            ],
            "dealers": [{"name": "0599romashkin", "token": TOKEN, "installations": ["romashka"]}],
        },
    )


def plain_xml(folder: Path) -> Path:
    path = folder / "romashka.xml"
    path.write_text(XML, "utf-8")
    return path


def cyrillic_xml(folder: Path) -> Path:
    path = folder / "romashka.xml"
    path.write_text(XML.replace('encoding="UTF-8"', 'encoding="windows-1251"'), "cp1251")
    return path


def zipped_xml(folder: Path) -> Path:
    path = folder / "romashka.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sysinfo.xml", XML)
    return path


def sqlite(folder: Path) -> Path:
    path = folder / "romashka.db"
    connection = sqlite3.connect(path)
    connection.executescript((DATA / "sysinfo.sql").read_text("utf-8"))
    connection.executemany(
        "INSERT INTO info VALUES (?, ?)",
        [("created", "2026-11-20T09:55:00"), ("seats", "25"), ("protection_binding", "SenseLock"),
         ("protection_status", "ok"), ("protection_code", "0"), ("sysinfo_version", "2.0.6.15")],
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO users(login, domain, registered) VALUES (?, ?, ?)",
        [("ivanova", "ROMASHKA", "2025-02-10"), ("petrov", "ROMASHKA", "2026-11-18")],
    )
    connection.executemany(
        "INSERT INTO usage(login, month, requests, documents) VALUES (?, '2026-11', ?, ?)",
        [("ivanova", 412, 96), ("petrov", 5, 1)],
    )
    connection.commit()
    connection.close()
    return path


def curl(exporter: Exporter, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["curl", "-sS", "-H", "upload: yes", "-H", "dealer: 0599romashkin", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def push(exporter: Exporter, file: Path) -> str:
    return curl(exporter, "-F", f"file=@{file}", f"{exporter.url}/upload?token={TOKEN}").stdout


@pytest.mark.parametrize("make", [plain_xml, cyrillic_xml, zipped_xml, sqlite], ids=lambda make: make.__name__)
def test_curl_as_in_the_field(config: Path, tmp_path: Path, make: Callable[[Path], Path]) -> None:
    file = make(tmp_path)
    with serving(config, tmp_path / "data") as exporter:
        before = curl(exporter, "-I", f"{exporter.url}/files/{file.name}?token={TOKEN}").stdout
        assert before.startswith("HTTP/1.1 404")
        assert push(exporter, file) == f'{{"ok":true,"path":"/files/{file.name}"}}'
        after = curl(exporter, "-I", f"{exporter.url}/files/{file.name}?token={TOKEN}").stdout
        assert after.startswith("HTTP/1.1 200")

        def wrong() -> dict[str, float | None]:
            return {
                series: exporter.metric(series) for series, value in FIGURES.items() if exporter.metric(series) != value
            }

        wait_for(lambda: not wrong(), 5)
        assert exporter.metric('kodeks_exporter_uploads_total{result="ok"}') == 1
        text = exporter.get("/metrics").text
        for personal in ("Иванова Анна", "Инженер", "+7 000", "example.org"):
            assert personal not in text
        assert TOKEN not in exporter.log + text


def test_restart_shows_the_same_figures(config: Path, tmp_path: Path) -> None:
    def reported(text: str) -> set[str]:
        return {line for line in text.splitlines() if 'installation="romashka"' in line}

    with serving(config, tmp_path / "data") as exporter:
        push(exporter, zipped_xml(tmp_path))
        wait_for(lambda: exporter.metric('kodeks_seats{installation="romashka"}') == 25)
        wait_for(lambda: "kodeks_empty_searches_total" in exporter.get("/metrics").text)
        before = reported(exporter.get("/metrics").text)
        exporter.process.send_signal(signal.SIGKILL)
        exporter.process.wait()
    with serving(config, tmp_path / "data") as exporter:
        wait_for(lambda: exporter.metric('kodeks_seats{installation="romashka"}') == 25)
        assert reported(exporter.get("/metrics").text) == before


def test_what_may_not_be_written_is_refused(config: Path, tmp_path: Path) -> None:
    file = zipped_xml(tmp_path)
    other = file.rename(tmp_path / "vasilek.zip")
    with serving(config, tmp_path / "data") as exporter:
        assert '"ok":false' in push(exporter, other)
        wrong = curl(exporter, "-F", f"file=@{other}", f"{exporter.url}/upload?token=wrong").stdout
        assert '"ok":false' in wrong
        broken = tmp_path / "romashka.zip"
        broken.write_bytes(b"PK\x03\x04 no archive")
        assert "Архив повреждён" in push(exporter, broken)
        assert exporter.metric('kodeks_sysinfo_errors_total{installation="romashka",reason="broken_zip"}') == 1
        assert "wrong" not in exporter.log.replace("wrong_", "")


def test_a_file_dropped_into_the_inbox_is_taken(config: Path, tmp_path: Path) -> None:
    with serving(config, tmp_path / "data") as exporter:
        zipped_xml(tmp_path / "data" / "inbox")
        wait_for(lambda: exporter.metric('kodeks_seats{installation="romashka"}') == 25, 30)
        received = [line for line in exporter.get("/metrics").text.splitlines() if 'via="hand"' in line]
        assert len(received) == 1

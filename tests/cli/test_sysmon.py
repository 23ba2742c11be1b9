"""A server's own monitoring module reaches /metrics: asked for, or pushed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.stand import Stand, StandSpec
from demo.stand.model import ServerSpec
from tests.cli.running import command, serving, wait_for, write

TOKEN = "s3cret-t0ken-of-a-dealer"
SEATS = 'sysmon_seats_limit{installation="romashka"}'
STATUS = """date: Sat, 21 Nov 2026 23:28:55 GMT
kserver_main_page{service="kodweb",path="/docs"} 0
sysmon_seats_limit 12
sysmon_sessions 3
"""


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    servers = (ServerSpec(name="romashka", seats=25), ServerSpec(name="sever", version="6.4.4.194"))
    with Stand(StandSpec(servers=servers)) as stand:
        yield stand


def document(stand: Stand) -> dict[str, Any]:
    login = {"username": "smartlogin", "password": "smartpassword"}
    return {
        "managers": [{"name": "ivanova"}],
        "poll": {"checks": "5s"},
        "checks": {"sysmon": {"metrics": ["sysmon_seats_*"]}},
        "installations": [
            {"name": name, "client": "ООО", "manager": "ivanova", "url": stand.url(name), "credentials": login}
            for name in ("romashka", "sever")
        ]
        + [{"name": "closed", "client": "ООО", "manager": "ivanova", "mode": "push"}],
        "dealers": [{"name": "0599", "token": TOKEN, "installations": ["closed"]}],
    }


def test_what_is_let_through_stands_on_metrics(stand: Stand, tmp_path: Path, tool: Callable[[str], str]) -> None:
    config = write(tmp_path / "kodeks.yml", document(stand))
    with serving(config, tmp_path / "data") as exporter:
        wait_for(lambda: exporter.metric(SEATS) == 25)
        text = exporter.get("/metrics").text
        assert "sysmon_sessions" not in text, "not let through"
        assert 'installation="sever",check="sysmon"' in text
        assert not [line for line in text.splitlines() if line.startswith("sysmon") and "sever" in line]
        assert exporter.metric('kodeks_check_success{installation="sever",check="sysmon"}') is None
        assert SEATS in exporter.get("/probe?target=romashka").text
        lint = subprocess.run(
            [tool("promtool"), "check", "metrics"], input=text, capture_output=True, text=True, check=False
        )
        assert (lint.returncode, lint.stdout + lint.stderr) == (0, "")

        stand.fault("romashka", "port_closed")
        wait_for(lambda: exporter.metric(SEATS) is None)
        stand.clear()
        wait_for(lambda: exporter.metric(SEATS) == 25)
    assert "smartlogin" not in stand.sessions("romashka"), "no seat is held afterwards"


def test_nothing_is_asked_for_unless_it_is_wanted(stand: Stand, tmp_path: Path) -> None:
    plain = document(stand)
    del plain["checks"]
    result = command("probe", "--config.file", write(tmp_path / "kodeks.yml", plain), "romashka")
    assert "state: ok" in result.stdout
    assert "sysmon" not in result.stdout
    result = command("probe", "--lang", "ru", "--config.file", write(tmp_path / "kodeks.yml", document(stand)), "sever")
    assert "6.4.5.127" in result.stdout, "why it can't be told"


def test_of_pushed_status_files(stand: Stand, tmp_path: Path) -> None:
    config = write(tmp_path / "kodeks.yml", document(stand))
    pushed = 'sysmon_seats_limit{installation="closed"}'
    with serving(config, tmp_path / "data") as exporter:
        address = f"{exporter.url}/upload?token={TOKEN}"
        file = tmp_path / "closed.status"
        file.write_text(STATUS)
        sent = subprocess.run(
            ["curl", "-s", "-H", "upload: yes", "-H", "dealer: 0599", "-F", f"file=@{file}", address],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert '"ok":true' in sent.stdout
        assert exporter.metric(pushed) == 12
        assert exporter.metric('sysmon_sessions{installation="closed"}') is None

        other = yaml.safe_load(config.read_text("utf-8"))
        other["checks"]["sysmon"]["metrics"] = ["sysmon_sessions"]
        write(config, other)
        exporter.hang_up()
        wait_for(lambda: exporter.metric('sysmon_sessions{installation="closed"}') == 3)
        assert exporter.metric(pushed) is None, "no longer let through"
    with serving(config, tmp_path / "data") as exporter:
        assert exporter.metric('sysmon_sessions{installation="closed"}') == 3, "after a restart, too"

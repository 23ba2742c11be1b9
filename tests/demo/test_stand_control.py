"""The control interface, its shell client, and stand.yml."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from demo.stand import Fault, ServerSpec, Stand, StandSpec, control, model
from demo.stand.faults import DESCRIPTIONS
from tests.demo.visitor import get


def _post(stand: Stand, path: str, order: Any) -> int:
    request = urllib.request.Request(stand.control_url + path, json.dumps(order).encode())
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_break_and_mend_over_http(stand: Stand) -> None:
    assert _post(stand, "/fault", {"server": "romashka", "fault": "maintenance", "options": {"status": 502}}) == 200
    assert get(stand, "romashka", "/docs").status == 502
    with urllib.request.urlopen(stand.control_url + "/servers", timeout=30) as answer:
        servers = {each["name"]: each for each in json.load(answer)}
    assert servers["romashka"]["faults"] == {"maintenance": {"status": 502}}
    assert servers["licman"]["licence_manager"] is True
    assert _post(stand, "/clear", {"server": "romashka"}) == 200
    assert get(stand, "romashka", "/docs").status == 200
    assert _post(stand, "/search", {"server": "romashka", "login": "lena", "query": "гсот"}) == 200
    deadline = time.monotonic() + 30
    while "гсот" not in [row[8] for row in stand.report("romashka").blocks["searches"]]:
        assert time.monotonic() < deadline


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ({"server": "nobody", "fault": "hang"}, 404),
        ({"server": "romashka", "fault": "nothing"}, 400),
        ({"server": "klyuch", "fault": "dns_gone"}, 400),
        ({"fault": "hang"}, 400),
        (["hang"], 400),
    ],
)
def test_wrong_orders_are_refused(stand: Stand, order: Any, status: int) -> None:
    assert _post(stand, "/fault", order) == status


def test_shell_client(stand: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    url = ["--url", stand.control_url]
    assert control.main([*url, "fault", "romashka", "key_lost", "code=4117", "main_page=healthy"]) == 0
    assert control.main([*url, "servers"]) == 0
    assert '"code": "4117"' in capsys.readouterr().out
    assert control.main([*url, "clear"]) == 0
    assert control.main([*url, "fault", "nobody", "hang"]) == 1
    assert "nobody" in capsys.readouterr().err


def test_every_fault_is_described() -> None:
    assert set(DESCRIPTIONS) == set(Fault)


def test_stand_yml_survives_a_round_trip(tmp_path: Path) -> None:
    spec = StandSpec((ServerSpec("a", catalogs=("/docs", "/norms"), organisation="ООО «А»"),), control_port=1)
    path = tmp_path / "stand.yml"
    path.write_text(model.dump(spec), encoding="utf-8")
    assert model.load(path) == spec


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("servers: [{name: a, colour: red}]", "colour"),
        ("servers: [{name: a}, {name: a}]", "used twice: a"),
        ("servers: [{name: a, licence_manager: x}]", "no licence manager 'x'"),
        ("servers: [{name: a, kind: plan9}]", "plan9"),
        ("[]", "mapping"),
    ],
)
def test_wrong_stand_yml_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "stand.yml"
    path.write_text(text if text != "[]" else "[1]", encoding="utf-8")
    with pytest.raises(ValueError, match=said):
        model.load(path)


def test_command_runs_until_told_to_stop(tmp_path: Path) -> None:
    path = tmp_path / "stand.yml"
    path.write_text(model.dump(StandSpec((ServerSpec("a"),))), encoding="utf-8")
    command = [sys.executable, "-m", "demo.stand", "--config", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith("control http://127.0.0.1:")
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_client_as_a_command_says_its_answer_only(stand: Stand) -> None:
    command = [sys.executable, "-m", "demo.stand.control", "--url", stand.control_url, "faults"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.stderr == ""
    assert "key_lost" in json.loads(done.stdout)

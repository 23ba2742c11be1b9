"""A new client from an empty folder to its first figures, by the commands that a person runs. Three steps, and no file
is edited by hand: ``add`` answers four questions, ``survey --apply`` finds out the rest, ``client-script`` is for those
that push."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from demo.vendor import Access, Kind, ServerSpec, Vendor
from kodeks_exporter.cli.main import main
from kodeks_exporter.config.edit import put
from tests.answering import serving as playing
from tests.cli.running import serving, wait_for
from tests.client.test_linux import Kodeks
from tests.client.test_linux import run as run_script
from tests.survey.odd import LOGIN, PASSWORD, odd_server

TOKEN = "a-token-of-forty-characters-0123456789ab"


def test_one_that_can_be_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "site" / "kodeks.yml"
    (tmp_path / "password").write_text(PASSWORD + "\n")
    with odd_server() as odd:
        odd.far_from_night()
        answers = ("--client", "ЗАО «Незабудка»", "--manager", "ivanova", "--url", odd.url, "--username", LOGIN)
        password = ("--password-file", str(tmp_path / "password"))
        assert main(["add", "--config.file", str(config), *answers, *password]) == 0
        assert PASSWORD not in capsys.readouterr().out + config.read_text(encoding="utf-8")
        [name] = [entry["name"] for entry in yaml.safe_load(config.read_text("utf-8"))["installations"]]
        assert (config.parent / "secrets" / name).stat().st_mode & 0o777 == 0o600
        assert main(["survey", "--config.file", str(config), "--apply", name]) == 1
        put(config, {"poll": {"checks": "5s", "sysinfo": "15s"}})  # the test's haste, no step of a person
        with serving(config, tmp_path / "data") as exporter:
            wait_for(lambda: exporter.metric(f'kodeks_check_success{{installation="{name}",check="key"}}') == 1)
            wait_for(lambda: exporter.metric(f'kodeks_users{{installation="{name}"}}'))
            assert exporter.metric(f'kodeks_seats_used{{installation="{name}"}}') is not None
            assert "Незабудка" in exporter.get("/").text


def test_an_online_access(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "kodeks.yml"
    (tmp_path / "password").write_text(PASSWORD + "\n")
    with Vendor([ServerSpec("nps1", (Access("u1", PASSWORD, Kind.NORMAL),))]) as vendor:
        answers = ("--client", "ООО «Ромашка»", "--manager", "ivanova", "--url", vendor.url("nps1"), "--username", "u1")
        told = ("--online", "--name", "romashka-1", "--password-file", str(tmp_path / "password"), *answers)
        assert main(["add", "--config.file", str(config), *told]) == 0
        assert "survey --config.file" in capsys.readouterr().out
        assert PASSWORD not in config.read_text(encoding="utf-8")
        assert main(["add", "--config.file", str(config), *told]) == 1, "the name is taken"
        assert main(["survey", "--config.file", str(config), "--apply", "romashka-1"]) == 0, capsys.readouterr().out
        put(config, {"online": {"spread": {"start": "1s"}}})  # the test's haste, no step of a person
        with serving(config, tmp_path / "data") as exporter:
            left = 'kodeks_online_left{account="romashka-1",resource="documents"}'
            wait_for(lambda: exporter.metric(left) is not None)


def test_one_that_pushes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "kodeks.yml"
    (tmp_path / "kodeks.yml").write_text(
        f"include: kodeks.d\nmanagers: [{{name: ivanova}}]\ndealers: [{{name: 0599d, token: {TOKEN}}}]\n"
    )
    answers = ("--client", "ООО «Ромашка»", "--manager", "ivanova", "--url", "", "--username", "", "--name", "romashka")
    assert main(["add", "--config.file", str(config), *answers]) == 0
    assert (tmp_path / "kodeks.d" / "romashka.yml").exists(), "a file of its own, where a folder is included"
    assert main(["add", "--config.file", str(config), *answers]) == 1
    assert "already" in capsys.readouterr().err
    with serving(config, tmp_path / "data") as exporter, playing(Kodeks().answer) as kodeks:
        made = ("--system", "linux", "--output", str(tmp_path / "client"), "--server", exporter.url)
        assert main(["client-script", "--config.file", str(config), "--kodeks-url", kodeks.url, *made, "romashka"]) == 0
        code, said = run_script(tmp_path / "client", "report")
        assert (code, "OK" in said) == (0, True), said
        wait_for(lambda: exporter.metric('kodeks_users{installation="romashka"}') == 3)
        assert run_script(tmp_path / "client", "status")[0] == 0
        assert "Ромашка" in exporter.get("/").text

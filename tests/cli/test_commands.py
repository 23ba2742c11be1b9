from __future__ import annotations

import datetime as dt
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.stand import Stand, StandSpec
from demo.stand.model import ServerSpec
from tests.cli.running import COMMAND, command, serving, wait_for, write


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """Nightly backup and restart are announced for far from now: during them a fault is expected and not told."""
    backup, restart = ((dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)).strftime("%H:%M") for hours in (11, 12.5))
    servers = tuple(ServerSpec(name=name, backup=backup, restart=restart) for name in ("romashka", "vasilek"))
    with Stand(StandSpec(servers=servers)) as stand:
        yield stand


@pytest.fixture(autouse=True)
def healthy(stand: Stand) -> Iterator[None]:
    yield
    stand.clear()


def document(stand: Stand, *names: str) -> dict[str, Any]:
    return {
        "managers": [{"name": "ivanova"}],
        "poll": {"checks": "5s"},
        "installations": [
            {
                "name": name,
                "client": f"ООО «{name}»",
                "manager": "ivanova",
                "url": stand.url(name),
                "time_zone": "UTC",
                "credentials": {"username": "smartlogin", "password": "smartpassword"},
            }
            for name in names
        ],
    }


@pytest.fixture
def config(stand: Stand, tmp_path: Path) -> Path:
    return write(tmp_path / "kodeks.yml", document(stand, "romashka", "vasilek"))


def test_probe_prints_a_table(config: Path, stand: Stand) -> None:
    healthy = command("probe", "--config.file", config, "romashka")
    assert healthy.returncode == 0, healthy.stderr
    assert healthy.stdout.splitlines()[1].split() == ["CHECK", "RESULT", "MS", "DETAILS"]
    assert "state: ok" in healthy.stdout

    stand.fault("romashka", "key_lost")
    broken = command("probe", "--config.file", config, "romashka")
    assert broken.returncode == 1
    assert "FAILED" in broken.stdout
    assert "by key" in broken.stdout
    assert "state: key_missing; cause: key" in broken.stdout
    assert "smartpassword" not in broken.stdout + broken.stderr


def test_probe_shows_its_evidence(config: Path) -> None:
    told = command("probe", "--config.file", config, "--verbose", "romashka").stdout
    assert "GET /admin/title, with login  ->  200, " in told
    assert "server: WWW-Kodeks/6.4" in told
    assert "seats: «" in told
    assert "protection_ok: «" in told
    assert "smartpassword" not in told
    assert "KodeksSession=" not in told, "a session is a secret while it lasts"


def test_probe_of_an_unknown_name_suggests(config: Path) -> None:
    result = command("probe", "--config.file", config, "romashka1")
    assert result.returncode == 2
    assert "did you mean romashka?" in result.stderr


def test_probe_leaves_no_seat_taken(config: Path, stand: Stand) -> None:
    command("probe", "--config.file", config, "romashka")
    assert "smartlogin" not in stand.sessions("romashka")


def test_check_config(config: Path, stand: Stand, tmp_path: Path) -> None:
    fine = command("check-config", config)
    assert (fine.returncode, "2 installations" in fine.stdout) == (0, True)
    bad = document(stand, "romashka", "romashka")
    bad["installations"][1]["manager"] = "petrova"
    result = command("check-config", write(tmp_path / "bad.yml", bad))
    assert result.returncode == 1
    assert len(result.stdout.splitlines()) == 2, "every problem at once, a line each"
    short = document(stand, "romashka") | {"dealers": [{"name": "0599", "token": "guess-me"}]}
    result = command("check-config", write(tmp_path / "short.yml", short))
    assert result.returncode == 1
    assert "token of dealer 0599" in result.stdout
    assert "guess-me" not in result.stdout


def test_a_reader_that_has_seen_enough_gets_no_traceback(tmp_path: Path) -> None:
    with subprocess.Popen(
        [COMMAND, "check-config", str(write(tmp_path / "kodeks.yml", {"managers": []}))],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.close()
        complaint = process.stderr.read() if process.stderr is not None else ""
    assert (process.returncode, complaint) == (141, "")


def test_import_builds_a_configuration_that_is_fine(tmp_path: Path) -> None:
    managers = tmp_path / "managers.csv"
    managers.write_text(
        "192.0.2.1:8080,ivanova,i@d.example,http,download,upload,process,ping,-1,3600,604800\r\n", "utf-8-sig"
    )
    result = command("import", "--managers", managers, "--output", tmp_path / "kodeks.yml")
    assert result.returncode == 0, result.stderr
    assert command("check-config", tmp_path / "kodeks.yml").returncode == 0
    before = (tmp_path / "kodeks.yml").read_bytes()
    again = command("import", "--managers", managers, "--output", tmp_path / "kodeks.yml")
    assert (again.returncode, "agrees with the inventories" in again.stdout) == (0, True), again.stderr
    assert (tmp_path / "kodeks.yml").read_bytes() == before


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (78, ["serve", "--config.file=missing.yml"]),
        (1, ["serve", "--config.file={config}", "--web.listen-address=nonsense"]),
        (1, ["serve", "--config.file={config}", "--storage.path=/dev/null/x"]),
        (78, ["serve", "--config.file={config}", "--web.config.file=missing.yml"]),
        (1, ["check-config", "missing.yml"]),
        (1, ["sysinfo", "inspect", "{config}"]),
        (1, ["sysinfo", "inspect", "{config}", "--profile=none"]),
    ],
)
def test_what_is_wrong_is_one_clear_line(config: Path, code: int, arguments: list[str]) -> None:
    """78: the unit does not start it again, since that would fail the same way."""
    result = command(*[argument.format(config=config) for argument in arguments])
    assert result.returncode == code
    assert "Traceback" not in result.stderr
    assert result.stderr + result.stdout


@pytest.mark.parametrize("name", ["files", "spool", "statuses", "rejected"])
def test_a_file_where_a_folder_of_the_storage_should_be_is_one_clear_line(
    config: Path, name: str, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_text("")
    result = command("serve", f"--config.file={config}", f"--storage.path={tmp_path / 'data'}")
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert f"{tmp_path / 'data' / name}: a file is where a folder should be" in result.stderr


def test_serve(config: Path, stand: Stand, tmp_path: Path) -> None:
    with serving(config, tmp_path / "data") as exporter:
        wait_for(lambda: exporter.get("/-/ready").ok)
        assert exporter.metric('kodeks_check_success{installation="romashka",check="auth"}') == 1
        assert exporter.metric("kodeks_exporter_installations") == 2
        stand.fault("romashka", "maintenance")
        wait_for(lambda: exporter.metric('kodeks_installation_state{installation="romashka",state="maintenance"}') == 1)
        assert exporter.metric('kodeks_check_blocked{installation="romashka",check="auth",by="maintenance"}') == 1
        assert "smartpassword" not in exporter.get("/config").text + exporter.get("/").text + exporter.log


def test_promtool_has_no_complaint(config: Path, tool: Any, stand: Stand, tmp_path: Path) -> None:
    with serving(config, tmp_path / "data") as exporter:
        wait_for(lambda: exporter.get("/-/ready").ok)
        for fault in ("", "key_lost", "port_closed", "maintenance", "catalog_broken"):
            stand.clear()
            if fault:
                stand.fault("romashka", fault)
            for path in ("/probe?target=romashka", "/metrics"):
                text = exporter.get(path).text
                lint = subprocess.run(
                    [tool("promtool"), "check", "metrics"], input=text, capture_output=True, text=True, check=False
                )
                assert (lint.returncode, lint.stdout + lint.stderr) == (0, ""), (fault, path)


def test_probe_over_http_runs_the_checks_now(config: Path, stand: Stand, tmp_path: Path) -> None:
    with serving(config, tmp_path / "data") as exporter:
        wait_for(lambda: exporter.get("/-/ready").ok)
        stand.fault("romashka", "port_closed")
        text = exporter.get("/probe?target=romashka").text
        assert 'kodeks_check_success{installation="romashka",check="tcp"} 0.0' in text
        assert "vasilek" not in text
        assert exporter.get("/probe?target=example.org").status_code == 404


@pytest.mark.parametrize("way", ["signal", "post"])
def test_reload_swaps_or_keeps(config: Path, stand: Stand, tmp_path: Path, way: str) -> None:
    with serving(config, tmp_path / "data") as exporter:
        wait_for(lambda: exporter.get("/-/ready").ok)

        def reload() -> requests.Response | None:
            if way == "signal":
                exporter.hang_up()
                return None
            return requests.post(exporter.url + "/-/reload", timeout=30)

        write(config, document(stand, "vasilek"))
        reload()
        wait_for(lambda: exporter.metric("kodeks_exporter_installations") == 1)
        assert "romashka" not in exporter.get("/metrics").text

        config.write_text("installations: [{name: broken}]")
        answer = reload()
        wait_for(lambda: exporter.metric("kodeks_exporter_config_last_reload_successful") == 0)
        if answer is not None:
            assert answer.status_code == 500
            assert "installations[0]" in answer.text
        assert exporter.metric('kodeks_check_success{installation="vasilek",check="tcp"}') == 1

        write(config, document(stand, "vasilek", "romashka"))
        reload()
        wait_for(lambda: exporter.metric('kodeks_check_success{installation="romashka",check="tcp"}') == 1)
        assert exporter.metric("kodeks_exporter_config_last_reload_successful") == 1


def test_since_when_survives_kill(config: Path, stand: Stand, tmp_path: Path) -> None:
    stand.fault("romashka", "maintenance")
    series = 'kodeks_maintenance_start_timestamp_seconds{installation="romashka"}'
    with serving(config, tmp_path / "data") as exporter:
        wait_for(lambda: exporter.metric(series))
        before = exporter.metric(series)
        exporter.process.send_signal(signal.SIGKILL)
        exporter.process.wait()
    with serving(config, tmp_path / "data") as exporter:
        wait_for(lambda: exporter.metric(series))
        assert exporter.metric(series) == before


def test_web_configuration(config: Path, tmp_path: Path) -> None:
    hashed = "$2y$04$abcdefghijklmnopqrstuuNvaBdfUFHEmbNdfPYnRO9N7JBKGvWTe"
    web = write(tmp_path / "web.yml", {"basic_auth_users": {"prometheus": hashed}})
    with serving(config, tmp_path / "data", f"--web.config.file={web}") as exporter:
        assert exporter.get("/metrics").status_code == 401
        assert exporter.get("/metrics", auth=("prometheus", "wrong")).status_code == 401


@pytest.mark.parametrize("fault", ["", "hang"])
def test_stops_at_once_when_told(config: Path, tmp_path: Path, stand: Stand, fault: str) -> None:
    """Although a server that hangs would keep its round busy for minutes."""
    limits = {"checks": {"timeouts": {"http": "2m"}}}
    write(config, document(stand, "romashka", "vasilek") | limits)
    if fault:
        stand.fault("romashka", fault)
    with serving(config, tmp_path / "data") as exporter:
        wait_for(lambda: exporter.metric('kodeks_check_success{installation="vasilek",check="tcp"}') == 1)
        exporter.process.terminate()
        assert exporter.process.wait(30) == 0
        assert ("without waiting for runs that hang" in exporter.log) == bool(fault)
        assert "Traceback" not in exporter.log


def test_help_names_every_flag_of_the_contract() -> None:
    text = subprocess.run([COMMAND, "serve", "--help"], capture_output=True, text=True, check=True).stdout
    for flag in (
        "--config.file",
        "--web.listen-address",
        "--web.config.file",
        "--storage.path",
        "--log.level",
        "--log.format",
    ):
        assert flag in text

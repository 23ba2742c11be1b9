"""The runner's pieces: what it starts works, and nothing of it is left behind."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import yaml

from demo import configs, fleet, tools
from demo.processes import Child, ChildDiedError, free_ports
from demo.rundir import PREFIX, RunDirectory
from demo.stack import MissingProgramsError, Part, Stack
from demo.stand import ServerSpec, Stand, StandSpec


def _processes_of(directory: Path) -> list[str]:
    """Command lines that mention a folder, and processes whose working directory or executable it is."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(directory) in command:
                found.append(command)
    return found


def _gone(directory: Path, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while _processes_of(directory):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_proxy_and_agent_run_and_leave_nothing() -> None:
    with Stack({Part.PROXY, Part.SNMP}) as stack:
        directory = stack.directory
        connection = http.client.HTTPConnection("127.0.0.1", stack.proxy_port, timeout=30)
        connection.request("GET", "/docs", headers={"Host": "zavod.kodeks.test"})
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.headers["Server"].startswith("nginx")
        assert "Техэксперт" in answer.read().decode("windows-1251")
        stack.stand.fault("zavod", "port_closed")
        connection.request("GET", "/docs", headers={"Host": "zavod.kodeks.test"})
        assert connection.getresponse().status == 502
        walk = [tools.find("snmpwalk") or "snmpwalk", "-On", "-t", "5"]
        where, names = f"127.0.0.1:{stack.snmp_port}", ".1.3.6.1.2.1.25.4.2.1.2"
        by_community = subprocess.check_output([*walk, "-v2c", "-c", fleet.COMMUNITY, where, names], text=True)
        by_user = subprocess.check_output(
            [*walk, "-v3", "-u", fleet.SNMP_USER, "-l", "authPriv", "-a", "SHA", "-A", fleet.SNMP_AUTH,
             "-x", "AES", "-X", fleet.SNMP_PRIVACY, where, names], text=True,
        )  # fmt: skip
        assert '"kodwebd"' in by_community
        assert '"kodwebd"' in by_user
        stack.stop_child("kodwebd")
        stack.start_child("kodwebd")
        stack.check()
    assert not directory.exists()
    assert _gone(directory)


def test_a_child_that_dies_is_told_with_its_log_and_advice() -> None:
    with Stack({Part.PROXY}) as stack:
        directory = stack.directory
        stack.child("nginx").signal(signal.SIGKILL)
        time.sleep(0.2)
        with pytest.raises(ChildDiedError, match=r"(?s)nginx завершился сам.*nginx\.log.*запустите ещё раз"):
            stack.check()
    assert not directory.exists()


def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "find", lambda program: None if program == "nginx" else "/bin/true")
    with pytest.raises(MissingProgramsError, match="nginx"):
        Stack({Part.PROXY, Part.SNMP}).start()


_RUNNER = """
import sys, time
from demo.stack import Part, Stack
with Stack({Part.PROXY, Part.SNMP}) as stack:
    print(stack.directory, flush=True)
    time.sleep(60)
"""


def test_nothing_survives_kill_9() -> None:
    with subprocess.Popen([sys.executable, "-c", _RUNNER], stdout=subprocess.PIPE, text=True) as runner:
        assert runner.stdout is not None
        directory = Path(runner.stdout.readline().strip())
        assert directory.name.startswith(PREFIX)
        assert len(_processes_of(directory)) >= 2
        runner.kill()
    assert _gone(directory)
    assert directory.exists()
    RunDirectory().remove()  # the next run takes away what the killed one could not
    assert not directory.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_runner_cleans_up_when_told_to_stop(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "demo.run", "--exporter-only"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUTF8": "1"},
        # As a shell starts what is to run in the background.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    ) as runner:
        assert runner.stdout is not None
        printed = ""
        for line in runner.stdout:
            printed += line
            if "остановить — Ctrl-C" in line:
                break
        found = re.search(r"Настройки и журналы +(\S+)", printed)
        assert found, printed
        directory = Path(found[1])
        assert directory.exists()
        runner.send_signal(number)
        rest = runner.stdout.read()
        assert "ничего не осталось" in rest
        assert runner.wait(20) == 130
    assert not directory.exists()
    assert _gone(directory)


def test_a_running_directory_is_not_taken_for_an_abandoned_one() -> None:
    first = RunDirectory()
    second = RunDirectory()
    assert first.path.exists()
    second.remove()
    first.remove(keep=True)
    RunDirectory().remove()
    assert first.path.exists()
    first.path.rmdir()


def test_child_group_is_ended_even_when_it_will_not(tmp_path: Path) -> None:
    script = "trap '' TERM; sleep 60 & echo ready; wait; sleep 60"
    child = Child("stubborn", ["/bin/sh", "-c", script, str(tmp_path)], tmp_path / "log")
    child.start()
    deadline = time.monotonic() + 5
    while "ready" not in child.tail() and time.monotonic() < deadline:
        time.sleep(0.02)
    child.stop(patience=0.2)
    assert _gone(tmp_path, 2)


def test_free_ports_differ() -> None:
    assert len(set(free_ports(50))) == 50


def test_fleet_has_twelve_installations_of_different_kinds(tmp_path: Path) -> None:
    with Stand(fleet.stand_spec(tmp_path)) as stand:
        document = fleet.document(fleet.World(stand, proxy_port=8080, snmp_port=1161))
        bare = {each["name"]: each for each in fleet.document(fleet.World(stand))["installations"]}
        assert bare["zavod"]["url"] == stand.url("zavod")
    assert not any("snmp" in each or "reverse_proxy" in each for each in bare.values())
    entries = {each["name"]: each for each in document["installations"]}
    assert len(entries) == 12
    assert entries["zavod"]["reverse_proxy"] is True
    assert entries["priroda"]["mode"] == "push"
    assert "url" not in entries["priroda"]
    assert entries["bank"]["url"].startswith("https://")
    assert Path(entries["bank"]["tls"]["ca_file"]).exists()
    assert {entries[name]["snmp"]["version"] for name in ("vesna", "sever")} == {"2c", "3"}
    hosted = [each for each in entries.values() if each.get("hosting") == "te-cloud"]
    assert len({tuple(each["addresses"]) for each in hosted}) == 4


_ALERTMANAGER = """
global: {smtp_smarthost: 'mail:587', smtp_auth_username: u, smtp_auth_password: secret, smtp_from: a@b.example}
templates: ['templates/*.tmpl']
route: {receiver: all, group_wait: 30s, group_interval: 5m, repeat_interval: 4h, routes: [{group_wait: 1m}]}
receivers:
  - name: all
    email_configs: [{to: x@y.example, auth_password: secret, smarthost: 'mail:25', send_resolved: true}]
    telegram_configs: [{bot_token: secret, chat_id: -100, message: '{{ template "telegram" . }}'}]
"""


def test_alertmanager_speaks_to_the_sinks_and_keeps_its_routes(tmp_path: Path) -> None:
    original = tmp_path / "alertmanager.yml"
    original.write_text(_ALERTMANAGER, encoding="utf-8")
    text = configs.alertmanager(original, "127.0.0.1:2525", "http://127.0.0.1:8081", "42:token")
    made = yaml.safe_load(text)
    assert "secret" not in text
    assert made["global"]["smtp_smarthost"] == "127.0.0.1:2525"
    assert made["global"]["smtp_require_tls"] is False
    assert made["templates"] == [str(tmp_path / "templates/*.tmpl")]
    assert made["route"]["group_wait"] == made["route"]["routes"][0]["group_wait"] == "10s"
    assert made["route"]["repeat_interval"] == "4h"
    receiver = made["receivers"][0]
    assert receiver["email_configs"] == [{"to": "x@y.example", "send_resolved": True}]
    assert receiver["telegram_configs"][0]["api_url"] == "http://127.0.0.1:8081"
    assert receiver["telegram_configs"][0]["bot_token"] == "42:token"
    slow = yaml.safe_load(configs.alertmanager(original, "127.0.0.1:1", "http://127.0.0.1:1", "t", quick=False))
    assert slow["route"]["group_wait"] == "30s"


def test_own_fleet_and_document_may_be_given() -> None:
    spec = StandSpec((ServerSpec("one", dns_name="one.kodeks.test"),))
    with Stack(set(), spec=spec) as stack:
        assert stack.stand.url("one").startswith("http://one.kodeks.test:")
        stack.write_config({"managers": []})
        assert stack.read_config() == {"managers": []}
        assert stack.config_file.stat().st_mode & 0o077 == 0


def test_run_directories_stand_in_the_temporary_folder() -> None:
    run = RunDirectory()
    try:
        assert run.path.parent == Path(tempfile.gettempdir())
        assert run.path.stat().st_mode & 0o077 == 0
    finally:
        run.remove()

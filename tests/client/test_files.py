"""What is written for a client, without running it; the Windows side by reading, since there is no Windows here."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from kodeks_exporter.cli.main import main
from kodeks_exporter.render.client import PushClient, files
from tests.cli.running import write

NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
CLIENT = PushClient(
    name="romashka",
    client="ООО «Ромашка» & <Ко>",
    kodeks="http://127.0.0.1:8080",
    server="https://kodeks.dealer.example",
    dealer="0599romashkin",
    token="t",
    report_path="/sysinfo/si_save_request",
    logout_path="/logout",
    contact="Мария Иванова, +7 8452 00-00-01",
)
WINDOWS = {file.path: file.content for file in files(CLIENT, "windows")}


def scripts() -> dict[str, str]:
    return {name: text.decode("ascii") for name, text in WINDOWS.items() if name.endswith(".cmd")}


@pytest.mark.parametrize("name", sorted(scripts()))
def test_cmd_files_are_what_cmd_reads(name: str) -> None:
    text = scripts()[name]
    assert text.count("\n") == text.count("\r\n")
    labels = set(re.findall(r"(?m)^:(\w+)\r", text))
    called = set(re.findall(r"call :(\w+)", text))
    assert called <= labels
    # A block ends where its brackets do: an echo with a bracket of its own would end it early.
    for line in text.splitlines():
        if line.lstrip().startswith(("call :say", "call :fail", "echo")):
            assert "(" not in line, line
            assert ")" not in line, line
    depth = 0
    for line in text.splitlines():
        bare = re.sub(r'"[^"]*"|\^.|rem .*', "", line.strip())
        depth += bare.count("(") - bare.count(")")
        assert depth >= 0, line
    assert depth == 0


@pytest.mark.parametrize("name", sorted(scripts()))
def test_every_file_that_a_script_names_is_there(name: str) -> None:
    named = set(re.findall(r"--config ([\w-]+\.curl)", scripts()[name]))
    assert named <= set(WINDOWS)
    if "%TASK%.curl" in scripts()[name]:
        assert {"upload-report.curl", "upload-status.curl"} <= set(WINDOWS)


@pytest.mark.parametrize(("task", "interval"), [("report", "PT1H"), ("status", "PT15M")])
def test_tasks_are_what_the_scheduler_reads(task: str, interval: str) -> None:
    content = WINDOWS[f"kodeks-{task}.xml"]
    assert content.startswith(b"\xff\xfe")
    root = ET.fromstring(content)

    def told(path: str) -> str | None:
        return root.findtext("/".join(NAMESPACE + part for part in path.split("/")))

    assert told("Triggers/TimeTrigger/Repetition/Interval") == interval
    assert told("Triggers/TimeTrigger/RandomDelay")
    assert told("Principals/Principal/UserId") == "S-1-5-19"  # LOCAL SERVICE: no window, few rights
    assert told("Settings/MultipleInstancesPolicy") == "IgnoreNew"
    assert told("Actions/Exec/Command") == f"@HERE@\\{task}.cmd"


def test_no_value_of_a_client_reaches_a_shell() -> None:
    odd = replace(CLIENT, name="a,(b);c", token='"&|%TEMP%$(x)')
    for system in ("windows", "linux"):
        for file in files(odd, system):
            if file.path.endswith((".cmd", ".sh", ".xml", ".service", ".timer")):
                text = file.content.decode("utf-16" if file.path.endswith(".xml") else "utf-8")
                assert "a,(b);c" not in text
                assert "TEMP%$" not in text


def test_a_newline_begins_no_option_of_curl() -> None:
    odd = replace(CLIENT, credentials='a:b\noutput = "/etc"')
    (text,) = (file.content.decode() for file in files(odd, "linux") if file.path == "report.curl")
    assert not re.search(r"(?m)^output", text)


@pytest.mark.parametrize("system", ["windows", "linux"])
def test_the_page_escapes_names_and_explains_every_word(system: str) -> None:
    found = {file.path: file.content for file in files(CLIENT, "windows" if system == "windows" else "linux")}
    page = found["ПРОЧТИ.html"].decode()
    assert "&amp; &lt;Ко&gt;" in page
    assert "Сообщите менеджеру (Мария Иванова, +7 8452 00-00-01), что" in page
    texts = [text.decode() for name, text in found.items() if name.endswith((".cmd", ".sh"))]
    words = {word for text in texts for word in re.findall(r"fail \"?([a-z-]+):", text)} - {"no-curl"}
    assert len(words) >= 6
    assert [word for word in words if word not in page] == []


def test_a_token_that_others_have_too_is_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = {"client": "Ромашка", "manager": "ivanova", "mode": "push"}
    sections = {"managers": [{"name": "ivanova"}], "installations": [one | {"name": name} for name in ("a", "b")]}
    for bound, warned in ({}, True), ({"installations": ["a", "b"]}, True), ({"installations": ["a"]}, False):
        config = write(tmp_path / "kodeks.yml", sections | {"dealers": [DEALERS[0] | bound]})
        arguments = ["--system", "linux", "--server", "https://x.example", "--output", str(tmp_path / "out")]
        assert main(["client-script", "--config.file", str(config), "a", *arguments]) == 0
        assert ("1 other installations" in capsys.readouterr().err) is warned
        assert main(["check-config", str(config)]) == 0
        assert ("all 2 installations" in capsys.readouterr().out) is (not bound)


DEALERS = [{"name": "one", "token": "0123456789abcdefgh"}, {"name": "two", "token": "abcdefgh0123456789"}]


@pytest.mark.parametrize(
    ("name", "dealers", "options", "text"),
    [
        ("nobody", DEALERS, [], "no installation 'nobody'"),
        ("romashka", [], [], "see dealers:"),
        ("romashka", DEALERS, [], "choose by --dealer one of one, two"),
        ("romashka", DEALERS, ["--dealer", "three"], "'three'"),
        ("romashka", DEALERS[:1], ["--server", "kodeks.example"], "begins with https://"),
    ],
)
def test_what_is_missing_is_said(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    dealers: list[dict[str, str]],
    options: list[str],
    text: str,
) -> None:
    installation = {"name": "romashka", "client": "Ромашка", "manager": "ivanova", "mode": "push"}
    config = write(
        tmp_path / "kodeks.yml",
        {"managers": [{"name": "ivanova"}], "installations": [installation], "dealers": dealers},
    )
    arguments = ["--system", "linux", "--server", "https://x.example", "--output", str(tmp_path / "out"), *options]
    assert main(["client-script", "--config.file", str(config), name, *arguments]) == 1
    assert text in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

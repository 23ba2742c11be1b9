"""The README and its companions: every snippet is checked by the program it is for, every name in them exists."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client import Metric

from demo.stand import tls
from kodeks_exporter.checks.chain import CHECK_NAMES, CHECKS
from kodeks_exporter.cli.main import _parser
from kodeks_exporter.config.load import load
from kodeks_exporter.config.webfile import load_web_config
from kodeks_exporter.domain.check import InstallationState, Round
from kodeks_exporter.metrics import catalogs, checks, exporter, host, inventory, protection
from kodeks_exporter.store.live import LiveStatus

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "README.ru.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/install.md", "demo/README.md")
PROMISED = {"docs/metrics.md"}
"""Written in another part of the work; a link to it may stand before it does."""
WITH_SNIPPETS = ("README.md", "README.ru.md", "docs/install.md")

Tool = Callable[[str], str]

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def snippets(page: str, language: str) -> list[str]:
    return [body for found, body in _FENCE.findall(read(page)) if found == language]


def of_file(page: str, name: str) -> list[str]:
    """The yaml snippets whose first line is a comment with this file's name."""
    return [body for body in snippets(page, "yaml") if body.startswith(f"# {name}")]


def ran(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def kodeks_yml(page: str, folder: Path) -> Path:
    (snippet,) = of_file(page, "/etc/kodeks/kodeks.yml")
    (folder / "secrets").mkdir()
    (folder / "secrets" / "romashka").write_text("secret\n")
    file = folder / "kodeks.yml"
    file.write_text(snippet, encoding="utf-8")
    return file


def test_every_yaml_snippet_names_a_file_that_is_checked() -> None:
    checked = ("/etc/kodeks/kodeks.yml", "/etc/kodeks/web.yml", "/etc/prometheus/prometheus.yml",
               "/etc/prometheus/alertmanager.yml")  # fmt: skip
    for page in WITH_SNIPPETS:
        for body in snippets(page, "yaml"):
            first = body.splitlines()[0]
            assert first.removeprefix("# ").partition(",")[0] in checked, f"{page}: {first}"


@pytest.mark.parametrize("page", ["README.md", "README.ru.md"])
def test_kodeks_yml(page: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = _parser().parse_args(["check-config", str(kodeks_yml(page, tmp_path))])
    assert options.run(options) == 0, capsys.readouterr().out


@pytest.mark.parametrize("page", WITH_SNIPPETS)
def test_prometheus_yml(page: str, tool: Tool, tmp_path: Path) -> None:
    found = of_file(page, "/etc/prometheus/prometheus.yml")
    assert found
    (tmp_path / "kodeks").mkdir()
    for rules in (ROOT / "rules").glob("*.yml"):
        shutil.copy(rules, tmp_path / "kodeks")
    for name in ("ca.crt", "exporter-password"):
        (tmp_path / "kodeks" / name).touch()
    for body in found:
        file = tmp_path / "prometheus.yml"
        file.write_text(body, encoding="utf-8")
        told = ran(tool("promtool"), "check", "config", file)
        if "rule_files:" in body:
            assert told.count("rules found") == len(list((ROOT / "rules").glob("*.yml"))), told


@pytest.mark.parametrize("page", ["README.md", "README.ru.md"])
def test_alertmanager_yml(page: str, tool: Tool, tmp_path: Path) -> None:
    (body,) = of_file(page, "/etc/prometheus/alertmanager.yml")
    shutil.copytree(ROOT / "alertmanager" / "templates", tmp_path / "kodeks-templates")
    file = tmp_path / "alertmanager.yml"
    file.write_text(body, encoding="utf-8")
    assert "1 templates" in ran(tool("amtool"), "check-config", file)

    def receiver(*labels: str) -> str:
        return ran(tool("amtool"), "config", "routes", "test", "--config.file", file, *labels).strip()

    assert receiver("alertname=KodeksTcpStatus", "priority=K1", "manager=ivanova") == "ivanova-urgent"
    assert receiver("alertname=KodeksMaintenance", "priority=K4", "manager=ivanova") == "ivanova"
    assert receiver("alertname=LicmanIcmp", "priority=K2", "manager=petrov") == "kodeks-ops"
    assert receiver("alertname=KodeksWatchdog") == "dead-man"
    assert receiver("alertname=NodeDown", "manager=ivanova") == "default"


@pytest.mark.parametrize("page", ["README.md", "README.ru.md"])
def test_groups_of_the_snippet_are_those_of_the_example(page: str) -> None:
    (body,) = of_file(page, "/etc/prometheus/alertmanager.yml")
    (route,) = yaml.safe_load(body)["route"]["routes"]
    example = yaml.safe_load(read("alertmanager/alertmanager.yml"))["route"]
    for key in ("group_by", "group_wait", "group_interval"):
        assert route[key] == example[key]


def test_web_yml(tmp_path: Path) -> None:
    (body,) = of_file("docs/install.md", "/etc/kodeks/web.yml")
    made = tls.issue(tmp_path / "made", "monitoring.dealer.example")
    (tmp_path / "tls").mkdir()
    shutil.copy(made.cert, tmp_path / "tls" / "server.crt")
    shutil.copy(made.key, tmp_path / "tls" / "server.key")
    file = tmp_path / "web.yml"
    file.write_text(body)
    config = load_web_config(file)
    assert config.tls is not None
    assert list(config.basic_auth_users) == ["prometheus"]


def heading_anchors(page: str) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", read(page)), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for link in _LINK.findall(read(page)):
        if "://" in link or link in PROMISED:
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), f"{page}: {link}"
        if anchor:
            assert anchor in heading_anchors(str(target.resolve().relative_to(ROOT))), f"{page}: {link}"


@pytest.mark.parametrize("page", PAGES)
def test_files_named_exist(page: str) -> None:
    """Words in code that begin with a folder or are a file of this repository."""
    folders = "exporter|rules|alertmanager|docs|demo|bench|packaging|tools|tests"
    text = _FENCE.sub(lambda found: "" if found[1] == "yaml" else found[0], read(page))
    for name in re.findall(rf"(?<![\w/.-])((?:{folders})/[\w./*-]*[\w*/])", text):
        assert name in PROMISED or list(ROOT.glob(name)), f"{page}: {name}"


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page: str) -> None:
    text = read(page)
    known = set(re.findall(r"^([a-z-]+)\)$", read("run"), re.MULTILINE)) | {"help"}
    assert set(re.findall(r"\./run ([a-z-]+)", text)) <= known
    targets = re.search(r"^TARGETS = (.*)$", read("Makefile"), re.MULTILINE)
    assert targets is not None
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= set(targets[1].split())


def program_calls() -> Iterator[str]:
    for page in WITH_SNIPPETS:
        units = [*snippets(page, "sh"), *snippets(page, "ini"), read("packaging/kodeks-exporter.service")]
        for body in units:
            joined = body.replace("\\\n", " ")
            yield from re.findall(r"/bin/kodeks-exporter ([^#\n]*)", joined)


def test_calls_of_the_program_are_understood() -> None:
    calls = list(program_calls())
    assert len(calls) > 5
    for call in calls:
        _parser().parse_args(call.split())
    subparsers = next(each for each in _parser()._actions if isinstance(each, argparse._SubParsersAction))
    for page in PAGES:
        assert set(re.findall(r"`kodeks-exporter ([a-z-]+)", read(page))) <= set(subparsers.choices)


def rows(page: str, head: str) -> list[list[str]]:
    """Cells of the table whose head line begins with ``head``."""
    lines = iter(read(page).splitlines())
    for line in lines:
        if line.startswith(head):
            break
    next(lines)
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    assert found, head
    return found


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize(("page", "head"), [("README.md", "| check |"), ("README.ru.md", "| Проверка |")])
def test_table_of_checks_is_complete(page: str, head: str) -> None:
    told = [name for row in rows(page, head) for name in names(row[0])]
    assert sorted(told) == sorted(CHECK_NAMES)


def test_table_of_checks_tells_what_is_blocked() -> None:
    """Whatever the chain requires stands there; some checks block more, by what they find."""
    order = [row[0].strip("`") for row in rows("README.md", "| check |")]
    found = {row[0].strip("`"): set(names(row[2])) for row in rows("README.md", "| check |")}
    assert set().union(*found.values()) <= CHECK_NAMES
    for check in CHECKS:
        for required in check.requires:
            assert check.name in found[required], f"{required} blocks {check.name}"
            assert order.index(required) < order.index(check.name), "the table is in the order of a round"


def full_name(metric: Metric) -> str:
    return metric.name + {"counter": "_total", "info": "_info"}.get(metric.type, "")


def test_tables_of_metrics_are_complete(tmp_path: Path) -> None:
    (installation,) = load(kodeks_yml("README.md", tmp_path)).fleet.installations.values()
    status = LiveStatus(Round(installation.name, 0.0, 0.0, {}, InstallationState.OK), 0.0, None)
    live = [
        *inventory.families(installation),
        *checks.families(installation, status),
        *protection.families(status),
        *catalogs.families(status),
        *host.families(status),
    ]
    told = [names(row[0])[0] for row in rows("README.md", "| metric | labels besides")]
    assert sorted(told) == sorted(map(full_name, live))

    own = exporter.families(exporter.ExporterStatus(1, 1, 0.0, 30.0, True, 0.0))
    told = [names(row[0])[0] for row in rows("README.md", "| metric | labels |")]
    assert sorted(told) == sorted(map(full_name, own))


def test_labels_of_the_metrics_are_those_of_the_code(tmp_path: Path) -> None:
    (installation,) = load(kodeks_yml("README.md", tmp_path)).fleet.installations.values()
    (info,) = inventory.families(installation)
    told = next(row for row in rows("README.md", "| metric | labels besides") if "kodeks_installation_info" in row[0])
    assert set(names(told[1])) | {"installation"} == set(info.samples[0].labels)


def test_states_are_all_named() -> None:
    told = next(row for row in rows("README.md", "| metric | labels besides") if "kodeks_installation_state" in row[0])
    assert all(re.search(rf"\b{state.value}\b", told[2]) for state in InstallationState)


def test_every_room_stands_in_the_layout() -> None:
    told = {row[0].strip("`") for row in rows("README.md", "| folder |")}
    package = ROOT / "exporter" / "kodeks_exporter"
    rooms = {str(each.parent.relative_to(ROOT)) for each in package.glob("*/__init__.py")}
    if (ROOT / ".git").exists():  # then only what is committed: a room may be in the making
        listed = ran("git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files", f"{package}/*/__init__.py")
        rooms = {str(Path(line).parent) for line in listed.splitlines()}
    assert rooms
    assert rooms <= told
    assert all((ROOT / folder).is_dir() for folder in told)


def test_pictures_are_small() -> None:
    pictures = sorted((ROOT / "docs" / "screenshots").iterdir())
    assert [each.name for each in pictures] == ["mail.png", "status-phone.png", "status.png", "telegram.png"]
    for picture in pictures:
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size < 150_000, picture.name


def test_the_unit_starts_what_the_readme_installs() -> None:
    unit = read("packaging/kodeks-exporter.service")
    for path in ("/opt/kodeks-exporter", "/etc/kodeks/kodeks.yml", "--web.listen-address 127.0.0.1:9877"):
        assert path in unit
        assert path.removeprefix("--web.listen-address ") in read("README.md")

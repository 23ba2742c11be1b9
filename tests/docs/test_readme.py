"""The README and its companions: every snippet is checked by the program it is for, every name in them exists."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Metric

from bench.__main__ import SUBJECTS
from demo.stand import tls
from kodeks_exporter.cli.main import COMMANDS, parse
from kodeks_exporter.config.load import load
from kodeks_exporter.config.webfile import load_web_config
from kodeks_exporter.domain.check import InstallationState, Round
from kodeks_exporter.metrics import catalogs, checks, exporter, host, inventory, protection
from kodeks_exporter.store.live import LiveStatus
from kodeks_exporter.store.writer import Backlog
from tests.cli.running import command, serving, wait_for

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.ru.md")
BY_HAND = "docs/by-hand.md"
PAGES = (*READMES, "CONTRIBUTING.md", "CHANGELOG.md", BY_HAND, "docs/install.md", "demo/README.md")
GUIDES = tuple(
    sorted(str(each.relative_to(ROOT)) for folder in ("docs", "docs/en") for each in (ROOT / folder).glob("*.md"))
)
"""What the READMEs lead to."""
MORE = {
    "README.md": ("docs/en/reports.md", "docs/en/online.md"),
    "README.ru.md": ("docs/reports.md", "docs/online.md"),
}
"""Where the same language adds to the kodeks.yml of a README."""
WITH_SNIPPETS = (*READMES, BY_HAND, "docs/install.md")
RENDERED = "/etc/prometheus/kodeks-rendered"

Tool = Callable[[str], str]

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
GIT = (ROOT / ".git").exists() and shutil.which("git") is not None
"""Whether git can tell what is committed: not in an unpacked archive, nor on a machine without git."""


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def snippets(page: str, language: str) -> list[str]:
    return [body for found, body in _FENCE.findall(read(page)) if found == language]


def of_file(page: str, name: str) -> list[str]:
    """The yaml snippets whose first line is a comment with this file's name."""
    return [body for body in snippets(page, "yaml") if body.startswith(f"# {name}")]


def lines_of(page: str, begin: str) -> list[str]:
    """Commands of the sh snippets that begin so, continued lines joined, comments cut off."""
    joined = [line for body in snippets(page, "sh") for line in body.replace("\\\n", " ").splitlines()]
    return [re.sub(r"\s+#.*$", "", line) for line in joined if line.startswith(begin)]


def ran(*command_: str | Path, folder: Path | None = None) -> str:
    words = [str(part) for part in command_]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, cwd=folder)
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout


def committed(pattern: str) -> list[str]:
    return ran("git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files", pattern).splitlines()


def kodeks_yml(page: str, folder: Path) -> Path:
    """The fleet of the page's first steps."""
    return written(of_file(page, "/etc/kodeks/kodeks.yml\n"), folder)


def additions(page: str) -> list[str]:
    return [body for each in (page, *MORE[page]) for body in of_file(each, "/etc/kodeks/kodeks.yml, ")]


def everything(page: str) -> dict[str, Any]:
    """kodeks.yml of somebody who went through the page to its end: lists grow, sections are added."""
    whole: dict[str, Any] = {}
    for snippet in (*of_file(page, "/etc/kodeks/kodeks.yml\n"), *additions(page)):
        for key, value in yaml.safe_load(snippet).items():
            assert key not in whole or isinstance(value, list), f"{page}: {key} twice"
            whole[key] = whole[key] + value if key in whole else value
    return whole


def written(snippets_: Sequence[str], folder: Path) -> Path:
    (text,) = snippets_
    (folder / "secrets").mkdir()
    for name in re.findall(r"_file: secrets/([\w-]+)", text):
        # Good for every kind of secret that stands in the pages, an address among them.
        (folder / "secrets" / name).write_text("https://secret.example\n")
    file = folder / "kodeks.yml"
    file.write_text(text, encoding="utf-8")
    return file


def whole_kodeks_yml(page: str, folder: Path) -> Path:
    return written([yaml.safe_dump(everything(page), allow_unicode=True)], folder)


def test_every_yaml_snippet_names_a_file_that_is_checked() -> None:
    checked = ("/etc/kodeks/kodeks.yml", "/etc/kodeks/web.yml", "/etc/prometheus/prometheus.yml",
               "/etc/prometheus/alertmanager.yml")  # fmt: skip
    for page in WITH_SNIPPETS:
        for body in snippets(page, "yaml"):
            first = body.splitlines()[0]
            assert first.removeprefix("# ").partition(",")[0] in checked, f"{page}: {first}"


@pytest.mark.parametrize("page", READMES)
def test_kodeks_yml(page: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = parse(["check-config", str(kodeks_yml(page, tmp_path))])
    assert options.run(options) == 0, capsys.readouterr().out


@pytest.mark.parametrize("page", READMES)
def test_additions_to_kodeks_yml(page: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(additions(page)) == 3  # messages, reports, online accesses
    options = parse(["check-config", str(whole_kodeks_yml(page, tmp_path))])
    assert options.run(options) == 0, capsys.readouterr().out
    assert "2 installations, 1 online accesses" in capsys.readouterr().out


def test_both_languages_describe_the_same_fleet() -> None:
    assert everything("README.md") == everything("README.ru.md")


@pytest.mark.parametrize("page", READMES)
def test_render(page: str, tool: Tool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As the page says: render, and what amtool answers then; an own prometheus.yml can take the rules from there."""
    file, output = whole_kodeks_yml(page, tmp_path), tmp_path / "kodeks-rendered"
    (call,) = lines_of(page, "/opt/kodeks-exporter/bin/kodeks-exporter render")
    assert RENDERED in call
    call = call.replace("/etc/kodeks/kodeks.yml", str(file)).replace(RENDERED, str(output))
    options = parse(call.split()[1:])
    assert options.run(options) == 0
    told = capsys.readouterr()
    assert "checked    by amtool" in told.out
    assert "checked    by promtool" in told.out
    assert "is not set" not in told.err, "the page says all that render wants to know"

    secrets = output / "alertmanager.yml"
    assert secrets.stat().st_mode & 0o777 == 0o600

    (question,) = lines_of(page, f"amtool config routes test --config.file {RENDERED}")
    answer = ran(tool("amtool"), *question.replace(RENDERED, str(output)).split()[1:]).strip()
    assert f"`{answer}`" in read(page)

    (rules,) = re.findall(r"`(rule_files: [^`]*)`", read(page))
    own = tmp_path / "prometheus.yml"
    own.write_text(rules)
    found = ran(tool("promtool"), "check", "config", own)
    assert found.count("rules found") == len(list((ROOT / "rules").glob("*.yml"))), found


@pytest.mark.parametrize("page", READMES)
def test_curl_lines(page: str, tool: Tool, tmp_path: Path) -> None:
    """The two lines against the exporter with the page's own dealer: sent, and there."""
    document = everything(page)
    pushed = {each["name"]: each for each in document["installations"] if each.get("mode") == "push"}
    document = {key: document[key] for key in ("managers", "dealers")} | {"installations": list(pushed.values())}
    file = written([yaml.safe_dump(document, allow_unicode=True)], tmp_path)
    token = "t0ken-of-the-test"
    (tmp_path / document["dealers"][0]["token_file"]).write_text(token)
    with zipfile.ZipFile(tmp_path / "zakryty.zip", "w") as archive:
        archive.write(ROOT / "tests" / "sysinfo" / "data" / "sysinfo.xml", "sysinfo.xml")
    send, look = lines_of(MORE[page][0], "curl ")
    with serving(file, tmp_path / "storage") as exporter:

        def asked(line: str) -> str:
            here = line.replace("https://monitoring.dealer.example", exporter.url).replace("=TOKEN", f"={token}")
            return ran(tool("curl"), "-sS", *shlex.split(here)[1:], folder=tmp_path)

        assert asked(look).startswith("HTTP/1.1 404")
        assert asked(send) == '{"ok":true,"path":"/files/zakryty.zip"}'
        assert asked(look).startswith("HTTP/1.1 200")
        wait_for(lambda: exporter.metric('kodeks_seats{installation="zakryty"}') is not None)
        wait_for(lambda: list((tmp_path / "storage" / "journal").glob("searches-*.jsonl")))
        promised = {name.strip("/") for row in rows("docs/install.md", "| file | holds") for name in names(row[0])}
        assert {each.name for each in (tmp_path / "storage").iterdir() if "-" not in each.name} == promised


def test_sysinfo_inspect_shows_nobody(tmp_path: Path) -> None:
    (call,) = re.findall(r"`kodeks-exporter (sysinfo inspect [^`]*)`", read("docs/en/reports.md"))
    report = tmp_path / "zakryty.zip"
    with zipfile.ZipFile(report, "w") as archive:
        archive.write(ROOT / "tests" / "sysinfo" / "data" / "sysinfo.xml", "sysinfo.xml")
    told = command(*call.replace("zakryty.zip", str(report)).split())
    assert told.returncode == 0, told.stderr
    assert "users.login" in told.stdout
    for personal in ("ivanova", "Иванова", "+7 000", "example.org"):
        assert personal in read("tests/sysinfo/data/sysinfo.xml")
        assert personal not in told.stdout


@pytest.mark.parametrize("page", [BY_HAND, "docs/install.md"])
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


def test_alertmanager_yml(tool: Tool, tmp_path: Path) -> None:
    (body,) = of_file(BY_HAND, "/etc/prometheus/alertmanager.yml")
    shutil.copytree(ROOT / "alertmanager" / "templates", tmp_path / "kodeks-templates")
    file = tmp_path / "alertmanager.yml"
    file.write_text(body, encoding="utf-8")
    assert "1 templates" in ran(tool("amtool"), "check-config", file)

    def receiver(*labels: str) -> str:
        return ran(tool("amtool"), "config", "routes", "test", "--config.file", file, *labels).strip()

    ours = "product=kodeks"
    assert receiver(ours, "alertname=KodeksTcpStatus", "priority=K1", "manager=ivanova") == "ivanova-urgent"
    assert receiver(ours, "alertname=KodeksMaintenance", "priority=K4", "manager=ivanova") == "ivanova"
    assert receiver(ours, "alertname=LicmanIcmp", "priority=K2", "manager=petrov") == "kodeks-ops"
    assert receiver(ours, "alertname=KodeksWatchdog") == "dead-man"
    assert receiver("alertname=NodeDown", "manager=ivanova") == "default"


def test_groups_of_the_snippet_are_those_of_the_example() -> None:
    (body,) = of_file(BY_HAND, "/etc/prometheus/alertmanager.yml")
    (route,) = yaml.safe_load(body)["route"]["routes"]
    (example,) = yaml.safe_load(read("alertmanager/alertmanager.yml"))["route"]["routes"]
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
    assert config.cert_file is not None
    assert list(config.users) == ["prometheus"]


def heading_anchors(page: str) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", read(page)), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", sorted({*PAGES, *GUIDES}))
def test_links_lead_somewhere(page: str) -> None:
    for link in _LINK.findall(read(page)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), f"{page}: {link}"
        if anchor:
            assert anchor in heading_anchors(str(target.resolve().relative_to(ROOT))), f"{page}: {link}"


@pytest.mark.parametrize("page", PAGES)
def test_files_named_exist(page: str) -> None:
    """Words in code that begin with a folder or are a file of this repository."""
    folders = "exporter|rules|alertmanager|docs|demo|bench|replay|packaging|tools|tests"
    text = _FENCE.sub(lambda found: "" if found[1] == "yaml" else found[0], read(page))
    for name in re.findall(rf"(?<![\w/.-])((?:{folders})/[\w./*-]*[\w*/])", text):
        assert list(ROOT.glob(name)), f"{page}: {name}"


@pytest.mark.parametrize("page", READMES)
def test_every_guide_is_listed(page: str) -> None:
    """In the table of documentation, which both languages have."""
    head = "| page |" if page == "README.md" else "| Страница | О чём |"
    told = {link for row in rows(page, head) for cell in row for link in _LINK.findall(cell)}
    guides = {each for each in GUIDES if not each.startswith("docs/en/") or page == "README.md"}
    if GIT:  # then only what is committed: a page may be in the making
        guides &= set(committed(":(glob)docs/*.md"))
    assert guides <= told


@pytest.mark.parametrize("page", WITH_SNIPPETS)
def test_metrics_and_alerts_named_exist(page: str) -> None:
    metrics = set(re.findall(r"\bkodeks_\w+", read("docs/metrics.md")))
    assert set(re.findall(r"\bkodeks_\w+\b(?!/|\.\w)", read(page))) <= metrics
    rules = "".join(each.read_text(encoding="utf-8") for each in (ROOT / "rules").glob("*.yml"))
    alerts = set(re.findall(r"alert: (\w+)", rules))
    assert set(re.findall(r"\b(?:Kodeks|Licman)[A-Z]\w+", read(page))) <= alerts


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
        parse(call.split())
    for page in PAGES:
        assert set(re.findall(r"`kodeks-exporter ([a-z-]+)", read(page))) <= set(COMMANDS)


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


def full_name(metric: Metric) -> str:
    return metric.name + {"counter": "_total", "info": "_info"}.get(metric.type, "")


def documented() -> dict[str, list[str]]:
    """Cells of docs/metrics.md by the metric that its row begins with; one row may name several."""
    lines = (
        line.strip("|").split("|") for line in read("docs/metrics.md").splitlines() if line.startswith("| `kodeks_")
    )
    return {name: [cell.strip() for cell in line] for line in lines for name in names(line[0])}


def test_tables_of_metrics_are_complete(tmp_path: Path) -> None:
    (installation,) = load(kodeks_yml("README.md", tmp_path)).fleet.installations.values()
    status = LiveStatus(Round(installation.name, 0.0, 0.0, {}, InstallationState.OK), 0.0, None)
    live = [
        *inventory.families(installation),
        *checks.families(installation, status),
        *checks.looks(status),
        *protection.families(status),
        *catalogs.families(status),
        *host.families(status),
    ]
    own = exporter.families(
        exporter.ExporterStatus(1, 1, 0.0, 30.0, True, 0.0, {}, {"kodeks.sqlite": Backlog(0, 0.0, 0)}, 0, 0, {})
    )
    assert {full_name(each) for each in (*live, *own)} <= documented().keys()


def test_labels_of_the_metrics_are_those_of_the_code(tmp_path: Path) -> None:
    (installation,) = load(kodeks_yml("README.md", tmp_path)).fleet.installations.values()
    (info,) = inventory.families(installation)
    told = documented()["kodeks_installation_info"]
    assert {*told[1].split(", "), "installation"} == set(info.samples[0].labels)


def test_states_are_all_named() -> None:
    told = documented()["kodeks_installation_state"]
    assert all(re.search(rf"\b{state.value}\b", told[2]) for state in InstallationState)


def test_every_folder_stands_in_the_layout() -> None:
    """Rooms of the exporter are in the plan, which tests/docs/test_floors.py reads."""
    told = {row[0].strip("`") for row in rows("CONTRIBUTING.md", "| folder |")}
    packages = {each.parent.name for each in ROOT.glob("*/__init__.py")}
    if GIT:  # then only what is committed: a folder may be in the making
        packages = {str(Path(line).parent) for line in committed(":(glob)*/__init__.py")}
    assert {"replay", "bench"} <= packages <= told
    assert all((ROOT / folder).is_dir() for folder in told)


def test_measurements_named_exist() -> None:
    (row,) = (row for row in rows("CONTRIBUTING.md", "| folder |") if names(row[0]) == ["bench"])
    told = {name for name in names(row[1]) if "./run" not in name}
    assert told
    assert told <= set(SUBJECTS)


def test_pictures_are_small() -> None:
    pictures = sorted((ROOT / "docs" / "screenshots").iterdir())
    known = {"acknowledge", "mail", "report", "status-phone", "status", "telegram"}
    assert {each.name for each in pictures} == {f"{name}.png" for name in known}
    for picture in pictures:
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size < 150_000, picture.name


def test_the_unit_starts_what_the_readme_installs() -> None:
    unit = read("packaging/kodeks-exporter.service")
    for path in ("/opt/kodeks-exporter", "/etc/kodeks/kodeks.yml", "--web.listen-address 127.0.0.1:9877"):
        assert path in unit
        assert path.removeprefix("--web.listen-address ") in read("README.md")

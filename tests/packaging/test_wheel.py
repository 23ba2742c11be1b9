"""The wheel, built for real and unpacked into an empty folder: all that a site needs is in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from kodeks_exporter import assets

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = assets.files(ROOT)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built in a copy of the checkout that an older build has been made in."""
    source = tmp_path_factory.mktemp("source")
    named = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "exporter", *assets.FOLDERS)
    left_out = ("--exclude=__pycache__", "--exclude=*.egg-info", "--exclude=exporter/build")
    packed = subprocess.run(["tar", "-c", *left_out, *named], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x"], cwd=source, input=packed, check=True)
    stale = source / "build/lib/kodeks_exporter/of_an_older_version.py"
    stale.parent.mkdir(parents=True)
    stale.write_text("")
    built = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    # As in pip's own build environment, nothing may lean on this checkout being installed.
    hidden = tmp_path_factory.mktemp("hidden")
    (hidden / "kodeks_exporter.py").write_text("raise ImportError('not installed here')")
    environment = {**os.environ, "KODEKS_REVISION": "0123456789ab", "PYTHONPATH": str(hidden)}
    subprocess.run([*command, "--wheel-dir", str(built), str(source)], env=environment, check=True)
    (found,) = built.iterdir()
    return found


@pytest.fixture(scope="module")
def target(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As pip install --target lays it out: no scripts folder, no data files, no distribution of its own prefix."""
    folder = tmp_path_factory.mktemp("target")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(folder),
        str(wheel),
    ]
    subprocess.run(command, check=True)
    return folder


def exporter(target: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kodeks_exporter.cli.main", *arguments],
        env={**os.environ, "PYTHONPATH": str(target)},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def test_holds_what_is_shipped_and_nothing_stale(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"kodeks_exporter/shipped/{path}" for path in SHIPPED} <= names
    assert not [name for name in names if "/tests/" in name or "older_version" in name]
    modules = {path.relative_to(ROOT / "exporter").as_posix() for path in (ROOT / "exporter").rglob("kodeks*/**/*.py")}
    assert modules <= names


def test_metadata_is_what_an_index_shows(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        told = Parser().parsestr(archive.read(name).decode())
    assert told["License-Expression"] == "Apache-2.0"
    assert told["Requires-Python"] == ">=3.11"
    assert {each.split(",")[0] for each in told.get_all("Project-URL") or ()} == {"Source", "Changelog"}
    assert "Programming Language :: Python :: 3.13" in (told.get_all("Classifier") or ())


def test_an_older_python_gets_one_clear_sentence() -> None:
    """From setup.py, which pip asks first; and from the package, where somebody runs the checkout."""
    for asked in ("runpy.run_path('setup.py')", "runpy.run_path('exporter/kodeks_exporter/__init__.py')"):
        old = f"import runpy, sys; sys.version_info = (3, 10, 13); {asked}"
        done = subprocess.run([sys.executable, "-c", old], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.stderr.strip() == "kodeks-exporter needs Python 3.11 or newer, this is 3.10"


def test_the_program_runs_from_there_and_knows_its_commit(target: Path) -> None:
    told = exporter(target, "--version")
    assert told.stdout.strip().endswith("(0123456789ab)"), told.stderr


def test_files_writes_all_that_is_shipped(target: Path, tmp_path: Path) -> None:
    done = exporter(target, "files", "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    written = sorted(path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert written == SHIPPED
    assert all((tmp_path / "out" / path).read_bytes() == (ROOT / path).read_bytes() for path in SHIPPED)


def test_files_says_what_it_cannot_write(target: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder is wanted")
    done = exporter(target, "files", "--output", tmp_path / "taken")
    assert done.returncode == 1
    assert "taken" in done.stderr
    assert "Traceback" not in done.stderr


def test_render_finds_its_rules(target: Path, tmp_path: Path) -> None:
    config = tmp_path / "kodeks.yml"
    config.write_text(
        "managers: [{name: ivanova, email: [i@dealer.example]}]\n"
        "installations: [{name: romashka, client: Ромашка, manager: ivanova, mode: pull, url: 'http://r.example'}]\n",
        encoding="utf-8",
    )
    done = exporter(target, "render", "--config.file", config, "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    rendered = {path.name for path in (tmp_path / "out/rules").iterdir()}
    assert rendered == {path.name for path in SHIPPED if path.parts[0] == "rules"}


def test_the_pages_of_alerts_are_served_from_there(target: Path) -> None:
    asked = (
        "from werkzeug.test import Client; from tests.web.fakes import FakeBackend, twelve\n"
        "from kodeks_exporter.web import app\n"
        "page = Client(app.Application(FakeBackend(view=twelve()))).get('/docs/errors/KodeksTcpStatus')\n"
        "print(app.__file__, page.status_code)"
    )
    environment = {**os.environ, "PYTHONPATH": f"{target}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", asked], env=environment, cwd="/", capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == [str(target / "kodeks_exporter/web/app.py"), "200"], done.stderr

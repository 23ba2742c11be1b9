"""The stack of packaging/compose: what one service writes is where the others look."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from kodeks_exporter import assets
from kodeks_exporter.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "packaging/compose"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yml").read_bytes())
SERVICES: dict[str, Any] = COMPOSE["services"]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the service `render` leaves in its volume."""
    volume = tmp_path_factory.mktemp("rendered")
    (script,) = SERVICES["render"]["command"]
    for command in script.split(";"):
        program, *arguments = command.replace("/etc/kodeks", str(FOLDER)).replace("/rendered", str(volume)).split()
        assert program == "kodeks-exporter"
        assert main(arguments) == 0
    return volume


def test_every_path_that_a_program_reads_was_rendered(rendered: Path) -> None:
    texts = [str(service.get("command")) for service in (SERVICES["prometheus"], SERVICES["alertmanager"])]
    texts += [path.read_text(encoding="utf-8") for path in (FOLDER / "grafana").rglob("*.yml")]
    named = {path for text in texts for path in re.findall(r"/rendered/([\w./-]+)", text)}
    assert named == {"prometheus.yml", "alertmanager.yml", "shipped/grafana-dashboards"}
    assert all((rendered / path).exists() for path in named)


def test_programs_are_told_each_others_names(rendered: Path) -> None:
    prometheus = yaml.safe_load((rendered / "prometheus.yml").read_bytes())
    (alertmanager,) = prometheus["alerting"]["alertmanagers"]
    told = [*alertmanager["static_configs"][0]["targets"]]
    (job,) = (job for job in prometheus["scrape_configs"] if job["job_name"] == "kodeks")
    told += job["static_configs"][0]["targets"]
    source = yaml.safe_load((FOLDER / "grafana/datasources/kodeks.yml").read_bytes())["datasources"][0]
    told.append(source["url"].removeprefix("http://"))
    assert {address.split(":")[0] for address in told} == {"alertmanager", "exporter", "prometheus"} <= set(SERVICES)


def test_grafana_finds_the_source_that_the_dashboards_name() -> None:
    provisioned = yaml.safe_load((ROOT / "grafana-dashboards/provisioning/datasources/kodeks.yml").read_bytes())
    ours = yaml.safe_load((FOLDER / "grafana/datasources/kodeks.yml").read_bytes())
    assert ours["datasources"][0]["uid"] == provisioned["datasources"][0]["uid"]


def test_volumes_and_users_agree_with_the_image() -> None:
    image = (ROOT / "packaging/Containerfile").read_text(encoding="utf-8")
    used = {each.split(":")[0] for service in SERVICES.values() for each in service.get("volumes", ())}
    assert {each for each in used if not each.startswith("./")} == set(COMPOSE["volumes"])
    assert all((FOLDER / each).exists() for each in used if each.startswith("./"))
    # A new volume takes its owner from the image's folder: render must own /rendered to write there.
    owner = SERVICES["render"]["user"].split(":")[0]
    assert f"-o {owner} -g {owner} /rendered" in image
    assert "USER 9877:9877" in image


def test_the_image_ignores_what_must_not_get_into_it() -> None:
    assert (ROOT / ".dockerignore").read_bytes() == (ROOT / ".containerignore").read_bytes()
    assert {".git", ".venv", ".cache"} <= set((ROOT / ".containerignore").read_text(encoding="utf-8").split())
    assert all((ROOT / folder).is_dir() for folder in assets.FOLDERS)

"""Manifests for prometheus-operator: the same content as for any other site, in the operator's words."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kodeks_exporter.cli.main import main
from tests.render import fleets

ROOT = Path(__file__).resolve().parents[2]
INLINE = "geheim-in-the-configuration"


Files = dict[str, list[dict[str, Any]]]
"""File name to its objects."""


@functools.cache
def read(path: Path) -> list[dict[str, Any]]:
    return [*yaml.load_all(path.read_text(encoding="utf-8"), yaml.CSafeLoader)]


def rendered(folder: Path, *options: str, **sections: Any) -> Files:
    config = fleets.written(folder, **sections)
    output = folder / "out"
    assert main(["render", "--config.file", str(config), "--output", str(output), "--kubernetes", *options]) == 0
    return {path.name: read(path) for path in output.iterdir()}


def fleet() -> dict[str, Any]:
    return {
        "managers": [{"name": "ivanova", "email": ["i@dealer.example"], "telegram_chat_id": -100}],
        "installations": [{"name": "r", "client": "Ромашка", "manager": "ivanova", "mode": "pull", "url": "http://r"}],
        "alertmanager": {"telegram": {"bot_token": INLINE}},
        "reaction": {"alertmanagers": ["http://am:9093"], "link": "https://kodeks.example", "key": "k" * 32},
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kubernetes")


@pytest.fixture(scope="module")
def files(folder: Path) -> Files:
    return rendered(folder, "--namespace", "kodeks", "--label", "release=monitoring", "--image", "reg/x:1", **fleet())


def secret(files: Files, name: str) -> Any:
    (data,) = (each["stringData"] for each in files["secrets.yaml"] if each["metadata"]["name"] == name)
    return data


def test_rules_are_the_projects_own(files: Files, folder: Path) -> None:
    found = {each["metadata"]["name"]: each["spec"] for each in files["prometheusrules.yaml"]}
    plain = folder / "plain"
    assert main(["render", "--config.file", str(folder / "kodeks.yml"), "--output", str(plain)]) == 0
    assert found == {f"kodeks-{path.stem}": read(path)[0] for path in plain.glob("rules/*.yml")}


def test_every_object_carries_what_selectors_look_for(files: Files) -> None:
    objects = [each for objects in files.values() for each in objects]
    assert objects
    assert {each["metadata"]["namespace"] for each in objects} == {"kodeks"}
    assert all(each["metadata"]["labels"]["release"] == "monitoring" for each in objects)
    names = [(each["kind"], each["metadata"]["name"]) for each in objects]
    assert len(names) == len(set(names))


def test_the_exporter_is_scraped_at_its_service_unless_the_site_says_otherwise(files: Files) -> None:
    (scrape,) = files["scrapeconfigs.yaml"]
    assert scrape["spec"]["staticConfigs"] == [{"targets": ["kodeks-exporter.kodeks.svc:9877"]}]
    assert scrape["spec"]["relabelings"][-1] == {"targetLabel": "job", "replacement": "kodeks"}


def test_access_stands_in_secrets_and_nowhere_else(tmp_path: Path) -> None:
    access = {"username": "prometheus", "password": "geheim-of-the-scrape"}
    prometheus = {"exporters": ["a:1", "b:2"], "sharding": "hashmod", "scheme": "https", "credentials": access}
    files = rendered(tmp_path, **fleet(), prometheus=prometheus)
    for path in (tmp_path / "out").iterdir():
        hidden = path.name == "secrets.yaml"
        text = path.read_text(encoding="utf-8")
        assert (INLINE in text, access["password"] in text) == (hidden, hidden), path
        assert path.stat().st_mode & 0o777 == (0o600 if hidden else 0o644)
    for scrape in files["scrapeconfigs.yaml"]:
        for where in [scrape["spec"], *scrape["spec"].get("httpSDConfigs", [])]:
            told = {key: secret(files, ref["name"])[ref["key"]] for key, ref in where["basicAuth"].items()}
            assert told == access
        assert scrape["spec"]["scheme"] == "HTTPS"


def test_alertmanager_finds_its_templates_beside_its_configuration(files: Files) -> None:
    data = secret(files, "kodeks-alertmanager")
    patterns = [Path(each) for each in yaml.load(data["alertmanager.yaml"], yaml.CSafeLoader)["templates"]]
    shipped = {path.name for path in (ROOT / "alertmanager/templates").glob("*.tmpl")}
    # The template of the links is this site's own.
    assert shipped <= set(data) - {"alertmanager.yaml"}
    for name in set(data) - {"alertmanager.yaml"}:
        assert any(Path("/etc/alertmanager/config", name).match(str(pattern)) for pattern in patterns)


def test_signing_of_links_is_handed_to_the_operator(files: Files) -> None:
    relabelling = yaml.load(secret(files, "kodeks-alert-relabel")["alert-relabel.yaml"], yaml.CSafeLoader)
    assert "hashmod" in {each.get("action") for each in relabelling}


def test_the_workload_is_one_that_a_strict_cluster_admits(files: Files) -> None:
    objects = {each["kind"]: each for each in files["exporter.yaml"]}
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == "reg/x:1"
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    # One exporter a storage, also while a new one is rolled out.
    assert objects["Deployment"]["spec"]["strategy"] == {"type": "Recreate"}
    mounted = {each["name"] for each in container["volumeMounts"]}
    assert mounted == {each["name"] for each in pod["volumes"]}
    selector = objects["Service"]["spec"]["selector"].items()
    assert selector <= objects["Deployment"]["spec"]["template"]["metadata"]["labels"].items()


def test_dashboards_fit_into_config_maps(files: Files) -> None:
    objects = files["dashboards.yaml"]
    assert len(objects) == len([*(ROOT / "grafana-dashboards").glob("*.json")])
    for each in objects:
        ((name, text),) = each["data"].items()
        assert json.loads(text) == json.loads((ROOT / "grafana-dashboards" / name).read_bytes())
        assert len(text.encode()) < 1 << 20


def test_a_label_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = fleets.written(tmp_path, **fleet())
    with pytest.raises(SystemExit):
        main(["render", "--config.file", str(config), "--output", str(tmp_path), "--kubernetes", "--label", "release"])
    assert "NAME=VALUE" in capsys.readouterr().err

"""Manifests for prometheus-operator: the same content as for any other site, in the operator's words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kodeks_exporter.cli.main import main
from tests.render import fleets

ROOT = Path(__file__).resolve().parents[2]
INLINE = "geheim-in-the-configuration"


def rendered(tmp_path: Path, *options: str, **sections: Any) -> dict[str, list[dict[str, Any]]]:
    """File name to its objects."""
    config = fleets.written(tmp_path, **sections)
    output = tmp_path / "out"
    assert main(["render", "--config.file", str(config), "--output", str(output), "--kubernetes", *options]) == 0
    return {path.name: [*yaml.safe_load_all(path.read_text(encoding="utf-8"))] for path in output.iterdir()}


def fleet() -> dict[str, Any]:
    return {
        "managers": [{"name": "ivanova", "email": ["i@dealer.example"], "telegram_chat_id": -100}],
        "installations": [{"name": "r", "client": "Ромашка", "manager": "ivanova", "mode": "pull", "url": "http://r"}],
        "alertmanager": {"telegram": {"bot_token": INLINE}},
    }


def test_rules_are_the_projects_own(tmp_path: Path) -> None:
    found = {each["metadata"]["name"]: each["spec"] for each in rendered(tmp_path, **fleet())["prometheusrules.yaml"]}
    plain = tmp_path / "plain"
    assert main(["render", "--config.file", str(tmp_path / "kodeks.yml"), "--output", str(plain)]) == 0
    expected = {f"kodeks-{path.stem}": yaml.safe_load(path.read_bytes()) for path in plain.glob("rules/*.yml")}
    assert found == expected


def test_every_object_carries_what_selectors_look_for(tmp_path: Path) -> None:
    files = rendered(tmp_path, "--namespace", "kodeks", "--label", "release=monitoring", **fleet())
    objects = [each for objects in files.values() for each in objects]
    assert objects
    assert {each["metadata"]["namespace"] for each in objects} == {"kodeks"}
    assert all(each["metadata"]["labels"]["release"] == "monitoring" for each in objects)
    names = [(each["kind"], each["metadata"]["name"]) for each in objects]
    assert len(names) == len(set(names))


def test_the_exporter_is_scraped_at_its_service_unless_the_site_says_otherwise(tmp_path: Path) -> None:
    (scrape,) = rendered(tmp_path, "--namespace", "kodeks", **fleet())["scrapeconfigs.yaml"]
    assert scrape["spec"]["staticConfigs"] == [{"targets": ["kodeks-exporter.kodeks.svc:9877"]}]
    assert scrape["spec"]["relabelings"][-1] == {"targetLabel": "job", "replacement": "kodeks"}


def test_access_stands_in_secrets_and_nowhere_else(tmp_path: Path) -> None:
    access = {"username": "prometheus", "password": "geheim-of-the-scrape"}
    prometheus = {"exporters": ["a:1", "b:2"], "sharding": "hashmod", "scheme": "https", "credentials": access}
    rendered(tmp_path, **fleet(), prometheus=prometheus)
    for path in (tmp_path / "out").iterdir():
        secret = path.name == "secrets.yaml"
        text = path.read_text(encoding="utf-8")
        assert (INLINE in text, access["password"] in text) == (secret, secret), path
        assert path.stat().st_mode & 0o777 == (0o600 if secret else 0o644)
    objects = [*yaml.safe_load_all((tmp_path / "out/secrets.yaml").read_text(encoding="utf-8"))]
    data = {each["metadata"]["name"]: each["stringData"] for each in objects}
    for scrape in yaml.safe_load_all((tmp_path / "out/scrapeconfigs.yaml").read_text(encoding="utf-8")):
        for where in [scrape["spec"], *scrape["spec"].get("httpSDConfigs", [])]:
            told = {key: data[ref["name"]][ref["key"]] for key, ref in where["basicAuth"].items()}
            assert told == access
        assert scrape["spec"]["scheme"] == "HTTPS"


def test_alertmanager_finds_its_templates_beside_its_configuration(tmp_path: Path) -> None:
    objects = rendered(tmp_path, **fleet())["secrets.yaml"]
    (data,) = (each["stringData"] for each in objects if each["metadata"]["name"] == "kodeks-alertmanager")
    patterns = [Path(each) for each in yaml.safe_load(data["alertmanager.yaml"])["templates"]]
    shipped = {path.name for path in (ROOT / "alertmanager/templates").glob("*.tmpl")}
    assert shipped == set(data) - {"alertmanager.yaml"}
    for name in shipped:
        assert any(Path("/etc/alertmanager/config", name).match(str(pattern)) for pattern in patterns)


def test_signing_of_links_is_handed_to_the_operator(tmp_path: Path) -> None:
    reaction = {"alertmanagers": ["http://am:9093"], "link": "https://kodeks.example", "key": "k" * 32}
    objects = rendered(tmp_path, **fleet(), reaction=reaction)["secrets.yaml"]
    (data,) = (each["stringData"] for each in objects if each["metadata"]["name"] == "kodeks-alert-relabel")
    assert "hashmod" in {each.get("action") for each in yaml.safe_load(data["alert-relabel.yaml"])}


def test_the_workload_is_one_that_a_strict_cluster_admits(tmp_path: Path) -> None:
    objects = {each["kind"]: each for each in rendered(tmp_path, "--image", "reg/x:1", **fleet())["exporter.yaml"]}
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


def test_dashboards_fit_into_config_maps(tmp_path: Path) -> None:
    objects = rendered(tmp_path, **fleet())["dashboards.yaml"]
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

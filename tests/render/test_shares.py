"""One kodeks.yml for each of several exporters: together they are the fleet, and each can be started as it is."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from kodeks_exporter.cli.main import main
from kodeks_exporter.config.load import load
from kodeks_exporter.config.parts import read_parts
from kodeks_exporter.render import shares
from kodeks_exporter.settings.settings import Settings
from tests.render import fleets

THREE = ("a.dealer.example:9877", "b.dealer.example:9877", "[2001:db8::1]:9900")


def small(**more: Any) -> dict[str, Any]:
    """120 installations of 6 managers in 6 branches."""
    fleet = fleets.large()
    return {"managers": fleet["managers"][:6], "installations": [
        {**each, "manager": f"manager{number % 6}"} for number, each in enumerate(fleet["installations"][:120])
    ], **more}  # fmt: skip


def divided(folder: Path, by: str, exporters: tuple[str, ...] = THREE, **more: Any) -> dict[str, Settings]:
    """Exporter to what it would run with, its file taken to a folder of its own with the secrets beside."""
    config = fleets.written(folder, **small(**more), prometheus={"exporters": list(exporters), "sharding": by})
    data = read_parts(config)[0].data
    assert isinstance(data, dict)
    found = {}
    for file in shares.files(load(config, {}), data):
        assert file.secret
        machine = folder / "machines" / Path(file.path).stem
        machine.mkdir(parents=True)
        if (folder / "secrets").exists():
            shutil.copytree(folder / "secrets", machine / "secrets")
        (machine / "kodeks.yml").write_bytes(file.content)
        found[machine.name] = load(machine / "kodeks.yml", {})
    return found


def owners(found: dict[str, Settings]) -> dict[str, str]:
    return {name: exporter for exporter, each in found.items() for name in each.fleet.installations}


@pytest.mark.parametrize("by", ["hash", "branch"])
def test_the_shares_are_the_fleet_and_no_installation_is_watched_twice(tmp_path: Path, by: str) -> None:
    found = divided(tmp_path, by)
    whole = load(tmp_path / "kodeks.yml", {})
    assert len(found) == len(THREE)
    counted = Counter(name for each in found.values() for name in each.fleet.installations)
    assert set(counted.values()) == {1}
    together = {name: each for share in found.values() for name, each in share.fleet.installations.items()}
    assert together == dict(whole.fleet.installations)
    assert all(share.poll == whole.poll and share.checks == whole.checks for share in found.values())


def test_by_hash_shares_are_even_and_a_new_exporter_moves_only_what_it_takes(tmp_path: Path) -> None:
    for folder in ("before", "after"):
        (tmp_path / folder).mkdir()
    before, after = divided(tmp_path / "before", "hash"), divided(tmp_path / "after", "hash", (*THREE, "d:1"))
    assert all(len(each.fleet.installations) > 120 / 3 * 0.6 for each in before.values())
    was, now = owners(before), owners(after)
    assert {now[name] for name in was if now[name] != was[name]} == {"d_1"}


def test_a_branch_stays_together(tmp_path: Path) -> None:
    found = divided(tmp_path, "branch")
    of_branch: dict[str, set[str]] = {}
    for exporter, share in found.items():
        for each in share.fleet.installations.values():
            of_branch.setdefault(each.branch, set()).add(exporter)
    assert all(len(exporters) == 1 for exporters in of_branch.values())
    assert Counter(exporter for (exporter,) in of_branch.values()) == dict.fromkeys(found, 2)  # six branches


def test_secrets_are_named_and_not_copied_and_names_of_others_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    for name in ("password", "token", "key"):
        (tmp_path / "secrets" / name).write_text("very-secret-and-long")
    secret = {"username": "u", "password_file": "secrets/password"}
    fleet = small()
    for each in fleet["installations"]:
        each["credentials"] = secret
    names = [each["name"] for each in fleet["installations"]]
    found = divided(
        tmp_path,
        "hash",
        installations=fleet["installations"],
        online_accesses=[
            {"name": f"o{number}", "client": "К", "manager": "manager1", "credentials": secret,
             "url": f"https://nps{number % 4}.example/k{number}"}
            for number in range(40)
        ],
        dealers=[
            {"name": "every", "token_file": "secrets/token"},
            {"name": "some", "token_file": "secrets/token", "installations": names[:20]},
            {"name": "one", "token_file": "secrets/token", "installations": names[0]},
        ],
        reports={"forward": {"url": "https://asrp.example/", "intervals": dict.fromkeys(names, "1w")}},
        reaction={"alertmanagers": ["http://127.0.0.1:9093"], "key_file": "secrets/key"},
        web={"external_url": "https://kodeks.dealer.example"},
    )  # fmt: skip
    texts = [path.read_text(encoding="utf-8") for path in (tmp_path / "machines").glob("*/kodeks.yml")]
    assert not any("very-secret" in text for text in texts)
    servers = [{each.url.split("/")[2] for each in share.fleet.online_accesses.values()} for share in found.values()]
    assert sum(map(len, servers)) == len(set().union(*servers)) == 4, "a vendor's server is visited by one exporter"
    for share in found.values():
        dealers = share.fleet.dealers
        assert dealers["every"].installations is None
        assert dealers["some"].installations == frozenset(names[:20]) & share.fleet.installations.keys()
        assert ("one" in dealers) == (names[0] in share.fleet.installations)
        assert share.web.external_url == "https://kodeks.dealer.example"
    reading = [name for name, share in found.items() if share.reaction.alertmanagers]
    assert reading == ["a.dealer.example_9877"], "the first one alone counts reactions"


def rendered(folder: Path, by: str, exporters: Sequence[str], *more: str) -> int:
    config = fleets.written(folder, **small(), prometheus={"exporters": list(exporters), "sharding": by})
    return main(["render", "--config.file", str(config), "--output", str(folder / "out"), *more])


def test_the_command_writes_them_and_the_job_that_scrapes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")  # other tests have promtool look
    assert rendered(tmp_path, "hash", THREE) == 0
    (job, *_) = yaml.safe_load((tmp_path / "out/prometheus.yml").read_bytes())["scrape_configs"]
    assert job["static_configs"] == [{"targets": list(THREE)}]
    written = sorted((tmp_path / "out/exporters").iterdir())
    assert [path.stat().st_mode & 0o777 for path in written] == [0o600] * 3
    capsys.readouterr()

    assert rendered(tmp_path, "hash", THREE[:2]) == 0
    assert "left over  " + str(tmp_path / "out/exporters/2001_db8_1_9900.yml") in capsys.readouterr().err


def test_what_is_included_is_in_a_share(tmp_path: Path) -> None:
    (tmp_path / "kodeks.d").mkdir()
    more = {"installations": [{"name": "last", "client": "К", "manager": "manager0", "url": "http://last.example"}]}
    (tmp_path / "kodeks.d" / "more.yml").write_text(yaml.safe_dump(more, allow_unicode=True), encoding="utf-8")
    assert "last" in owners(divided(tmp_path, "hash", include=["kodeks.d"]))


def test_what_cannot_be_divided_so_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seven = [f"e{number}" for number in range(7)]
    assert rendered(tmp_path, "branch", seven) == 1
    assert "nothing is left for e6" in capsys.readouterr().err
    assert rendered(tmp_path, "branch", seven, "--kubernetes") == 1
    assert "--kubernetes makes one exporter" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

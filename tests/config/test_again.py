"""Importing once more shows the difference, and keeps what was edited by hand."""

from __future__ import annotations

from pathlib import Path

import yaml

from kodeks_exporter.cli.main import main
from kodeks_exporter.config.load import load

ROW = "{host}:80,{manager},{manager}@d.example,http,download,upload,process,ping,{zone},3600,604800\n"
ONLINE = "Ромашка,{login},pass-{login},nps2.example,kodeks02,https,ivanova,i@d.example\n"


def imported(folder: Path, managers: str, online: str = "", *options: str) -> int:
    (folder / "managers.csv").write_text(managers, encoding="utf-8")
    (folder / "online.csv").write_text(online, encoding="utf-8")
    files = ["--managers", str(folder / "managers.csv")] + (["--online", str(folder / "online.csv")] if online else [])
    return main(["import", *files, "--output", str(folder / "kodeks.yml"), *options])


def row(host: str, manager: str = "ivanova", zone: int = -1) -> str:
    return ROW.format(host=host, manager=manager, zone=zone)


def test_new_changed_gone_and_edited(tmp_path: Path, capsys: object) -> None:
    first = row("192.0.2.1") + row("192.0.2.2") + row("192.0.2.3")
    assert imported(tmp_path, first, ONLINE.format(login="u1")) == 0
    config = tmp_path / "kodeks.yml"
    fleet = load(config).fleet
    one, two, three = fleet.installations
    text = config.read_text(encoding="utf-8") + "# by a colleague\n"
    document = yaml.safe_load(text)
    zone = document["installations"][1]["time_zone"]
    assert zone == "Europe/Moscow"
    # By hand: the second has another zone and a name that people know.
    head, tail = text.split(f"name: {two}\n", 1)
    tail = tail.replace("Europe/Moscow", "Asia/Omsk", 1)
    config.write_text(f"{head}name: {two}\n{tail}", encoding="utf-8")

    second = row("192.0.2.1", zone=2) + row("192.0.2.2", zone=1) + row("192.0.2.4", "petrova")
    before = config.read_bytes()
    assert imported(tmp_path, second, ONLINE.format(login="u1") + ONLINE.format(login="u2")) == 1
    told = capsys.readouterr().out  # type: ignore[attr-defined]
    assert config.read_bytes() == before, "only shown"
    assert f"changed    installation {one}: time_zone" in told
    assert f"kept       installation {two}: time_zone was edited by hand" in told
    assert f"gone       installation {three}" in told
    assert "new        manager petrova" in told
    assert "new        online access" in told
    assert "pass-u2" not in told

    assert imported(tmp_path, second, ONLINE.format(login="u1") + ONLINE.format(login="u2"), "--update") == 0
    after = load(config).fleet
    zones = {name: str(each.time_zone) for name, each in after.installations.items()}
    assert (zones[one], zones[two], zones[three]) == ("Asia/Omsk", "Asia/Omsk", "Europe/Moscow")
    assert len(after.installations) == 4
    assert {each.credentials.password.reveal() for each in after.online_accesses.values()} == {"pass-u1", "pass-u2"}
    assert "# by a colleague" in config.read_text(encoding="utf-8")
    capsys.readouterr()  # type: ignore[attr-defined]
    imported(tmp_path, second, ONLINE.format(login="u1") + ONLINE.format(login="u2"))
    again = capsys.readouterr().out  # type: ignore[attr-defined]
    assert "agrees with the inventories" in again

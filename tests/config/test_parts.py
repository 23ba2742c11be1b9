"""An inventory in many files: read as one, its mistakes reported with file and line, changed where an entry stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from kodeks_exporter.config.edit import put
from kodeks_exporter.config.load import load
from kodeks_exporter.config.problems import ConfigError

MAIN = """\
include: kodeks.d
managers:
  - name: ivanova
installations:
  - {name: a, client: А, manager: ivanova, url: http://a}
"""
SAMARA = """\
# Самара
managers:
  - name: petrova
    branch: samara
installations:
  - name: b   # второй сервер
    client: Б
    manager: petrova
    url: http://b
"""


def site(folder: Path, **files: str) -> Path:
    (folder / "kodeks.d").mkdir()
    for name, text in files.items():
        (folder / "kodeks.d" / f"{name}.yml").write_text(text, encoding="utf-8")
    (folder / "kodeks.yml").write_text(MAIN, encoding="utf-8")
    return folder / "kodeks.yml"


def problems(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path)
    return [str(problem).removeprefix(f"{path.parent}/") for problem in caught.value.problems]


def test_all_files_are_one_inventory(tmp_path: Path) -> None:
    fleet = load(site(tmp_path, samara=SAMARA, empty="")).fleet
    assert list(fleet.installations) == ["a", "b"]
    assert fleet.installations["b"].branch == "samara"


def test_a_mistake_is_reported_in_its_own_file(tmp_path: Path) -> None:
    more = "".join(
        (
            "installations:\n  - {name: c, client: В, manager: ivanova, url: http://c}\n",
            "  - name: d\n    client: Г\n    manager: nobody\n    url: ftp://d\n",
        )
    )
    found = problems(site(tmp_path, samara=SAMARA, volga=more))
    assert len(found) == 2
    assert found[0].startswith("kodeks.d/volga.yml:5: installations[1].manager: ")
    assert found[1].startswith("kodeks.d/volga.yml:6: installations[1].url: ")


def test_a_name_twice_names_the_second_file(tmp_path: Path) -> None:
    [found] = problems(site(tmp_path, x="installations:\n  - {name: a, client: А, manager: ivanova, url: http://x}\n"))
    assert found.startswith("kodeks.d/x.yml:2: installations[0].name: ")


def test_what_concerns_all_stands_in_the_main_file(tmp_path: Path) -> None:
    found = problems(site(tmp_path, x="poll: {checks: 10s}\n", y="- a list\n"))
    assert found[0].startswith("kodeks.d/x.yml:1: poll: belongs in kodeks.yml")
    assert found[1].startswith("kodeks.d/y.yml:1: ")


def test_a_change_goes_where_the_entry_stands(tmp_path: Path) -> None:
    path = site(tmp_path, samara=SAMARA)
    put(path, {"installations": [{"name": "b", "time_zone": "Asia/Omsk"}, {"name": "a", "hosting": "x"}]})
    changed = (tmp_path / "kodeks.d" / "samara.yml").read_text(encoding="utf-8")
    assert "time_zone: Asia/Omsk" in changed
    assert "# Самара" in changed
    assert "# второй сервер" in changed
    assert "Omsk" not in path.read_text(encoding="utf-8")
    fleet = load(path).fleet
    assert (str(fleet.installations["b"].time_zone), fleet.installations["a"].hosting) == ("Asia/Omsk", "x")


def test_a_secret_of_systemd(tmp_path: Path) -> None:
    entry = (
        "installations:\n  - {name: b, client: Б, manager: ivanova, url: http://b,\n"
        "     credentials: {username: u, password_file: '${CREDENTIALS_DIRECTORY}/b'}}\n"
    )
    path = site(tmp_path, b=entry)
    (tmp_path / "creds").mkdir()
    (tmp_path / "creds" / "b").write_text("s3cret\n")
    known = load(path, {"CREDENTIALS_DIRECTORY": str(tmp_path / "creds")}).fleet.installations["b"].credentials
    assert known is not None
    assert known.password.reveal() == "s3cret"
    with pytest.raises(ConfigError, match="environment variable CREDENTIALS_DIRECTORY is not set"):
        load(path, {})

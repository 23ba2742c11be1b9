"""The committed dashboards are what the code makes, and hold what managers know from the predecessor service."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from dashboards import ALL, Board
from dashboards.__main__ import OUTPUT, files, main
from dashboards.alerts import titles
from dashboards.variables import OURS
from tests.dashboards.built import DOCUMENTS

ROOT = Path(__file__).resolve().parents[2]
BOOK: dict[str, dict[str, Any]] = {
    name: entry
    for part in yaml.safe_load(Path(__file__).with_name("catalogue.yml").read_text(encoding="utf-8")).values()
    for name, entry in part.items()
}
EVERYWHERE = ("Менеджер", "Клиент")


def ids(board: Board) -> str:
    return board.name


boards = pytest.mark.parametrize("board", ALL, ids=ids)


@functools.cache
def copies(branch: str) -> dict[str, dict[str, Any]]:
    return {name.removesuffix(".json"): json.loads(text) for name, text in files(branch).items()}


def links(found: Any) -> Iterator[str]:
    """Every address within a dashboard."""
    if isinstance(found, dict):
        for key, value in found.items():
            if key == "url" and isinstance(value, str):
                yield value
            else:
                yield from links(value)
    elif isinstance(found, list):
        for each in found:
            yield from links(each)


def test_alerts_have_titles_without_their_templates() -> None:
    found = {name: word.text for name, word in titles().items()}
    assert found["KodeksCertificateExpiring"] == "Истекает TLS-сертификат"
    for name, title in found.items():
        assert re.fullmatch(r"[А-ЯЁA-Z][^{}\n]{5,69}", title), f"{name}: {title}"
        assert "  " not in title, name


def test_every_dashboard_is_there() -> None:
    assert {board.name for board in ALL} == BOOK.keys()


def test_committed_files_are_what_the_code_makes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().err


def test_check_names_the_file_that_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--output", str(tmp_path)]) == 0
    assert main(["--output", str(tmp_path), "--check"]) == 0
    (tmp_path / "versions.json").write_text("{}")
    (tmp_path / "older.json").write_text("{}")
    assert main(["--output", str(tmp_path), "--check"]) == 1
    told = capsys.readouterr().err
    assert "versions.json" in told
    assert "older.json" in told
    assert main(["--output", str(tmp_path)]) == 0
    assert not (tmp_path / "older.json").exists()


@boards
def test_title_panels_and_filters_to_the_letter(board: Board) -> None:
    entry = BOOK[board.name]
    assert board.title == entry["title"]
    titles = [panel.title for panel in board.panels()]
    assert [title for title in entry.get("panels", []) if title not in titles] == []
    labels = [variable.label for variable in board.variables]
    assert [label for label in (*EVERYWHERE, *entry.get("filters", [])) if label not in labels] == []


@boards
def test_uid_stays(board: Board) -> None:
    assert DOCUMENTS[board.name]["uid"] == f"kodeks-{board.name}"
    assert len(board.uid) <= 40


@boards
def test_links_lead_to_dashboards_and_variables_that_exist(board: Board) -> None:
    known = {each.uid: {variable.name for variable in each.variables} for each in ALL}
    for url in links(DOCUMENTS[board.name]):
        if url.startswith("/d/"):
            uid = url.removeprefix("/d/").partition("?")[0]
            assert uid in known, url
            given = {name.removeprefix("var-") for name in re.findall(r"[?&](var-[\w-]+)=", url)}
            assert given <= known[uid], url


@boards
def test_pages_of_errors_that_are_named_exist(board: Board) -> None:
    for url in links(DOCUMENTS[board.name]):
        page = re.search(r"/docs/errors/(\w+\.md)", url)
        if page:
            assert (ROOT / "docs" / "errors" / page[1]).exists(), url


def test_alerts_lead_to_dashboards_and_variables_that_exist() -> None:
    known = {each.uid: {variable.name for variable in each.variables} for each in ALL}
    for path in sorted((ROOT / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                url = rule.get("annotations", {}).get("dashboard", "")
                uid = urlsplit(url).path.removeprefix("/d/")
                if url:
                    assert uid in known, f"{rule['alert']}: {url}"
                    given = {name.removeprefix("var-") for name in parse_qs(urlsplit(url).query)}
                    assert given <= known[uid], f"{rule['alert']}: {url}"


@boards
def test_a_branch_has_a_copy_that_keeps_to_itself(board: Board) -> None:
    copy = copies("saratov")[board.name]
    assert copy["uid"] == f"kodeks-saratov-{board.name}"
    assert copy["title"] == board.title
    for url in links(copy):
        if url.startswith("/d/"):
            assert url.startswith("/d/kodeks-saratov-"), url
    assert "kodeks" not in copy["tags"]
    by_name = {variable["name"]: variable for variable in copy["templating"]["list"]}
    assert by_name["datasource"]["regex"] == "/saratov/i"
    assert by_name["branch"]["current"]["value"] == ["saratov"]


def test_a_branch_with_a_long_name_has_uids_that_grafana_takes() -> None:
    found = copies("ekaterinburg-sever-2").values()
    uids = {copy["uid"] for copy in found}
    assert len(uids) == len(ALL)
    assert max(map(len, uids)) <= 40
    for copy in found:
        for url in links(copy):
            if url.startswith("/d/"):
                assert url.removeprefix("/d/").partition("?")[0] in uids, url


def test_provisioning_files_say_where_things_are() -> None:
    folder = OUTPUT / "provisioning"
    (provider,) = yaml.safe_load((folder / "dashboards" / "kodeks.yml").read_text(encoding="utf-8"))["providers"]
    assert provider["type"] == "file"
    guide = (OUTPUT / "README.md").read_text(encoding="utf-8")
    assert provider["options"]["path"] in guide
    assert provider["folder"] in guide
    (source,) = yaml.safe_load((folder / "datasources" / "kodeks.yml").read_text(encoding="utf-8"))["datasources"]
    assert source["type"] == "prometheus"
    assert (source["name"], source["uid"]) == OURS  # what dashboards show first, where there are several
    for document in DOCUMENTS.values():
        shown = document["templating"]["list"][0]["current"]
        assert (shown["text"], shown["value"]) == OURS
    assert source["jsonData"]["httpMethod"] == "POST"  # names of all installations do not fit into an address


@pytest.mark.parametrize("name", ["Саратов", "a b", "x" * 21, "../x"])
def test_a_branch_needs_a_plain_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["--branch", name, "--output", str(tmp_path)])


def test_guide_names_every_dashboard_once() -> None:
    guide = (OUTPUT / "README.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"\[([^\]]+)\]\(([\w-]+)\.json\)", guide))
    assert told == {board.title: board.name for board in ALL}


def test_output_is_the_folder_of_the_repository() -> None:
    assert ROOT / "grafana-dashboards" == OUTPUT

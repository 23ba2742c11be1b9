"""The plan of the house in CONTRIBUTING.md holds: every import between rooms goes down, and each room has its floor."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "exporter" / "kodeks_exporter"
ROOMS = {folder.name for folder in HOUSE.iterdir() if folder.is_dir() and folder.name != "__pycache__"}


def plan() -> dict[str, int]:
    """Room to floor, counted from the top, as the picture has it."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    picture = re.search(r"^```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert picture is not None
    floors = [line.split("  ")[0].split(" · ") for line in picture[1].splitlines()]
    return {room: number for number, rooms in enumerate(floors) for room in rooms}


def imported(source: str) -> Iterator[str]:
    """Rooms of the house that a module imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the room"
            names = [f"{node.module}.{each.name}" for each in node.names]
        else:
            continue
        for name in names:
            package, *rest = name.split(".")
            if package == "kodeks_exporter" and rest[0] in ROOMS:
                yield rest[0]


def upward(room: str, source: str, floors: dict[str, int]) -> set[str]:
    return {other for other in imported(source) if other != room and floors[other] <= floors[room]}


def test_each_room_has_one_floor() -> None:
    assert set(plan()) == ROOMS


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_imports_go_down(room: str) -> None:
    found = {
        str(file.relative_to(HOUSE)): upward(room, file.read_text("utf-8"), plan())
        for file in (HOUSE / room).rglob("*.py")
    }
    assert {file: rooms for file, rooms in found.items() if rooms} == {}


@pytest.mark.parametrize(
    "line",
    [
        "from kodeks_exporter.web import app",
        "def f():\n    import kodeks_exporter.web.app",
        "from kodeks_exporter import web",
    ],
)
def test_an_import_from_a_higher_floor_is_found(line: str) -> None:
    assert upward("store", line, plan()) == {"web"}


def test_rooms_of_one_floor_do_not_need_each_other() -> None:
    assert upward("online", "from kodeks_exporter.reaction import watch", plan()) == {"reaction"}


def test_the_stands_do_not_share_code_with_the_exporter() -> None:
    """They start it as a program; a misunderstanding then shows instead of repeating itself."""
    found = {str(file) for file in (ROOT / "demo").rglob("*.py") if any(imported(file.read_text("utf-8")))}
    assert found == set()

"""One name, one thing: no public class of the exporter has the name of another one."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

EXPORTER = Path(__file__).resolve().parents[2] / "exporter" / "kodeks_exporter"


def test_no_class_has_the_name_of_another() -> None:
    names = Counter(
        node.name
        for path in EXPORTER.rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in names.items() if count > 1] == []

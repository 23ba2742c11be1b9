"""Changes kodeks.yml in its own file: comments, order and quotes of what is not changed stay."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from kodeks_exporter.config.document import Plain
from kodeks_exporter.config.load import load


def put(path: Path, changes: Plain) -> Path:
    """Puts ``changes`` over the file, as ``load(path, changes=…)`` would; gives the copy of what was there before.

    Raises ConfigError when the outcome would not be good, and OSError; the file is then as it was.
    """
    load(path, changes=changes)
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 120
    text = path.read_text(encoding="utf-8-sig")
    yaml.indent(mapping=2, sequence=4 if "\n  - " in text else 2, offset=2 if "\n  - " in text else 0)
    document = yaml.load(text)
    _merge(document, changes)
    out = io.StringIO()
    yaml.dump(document, out)
    kept = path.with_name(path.name + ".before")
    shutil.copy2(path, kept)
    new = path.with_name(f".{path.name}.new")
    new.write_text(out.getvalue(), encoding="utf-8")
    shutil.copymode(path, new)
    new.replace(path)
    return kept


def _merge(base: Any, changes: Any) -> None:
    for key, value in changes.items():
        held = base.get(key)
        if isinstance(held, dict) and isinstance(value, dict):
            _merge(held, value)
        elif isinstance(held, list) and isinstance(value, list) and _named(held) and _named(value):
            for each in value:
                old = next((entry for entry in held if entry["name"] == each["name"]), None)
                if old is None:
                    held.append(each)
                else:
                    _merge(old, each)
        else:
            base[key] = value


def _named(entries: list[Any]) -> bool:
    return bool(entries) and all(isinstance(entry, dict) and "name" in entry for entry in entries)

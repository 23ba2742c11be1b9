"""Changes kodeks.yml, or the included file that has the entry: comments, order and quotes of the rest stay."""

import io
import shutil
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from kodeks_exporter.config.document import Plain
from kodeks_exporter.config.files import write_whole
from kodeks_exporter.config.load import load
from kodeks_exporter.config.parts import KINDS, read_parts


def put(path: Path, changes: Plain) -> Path:
    """Applies ``changes`` to the file, as ``load(path, changes=…)`` would; returns the path of a backup copy.

    Raises ConfigError when the result would be invalid, and OSError; the file is then unchanged.
    """
    load(path, changes=changes)
    assert isinstance(changes, dict)
    parts, _ = read_parts(path)
    ours: dict[str, Any] = dict(changes)
    kept = path
    for part in parts.parts[1:]:
        theirs = {kind: _held(part.node.plain(), kind, ours.get(kind)) for kind in KINDS}
        if any(theirs.values()):
            kept = _put(part.path, {kind: entries for kind, entries in theirs.items() if entries})
            for kind, entries in theirs.items():
                ours[kind] = [each for each in ours.get(kind) or [] if each not in entries]
    ours = {key: value for key, value in ours.items() if value != []}
    return _put(path, ours) if ours else kept


def _held(document: Plain, kind: str, entries: Any) -> list[Any]:
    """The entries whose names are in the file."""
    known = document.get(kind) if isinstance(document, dict) else None
    names = {each.get("name") for each in known if isinstance(each, dict)} if isinstance(known, list) else set()
    return [each for each in entries or [] if each["name"] in names]


def _put(path: Path, changes: Plain) -> Path:
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
    write_whole(path, out.getvalue().encode(), path.stat().st_mode & 0o777)
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

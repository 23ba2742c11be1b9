"""Importing inventories again: what is new, what differs, and what was edited by hand since.

A copy of what was imported is kept beside the configuration. It separates manual edits from changes in the inventory: a
key that still has its imported value follows the inventory, any other stays.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from kodeks_exporter.config.edit import put
from kodeks_exporter.config.inventories import import_inventories
from kodeks_exporter.config.parts import read_parts

_KINDS: Final = {"managers": "manager", "installations": "installation", "online_accesses": "online access"}
Entries = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""By kind and name."""


@dataclass(frozen=True, slots=True)
class Difference:
    """``lines``: for a person. ``changes``: for the configuration. ``secrets``: files of new passwords, by name."""

    lines: tuple[str, ...]
    changes: dict[str, Any]
    secrets: tuple[str, ...]


def memory_of(output: Path) -> Path:
    """Where the last import is kept."""
    return output.with_name(f".{output.name}.imported")


def import_again(managers: Path | None, online: Path | None, output: Path, *, update: bool) -> tuple[str, ...]:
    """Lines that say what differs; with ``update`` the configuration is changed. Raises InventoryError, ConfigError,
    OSError."""
    with tempfile.TemporaryDirectory(prefix="kodeks-import-") as folder:
        fresh = Path(folder) / "kodeks.yml"
        import_inventories(managers, online, fresh)
        memory = memory_of(output)
        before = _read(memory) if memory.exists() else {}
        ours = _entries(read_parts(output)[0].data)
        found = difference(before, ours, _read(fresh))
        if update:
            for name in found.secrets:
                target = output.parent / "secrets" / name
                target.parent.mkdir(mode=0o700, exist_ok=True)
                if not target.exists():
                    shutil.copy2(Path(folder) / "secrets" / name, target)
            if found.changes:
                put(output, found.changes)
            shutil.copyfile(fresh, memory)
        return found.lines


def difference(before: Entries, ours: Entries, theirs: Entries) -> Difference:
    """``before``: what was imported last; ``ours``: the configuration; ``theirs``: the inventories now."""
    lines: list[str] = []
    changes: dict[str, Any] = {}
    secrets: list[str] = []
    for kind, word in _KINDS.items():
        for name, entry in theirs.get(kind, {}).items():
            mine = ours.get(kind, {}).get(name)
            if mine is None:
                if name in before.get(kind, {}):
                    lines.append(f"left out   {word} {name}: taken out by hand")
                    continue
                lines.append(f"new        {word} {name}")
                changes.setdefault(kind, []).append(dict(entry))
                secrets += _secrets(entry)
                continue
            taken = {}
            for key, value in entry.items():
                was = before.get(kind, {}).get(name, {}).get(key)
                if mine.get(key) == value or was == value:
                    continue
                if mine.get(key) == was:
                    lines.append(f"changed    {word} {name}: {key}")
                    taken[key] = value
                else:
                    lines.append(f"kept       {word} {name}: {key} was edited by hand, the inventory says otherwise")
            if taken:
                changes.setdefault(kind, []).append({"name": name, **taken})
        gone = [n for n in before.get(kind, {}) if n not in theirs.get(kind, {}) and n in ours.get(kind, {})]
        lines += [
            f"gone       {word} {name}: no longer in the inventories; stays until it is taken out" for name in gone
        ]
    return Difference(tuple(lines), changes, tuple(secrets))


def _secrets(entry: Mapping[str, Any]) -> Iterator[str]:
    credentials = entry.get("credentials")
    if isinstance(credentials, dict) and "password_file" in credentials:
        yield str(credentials["password_file"]).removeprefix("secrets/")


def _read(path: Path) -> Entries:
    return _entries(yaml.safe_load(path.read_text(encoding="utf-8")))


def _entries(document: Any) -> Entries:
    """All values as text, so that 80 and "80" are the same."""
    whole = document if isinstance(document, dict) else {}
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for kind in _KINDS:
        named = (each for each in whole.get(kind) or [] if isinstance(each, dict) and "name" in each)
        found[kind] = {str(each["name"]): _plain(each) for each in named}
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else str(value)

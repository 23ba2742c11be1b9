"""Adds an installation or online access: its entry, the file of its password, and its manager if new."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kodeks_exporter.config.edit import put
from kodeks_exporter.config.load import load
from kodeks_exporter.config.parts import INCLUDE, read_parts
from kodeks_exporter.config.problems import ConfigError
from kodeks_exporter.config.transliterate import latin
from kodeks_exporter.domain.refusal import CommandError


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a person must provide. ``url`` empty: the server pushes and can't be asked. ``username`` empty: no login."""

    client: str
    manager: str
    url: str = ""
    name: str = ""
    username: str = ""
    password: str = ""
    online: bool = False
    """An online access; it needs url and login."""

    @property
    def kind(self) -> str:
        """Its section of kodeks.yml."""
        return "online_accesses" if self.online else "installations"


class NotAddedError(CommandError):
    """The text says why."""


def add(path: Path, new: Newcomer) -> tuple[str, list[Path]]:
    """The name it was given, and the files written. A missing configuration is created.

    The entry gets its own file where a folder is included, else it goes into kodeks.yml. Raises NotAddedError,
    ConfigError and OSError; nothing is changed then.
    """
    if not path.exists():
        return _begin(path, new)
    fleet = load(path).fleet
    name = new.name or latin(new.client)
    if name in fleet.installations or name in fleet.online_accesses:
        raise NotAddedError(f"there is {name!r} already: choose another name by --name")
    written: list[Path] = []
    changes: dict[str, Any] = {} if new.manager in fleet.managers else {"managers": [{"name": new.manager}]}
    entry, secret = _entry(name, new)
    changes[new.kind] = [entry]
    if secret is not None:
        written.append(_keep_secret(path.parent / secret, new.password))
    folder = _folder(path)
    try:
        if folder is None:
            put(path, changes)
            return name, [*written, path]
        load(path, changes=changes)
        file = folder / f"{name}.yml"
        if file.exists():
            raise NotAddedError(f"{file} exists already")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_text(changes), encoding="utf-8")
    except (ConfigError, NotAddedError, OSError):
        for each in written:
            each.unlink(missing_ok=True)
        raise
    return name, [*written, file]


def _begin(path: Path, new: Newcomer) -> tuple[str, list[Path]]:
    name = new.name or latin(new.client)
    entry, secret = _entry(name, new)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = [_keep_secret(path.parent / secret, new.password)] if secret is not None else []
    path.write_text(_text({"managers": [{"name": new.manager}], new.kind: [entry]}), encoding="utf-8")
    try:
        load(path)
    except ConfigError:
        for each in (*written, path):
            each.unlink()
        raise
    return name, [*written, path]


def _entry(name: str, new: Newcomer) -> tuple[dict[str, Any], Path | None]:
    entry: dict[str, Any] = {"name": name, "client": new.client, "manager": new.manager}
    entry |= {"url": new.url} if new.url or new.online else {"mode": "push"}
    if not new.username:
        return entry, None
    secret = Path("secrets") / name
    entry["credentials"] = {"username": new.username, "password_file": str(secret)}
    return entry, secret


def _keep_secret(path: Path, password: str) -> Path:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(password + "\n")
    return path


def _folder(path: Path) -> Path | None:
    """The first folder that is included."""
    parts, _ = read_parts(path)
    includes = parts.data.get(INCLUDE) if isinstance(parts.data, dict) else None
    first = includes[0] if isinstance(includes, list) and includes else includes
    return path.parent / first if isinstance(first, str) else None


def _text(document: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(document), allow_unicode=True, sort_keys=False, width=110)

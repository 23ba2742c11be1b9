"""kodeks.yml and the files it includes, as one document that knows where each entry is.

Several people may maintain an inventory: one file for each client or branch, with managers, installations, accesses and
dealers only.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kodeks_exporter.config import document
from kodeks_exporter.config.document import Node, Plain
from kodeks_exporter.config.problems import ConfigError, Loc, Problem, key_path, shown_key

KINDS: Final = ("managers", "installations", "online_accesses", "dealers")
"""What an included file may hold."""
INCLUDE: Final = "include"
_MOST_FILES: Final = 2000


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """One file. ``first``: by kind, the place of its first entry among those of all files."""

    path: Path
    node: Node
    first: dict[str, int]


@dataclass(frozen=True, slots=True)
class Parts:
    """``data``: all files as one. The first part is kodeks.yml itself."""

    parts: tuple[ConfigFile, ...]
    data: Plain

    def problem(self, loc: Loc, message: str) -> Problem:
        """The file and line of a place in ``data``."""
        part = self._part_of(loc)
        if len(loc) > 1 and isinstance(loc[1], int) and loc[0] in part.first:
            loc = (loc[0], loc[1] - part.first[str(loc[0])], *loc[2:])
        line, way = part.node.find(loc)
        return Problem(str(part.path), line, key_path(way), message)

    def _part_of(self, loc: Loc) -> ConfigFile:
        if len(loc) > 1 and isinstance(loc[1], int):
            kind = str(loc[0])
            holding = [part for part in self.parts if kind in part.first and part.first[kind] <= loc[1]]
            if holding:
                return holding[-1]
        return self.parts[0]


def read_parts(path: Path) -> tuple[Parts, list[Problem]]:
    """All files, and what is wrong with them as YAML. Raises ConfigError when kodeks.yml itself can't be read."""
    node, problems = document.read(path)
    nodes = [(path, node)]
    for file in _included(path, node, problems):
        try:
            each, found = document.read(file, empty_allowed=True)
        except ConfigError as error:
            problems += error.problems
            continue
        problems += found
        problems += _foreign(file, each)
        nodes.append((file, each))
    return _joined(nodes), problems


def _included(path: Path, node: Node, problems: list[Problem]) -> list[Path]:
    """``*.yml`` of the folders, by name; a missing folder counts as empty."""
    plain = node.plain()
    folders = plain.get(INCLUDE) if isinstance(plain, dict) else None
    files: list[Path] = []
    for folder in [folders] if isinstance(folders, str) else folders if isinstance(folders, list) else []:
        if isinstance(folder, str) and "\0" not in folder:
            try:
                found = sorted((path.parent / folder).glob("*.yml"))
            except OSError as error:
                problems.append(Problem(str(path), node.find((INCLUDE,))[0], INCLUDE, f"{folder}: {error.strerror}"))
                continue
            files += [file for file in found if not file.name.startswith(".") and file.resolve() != path.resolve()]
    if len(files) > _MOST_FILES:
        problems.append(Problem(str(path), node.find((INCLUDE,))[0], INCLUDE, f"more than {_MOST_FILES} files"))
    return files[:_MOST_FILES]


def _foreign(file: Path, node: Node) -> list[Problem]:
    assert isinstance(node.value, dict)
    text = f"belongs in kodeks.yml; here only {', '.join(KINDS)}"
    foreign = [key for key in node.value if key not in KINDS]
    return [Problem(str(file), node.key_lines.get(key, 0), shown_key(key), text) for key in foreign]


def _joined(nodes: list[tuple[Path, Node]]) -> Parts:
    """Appends the lists of included files to those of kodeks.yml."""
    whole = nodes[0][1].plain()
    assert isinstance(whole, dict)
    data = dict(whole)
    parts = [ConfigFile(*nodes[0], {})]
    for path, node in nodes[1:]:
        plain = node.plain()
        assert isinstance(plain, dict)
        first: dict[str, int] = {}
        for kind in KINDS:
            entries, known = plain.get(kind), data.get(kind)
            if isinstance(entries, list) and (known is None or isinstance(known, list)):
                first[kind] = len(known or [])
                data[kind] = [*(known or []), *entries]
        parts.append(ConfigFile(path, node, first))
    return Parts(tuple(parts), data)

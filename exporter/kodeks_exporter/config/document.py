"""Reads YAML into plain data that remembers its lines.

Scalars stay text (only an empty value, ``~`` and ``null`` are None), because the schema knows their types. So
``03:00``, ``0599`` and ``off`` mean what they look like, not what YAML 1.1 makes of them. The file is read event by
event, so that nesting and alias expansion are bounded before anything is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml
from yaml.reader import Reader

from kodeks_exporter.config.problems import ConfigError, Loc, Problem, key_path

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_DEPTH: Final = 32
MAX_NODES: Final = 1_000_000
"""Values in the whole document, each alias counted as often as it is used."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TAGS: Final = frozenset({None, "!"} | {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "bool", "seq", "map")})


Plain = str | None | list["Plain"] | dict[str, "Plain"]


@dataclass(slots=True)
class Node:
    """A value and the line (from 1) of the value or its key."""

    line: int
    value: str | list[Node] | dict[str, Node] | None
    key_lines: dict[str, int] = field(default_factory=dict)
    size: int = 1
    height: int = 1

    def plain(self) -> Plain:
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def find(self, loc: Loc) -> tuple[int, Loc]:
        """Line and path of the nearest existing place on the path to ``loc``.

        The last key is kept even when it is missing, so that the message can name it. A secret's key also finds its
        ``_file`` variant.
        """
        node, line = self, self.line
        for depth, part in enumerate(loc):
            if isinstance(node.value, dict) and isinstance(part, str):
                key = part if part in node.value else f"{part}_file"
                if key not in node.value:
                    return line, loc
                line, node = node.key_lines[key], node.value[key]
                loc = (*loc[:depth], key, *loc[depth + 1 :])
            elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.line
            else:
                return line, loc[:depth]
        return line, loc


def read(path: Path, *, empty_allowed: bool = False) -> tuple[Node, list[Problem]]:
    """The document, and mistakes that do not prevent further checks (duplicate keys).

    Raises ConfigError when the file can't be read as YAML at all.
    """
    file = str(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "bad path"
        raise ConfigError([Problem(file, 0, "", f"can't be read: {reason}")]) from None
    if len(raw) > MAX_BYTES:
        raise ConfigError([Problem(file, 0, "", f"is larger than {MAX_BYTES // 2**20} MB")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(file, line, "", "is not UTF-8; save the file as UTF-8")]) from None
    bad = Reader.NON_PRINTABLE.search(text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        raise ConfigError([Problem(file, line, "", "has a control character; remove it")])
    try:
        builder = _Builder(file, text)
        node = builder.document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = mark.line + 1 if mark else 0
        raise ConfigError([Problem(file, line, "", _yaml_message(getattr(error, "problem", None) or ""))]) from None
    if node is None:
        if not empty_allowed:
            raise ConfigError([Problem(file, 0, "", "is empty")])
        node = Node(1, {})
    if not isinstance(node.value, dict):
        raise ConfigError([Problem(file, node.line, "", "must be a mapping of keys at its top")])
    return node, builder.problems


class _Builder:
    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
        self._anchors: dict[str, Node] = {}
        self.problems: list[Problem] = []

    def document(self) -> Node | None:
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self._fatal(event, (), "a second document begins here (---); one file holds one document")
                root = self._node(next(self._events), ())
        return None if root is None or root.value is None else root

    def _node(self, event: yaml.Event, loc: Loc) -> Node:
        if isinstance(event, yaml.AliasEvent):
            known = self._anchors.get(event.anchor or "")
            if known is None:  # the name is not shown: it may be part of a password
                raise self._fatal(event, loc, "undefined alias; a value that begins with * must stand in quotes")
            return known
        if len(loc) > MAX_DEPTH:
            raise self._fatal(event, (), f"is nested deeper than {MAX_DEPTH} levels")
        node = Node(_line(event), None)
        if getattr(event, "tag", None) not in _TAGS:
            self._note(event, loc, "YAML tags are not supported; a value that begins with ! must stand in quotes")
        if isinstance(event, yaml.ScalarEvent):
            node.value = None if event.implicit[0] and event.value in _NULLS else event.value
        elif isinstance(event, yaml.SequenceStartEvent):
            node.value = self._sequence(node, loc)
        else:
            node.value = self._mapping(node, loc)
        if node.size > MAX_NODES or node.height > MAX_DEPTH:
            raise self._fatal(event, (), "is too large once its aliases are put in")
        anchor = getattr(event, "anchor", None)
        if anchor:
            self._anchors[anchor] = node
        return node

    def _sequence(self, node: Node, loc: Loc) -> list[Node]:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(_grown(node, self._node(event, (*loc, len(items)))))
        return items

    def _mapping(self, node: Node, loc: Loc) -> dict[str, Node]:
        items: dict[str, Node] = {}
        merged: list[Node] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key_node = self._node(event, (*loc, "?"))
            line = _line(event)
            key = key_node.value if key_node.value is not None else ""
            if not isinstance(key, str):
                self._note(event, loc, "a key must be plain text")
                key = f"?{line}"
            value = _grown(node, self._node(next(self._events), (*loc, key)))
            if key == "<<" and isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
                merged += value.value if isinstance(value.value, list) else [value]
            elif key in items:
                first = node.key_lines[key]
                self._note(event, (*loc, key), f"is given twice (first on line {first}); keep one of them")
            else:
                items[key] = value
                node.key_lines[key] = line
        for other in merged:
            if not isinstance(other.value, dict):
                self._note(event, loc, "<< must name a mapping")
                continue
            for key, value in other.value.items():
                if key not in items:
                    items[key], node.key_lines[key] = value, other.key_lines[key]
        return items

    def _note(self, event: yaml.Event, loc: Loc, message: str) -> None:
        self.problems.append(Problem(self._file, _line(event), key_path(loc), message))

    def _fatal(self, event: yaml.Event, loc: Loc, message: str) -> ConfigError:
        self._note(event, loc, message)
        return ConfigError(self.problems)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _grown(parent: Node, child: Node) -> Node:
    parent.size += child.size
    parent.height = max(parent.height, child.height + 1)
    return child


def _yaml_message(problem: str) -> str:
    """The parser's message without its quotes from the file, which may be part of a password."""
    if problem.startswith("mapping values are not allowed"):
        return "is not valid YAML: unexpected ':'; check the indentation, or put the value in quotes"
    if "\\t" in problem or "tab" in problem:
        return "is not valid YAML: a tab where only spaces may stand"
    if "cannot start any token" in problem:
        return "is not valid YAML: a value begins with a special character; put it in quotes"
    if re.fullmatch(r"(did not find expected|could not find expected|found unexpected) [a-z<>':,\-\[\]{} ]*", problem):
        return f"is not valid YAML: {problem}; check indentation, quotes and brackets near this line"
    return "is not valid YAML; check indentation, quotes and brackets near this line"

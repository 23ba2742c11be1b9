"""Our part in an Alertmanager configuration that serves others too.

Other people's text is never rewritten: ours goes between two marks, at places that the YAML parser finds, and removing
it leaves every other byte as it was. The result is parsed and compared with what it must be; a layout for which they
differ is refused, and nothing is changed.
"""

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from kodeks_exporter.render.alertmanager import Fragment
from kodeks_exporter.render.yamltext import scalar

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BEGIN: Final = "# >>> kodeks-exporter"
_END: Final = "# <<< kodeks-exporter"
_WHOLE: Final = f"{_BEGIN}: rendered, a change here is lost"
_JOINED: Final = f"{_BEGIN} (the line goes on): rendered, a change here is lost"
_LINES: Final = re.compile(
    rf"^[ \t]*{re.escape(_WHOLE)}\r?\n(?:.*\n)*?[ \t]*{re.escape(_END)}\r?\n"
    rf"|\r?\n[ \t]*{re.escape(_JOINED)}\r?\n(?:.*\n)*?[ \t]*{re.escape(_END)}\r?\n",
    re.MULTILINE,
)
_MARKS: Final = re.compile(rf"{re.escape(_BEGIN)}|{re.escape(_END)}")
_STRUCTURE: Final = (
    yaml.BlockEndToken, yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken, yaml.KeyToken,
    yaml.StreamStartToken, yaml.StreamEndToken, yaml.DocumentStartToken, yaml.DocumentEndToken,
)  # fmt: skip
"""Tokens without text of their own, or without any of a section's."""


class MergeError(Exception):
    """The configuration can't take our part; the text says why, without any of its values."""


@dataclass(frozen=True, slots=True)
class _Edit:
    """``text`` inserted before the character ``index``; with ``last`` after others inserted there."""

    index: int
    last: bool
    text: str


def without(text: str) -> str:
    """A configuration with our part removed. Raises MergeError when one of a pair of marks is missing."""
    rest = _LINES.sub("", text)
    if _MARKS.search(rest):
        raise MergeError(f"of the lines {_BEGIN} … and {_END} one of a pair is missing; correct that by hand")
    return rest


def merged(text: str, fragment: Fragment) -> str:
    """A configuration, with or without our part, with this one. Raises MergeError."""
    original = without(text)
    before = _loaded(original)
    result = _edited(original, list(_Places(original).edits(fragment)))
    if _loaded(result) != _expected(before, fragment):
        raise MergeError("our part can't be inserted into its layout; write its lists with one item per line")
    return result


def _loaded(text: str) -> dict[str, Any]:
    try:
        document = yaml.load(text, Loader=_LOADER)  # noqa: S506 (a safe loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark is not None else ""
        raise MergeError(f"{where}is not YAML: {getattr(error, 'problem', None) or 'it cannot be read'}") from None
    if not isinstance(document, dict) or not isinstance(document.get("route"), dict):
        raise MergeError("is no configuration of Alertmanager: it has no section route")
    return document


def _items(text: str) -> list[Any]:
    return list(yaml.load(text, Loader=_LOADER) or [])  # noqa: S506 (a safe loader)


def _lists(fragment: Fragment) -> dict[str, str]:
    """Section to the text appended to its list."""
    return {
        "templates": "".join(f"- {scalar(pattern)}\n" for pattern in fragment.templates),
        "time_intervals": fragment.time_intervals,
        "receivers": fragment.receivers,
        "inhibit_rules": fragment.inhibit_rules,
    }


def _expected(before: dict[str, Any], fragment: Fragment) -> dict[str, Any]:
    """What the result must parse to: the others' sections unchanged, ours inserted."""
    after = dict(before)
    for key, text in _lists(fragment).items():
        if text:
            after[key] = [*(before.get(key) or ()), *_items(text)]
    routes = before["route"].get("routes") or ()
    after["route"] = before["route"] | {"routes": [*_items(fragment.route), *routes]}
    return after


def _edited(text: str, edits: list[_Edit]) -> str:
    pieces = []
    at = 0
    for edit in sorted(edits, key=lambda edit: (edit.index, edit.last)):
        pieces += [text[at : edit.index], edit.text]
        at = edit.index
    return "".join([*pieces, text[at:]])


class _Places:
    """What is inserted where. Indices count characters, like the parser's."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._newline = "\r\n" if "\r\n" in text else "\n"
        # The pure Python parser: libyaml counts differently where the text has characters beyond ASCII.
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        assert isinstance(root, yaml.MappingNode)
        self._root = root
        tokens = list(yaml.scan(text, Loader=yaml.SafeLoader))
        self._dashes: list[int] = [each.start_mark.index for each in tokens if isinstance(each, yaml.BlockEntryToken)]
        self._ends: list[int] = sorted(each.end_mark.index for each in tokens if not isinstance(each, _STRUCTURE))

    def edits(self, fragment: Fragment) -> Iterator[_Edit]:
        # Ours comes first, since another route may take everything. Alerts without our label are not affected.
        route = self._value(self._root, "route")
        assert route is not None
        yield self._put_in(route[1], "routes", fragment.route, first=True)
        for key, text in _lists(fragment).items():
            if text:
                yield self._put_in(self._root, key, text)

    def _value(self, mapping: yaml.MappingNode, key: str) -> tuple[yaml.Node, Any] | None:
        return next(((name, value) for name, value in mapping.value if name.value == key), None)

    def _put_in(self, mapping: yaml.MappingNode, key: str, text: str, *, first: bool = False) -> _Edit:
        """Inserts items into the list ``key`` of a mapping, after its others or before them; creates the list if
        needed."""
        found = self._value(mapping, key)
        if found is None:
            return self._new_list(mapping, key, text)
        name, value = found
        if isinstance(value, yaml.ScalarNode) and value.value == "":
            return self._below(name.end_mark.index, text, name.start_mark.column + 2)
        if not isinstance(value, yaml.SequenceNode):
            raise MergeError(f"{key} is no list")
        if value.flow_style:
            return self._inside(value, ",".join(map(_flow, _items(text))), first=first)
        dash = self._dashes[bisect_left(self._dashes, value.start_mark.index)]
        return self._below(name.end_mark.index if first else self._end(value), text, self._column(dash))

    def _new_list(self, mapping: yaml.MappingNode, key: str, text: str) -> _Edit:
        if mapping.flow_style:
            return self._inside(mapping, f"{_flow(key)}: [{','.join(map(_flow, _items(text)))}]")
        lines = f"{key}:\n" + "".join(f"  {line}\n" if line else "\n" for line in text.splitlines())
        if mapping is self._root:  # after everything, including trailing comments
            return self._lines(mapping.end_mark.index, lines, 0, last=True)
        return self._below(self._end(mapping), lines, mapping.value[0][0].start_mark.column)

    def _end(self, node: yaml.Node) -> int:
        """Where the last text of a node in block style ends; the node's own end mark is where the next one begins."""
        return self._ends[bisect_right(self._ends, node.end_mark.index) - 1]

    def _column(self, index: int) -> int:
        return index - (self._text.rfind("\n", 0, index) + 1)

    def _below(self, index: int, text: str, indent: int) -> _Edit:
        """Inserts lines below that of ``index``, after which only a comment may follow there."""
        if index > 0 and self._text[index - 1] == "\n":  # at the end of a text of several lines
            return self._lines(index, text, indent)
        end = self._text.find("\n", index)
        return self._lines(len(self._text) if end < 0 else end + 1, text, indent)

    def _lines(self, index: int, text: str, indent: int, *, last: bool = False) -> _Edit:
        own_line = index == 0 or self._text[index - 1] == "\n"
        body = [_WHOLE if own_line else _JOINED, *text.splitlines(), _END]
        block = "".join(f"{' ' * indent if line else ''}{line}{self._newline}" for line in body)
        return _Edit(index, last, block if own_line else self._newline + block)

    def _inside(self, node: Any, text: str, *, first: bool = False) -> _Edit:
        """Into a list or mapping between brackets."""
        comma_after = comma_before = False
        index = node.start_mark.index if first else node.end_mark.index - 1
        if first:
            index = self._text.index("[", node.start_mark.index) + 1
            comma_after = bool(node.value)
        elif node.value:
            comma_before = not self._ends_with_comma(index)
        line = ("," if comma_before else "") + text + ("," if comma_after else "")
        return _Edit(
            index, False, self._newline + "".join(f"  {each}{self._newline}" for each in (_JOINED, line, _END))
        )

    def _ends_with_comma(self, bracket: int) -> bool:
        """Is the last token before a closing bracket a comma?"""
        last = self._ends[bisect_right(self._ends, bracket) - 1]
        return self._text[last - 1] == ","


def _flow(value: Any) -> str:
    """On one line, between brackets: JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)

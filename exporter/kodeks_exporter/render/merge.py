"""Our part in an Alertmanager configuration that serves others too.

The text of others is never rewritten: what is ours is put between two marks, at places that the YAML parser finds,
and taking it out leaves every other byte as it was. Whatever the layout, the result is read again and compared with
what it must be; a layout that does not come out right is refused, and nothing is changed.
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
"""Tokens that stand for no text of their own, or for none of a section's."""


class MergeError(Exception):
    """The configuration can't take our part; the text says why, without any of its values."""


@dataclass(frozen=True, slots=True)
class _Edit:
    """``text`` put in before the character ``index``; what is ``last`` behind others that go in there."""

    index: int
    last: bool
    text: str


def without(text: str) -> str:
    """A configuration with all of ours taken out. Raises MergeError when one of a pair of marks is missing."""
    rest = _LINES.sub("", text)
    if _MARKS.search(rest):
        raise MergeError(f"of the lines {_BEGIN} … and {_END} one of a pair is missing; mend that by hand")
    return rest


def merged(text: str, fragment: Fragment) -> str:
    """A configuration, with or without our part, with this one. Raises MergeError."""
    original = without(text)
    before = _loaded(original)
    result = _edited(original, list(_Places(original).edits(fragment)))
    if _loaded(result) != _expected(before, fragment):
        raise MergeError("its layout is one that our part can't be put into; write its lists one item a line")
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
    """Section to the text of what is appended to its list."""
    return {
        "templates": "".join(f"- {scalar(pattern)}\n" for pattern in fragment.templates),
        "time_intervals": fragment.time_intervals,
        "receivers": fragment.receivers,
        "inhibit_rules": fragment.inhibit_rules,
    }


def _expected(before: dict[str, Any], fragment: Fragment) -> dict[str, Any]:
    """What the result must be read as: the others' sections as they were, ours inserted."""
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
    """Where in a text what goes in. Indices are those of characters, as the parser counts them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._newline = "\r\n" if "\r\n" in text else "\n"
        # In Python throughout: libyaml counts characters otherwise where the text has some beyond ASCII.
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        assert isinstance(root, yaml.MappingNode)
        self._root = root
        tokens = list(yaml.scan(text, Loader=yaml.SafeLoader))
        self._dashes: list[int] = [each.start_mark.index for each in tokens if isinstance(each, yaml.BlockEntryToken)]
        self._ends: list[int] = sorted(each.end_mark.index for each in tokens if not isinstance(each, _STRUCTURE))

    def edits(self, fragment: Fragment) -> Iterator[_Edit]:
        # Ours comes first: a route of others may take everything. Alerts without our label pass it by.
        route = self._value(self._root, "route")
        assert route is not None
        yield self._put_in(route[1], "routes", fragment.route, first=True)
        for key, text in _lists(fragment).items():
            if text:
                yield self._put_in(self._root, key, text)

    def _value(self, mapping: yaml.MappingNode, key: str) -> tuple[yaml.Node, Any] | None:
        return next(((name, value) for name, value in mapping.value if name.value == key), None)

    def _put_in(self, mapping: yaml.MappingNode, key: str, text: str, *, first: bool = False) -> _Edit:
        """Items into the list ``key`` of a mapping, behind its others or before them; makes the list."""
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
        if mapping is self._root:  # behind everything, comments at the end too
            return self._lines(mapping.end_mark.index, lines, 0, last=True)
        return self._below(self._end(mapping), lines, mapping.value[0][0].start_mark.column)

    def _end(self, node: yaml.Node) -> int:
        """Where the last text of a node in block style ends; its own mark is where the next one begins."""
        return self._ends[bisect_right(self._ends, node.end_mark.index) - 1]

    def _column(self, index: int) -> int:
        return index - (self._text.rfind("\n", 0, index) + 1)

    def _below(self, index: int, text: str, indent: int) -> _Edit:
        """Lines below the one in which ``index`` is: what follows there is a comment at most."""
        if index > 0 and self._text[index - 1] == "\n":  # where a text of several lines ends
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

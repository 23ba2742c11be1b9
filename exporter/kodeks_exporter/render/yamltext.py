"""Quotes arbitrary texts for YAML, Alertmanager's matchers and Go templates."""

import re
from collections.abc import Iterable
from typing import Final

_PLAIN: Final = re.compile(r"[A-Za-z/][\w./-]*(?::\d+)?", re.ASCII)
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def scalar(text: str) -> str:
    """A YAML scalar on one line that is read as exactly this text."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_escaped(character) for character in text) + '"'


def flow(items: Iterable[str]) -> str:
    """A YAML list on one line. Items are always quoted, because commas and brackets have a meaning there."""
    quoted = ("'" + item.replace("'", "''") + "'" if item.isprintable() else scalar(item) for item in items)
    return "[" + ", ".join(quoted) + "]"


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    return f"\\U{ord(character):08x}"


def comment(text: str) -> str:
    """A text for a comment, after ``# ``."""
    return "".join(character if character.isprintable() else "?" for character in text)


def matcher(label: str, value: str) -> str:
    """``label="value"`` as Alertmanager reads it."""
    return f'{label}="{_matcher_value(value)}"'


def matcher_any(label: str, values: Iterable[str]) -> str:
    """``label=~"a|b"``: any of the literal values; an empty one also matches a missing label."""
    return f'{label}=~"{_matcher_value("|".join(map(re.escape, values)))}"'


def _matcher_value(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def template_text(text: str) -> str:
    """A text for an option that Alertmanager takes for a Go template."""
    return text.replace("{{", '{{ "{{" }}')

"""What is wrong with a configuration file, reported so that a person can fix it at once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

Loc = tuple[str | int, ...]
"""Path to a place in the file: mapping keys and list positions (from 0)."""


@dataclass(frozen=True)
class Problem:
    """One mistake. ``line`` counts from 1; 0 when the whole file is meant. ``key`` is empty likewise."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class ConfigError(Exception):
    """A configuration that can't be used, with every problem that was found; never holds a secret."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.file, p.line)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def key_path(loc: Loc) -> str:
    """``("installations", 3, "url")`` as ``installations[3].url``."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{shown_key(part)}" if text else shown_key(part)
    return text


def shown_key(key: str) -> str:
    """A key up to the first character that no key of ours has.

    ``password:x`` and ``{password x}`` with their space or colon forgotten are keys for YAML, with the secret in them.
    """
    word = re.match(r"[\w./-]{0,60}", key)
    assert word is not None
    return key if word[0] == key else f"{word[0]}…"

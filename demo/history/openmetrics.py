"""Samples with timestamps as promtool takes them, as fast as Python joins strings. Blocks keep no help and no type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def labels(**values: str) -> str:
    """``{a="b"}`` with the values escaped."""
    return "{" + ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in values.items()) + "}"


@dataclass(slots=True)
class Writer:
    """Writes series one after another, in any order."""

    file: TextIO
    samples: int = 0
    series: int = 0

    def write(self, name: str, moments: Sequence[int], values: Iterable[float]) -> None:
        """One series: ``name`` with suffix and labels, and its values at the moments (Unix seconds)."""
        self.file.write("".join([f"{name} {value} {moment}\n" for value, moment in zip(values, moments, strict=True)]))
        self.samples += len(moments)
        self.series += 1

    def constant(self, name: str, moments: Sequence[int], value: float = 1) -> None:
        """One series that never changes."""
        head = f"{name} {value} "
        self.file.write("".join([f"{head}{moment}\n" for moment in moments]))
        self.samples += len(moments)
        self.series += 1

    def end(self) -> None:
        """The last line of the format."""
        self.file.write("# EOF\n")

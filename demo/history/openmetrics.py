"""OpenMetrics text with timestamps, family by family, as fast as Python joins strings."""

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
    """Writes families one after another; all samples of a family go between two calls of ``family``."""

    file: TextIO
    samples: int = 0
    series: int = 0

    def family(self, name: str, kind: str, text: str) -> None:
        """``name`` as OpenMetrics wants it: without ``_total``, ``_info`` and ``_bucket``."""
        self.file.write(f"# HELP {name} {text}\n# TYPE {name} {kind}\n")

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

"""Each measurement beside the peer or limit that it is compared with, from the same run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """``measured`` and ``beside``: with their units. ``aim``: the maximum ratio."""

    what: str
    measured: str
    beside: str
    ratio: float
    aim: float

    def __str__(self) -> str:
        met = "met" if self.ratio <= self.aim else "MISSED"
        return f"{self.what}: {self.measured} beside {self.beside}; ratio {self.ratio:.2f} (aim {self.aim:g}): {met}"


_ROWS: list[Row] = []


def row(what: str, measured: str, beside: str, ratio: float, aim: float = 1.0) -> None:
    _ROWS.append(Row(what, measured, beside, ratio, aim))
    print(_ROWS[-1], flush=True)


def bounded(what: str, value: float, bound: float, unit: str) -> None:
    """A measurement that is only compared with a limit."""
    row(what, f"{value:.3g} {unit}", f"the bound of {bound:g} {unit}", value / bound)


def table() -> str:
    """All rows so far, as Markdown."""
    lines = ["| what | measured | beside | ratio | aim | |", "|---|---|---|---|---|---|"]
    for each in _ROWS:
        met = "met" if each.ratio <= each.aim else "**missed**"
        lines.append(f"| {each.what} | {each.measured} | {each.beside} | {each.ratio:.2f} | ≤ {each.aim:g} | {met} |")
    return "\n".join(lines)

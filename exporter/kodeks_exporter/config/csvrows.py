"""Reads the rows of an inventory: CSV without a header, edited by hand.

Each line is one row, so that a missing quote breaks one row and not the rest of the file.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kodeks_exporter.domain.refusal import CommandError


class InventoryError(CommandError):
    """An import that can't begin; the text says why and what to do."""


@dataclass(frozen=True)
class CsvRow:
    """``line`` counts from 1. ``fields`` have no spaces around."""

    line: int
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Commented:
    """A row disabled with leading dots (or only dots)."""

    line: int


def read_rows(path: Path, width: int) -> Iterator[CsvRow | Commented]:
    """Rows of a file in order; blank lines left out. Rows of another width are given as they are."""
    for number, line in enumerate(re.split(r"\r\n|\n|\r", _text(path)), start=1):
        content = line.strip().lstrip("\ufeff").strip()
        if not content:
            continue
        if content.startswith((".", "#", '".')):
            yield Commented(number)
            continue
        yield CsvRow(number, _split(content, width))


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InventoryError(f"{path} can't be read: {error.strerror}") from None
    for encoding in ("utf-8-sig", "windows-1251"):  # the latter is what Excel of a Russian Windows saves
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InventoryError(f"{path} is neither UTF-8 nor windows-1251 text; save it as UTF-8")


def _split(line: str, width: int) -> tuple[str, ...]:
    try:
        fields = next(csv.reader([line], strict=True, skipinitialspace=True))
    except (csv.Error, StopIteration):
        # A quote that is no CSV quoting, as in a firm's name or a password: take it literally.
        fields = line.split(",")
    fields = [field.strip() for field in fields]
    while len(fields) > width and not fields[-1]:  # a spreadsheet's trailing commas
        fields.pop()
    return tuple(fields)

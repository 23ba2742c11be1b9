"""Reads the account page: what is left of each resource, and the limit if the page shows it.

The markup is assumed (docs/online.md shows it): a table with a row for each resource. Rows and columns may come in any
order, columns may be missing, the table may be transposed, and numbers may be grouped with any white space.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Final

from kodeks_exporter.domain.numbers import whole
from kodeks_exporter.domain.online import Quota, Resource
from kodeks_exporter.online.markup import Table, tables
from kodeks_exporter.settings.online import OnlinePatterns

_NUMBER: Final = re.compile(r"(?<![\d.,])([-−]?)(\d{1,3}(?:\s\d{3})+(?![\d])|\d{1,12})(?![\d])")
_MAX_TABLE_TO_TURN: Final = 60
"""Rows and columns; a transposed table is small."""


def read_quotas(source: str, patterns: OnlinePatterns) -> Mapping[Resource, Quota]:
    """The quotas on the page; empty when it is not understood, that is, when no table shows what is left of
    documents."""
    best: Mapping[Resource, Quota] = {}
    for table in tables(source):
        for shape in (table, _turned(table)):
            found = _read_table(shape, patterns)
            if Resource.DOCUMENTS in found and len(found) > len(best):
                best = found
    return best


def _turned(table: Table) -> Table:
    if len(table) > _MAX_TABLE_TO_TURN or any(len(row) > _MAX_TABLE_TO_TURN for row in table):
        return ()
    return [list(column) for column in zip_longest(*table, fillvalue="")]


def _read_table(table: Table, patterns: OnlinePatterns) -> Mapping[Resource, Quota]:
    columns: _Columns | None = None
    found: dict[Resource, Quota] = {}
    for row in table:
        place = _name_place(row)
        resource = _resource(row[place], patterns) if place >= 0 else None
        if resource is None:
            columns = _header(row, patterns) or columns
            continue
        quota = _quota(row, place, columns)
        if quota is not None:
            found.setdefault(resource, quota)
    return found


def _name_place(row: Sequence[str]) -> int:
    """Which cell names the row: the first one with a letter; -1: none."""
    return next((i for i, cell in enumerate(row) if any(letter.isalpha() for letter in cell)), -1)


def _resource(cell: str, patterns: OnlinePatterns) -> Resource | None:
    name = cell[:200]
    for resource, expressions in patterns.resources.items():
        if any(expression.search(name) for expression in expressions):
            return resource
    return None


class _Columns:
    """Positions in a row; -1: not there."""

    def __init__(self, left: int, limit: int, used: int) -> None:
        self.left, self.limit, self.used = left, limit, used


def _header(row: Sequence[str], patterns: OnlinePatterns) -> _Columns | None:
    def place(expressions: Sequence[re.Pattern[str]]) -> int:
        return next((i for i, cell in enumerate(row) if any(each.search(cell[:200]) for each in expressions)), -1)

    left, used = place(patterns.left), place(patterns.used)
    limit = place(patterns.limit)
    if limit == left:
        limit = -1
    return _Columns(left, limit, used) if left >= 0 or (used >= 0 and limit >= 0) else None


def _quota(row: Sequence[str], name: int, columns: _Columns | None) -> Quota | None:
    if columns is None:
        numbers = [number for cell in row[name + 1 :] for number in _numbers(cell)]
        return Quota(numbers[0], numbers[1] if len(numbers) > 1 else None) if numbers else None
    left, limit, used = (
        _numbers(row[i]) if 0 <= i < len(row) else [] for i in (columns.left, columns.limit, columns.used)
    )
    bound = limit[0] if limit else None
    if left:
        # "216 из 300" in one cell gives the limit, too.
        return Quota(left[0], left[1] if bound is None and len(left) > 1 else bound)
    if columns.left < 0 and used and bound is not None:
        return Quota(max(0, bound - used[0]), bound)
    return None


def _numbers(cell: str) -> list[int]:
    """Integers; negative ones (an exceeded limit) become 0. Any white space may group the digits."""
    found = (0 if sign else whole("".join(digits.split())) for sign, digits in _NUMBER.findall(cell[:200]))
    return [number for number in found if number is not None]

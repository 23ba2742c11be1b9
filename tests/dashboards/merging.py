"""What Grafana's transformation ``merge`` makes of the answers to a table's queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Row = Mapping[str, str]
"""A row by the names of its columns; what is not known is absent."""


def merged(frames: Sequence[Sequence[Row]]) -> list[Row]:
    """One table of several, as Grafana 9.4 to 13 put them together.

    Rows that agree in the columns which all tables have become one, unless they contradict each other elsewhere: then
    they stay apart. Tables without rows are left out.
    """
    known = [frame for frame in frames if frame]
    if not known:
        return []
    names = [{name for row in frame for name in row} for frame in known]
    common = sorted(set.intersection(*names))
    rows: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for frame in known:
        for row in frame:
            found = rows.setdefault(tuple(row.get(name, "") for name in common), [])
            alike = [each for each in found if all(each.get(name, value) == value for name, value in row.items())]
            for each in alike:
                each.update(row)
            if not alike:
                found.append(dict(row))
    return [row for found in rows.values() for row in found]

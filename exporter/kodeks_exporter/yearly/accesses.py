"""What is told of online accesses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from kodeks_exporter.yearly import charts, judge, words
from kodeks_exporter.yearly.advice import use_words
from kodeks_exporter.yearly.facts import Access, Facts
from kodeks_exporter.yearly.words import NO_DATA, number

_RESOURCES = {"documents": "Документы", "searches": "Поиски", "prints": "Печать", "uploads": "Выгрузки"}
MOST_ACCESSES = 12
"""Online accesses with a month table of their own."""
DRAWN_ACCESSES = 3


@dataclass(frozen=True, slots=True)
class AccessTable:
    """``rows``: month, marks, a text for each resource, share of the documents used."""

    name: str
    server: str
    heads: Sequence[str]
    rows: Sequence[tuple[str, str, Sequence[str], str]]
    chart: Markup | None


@dataclass(frozen=True, slots=True)
class Online:
    """``rows``: login, server, mean share, months without units left, what to make of it."""

    rows: Sequence[tuple[str, str, str, str, str]]
    tables: Sequence[AccessTable]
    note: str


def online(facts: Facts) -> Online:
    running = next((month.name for month in facts.months if month.running), "")
    years = [judge.access_year(each, running) for each in facts.accesses]
    years.sort(key=lambda each: (-(each.mean or 0.0), each.access.account))
    rows = [
        (each.access.login or each.access.account, each.access.server, words.percent_or(each.mean),
         f"{each.spent} из {each.months}" if each.months else NO_DATA, use_words(each))
        for each in years
    ]  # fmt: skip
    tables = [_access_table(each.access, facts, running, place) for place, each in enumerate(years[:MOST_ACCESSES])]
    rest = len(years) - MOST_ACCESSES
    note = f"Помесячно показаны {MOST_ACCESSES} самых используемых доступов; остальных — {rest}." if rest > 0 else ""
    return Online(rows, tables, note)


def _access_table(access: Access, facts: Facts, running: str, place: int) -> AccessTable:
    last = facts.last_day
    rows: list[tuple[str, str, Sequence[str], str]] = []
    for month in facts.months:
        if month.first > last:
            rows.append((words.month(month.name), "", ("", "", "", ""), ""))
            continue
        left, limits = access.left.get(month.name, {}), access.limits.get(month.name, {})
        cells = [_left(left.get(key), limits.get(key)) for key in _RESOURCES]
        share = access.used(month.name, "documents")
        mark = "*" if month.name == running and left else ""
        rows.append((words.month(month.name), mark, cells, words.percent_or(share)))
    chart = charts.access(facts, place, access) if place < DRAWN_ACCESSES and access.left else None
    return AccessTable(access.login or access.account, access.server, list(_RESOURCES.values()), rows, chart)


def _left(left: float | None, limit: float | None) -> str:
    if left is None:
        return NO_DATA
    return f"{number(left)} из {number(limit)}" if limit is not None else number(left)

"""The report's part on online accesses."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from kodeks_exporter.yearly import charts, judge, words
from kodeks_exporter.yearly.advice import use_words
from kodeks_exporter.yearly.facts import Access, Facts
from kodeks_exporter.yearly.months import ChangeTable, tone
from kodeks_exporter.yearly.words import NO_DATA, number

_RESOURCES = {"documents": "Документы", "searches": "Поиски", "prints": "Печать", "uploads": "Выгрузки"}
_SPENT = {"documents": "Открытые документы", "searches": "Поиски", "prints": "Печать", "uploads": "Выгрузки"}
MOST_ACCESSES = 12
"""Online accesses with a month table of their own."""
DRAWN_ACCESSES = 3


@dataclass(frozen=True, slots=True)
class AccessTable:
    """``rows``: month, marks, a text for each resource, share of the documents limit used."""

    name: str
    server: str
    heads: Sequence[str]
    rows: Sequence[tuple[str, str, Sequence[str], str]]
    chart: Markup | None


@dataclass(frozen=True, slots=True)
class Online:
    """``rows``: login, server, mean share, months that ran out of units, conclusion."""

    rows: Sequence[tuple[str, str, str, str, str]]
    tables: Sequence[AccessTable]
    note: str
    chart: Markup | None
    """Documents of all accesses together, where there are several."""


def online(facts: Facts) -> Online:
    years = sorted(judge.access_years(facts), key=lambda each: (-(each.mean or 0.0), each.access.name))
    rows = [
        (each.access.login or each.access.name, each.access.server, words.percent_or(each.mean),
         f"{each.spent} из {each.months}" if each.months else NO_DATA, use_words(each))
        for each in years
    ]  # fmt: skip
    tables = [_access_table(each.access, facts, place) for place, each in enumerate(years[:MOST_ACCESSES])]
    rest = len(years) - MOST_ACCESSES
    notes = ["Лимиты восстанавливаются 1-го числа."]
    if any(mark for table in tables for _, mark, *_ in table.rows):
        notes.insert(0, "* Месяц ещё не закончен.")
    if rest > 0:
        notes.insert(0, f"Помесячно показаны {MOST_ACCESSES} самых используемых доступов; остальных — {rest}.")
    return Online(rows, tables, " ".join(notes), charts.online_documents(facts) if len(years) > 1 else None)


def _access_table(access: Access, facts: Facts, place: int) -> AccessTable:
    last = facts.last_day
    known = [key for key in _RESOURCES if any(key in left for left in access.left.values())]
    rows: list[tuple[str, str, Sequence[str], str]] = []
    for month in facts.months:
        if month.first > last:
            break
        left, limits = access.left.get(month.name, {}), access.limits.get(month.name, {})
        cells = [_left(left.get(key), limits.get(key)) for key in known]
        share = access.used(month.name, "documents")
        mark = "*" if month.running and left else ""
        rows.append((words.month(month.name), mark, cells, words.percent_or(share)))
    chart = charts.access(facts, place, access) if place < DRAWN_ACCESSES and access.left else None
    return AccessTable(access.login or access.name, access.server, [_RESOURCES[key] for key in known], rows, chart)


def _left(left: float | None, limit: float | None) -> str:
    if left is None:
        return NO_DATA
    return f"{number(left)} из {number(limit)}" if limit is not None else number(left)


def gaps(facts: Facts) -> list[str]:
    """Months without figures of any access."""
    begun = [month.name for month in facts.months if month.first <= facts.last_day]
    lost = [name for name in begun if not any(name in access.left for access in facts.accesses)]
    if not lost or len(lost) == len(begun):
        return []
    return [f"Нет данных об онлайн-доступах за {words.span(lost)}: это не ноль, тогда за ними ещё не следили."]


def changes(facts: Facts) -> ChangeTable:
    """The halves of the year, for a client with online accesses only."""
    names = sorted({name for access in facts.accesses for name in access.left} - {facts.running})
    halves = [name for name in names if name[5:] <= "06"], [name for name in names if name[5:] > "06"]
    if min(map(len, halves)) < judge.LEAST_MONTHS:
        note = "Сравнивать пока не с чем: для этого нужны хотя бы по два полных месяца в каждом полугодии."
        return ChangeTable("Что изменилось", "", "", (), note)
    rows = []
    for resource, head in _SPENT.items():
        before, now = (_monthly(facts, half, resource) for half in halves)
        if before or now:
            ratio = judge.change(now, before)
            digits = 1 if max(before or 0, now or 0) < judge.FEW else 0
            cells = words.number_or(before, digits), words.number_or(now, digits)
            rows.append((head, *cells, words.compared(now, before, ratio), tone(ratio)))
    note = f"В среднем за месяц, все доступы вместе. Первое полугодие — {words.span(halves[0])}, второе — {words.span(halves[1])}."  # noqa: E501
    return ChangeTable("Что изменилось в течение года", "Первое полугодие", "Второе полугодие", rows, note)


def _monthly(facts: Facts, names: Sequence[str], resource: str) -> float | None:
    known = [used for name in names if (used := facts.spent(name, resource)) is not None]
    return sum(known) / len(known) if known else None

"""The four to six figures of the first page."""

from dataclasses import dataclass

from kodeks_exporter.domain.russian import form
from kodeks_exporter.yearly import judge, words
from kodeks_exporter.yearly.facts import Facts
from kodeks_exporter.yearly.judge import Basis, Comparison, Figure, Missing
from kodeks_exporter.yearly.words import GAP, NO_DATA, number


@dataclass(frozen=True, slots=True)
class Tile:
    """``value`` is ``нет данных`` when ``unknown``."""

    name: str
    value: str
    note: str
    unknown: bool = False


def tiles(facts: Facts, comparison: Comparison) -> list[Tile]:
    found = _of_installations(facts, comparison) if facts.installations else []
    if facts.accesses:
        found += _of_accesses(facts)
    return found[:6]


def _of_installations(facts: Facts, comparison: Comparison) -> list[Tile]:
    months = facts.months
    documents = judge.total(months, judge.DOCUMENTS)
    activity = judge.average(months, judge.ACTIVITY_FIGURE)
    involved = judge.average(months, judge.INVOLVED)
    refused = judge.total(months, judge.REFUSED)
    refused_months = sum((month.usage.get("rejections") or 0) > 0 for month in months)
    available = judge.available(months)
    empty = judge.total(months, judge.EMPTY)
    made = judge.total(
        months,
        Figure(
            "searches",
            lambda month: _searches(month.usage.get("searches_intellectual"), month.usage.get("searches_attribute")),
        ),
    )
    refusing = f"в{GAP}{refused_months}{GAP}{form(refused_months, 'месяце', 'месяцах', 'месяцах')}"
    return [
        _tile("Открыто документов", documents, "", _trend(comparison, judge.DOCUMENTS)),
        _activity(activity),
        _involvement(facts, involved),
        _tile("Отказы в подключении", refused, "", refusing if refused else "мест хватало"),
        *([_tile("Доступность", available, "careful", f"обычно 95–99{GAP}%")] if available is not None else []),
        _empty(empty, made),
    ]


def _activity(activity: float | None) -> Tile:
    """Compared with the standard when near it; far above it, as use per day."""
    if activity is None or activity <= 2 * judge.ACTIVITY:
        return _tile("Активность в месяц", activity, "", f"ориентир — больше {judge.ACTIVITY}")
    day = activity / judge.WORKING_DAYS
    return Tile("Обращений в рабочий день", number(day, 0 if day >= 10 else 1), "документы и поиски, все вместе")


def _involvement(facts: Facts, involved: float | None) -> Tile:
    bought = facts.bought
    active = judge.average(facts.months, judge.ACTIVE)
    if bought is not None and bought < judge.FEW and active is not None and involved is not None:
        people = f"{number(round(active))} из {number(bought)}"
        enough = f"ориентир — от {words.enough(bought)} из {number(bought)}"
        return Tile("Людей на места, в месяц", people, enough if bought >= judge.ROOM_SEATS else "")
    return _tile("Вовлечённость", involved, "%", f"ориентир — больше {words.percent(judge.INVOLVEMENT)}")


def _empty(empty: float | None, made: float | None) -> Tile:
    name = "Поиски без результата"
    if empty is None or not made:
        return _tile(name, None, "", "")
    share = f"{number(empty)} из {number(made)}"
    return Tile(name, share, "") if made < judge.FEW else _tile(name, empty / made, "%", share)


def _searches(*parts: float | None) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _trend(comparison: Comparison, figure: Figure) -> str:
    row = next((each for each in comparison.rows if each.figure is figure), None)
    if row is None or isinstance(row.change, Missing):
        return "за период"
    against = "к прошлому году" if comparison.basis is Basis.YEARS else "второе полугодие к первому"
    return f"{words.compared(row.now, row.before, row.change)} {against}"


def _tile(name: str, value: float | None, kind: str, note: str) -> Tile:
    if value is None:
        return Tile(name, NO_DATA, "", unknown=True)
    text = {"": number, "%": words.percent, "careful": words.careful_percent}[kind](value)
    return Tile(name, text, note)


def _of_accesses(facts: Facts) -> list[Tile]:
    years = judge.access_years(facts)
    means = [each.mean for each in years if each.mean is not None]
    mean = sum(means) / len(means) if means else None
    spent = sum(each.spent for each in years)
    return [
        _tile("Использовано лимита", mean, "%", "документов, за полный месяц"),
        _tile("Документов онлайн", _spent(facts, "documents"), "", "открыто за период"),
        _tile("Поисков онлайн", _spent(facts, "searches"), "", "за период"),
        _tile("Лимит исчерпан", float(spent) if means else None, "", "раз за период"),
    ]


def _spent(facts: Facts, resource: str) -> float | None:
    known = [spent for month in facts.months if (spent := facts.spent(month.name, resource)) is not None]
    return sum(known) if known else None

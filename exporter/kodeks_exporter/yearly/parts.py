"""The report's parts on seats, searches, availability and use."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from kodeks_exporter.yearly import charts, judge, words
from kodeks_exporter.yearly.advice import causes_table, seats_words
from kodeks_exporter.yearly.facts import Facts, Month
from kodeks_exporter.yearly.words import GAP, NO_DATA, number, number_or

MOST_DOMAINS = 10
MOST_OUTAGES = 3
"""Named one by one."""


@dataclass(frozen=True, slots=True)
class SeatsRow:
    name: str
    bought: str
    peak: str
    refused: str
    months: str
    words: str


@dataclass(frozen=True, slots=True)
class Searches:
    text: Sequence[str]
    families: Markup | None
    causes: Sequence[tuple[str, str, str]]
    empties: Markup | None


@dataclass(frozen=True, slots=True)
class Availability:
    text: str
    chart: Markup


@dataclass(frozen=True, slots=True)
class UseTable:
    """``domains``: name, requests, documents, share of the documents."""

    chart: Markup
    domains: Sequence[tuple[str, str, str, str]]


def seats_row(each: judge.SeatsYear) -> SeatsRow:
    return SeatsRow(
        each.installation,
        number_or(each.bought),
        number_or(each.peak),
        number_or(each.refused),
        f"{each.refused_months} из {each.months}" if each.months else NO_DATA,
        seats_words(each),
    )


def searches(facts: Facts) -> Searches:
    made = [value for month in facts.months for kind in ("searches_intellectual", "searches_attribute")
            if (value := month.usage.get(kind)) is not None]  # fmt: skip
    empty = judge.total(facts.months, judge.EMPTY)
    text = []
    if made and empty is not None and sum(made) > 0:
        share = f" ({words.percent(empty / sum(made), 1)})" if sum(made) >= judge.FEW else ""
        found = f"из них ничего не нашли {number(empty)}{share}" if empty else "пустых среди них не было"
        text.append(f"Всего поисков — {number(sum(made))}, {found}.")
    elif made and empty is not None:
        text.append("Поисков за период не было.")
    else:
        text.append("О числе поисков данных нет.")
    return Searches(text, charts.families(facts), causes_table(facts), charts.empties(facts))


def availability(facts: Facts) -> Availability | None:
    up = [month.interface for month in facts.months if month.interface is not None]
    chart = charts.availability(facts)
    if not up or chart is None:
        return None
    ratio = judge.available(facts.months) or 0.0
    port = [month.port for month in facts.months if month.port is not None]
    text = f"Главная страница системы открывалась {words.careful_percent(ratio)} времени наблюдения"
    if port:
        answered = sum(each.up for each in port) / sum(each.hours for each in port)
        text += f", порт сервера отвечал {words.careful_percent(answered)}"
    text += (f". Наблюдали {number(sum(each.hours for each in up))}{GAP}ч. Обычный уровень для сервера у клиента —"
             f" 95–99{GAP}%: ночные перезапуски, копирование и обновление тоже считаются простоем.")  # fmt: skip
    low = [month for month in facts.months if month.interface and month.interface.ratio < judge.USUAL_AVAILABILITY]
    if low or ratio < judge.USUAL_AVAILABILITY:
        text += _longest(facts, low)
    return Availability(text, chart)


def _longest(facts: Facts, low: Sequence[Month]) -> str:
    """The causes of low availability. ``low``: the months with it."""
    when = words.enumerated([words.in_month(month.name) for month in low]) or "за весь период"
    worst = sorted(facts.work.outages, key=lambda each: -each.hours)[:MOST_OUTAGES]
    if not worst:
        return f" Ниже обычного было {when}; долгих перебоев не видно, система не открывалась часто и понемногу."
    many = len(facts.installations) > 1
    named = [
        f"с{GAP}{words.day(each.begin.date())} — {words.lasted(each.hours)}"
        + (f" (установка {each.installation})" if many else "")
        for each in worst
    ]
    lost = sum(each.hours for each in facts.work.outages)
    return (f" Ниже обычного было {when}. На перебои дольше получаса пришлось всего {number(lost)}{GAP}ч, самые долгие:"
            f" {words.enumerated(named)}.")  # fmt: skip


def use(facts: Facts) -> UseTable | None:
    chart = charts.kinds(facts)
    if chart is None:
        return None
    documents = sum(kinds.get("documents", 0.0) for kinds in facts.domains.values())
    named = sorted(facts.domains.items(), key=lambda each: (-each[1].get("documents", 0.0), each[0]))
    rows = [
        (
            {"": "без домена", "other": "остальные домены"}.get(domain, domain),
            number_or(kinds.get("requests")),
            number_or(kinds.get("documents")),
            _share(kinds.get("documents", 0.0), documents),
        )
        for domain, kinds in named
    ]
    return UseTable(chart, rows[:MOST_DOMAINS] if len(rows) > 1 else ())


def _share(part: float, whole: float) -> str:
    if whole < judge.FEW:
        return "—"
    return words.percent(part / whole) if part == 0 or part / whole >= 0.005 else f"меньше{GAP}1{GAP}%"

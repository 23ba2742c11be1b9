"""Facts in words: what stands on the pages. Nothing here is HTML but the charts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from kodeks_exporter.yearly import charts, judge, words
from kodeks_exporter.yearly.advice import advice, causes_table, seats_words, summary, use_words
from kodeks_exporter.yearly.facts import Access, Facts, Month
from kodeks_exporter.yearly.judge import Basis, Comparison, Figure, Missing
from kodeks_exporter.yearly.tiles import Tile, tiles
from kodeks_exporter.yearly.words import GAP, NO_DATA, number, number_or

_HEADS = {
    "documents": "Документы",
    "saves": "Сохранено",
    "prints": "Напечатано",
    "rejections": "Отказы в подключении",
    "activity": "Активность",
    "kassist": "kAssist",
}
_COMPARED = {
    "documents": "Открытые документы",
    "activity": "Активность",
    "active": "Пользователей с запросами, в среднем в месяц",
    "saves": "Сохранённые документы",
    "prints": "Напечатанные документы",
    "kassist": "Обращения к kAssist",
    "rejections": "Отказы в подключении",
}
_RESOURCES = {"documents": "Документы", "searches": "Поиски", "prints": "Печать", "uploads": "Выгрузки"}
MOST_ACCESSES = 12
"""Online accesses with a month table of their own."""
DRAWN_ACCESSES = 3
MOST_DOMAINS = 10


@dataclass(frozen=True, slots=True)
class Cell:
    """``value`` None: nothing is known, in words over both columns."""

    value: str | None
    change: str = ""
    tone: str = ""
    """better, worse, or empty."""


@dataclass(frozen=True, slots=True)
class MonthRow:
    name: str
    marks: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class MonthTable:
    """``totals``, ``means``: one text for each column. ``notes``: what the marks mean."""

    heads: Sequence[str]
    rows: Sequence[MonthRow]
    totals: Sequence[str]
    means: Sequence[str]
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Changes:
    """``rows``: name, then, now, change, tone."""

    heading: str
    earlier: str
    later: str
    rows: Sequence[tuple[str, str, str, str, str]]
    note: str


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
class Use:
    """``domains``: name, requests, documents, share of the documents."""

    chart: Markup
    domains: Sequence[tuple[str, str, str, str]]


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


@dataclass(frozen=True, slots=True)
class Page:
    """The whole report. What a client has nothing of is None or empty."""

    client: str
    period: str
    about: Sequence[tuple[str, str]]
    tiles: Sequence[Tile]
    summary: Sequence[str]
    gaps: Sequence[str]
    advice: Sequence[str]
    changes: Changes | None
    months: MonthTable | None
    hatched: bool
    """Whether a month on the charts is not over or told in part."""
    charts: Sequence[tuple[str, Markup]]
    seats: Sequence[SeatsRow]
    seats_charts: Sequence[tuple[str, Markup]]
    searches: Searches | None
    availability: Availability | None
    use: Use | None
    online: Online | None
    year: int
    made: str
    until: str


def page(facts: Facts, made: dt.date, contact: str = "") -> Page:
    """``contact``: who hands the report over, as they want to be named; else the inventory's name of the manager."""
    comparison = judge.compare(facts)
    has_use = any(month.known for month in facts.months)
    return Page(
        client=facts.client,
        period=_period(facts),
        about=_about(facts, contact),
        tiles=tiles(facts, comparison),
        summary=summary(facts),
        gaps=_gaps(facts),
        advice=advice(facts),
        changes=_changes(facts, comparison) if facts.installations else None,
        months=_month_table(facts) if facts.installations else None,
        hatched=has_use and any(month.known and not month.whole for month in facts.months),
        charts=charts.use_by_month(facts) if has_use else (),
        seats=[_seats_row(each) for each in judge.seats(facts)],
        seats_charts=charts.seats_by_month(facts) if has_use else (),
        searches=_searches(facts) if has_use or facts.demand else None,
        availability=_availability(facts),
        use=_use(facts),
        online=_online(facts) if facts.accesses else None,
        year=facts.year,
        made=words.figures_day(made),
        until=words.figures_day(_last_day(facts)),
    )


def _last_day(facts: Facts) -> dt.date:
    return (facts.until - dt.timedelta(seconds=1)).date()


def _period(facts: Facts) -> str:
    last = _last_day(facts)
    if (last.month, last.day) == (12, 31):
        return f"{facts.year}{GAP}год"
    return f"1{GAP}января — {words.day(last)}{GAP}года"


def _about(facts: Facts, contact: str) -> list[tuple[str, str]]:
    entities = sorted({each.legal_entity for each in facts.installations if each.legal_entity})
    numbers = sorted({each.regnum for each in facts.installations if each.regnum})
    until = sorted({each.registration_until for each in facts.installations if each.registration_until})
    told = [
        ("Юридическое лицо", words.some(entities)),
        ("Регистрационный номер", words.some(numbers)),
        (
            "Регистрация действует",
            "до" + GAP + words.some([words.figures_day(each) for each in until]) if until else "",
        ),
        *_soonest(facts),
        ("Подготовил", contact or ", ".join(facts.managers)),
    ]
    if not facts.installations:
        told = told[-1:]
    if len(facts.installations) > 1:
        told.insert(0, ("Установки", words.some([each.name for each in facts.installations])))
    if facts.accesses:
        told.insert(-1, ("Онлайн-доступы", number(len(facts.accesses))))
    return [(name, value or NO_DATA) for name, value in told]


def _soonest(facts: Facts) -> list[tuple[str, str]]:
    """A licence of some volume that ends before the registration does."""
    ends = [
        each.licence_until
        for each in facts.installations
        if each.licence_until and each.registration_until and each.licence_until < each.registration_until
    ]
    return [("Первая из лицензий кончается", words.figures_day(min(ends)))] if ends else []


def _gaps(facts: Facts) -> list[str]:
    """Where data is missing: said at once, on the first page."""
    if not facts.installations:
        return []
    told = []
    over = [month for month in facts.months if month.first <= _last_day(facts)]
    lost = [month.name for month in over if not month.known]
    if lost and len(lost) == len(over):
        told.append("Об использовании системы за этот период данных нет: отчёты сервера не поступали.")
    elif lost:
        told.append(f"Нет данных об использовании за {_accusative(lost)}: это не ноль, а отсутствие отчётов сервера.")
    short = [month for month in facts.months if month.cut_short]
    if short:
        told.append(
            f"Неполные данные за {_accusative([month.name for month in short])}: отчёты прервались до конца месяца."
        )
    if facts.mute and len(facts.mute) < len(facts.installations):
        told.append(f"По {words.form(len(facts.mute), 'установке', 'установкам', 'установкам')}"
                    f" {words.some(facts.mute)} данных об использовании нет.")  # fmt: skip
    return told


def _accusative(names: Sequence[str]) -> str:
    """Names of months in the accusative are those of the nominative."""
    return words.span(names)


def _month_table(facts: Facts) -> MonthTable:
    previous: Month | None = facts.before[-1] if facts.before else None
    rows, notes = [], []
    last = _last_day(facts)
    for month in facts.months:
        marks = _marks(month)
        if month.first > last:
            cells: list[Cell] = [Cell("") for _ in judge.TABLE]
        else:
            cells = [_cell(figure, month, previous) for figure in judge.TABLE]
        rows.append(MonthRow(words.month(month.name), marks, cells))
        previous = month
    if any(month.running and month.known for month in facts.months):
        notes.append("* Месяц ещё не закончен; с предыдущим не сравнивается.")
    for month in facts.months:
        if month.cut_short and month.reported:
            notes.append(f"† {words.month(month.name).capitalize()}: последний отчёт сервера за месяц — от"
                         f" {words.figures_day(month.reported.date())}, данные неполные.")  # fmt: skip
        if month.silent:
            notes.append(f"‡ {words.month(month.name).capitalize()}: без установки {words.some(month.silent)}.")
    return MonthTable(
        [_HEADS[figure.key] for figure in judge.TABLE],
        rows,
        [number_or(judge.total(facts.months, figure)) for figure in judge.TABLE],
        [_mean(judge.average(facts.months, figure)) for figure in judge.TABLE],
        notes,
    )


def _marks(month: Month) -> str:
    marks = (("*", month.running and month.known), ("†", month.cut_short), ("‡", bool(month.silent)))
    return "".join(mark for mark, there in marks if there)


def _cell(figure: Figure, month: Month, previous: Month | None) -> Cell:
    now = figure.of(month)
    if now is None:
        return Cell(None)
    comparable = previous is not None and previous.whole and month.whole
    told = judge.change(now, figure.of(previous) if previous is not None and comparable else None)
    return Cell(number(now), words.change(told), _tone(figure, told))


def _tone(figure: Figure, told: float | Missing) -> str:
    if isinstance(told, Missing) or round(told * 100) == 0:
        return ""
    return "better" if (told > 0) is not (figure is judge.REFUSED) else "worse"


def _changes(facts: Facts, comparison: Comparison) -> Changes:
    if comparison.basis is Basis.NOTHING:
        return Changes("Что изменилось", "", "", (), "Сравнивать пока не с чем: для сравнения нужны хотя бы три полных"
                       " месяца, известных и в прошлом году, или по два полных месяца в каждом полугодии.")  # fmt: skip
    if comparison.basis is Basis.YEARS:
        same = words.span(comparison.later)
        heads = str(facts.year - 1), str(facts.year)
        note = f"Сравниваются одни и те же полные месяцы двух лет: {same}."
        heading = "Что изменилось за год"
    else:
        heads = "Первое полугодие", "Второе полугодие"
        note = (
            f"В среднем за полный месяц. Первое полугодие — {words.span(comparison.earlier)}, второе —"
            f" {words.span(comparison.later)}. С прошлым годом не сравнить: общих полных месяцев меньше трёх."
        )
        heading = "Что изменилось в течение года"
    rows = [
        (_COMPARED[each.figure.key], _mean(each.before), _mean(each.now), words.change(each.change),
         _tone(each.figure, each.change))
        for each in comparison.rows
    ]  # fmt: skip
    return Changes(heading, *heads, rows, note)


def _mean(value: float | None) -> str:
    return number_or(value, 1 if _small(value) else 0)


def _small(value: float | None) -> bool:
    return value is not None and value != int(value) and value < 20


def _seats_row(each: judge.SeatsYear) -> SeatsRow:
    return SeatsRow(
        each.installation,
        number_or(each.bought),
        number_or(each.peak),
        number_or(each.refused),
        f"{each.refused_months} из {each.months}" if each.months else NO_DATA,
        seats_words(each),
    )


def _searches(facts: Facts) -> Searches:
    made = [value for month in facts.months for kind in ("searches_intellectual", "searches_attribute")
            if (value := month.usage.get(kind)) is not None]  # fmt: skip
    empty = judge.total(facts.months, Figure("empty", lambda month: month.usage.get("searches_empty")))
    text = []
    if made and empty is not None and sum(made) > 0:
        share = words.percent(empty / sum(made), 1)
        text.append(f"Всего поисков — {number(sum(made))}, из них ничего не нашли {number(empty)} ({share}).")
    elif made and empty is not None:
        text.append("Поисков за период не было.")
    else:
        text.append("О числе поисков данных нет.")
    return Searches(text, charts.families(facts), causes_table(facts), charts.empties(facts))


def _availability(facts: Facts) -> Availability | None:
    up = [month.interface for month in facts.months if month.interface is not None]
    chart = charts.availability(facts)
    if not up or chart is None:
        return None
    ratio = sum(each.up for each in up) / sum(each.hours for each in up)
    port = [month.port for month in facts.months if month.port is not None]
    text = f"Главная страница системы открывалась {words.careful_percent(ratio)} времени наблюдения"
    if port:
        answered = sum(each.up for each in port) / sum(each.hours for each in port)
        text += f", порт сервера отвечал {words.careful_percent(answered)}"
    text += (f". Наблюдали {number(sum(each.hours for each in up))}{GAP}ч. Обычный уровень для сервера у клиента —"
             f" 95–99{GAP}%: ночные перезапуски, копирование и обновление тоже считаются простоем.")  # fmt: skip
    return Availability(text, chart)


def _use(facts: Facts) -> Use | None:
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
    return Use(chart, rows[:MOST_DOMAINS] if len(rows) > 1 else ())


def _share(part: float, whole: float) -> str:
    if not whole:
        return "—"
    return words.percent(part / whole) if part == 0 or part / whole >= 0.005 else f"меньше{GAP}1{GAP}%"


def _online(facts: Facts) -> Online:
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
    last = _last_day(facts)
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

"""Tables of the months and of the changes."""

from collections.abc import Sequence
from dataclasses import dataclass

from kodeks_exporter.yearly import judge, words
from kodeks_exporter.yearly.facts import Facts, Month
from kodeks_exporter.yearly.judge import Basis, Comparison, Figure, Missing
from kodeks_exporter.yearly.words import number, number_or

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


@dataclass(frozen=True, slots=True)
class Cell:
    """``value`` None: unknown, in words across both columns."""

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
    """``totals``, ``means``: one text per column. ``notes``: what the marks mean."""

    heads: Sequence[str]
    rows: Sequence[MonthRow]
    totals: Sequence[str]
    means: Sequence[str]
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class ChangeTable:
    """``rows``: name, then, now, change, tone."""

    heading: str
    earlier: str
    later: str
    rows: Sequence[tuple[str, str, str, str, str]]
    note: str


def month_table(facts: Facts) -> MonthTable:
    previous: Month | None = facts.before[-1] if facts.before else None
    rows, notes = [], []
    shown = [each for each in judge.TABLE if each is judge.DOCUMENTS or any(each.of(month) for month in facts.months)]
    for month in facts.months:
        if month.first > facts.last_day:
            break
        marks = _marks(month)
        cells = [_cell(figure, month, previous) for figure in shown]
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
    if len(shown) < len(judge.TABLE):
        rest = [_HEADS[figure.key] for figure in judge.TABLE if figure not in shown]
        notes.append(f"Не показано, потому что за все месяцы ноль или нет данных: {words.enumerated(rest)}.")
    return MonthTable(
        [_HEADS[figure.key] for figure in shown],
        rows,
        [number_or(judge.total(facts.months, figure)) for figure in shown],
        [_mean(judge.average(facts.months, figure)) for figure in shown],
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
    before = figure.of(previous) if previous is not None and comparable else None
    if now == before:
        return Cell(number(now))
    ratio = judge.change(now, before)
    return Cell(number(now), words.compared(now, before, ratio), tone(ratio, figure is judge.REFUSED))


def tone(ratio: float | Missing, bad: bool = False) -> str:
    """A class of the stylesheet. ``bad``: more of it is worse."""
    if isinstance(ratio, Missing) or round(ratio * 100) == 0:
        return ""
    return "better" if (ratio > 0) is not bad else "worse"


def changes(facts: Facts, comparison: Comparison) -> ChangeTable:
    if comparison.basis is Basis.NOTHING:
        return ChangeTable("Что изменилось", "", "", (), (
            "Сравнивать пока не с чем: для сравнения нужны хотя бы три полных месяца, известных и в прошлом году, или"
            " по два полных месяца в каждом полугодии."
        ))  # fmt: skip
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
        (
            _COMPARED[each.figure.key],
            _mean(each.before),
            _mean(each.now),
            words.compared(each.now, each.before, each.change),
            tone(each.change, each.figure is judge.REFUSED),
        )
        for each in comparison.rows
        if each.before or each.now
    ]
    return ChangeTable(heading, *heads, rows, note)


def _mean(value: float | None) -> str:
    return number_or(value, 1 if _small(value) else 0)


def _small(value: float | None) -> bool:
    return value is not None and value != int(value) and value < 20

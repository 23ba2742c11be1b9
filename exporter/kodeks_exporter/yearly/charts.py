"""Which charts are drawn, and from what."""

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

from kodeks_exporter.yearly import judge, svg, words
from kodeks_exporter.yearly.facts import Access, Facts, Month
from kodeks_exporter.yearly.svg import Bar, Caption, Level, Point
from kodeks_exporter.yearly.words import GAP, number, percent

_KINDS = (
    ("searches_intellectual", "Интеллектуальный поиск"),
    ("searches_attribute", "Атрибутный поиск"),
    ("documents", "Открытые документы"),
    ("links", "Переходы по ссылкам"),
    ("services", "Сервисы"),
    ("saves", "Сохранения"),
    ("prints", "Печать"),
    ("kassist", "kAssist"),
)
_FAMILIES = 8


def use_by_month(facts: Facts) -> list[tuple[str, Markup]]:
    """Headings and charts."""
    level = Level(facts.bought, f"мест: {number(facts.bought)}") if facts.bought else None
    # far above the standard its line would lie on the axis
    most = max((month.activity or 0 for month in facts.months), default=0)
    standard = Level(judge.ACTIVITY, f"ориентир: {judge.ACTIVITY}") if most <= 5 * judge.ACTIVITY else None
    return [
        _columns(facts, "documents", "Открытые документы", judge.DOCUMENTS.of),
        _columns(facts, "activity", "Активность: открытые документы и интеллектуальные поиски",
                 judge.ACTIVITY_FIGURE.of, standard),
        _columns(facts, "active", "Пользователи, которые обращались к базе", judge.ACTIVE.of, level),
    ]  # fmt: skip


def seats_by_month(facts: Facts) -> list[tuple[str, Markup]]:
    drawn = []
    if any(month.usage.get("rejections") for month in facts.months):
        drawn.append(_columns(facts, "refused", "Отказы в подключении", judge.REFUSED.of))
    if len(facts.installations) == 1:
        name = facts.installations[0].name
        bought = next((month.bought for month in reversed(facts.months) if month.bought), None)
        level = Level(bought, f"мест: {number(bought)}") if bought else None
        drawn.append(_columns(facts, "peak", "Больше всего занятых мест сразу",
                             lambda month: month.seats[name].peak if name in month.seats else None, level))  # fmt: skip
    return drawn


def empties(facts: Facts) -> Markup | None:
    if not any(month.usage.get("searches_empty") for month in facts.months):
        return None
    return _columns(facts, "empty", "Поиски без результата", judge.EMPTY.of)[1]


def families(facts: Facts) -> Markup | None:
    """Wanted but not in the set, by family."""
    absent = judge.absent(facts.demand)[:_FAMILIES]
    if not absent:
        return None
    bars = [
        Bar("вид документа не назван" if each.family in judge.UNNAMED else each.family, each.total,
            f"{number(each.total)}, в{GAP}{sum(count > 0 for count in each.months.values())}{GAP}мес.")
        for each in absent
    ]  # fmt: skip
    listed = "; ".join(f"{bar.label} — {number(bar.value)}" for bar in bars)
    return svg.bars(Caption("families", "Чего нет в комплекте, по видам документов", listed), bars)


def kinds(facts: Facts) -> Markup | None:
    """What the system is used for."""
    totals = {
        kind: sum(month.usage[kind] for month in facts.months if kind in month.usage)
        for kind, _ in _KINDS
        if any(kind in month.usage for month in facts.months)
    }
    if not totals:
        return None
    bars = [Bar(name, totals[kind], number(totals[kind])) for kind, name in _KINDS if totals.get(kind)]
    bars.sort(key=lambda bar: -bar.value)
    listed = "; ".join(f"{bar.label} — {bar.text}" for bar in bars)
    return svg.bars(Caption("kinds", "Чем пользуются", listed), bars)


def availability(facts: Facts) -> Markup | None:
    ratios = [month.interface.ratio if month.interface else None for month in facts.months]
    known = [value for value in ratios if value is not None]
    if not known:
        return None
    low = min(judge.USUAL_AVAILABILITY, math.floor(min(known) * 20) / 20)
    points = [Point(words.short_month(month.name), value, month.running)
              for month, value in zip(facts.months, ratios, strict=True)]  # fmt: skip
    shown = _future_is_empty(facts, points)
    listed = _listed(facts, ratios, words.careful_percent)
    levels = [Level(judge.USUAL_AVAILABILITY, f"95{GAP}%"), Level(judge.HIGH_AVAILABILITY, f"99{GAP}%")]
    return svg.points(Caption("availability", "Доступность главной страницы по месяцам", listed), shown,
                      words.careful_percent, low, 1.0, levels)  # fmt: skip


def access(facts: Facts, place: int, shown: Access) -> Markup:
    """The share of the documents limit used; ``place``: of the access, for identifiers."""
    values = [shown.used(month.name, "documents") for month in facts.months]
    points = [
        Point(words.short_month(month.name), value, month.running)
        for month, value in zip(facts.months, values, strict=True)
    ]
    caption = Caption(f"access-{place}", f"{shown.login or shown.name}: использовано документов по месяцам",
                      _listed(facts, values, percent))  # fmt: skip
    level = Level(judge.SHARED_USE, percent(judge.SHARED_USE))
    return svg.columns(caption, _future_is_empty(facts, points), percent, level, whole=False)


def online_documents(facts: Facts) -> Markup:
    """Documents that all accesses together opened."""
    return _columns(facts, "online", "Открытые документы, все доступы вместе",
                    lambda month: facts.spent(month.name, "documents"))[1]  # fmt: skip


def _columns(
    facts: Facts, key: str, title: str, of: Callable[[Month], float | None], level: Level | None = None
) -> tuple[str, Markup]:
    values = [of(month) for month in facts.months]
    points = [
        Point(words.short_month(month.name), value, month.running or month.cut_short or bool(month.silent))
        for month, value in zip(facts.months, values, strict=True)
    ]
    caption = Caption(key, f"{title} по месяцам", _listed(facts, values, number))
    return title, svg.columns(caption, _future_is_empty(facts, points), words.brief, level)


def _future_is_empty(facts: Facts, points: Sequence[Point]) -> list[Point]:
    """Months that have not begun do not count as missing data."""
    begun = [month.first <= facts.until.date() for month in facts.months]
    return [point if there else Point(point.label, None, future=True)
            for point, there in zip(points, begun, strict=True)]  # fmt: skip


def _listed(facts: Facts, values: Sequence[float | None], form: Callable[[float], str]) -> str:
    """The chart's figures in words."""
    return "; ".join(
        f"{words.month(month.name)} — {words.NO_DATA if value is None else form(value)}"
        for month, value in zip(facts.months, values, strict=True)
        if month.first <= facts.until.date()
    )

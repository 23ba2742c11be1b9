"""What is said about the figures: the summary in sentences and what is advised, by the rules of docs/report.md."""

from __future__ import annotations

from collections.abc import Sequence

from kodeks_exporter.yearly import judge, words
from kodeks_exporter.yearly.facts import Facts, Month
from kodeks_exporter.yearly.judge import AccessYear, Figure, SeatsAdvice, SeatsYear, Use
from kodeks_exporter.yearly.words import GAP, counted, number

_CAUSES = {
    "absent": ("Документа нет в комплекте", "подобрать комплект, в котором он есть"),
    "layout": ("Не та раскладка клавиатуры", "показать подсказку раскладки"),
    "typo": ("Описка в названии или номере", "показать поиск по номеру"),
    "too_long": ("Вставлен длинный текст", "показать, что ищут по номеру или двум-трём словам"),
}
_FAMILIES_NAMED = 4
_INSTALLATIONS_NAMED = 2
_USES = {
    Use.UNKNOWN: "нет данных",
    Use.NEVER: "доступом не пользовались: проверить, кому он нужен",
    Use.LOW: "используется мало: показать людям, чем он полезен",
    Use.GOOD: "используется хорошо",
    Use.HIGH: "используется активно, лимита пока хватает",
    Use.SHARED: "лимит почти исчерпан: нужен ещё один доступ",
}


def use_words(year: AccessYear) -> str:
    return _USES[year.use]


def seats_words(year: SeatsYear) -> str:
    match year.advice:
        case SeatsAdvice.UNKNOWN:
            return "нет данных об отказах: вывод не делаем"
        case SeatsAdvice.MORE:
            return f"мест не хватает: добавить от{GAP}{year.add}"
        case SeatsAdvice.WATCH:
            return "мест хватает впритык: следить"
        case SeatsAdvice.ROOM:
            return "места с запасом: можно подключить ещё людей"
        case SeatsAdvice.ENOUGH:
            return "мест достаточно"


def summary(facts: Facts) -> list[str]:
    """Sentences for somebody who reads nothing else. What is not known is left to the line about gaps."""
    told = []
    if facts.installations:
        told += [
            _use(facts),
            _people(facts),
            _season(facts.months),
            _seats(facts),
            _search(facts),
            _availability(facts),
        ]
    told.append(_online(facts))
    return [each for each in told if each]


def _use(facts: Facts) -> str:
    months = facts.months
    documents = judge.total(months, judge.DOCUMENTS)
    if documents is None:
        return ""
    if documents == 0:
        return "За период не открыли ни одного документа."
    known = [month.name for month in months if month.known]
    parts = [f"открыли {counted(documents, 'документ', 'документа', 'документов')}"]
    saved, printed = judge.total(months, judge.SAVES), judge.total(months, judge.PRINTS)
    if saved is not None:
        parts.append(f"сохранили {number(saved)}")
    if printed is not None:
        parts.append(f"напечатали {number(printed)}")
    return f"За {words.span(known)} {facts.year}{GAP}года сотрудники {words.enumerated(parts)}."


def _people(facts: Facts) -> str:
    active = judge.average(facts.months, judge.ACTIVE)
    involved = judge.average(facts.months, judge.INVOLVED)
    if active is None:
        return ""
    people = round(active)
    many = counted(people, "человек", "человека", "человек") if active >= 1 else "меньше одного человека"
    text = f"В месяц с системой работают в среднем {many}"
    bought = next((month.bought for month in reversed(facts.months) if month.bought is not None), None)
    if involved is None or bought is None:
        return text + "."
    judged = "это выше ориентира" if involved > judge.INVOLVEMENT else "это ниже ориентира"
    return (f"{text} на {counted(bought, 'место', 'места', 'мест')}: вовлечённость {words.percent(involved)},"
            f" {judged} в{GAP}{words.percent(judge.INVOLVEMENT)}.")  # fmt: skip


def _season(months: Sequence[Month]) -> str:
    told = [(value, month.name) for month in months if month.whole and (value := month.activity) is not None]
    if len(told) < 3:
        return ""
    most, least = max(told), min(told)
    if most[0] == least[0]:
        return ""
    return (f"Активнее всего работали {words.in_month(most[1])} (активность {number(most[0])}), спокойнее всего —"
            f" {words.in_month(least[1])} ({number(least[0])}).")  # fmt: skip


def _seats(facts: Facts) -> str:
    refused = judge.total(facts.months, judge.REFUSED)
    if refused is None:
        return ""
    if refused == 0:
        return "Отказов в подключении из-за занятых мест не было."
    count = sum((month.usage.get("rejections") or 0) > 0 for month in facts.months)
    known = sum("rejections" in month.usage for month in facts.months)
    return (f"Из-за занятых мест не смогли подключиться {counted(refused, 'раз', 'раза', 'раз')}: отказы были в"
            f" {count}{GAP}{words.form(count, 'месяце', 'месяцах', 'месяцах')} из {known}.")  # fmt: skip


def _search(facts: Facts) -> str:
    empty = judge.total(facts.months, Figure("empty", lambda month: month.usage.get("searches_empty")))
    families = [each.family for each in judge.wanted(facts.demand) if each.family not in judge.UNNAMED]
    if empty is None or not empty:
        return ""
    text = f"{counted(empty, 'поиск', 'поиска', 'поисков')} ничего не {words.form(empty, 'нашёл', 'нашли', 'нашли')}"
    if families:
        text += f"; чаще всего не хватало документов: {words.enumerated(families[:_FAMILIES_NAMED])}"
    return text + "."


def _availability(facts: Facts) -> str:
    told = [month.interface for month in facts.months if month.interface is not None]
    if not told:
        return ""
    ratio = sum(each.up for each in told) / sum(each.hours for each in told)
    if ratio >= judge.HIGH_AVAILABILITY:
        judged = "это очень хорошо"
    else:
        judged = "это обычный уровень" if ratio >= judge.USUAL_AVAILABILITY else "это ниже обычных 95–99" + GAP + "%"
    return f"Система открывалась {words.careful_percent(ratio)} времени наблюдения: {judged}."


def _online(facts: Facts) -> str:
    if not facts.accesses:
        return ""
    running = next((month.name for month in facts.months if month.running), "")
    years = [judge.access_year(each, running) for each in facts.accesses]
    means = [each.mean for each in years if each.mean is not None]
    count = len(facts.accesses)
    text = f"Онлайн-доступов — {count}"
    if not means:
        return text + "; данных об их использовании нет."
    text += f", в среднем за месяц используется {words.percent(sum(means) / len(means))} лимита документов"
    idle = sum(each.use is Use.NEVER for each in years)
    if idle:
        text += f"; не пользовались {'им' if count == 1 else f'{idle} из {count}'}"
    halves = [_half(facts, running, first) for first in (True, False)]
    if halves[0] is not None and halves[1] is not None:
        text += (f". В первом полугодии использовали {words.percent(halves[0])} лимита,"
                 f" во втором — {words.percent(halves[1])}")  # fmt: skip
    return text + "."


def _half(facts: Facts, running: str, first: bool) -> float | None:
    """Mean share of the documents over the finished months of a half-year, when enough of them are known."""
    names = {
        name for access in facts.accesses for name in access.left if name != running and (name[5:] <= "06") is first
    }
    told = [used for name in names for access in facts.accesses if (used := access.used(name, "documents")) is not None]
    return sum(told) / len(told) if len(names) >= judge.LEAST_MONTHS and told else None


def advice(facts: Facts) -> list[str]:
    """What to do, the most important first; empty when there is nothing to change."""
    told = []
    told += _seats_advice(facts)
    wanted = [each for each in judge.wanted(facts.demand) if each.family not in judge.UNNAMED]
    if wanted:
        names = words.enumerated([f"{each.family} ({counted(each.total, 'поиск', 'поиска', 'поисков')})"
                                  for each in wanted[:_FAMILIES_NAMED]])  # fmt: skip
        told.append(f"Расширить комплект: ищут и не находят {names}.")
    if judge.training_helps(facts.demand):
        told.append(
            "Провести короткое обучение поиску: часть пустых поисков — раскладка, описки и слишком длинные запросы."
        )
    involved = judge.average(facts.months, judge.INVOLVED)
    if involved is not None and involved <= judge.INVOLVEMENT:
        told.append(f"Привлечь тех, кто не пользуется: вовлечённость {words.percent(involved)} при ориентире"
                    f" {words.percent(judge.INVOLVEMENT)}.")  # fmt: skip
    told += _online_advice(facts)
    ends = [each.registration_until for each in facts.installations if each.registration_until]
    if ends and (min(ends) - facts.until.date()).days <= judge.ENDS_SOON:
        told.append(f"Продлить вовремя: регистрация действует до{GAP}{words.figures_day(min(ends))}.")
    return told


def _seats_advice(facts: Facts) -> list[str]:
    """A sentence for each installation; where many need seats, one for all."""
    years = judge.seats(facts)
    more = [year for year in years if year.advice is SeatsAdvice.MORE]
    room = [year for year in years if year.advice is SeatsAdvice.ROOM and year.bought and year.peak is not None]
    told = []
    if len(more) > _INSTALLATIONS_NAMED:
        seats = sum(year.add for year in more)
        told.append(
            f"Добавить места на установках {words.some([year.installation for year in more])}, для начала всего от"
            f"{GAP}{counted(seats, 'места', 'мест', 'мест')}: по каждой — в разделе о рабочих местах."
        )
    else:
        told += [
            f"Добавить места{_where(facts, year)}: отказы в подключении были в {year.refused_months}{GAP}месяцах из"
            f" {year.months}. Для начала — от{GAP}{counted(year.add, 'места', 'мест', 'мест')}."
            for year in more
        ]
    if len(room) > _INSTALLATIONS_NAMED:
        told.append(
            f"Подключить ещё людей на установках {words.some([year.installation for year in room])}: занято меньше"
            " половины мест."
        )
    else:
        told += [
            f"Подключить ещё людей{_where(facts, year)}: одновременно занято не больше {number(year.peak or 0)} из"
            f" {counted(year.bought or 0, 'места', 'мест', 'мест')}."
            for year in room
        ]
    return told


def _where(facts: Facts, year: SeatsYear) -> str:
    return f" (установка {year.installation})" if len(facts.installations) > 1 else ""


def _online_advice(facts: Facts) -> list[str]:
    running = next((month.name for month in facts.months if month.running), "")
    told = []
    for year in (judge.access_year(each, running) for each in facts.accesses):
        name = year.access.login or year.access.account
        if year.use is Use.SHARED:
            told.append(f"Добавить онлайн-доступ: {name} расходует лимит почти целиком.")
        elif year.use in (Use.NEVER, Use.LOW):
            word = "не пользовались" if year.use is Use.NEVER else "пользовались мало"
            told.append(f"Решить, кому нужен онлайн-доступ {name}: им {word}.")
    return (
        told
        if len(told) <= 3
        else [*told[:3], f"По остальным доступам ({len(told) - 3}) выводы — в разделе о доступах."]
    )


def causes_table(facts: Facts) -> list[tuple[str, str, str]]:
    """Probable cause, how many, what helps; the usual order."""
    found = judge.causes(facts.demand)
    known = [(*_CAUSES[cause], found[cause]) for cause in _CAUSES if cause in found]
    rows = [(name, number(count), remedy) for name, remedy, count in known]
    rest = sum(count for cause, count in found.items() if cause not in _CAUSES)
    return [*rows, ("Причина не определена", number(rest), "—")] if rest else rows

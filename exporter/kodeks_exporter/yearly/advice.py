"""The summary in sentences and the advice, by the rules of docs/report.md."""

from collections.abc import Sequence

from kodeks_exporter.domain.russian import form
from kodeks_exporter.yearly import judge, words
from kodeks_exporter.yearly.facts import Facts, Month
from kodeks_exporter.yearly.judge import AccessYear, SeatsAdvice, SeatsYear, Use
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
        case SeatsAdvice.WATCH if year.bought and year.peak is not None and year.peak < year.bought * judge.ROOM:
            return "мест с запасом, а отказы бывали: проверить, кто их занимает"
        case SeatsAdvice.WATCH:
            return "мест хватает впритык: следить"
        case SeatsAdvice.ROOM:
            return "места с запасом: можно подключить ещё людей"
        case SeatsAdvice.ENOUGH:
            return "мест достаточно"


def summary(facts: Facts) -> list[str]:
    """Sentences for somebody who reads nothing else. Gaps in the data have a line of their own."""
    lines = []
    if facts.installations:
        lines += [
            _use(facts),
            _people(facts),
            _season(facts.months),
            _seats(facts),
            _search(facts),
            _availability(facts),
        ]
    lines.append(_online(facts))
    return [each for each in lines if each]


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
    if saved:
        parts.append(f"сохранили {number(saved)}")
    if printed:
        parts.append(f"напечатали {number(printed)}")
    return f"За {words.span(known)} {facts.year}{GAP}года сотрудники {words.enumerated(parts)}."


def _people(facts: Facts) -> str:
    active = judge.average(facts.months, judge.ACTIVE)
    involved = judge.average(facts.months, judge.INVOLVED)
    if active is None:
        return ""
    people = round(active)
    many = counted(people, "человек", "человека", "человек") if active >= 1 else "меньше одного человека"
    works = form(people, "работает", "работают", "работают") if active >= 1 else "работает"
    text = f"В месяц с системой {works} в среднем {many}"
    bought = facts.bought
    if involved is not None and bought is not None:
        text += f" на {counted(bought, 'место', 'места', 'мест')}{_involved(involved, bought)}"
    return f"{text}.{_day(facts, active)}"


def _involved(involved: float, bought: float) -> str:
    judged = "это выше ориентира" if involved > judge.INVOLVEMENT else "это ниже ориентира"
    if bought < judge.ROOM_SEATS:
        return ""
    if bought < judge.FEW:
        return f": {judged} (от{GAP}{words.enough(bought)} из {number(bought)})"
    return f": вовлечённость {words.percent(involved)}, {judged} в{GAP}{words.percent(judge.INVOLVEMENT)}"


def _day(facts: Facts, active: float) -> str:
    """A typical day of one of them."""
    activity = judge.average(facts.months, judge.ACTIVITY_FIGURE)
    if activity is None or active < 1 or activity < judge.FEW:
        return ""
    each = activity / active / judge.WORKING_DAYS
    if each < 0.5:
        return " Каждый обращается к ней реже раза в два рабочих дня."
    return f" На каждого приходится около {number(each, 1)} открытого документа или поиска в рабочий день."


def _season(months: Sequence[Month]) -> str:
    known = [(value, month.name) for month in months if month.whole and (value := month.activity) is not None]
    if len(known) < 3:
        return ""
    most, least = max(known), min(known)
    if most[0] == least[0]:
        return ""
    many = counted(most[0], "обращение", "обращения", "обращений")
    return (f"Активнее всего работали {words.in_month(most[1])} ({many}), спокойнее всего — {words.in_month(least[1])}"
            f" ({number(least[0])}).")  # fmt: skip


def _seats(facts: Facts) -> str:
    refused = judge.total(facts.months, judge.REFUSED)
    if refused is None:
        return ""
    if refused == 0:
        return "Отказов в подключении из-за занятых мест не было."
    count = sum((month.usage.get("rejections") or 0) > 0 for month in facts.months)
    known = sum("rejections" in month.usage for month in facts.months)
    return (f"Из-за занятых мест не смогли подключиться {counted(refused, 'раз', 'раза', 'раз')}: отказы были в"
            f" {count}{GAP}{form(count, 'месяце', 'месяцах', 'месяцах')} из {known}.")  # fmt: skip


def _search(facts: Facts) -> str:
    empty = judge.total(facts.months, judge.EMPTY)
    families = [each.family for each in judge.wanted(facts.demand) if each.family not in judge.UNNAMED]
    if empty is None or not empty:
        return ""
    text = f"{counted(empty, 'поиск', 'поиска', 'поисков')} ничего не {form(empty, 'нашёл', 'нашли', 'нашли')}"
    if families:
        text += f"; чаще всего не хватало документов: {words.enumerated(families[:_FAMILIES_NAMED])}"
    return text + "."


def _availability(facts: Facts) -> str:
    ratio = judge.available(facts.months)
    if ratio is None:
        return ""
    text = f"Система открывалась {words.careful_percent(ratio)} времени наблюдения"
    if ratio >= judge.HIGH_AVAILABILITY:
        return f"{text}: это очень хорошо."
    if ratio >= judge.USUAL_AVAILABILITY:
        return f"{text}: это обычный уровень."
    longest = max(facts.work.outages, key=lambda each: each.hours, default=None)
    why = ""
    if longest is not None:
        why = f"; дольше всего её не было {words.lasted(longest.hours)}, с{GAP}{words.day(longest.begin.date())}"
    return f"{text}: это ниже обычных 95–99{GAP}%{why}. Подробности — в разделе о доступности."


def _online(facts: Facts) -> str:
    if not facts.accesses:
        return ""
    years = judge.access_years(facts)
    means = [each.mean for each in years if each.mean is not None]
    count = len(facts.accesses)
    text = f"Онлайн-доступов — {count}"
    if not means:
        return text + "; данных об их использовании нет."
    text += f", в среднем за месяц используется {words.percent(sum(means) / len(means))} лимита документов"
    idle = sum(each.use is Use.NEVER for each in years)
    if idle:
        text += f"; не пользовались {'им' if count == 1 else f'{idle} из {count}'}"
    halves = [_half(facts, first) for first in (True, False)]
    if halves[0] is not None and halves[1] is not None:
        text += (f". В первом полугодии использовали {words.percent(halves[0])} лимита,"
                 f" во втором — {words.percent(halves[1])}")  # fmt: skip
    return text + "."


def _half(facts: Facts, first: bool) -> float | None:
    """Mean share of the documents over the finished months of a half-year, when enough of them are known."""
    names = {
        name
        for access in facts.accesses
        for name in access.left
        if name != facts.running and (name[5:] <= "06") is first
    }
    used = [each for name in names for access in facts.accesses if (each := access.used(name, "documents")) is not None]
    return sum(used) / len(used) if len(names) >= judge.LEAST_MONTHS and used else None


def advice(facts: Facts) -> list[str]:
    """Advice, the most important first; empty when there is nothing to change."""
    involved = judge.average(facts.months, judge.INVOLVED)
    idle = involved is not None and involved <= judge.INVOLVEMENT
    renewal, soon = _renewal(facts)
    lines = [*(renewal if soon else ()), *_seats_advice(facts, idle)]
    wanted = [each for each in judge.wanted(facts.demand) if each.family not in judge.UNNAMED]
    if idle and involved is not None:
        lines.append(f"Привлечь тех, кто не пользуется: {_share_of_seats(facts, involved)}.")
    if wanted:
        names = words.enumerated([f"{each.family} ({counted(each.total, 'поиск', 'поиска', 'поисков')})"
                                  for each in wanted[:_FAMILIES_NAMED]])  # fmt: skip
        lines.append(f"Расширить комплект: ищут и не находят {names}.")
    if judge.training_helps(facts.demand):
        lines.append(
            "Провести короткое обучение поиску: часть пустых поисков — раскладка, описки и слишком длинные запросы."
        )
    return [*lines, *_online_advice(facts), *(() if soon else renewal)]


def _share_of_seats(facts: Facts, involved: float) -> str:
    bought, active = facts.bought, judge.average(facts.months, judge.ACTIVE)
    if bought is not None and active is not None and round(active) == 0:
        return f"обычно за месяц не приходит никто, а куплено {counted(bought, 'место', 'места', 'мест')}"
    if bought is not None and bought < judge.FEW and active is not None:
        works = form(round(active), "работает", "работают", "работают")
        return (f"в месяц {works} {number(round(active))} на {counted(bought, 'место', 'места', 'мест')} при"
                f" ориентире от{GAP}{words.enough(bought)}")  # fmt: skip
    return f"вовлечённость {words.percent(involved)} при ориентире {words.percent(judge.INVOLVEMENT)}"


def _renewal(facts: Facts) -> tuple[list[str], bool]:
    """Advice on what ends first, even if it is one volume's licence, and whether that is so soon that it comes
    before everything else."""
    if facts.soonest is None:
        return [], False
    end, installation = facts.soonest
    if (end - facts.last_day).days > judge.ENDS_SOON:
        return [], False
    what = "регистрация" if end == installation.registration_until else "лицензия на одну из баз"
    where = f" (установка {installation.name})" if len(facts.installations) > 1 else ""
    day = words.figures_day(end)
    if end < facts.last_day:
        return [f"Продлить: {what}{where} кончилась {day}."], True
    soon = (end - facts.last_day).days <= judge.ENDS_FIRST
    return [f"Продлить вовремя: {what}{where} действует до{GAP}{day}."], soon


def _seats_advice(facts: Facts, idle: bool) -> list[str]:
    """A sentence for each installation; where many need seats, one for all. ``idle``: fewer people work than there
    are seats, so refusals point to forgotten sessions rather than missing seats."""
    years = judge.seats(facts)
    more = [year for year in years if year.advice is SeatsAdvice.MORE]
    room = [year for year in years if year.advice is SeatsAdvice.ROOM and year.bought and year.peak is not None]
    lines = []
    if more and idle:
        names = words.some([year.installation for year in more])
        where = f" на установках {names}" if len(facts.installations) > 1 else ""
        lines.append(
            f"Проверить, кто занимает рабочие места{where}: бывали отказы в подключении, хотя работает меньше людей,"
            " чем куплено мест. Обычно это незакрытые сеансы или один логин на нескольких компьютерах."
        )
    elif len(more) > _INSTALLATIONS_NAMED:
        seats = sum(year.add for year in more)
        lines.append(
            f"Добавить места на установках {words.some([year.installation for year in more])}, для начала всего от"
            f"{GAP}{counted(seats, 'места', 'мест', 'мест')}: по каждой — в разделе о рабочих местах."
        )
    else:
        lines += [
            f"Добавить места{_where(facts, year)}: отказы в подключении были в {year.refused_months}{GAP}месяцах из"
            f" {year.months}. Для начала — от{GAP}{counted(year.add, 'места', 'мест', 'мест')}."
            for year in more
        ]
    if len(room) > _INSTALLATIONS_NAMED:
        lines.append(
            f"Подключить ещё людей на установках {words.some([year.installation for year in room])}: занято меньше"
            " половины мест."
        )
    else:
        lines += [
            f"Подключить ещё людей{_where(facts, year)}: одновременно занято не больше {number(year.peak or 0)} из"
            f" {counted(year.bought or 0, 'места', 'мест', 'мест')}."
            for year in room
        ]
    return lines


def _where(facts: Facts, year: SeatsYear) -> str:
    return f" (установка {year.installation})" if len(facts.installations) > 1 else ""


def _online_advice(facts: Facts) -> list[str]:
    lines = []
    for year in judge.access_years(facts):
        name = year.access.login or year.access.name
        if year.use is Use.SHARED:
            lines.append(f"Добавить онлайн-доступ: {name} расходует лимит почти целиком.")
        elif year.use in (Use.NEVER, Use.LOW):
            word = "не пользовались" if year.use is Use.NEVER else "пользовались мало"
            lines.append(f"Решить, кому нужен онлайн-доступ {name}: им {word}.")
    return (
        lines
        if len(lines) <= 3
        else [*lines[:3], f"По остальным доступам ({len(lines) - 3}) выводы — в разделе о доступах."]
    )


def causes_table(facts: Facts) -> list[tuple[str, str, str]]:
    """Probable cause, how many, what helps; in the usual order."""
    found = judge.causes(facts.demand)
    known = [(*_CAUSES[cause], found[cause]) for cause in _CAUSES if cause in found]
    rows = [(name, number(count), remedy) for name, remedy, count in known]
    rest = sum(count for cause, count in found.items() if cause not in _CAUSES)
    return [*rows, ("Причина не определена", number(rest), "—")] if rest else rows

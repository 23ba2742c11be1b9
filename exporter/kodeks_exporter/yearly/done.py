"""«Что мы для вас сделали»: the distributor's work within the year, as far as it is measured."""

from statistics import median

from kodeks_exporter.yearly import judge, words
from kodeks_exporter.yearly.facts import Facts
from kodeks_exporter.yearly.words import GAP, counted, number


def done(facts: Facts) -> list[str]:
    """Sentences; empty if nothing is known."""
    lines = []
    if facts.installations:
        lines.append(_watched(facts))
    lines += [_cases(facts), _low_use(facts)]
    if facts.installations:
        lines += [_versions(facts), _updates(facts), _users(facts), _searches(facts)]
    lines.append(_accesses(facts))
    return [each for each in lines if each]


def _watched(facts: Facts) -> str:
    hours = sum(month.interface.hours for month in facts.months if month.interface is not None)
    if not hours:
        return ""
    text = f"Следили за работой системы днём и ночью: {counted(hours, 'час', 'часа', 'часов')} наблюдения. "
    found = facts.work.outages
    if not found:
        return text + "Перебоев дольше получаса за это время не заметили."
    longest = max(found, key=lambda each: each.hours)
    text += f"Заметили {counted(len(found), 'перебой', 'перебоя', 'перебоев')} дольше получаса"
    if len(found) == 1:
        day = words.day(longest.begin.date())
        return f"{text}, {day}: система снова открылась через {words.lasted(longest.hours)}."
    usual, most = words.lasted(median(each.hours for each in found)), words.lasted(longest.hours)
    text += f": обычно система снова открывалась через {usual}"
    if most != usual:
        text += f", в самом долгом случае ({words.day(longest.begin.date())}) — через {most}"
    return f"{text}."


def _cases(facts: Facts) -> str:
    handled = facts.work.handled
    if not handled.cases:
        return ""
    many, wait = counted(handled.cases, "раз", "раза", "раз"), words.lasted(handled.wait / 3600)
    return f"Разбирали сбои: {many}. Обычно брались за дело через {wait}."


def _low_use(facts: Facts) -> str:
    handled = facts.work.handled
    if not handled.low_use:
        return ""
    text = f"Когда системой пользовались мало, выясняли почему: {counted(handled.low_use, 'раз', 'раза', 'раз')}"
    if handled.trainings:
        text += f", из них предлагали обучение — {counted(handled.trainings, 'раз', 'раза', 'раз')}"
    return text + "."


def _versions(facts: Facts) -> str:
    changed = {name: versions for name, versions in facts.work.versions.items() if len(versions) > 1}
    if not changed:
        return ""
    times = sum(len(versions) - 1 for versions in changed.values())
    text = f"Программу сервера обновляли {counted(times, 'раз', 'раза', 'раз')}"
    if len(changed) == 1:
        ((_, versions),) = changed.items()
        return f"{text}: с{GAP}{versions[0]} до{GAP}{versions[-1]}."
    return f"{text} на {counted(len(changed), 'установке', 'установках', 'установках')}."


def _updates(facts: Facts) -> str:
    if not facts.work.updates:
        return ""
    many = counted(facts.work.updates, "раз", "раза", "раз")
    return f"Следили за ежедневными обновлениями документов: они приходили {many}."


def _users(facts: Facts) -> str:
    counts = [month.users for month in facts.months if month.users is not None]
    if len(counts) < judge.WEAK_MONTHS or counts[-1] <= counts[0]:
        return ""
    return f"Пользователей с карточками стало больше: было {number(counts[0])}, стало {number(counts[-1])}."


def _searches(facts: Facts) -> str:
    causes = judge.causes(facts.demand)
    total = sum(causes.values())
    if not total:
        return ""
    text = f"Разобрали, почему ничего не нашлось: {counted(total, 'поиск', 'поиска', 'поисков')}"
    absent = causes.get("absent", 0)
    if absent == total:
        text += "; документа нет в комплекте"
    elif absent:
        text += f", в{GAP}{number(absent)} из них документа нет в комплекте"
    return text + "."


def _accesses(facts: Facts) -> str:
    if not facts.accesses:
        return ""
    months = len({name for access in facts.accesses for name in access.left})
    if not months:
        return ""
    many = counted(len(facts.accesses), "онлайн-доступа", "онлайн-доступов", "онлайн-доступов")
    spent = sum(left.get("documents", 1) < 1 for access in facts.accesses for left in access.left.values())
    text = f"Следили за лимитами {many} {counted(months, 'месяц', 'месяца', 'месяцев')}: "
    if not spent:
        return text + "лимит документов ни разу не кончился."
    return text + f"лимит документов кончался {counted(spent, 'раз', 'раза', 'раз')}."

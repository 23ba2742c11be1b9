"""Facts in words, as the pages show them. Only the charts are HTML."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from kodeks_exporter.domain.russian import MONTHS_OF, form
from kodeks_exporter.yearly import accesses, charts, judge, months, parts, words
from kodeks_exporter.yearly.accesses import Online
from kodeks_exporter.yearly.advice import advice, summary
from kodeks_exporter.yearly.done import done
from kodeks_exporter.yearly.facts import Facts
from kodeks_exporter.yearly.months import ChangeTable, MonthTable
from kodeks_exporter.yearly.parts import Availability, Searches, SeatsRow, UseTable
from kodeks_exporter.yearly.sender import Sender
from kodeks_exporter.yearly.tiles import Tile, tiles
from kodeks_exporter.yearly.words import GAP, NO_DATA, number


@dataclass(frozen=True, slots=True)
class ReportPage:
    """The whole report. Parts that do not apply to a client are None or empty."""

    client: str
    period: str
    about: Sequence[tuple[str, str]]
    tiles: Sequence[Tile]
    summary: Sequence[str]
    gaps: Sequence[str]
    advice: Sequence[str]
    changes: ChangeTable | None
    months: MonthTable | None
    hatched: bool
    """Whether a month on the charts is not over or incomplete."""
    charts: Sequence[tuple[str, Markup]]
    seats: Sequence[SeatsRow]
    seats_charts: Sequence[tuple[str, Markup]]
    searches: Searches | None
    availability: Availability | None
    use: UseTable | None
    online: Online | None
    done: Sequence[str]
    company: str
    """Name and phone of the distributor."""
    signature: Sequence[str]
    logo: str
    """A ``data:`` address."""
    year: int
    made: str
    until: str


def page(facts: Facts, made: dt.date, sender: Sender) -> ReportPage:
    comparison = judge.compare(facts)
    has_use = any(month.known for month in facts.months)
    return ReportPage(
        client=facts.client,
        period=_period(facts),
        about=_about(facts, sender),
        tiles=tiles(facts, comparison),
        summary=summary(facts),
        gaps=_gaps(facts),
        advice=advice(facts),
        changes=months.changes(facts, comparison) if facts.installations else accesses.changes(facts),
        months=months.month_table(facts) if facts.installations else None,
        hatched=has_use and any(month.known and not month.whole for month in facts.months),
        charts=charts.use_by_month(facts) if has_use else (),
        seats=[parts.seats_row(each) for each in judge.seats(facts)],
        seats_charts=charts.seats_by_month(facts) if has_use else (),
        searches=parts.searches(facts) if has_use or facts.demand else None,
        availability=parts.availability(facts),
        use=parts.use(facts),
        online=accesses.online(facts) if facts.accesses else None,
        year=facts.year,
        done=done(facts),
        company=", ".join(filter(None, (sender.company, sender.phone))),
        signature=[each for each in (sender.signature, sender.prepared_by(facts.managers)) if each],
        logo=sender.logo,
        made=words.figures_day(made),
        until=words.figures_day(facts.last_day),
    )


def _period(facts: Facts) -> str:
    first, last = facts.months[0].first, facts.last_day
    if first.month == 1 and (last.month, last.day) == (12, 31):
        return f"{facts.year}{GAP}год"
    return f"1{GAP}{MONTHS_OF[first.month - 1]} — {words.day(last)}{GAP}года"


def _about(facts: Facts, sender: Sender) -> list[tuple[str, str]]:
    entities = sorted({each.legal_entity for each in facts.installations if each.legal_entity})
    numbers = sorted({each.regnum for each in facts.installations if each.regnum})
    until = sorted({each.registration_until for each in facts.installations if each.registration_until})
    rows = [
        ("Юридическое лицо", words.some(entities)),
        ("Регистрационный номер", words.some(numbers)),
        (
            "Регистрация действует",
            "до" + GAP + words.some([words.figures_day(each) for each in until]) if until else "",
        ),
        *_soonest(facts),
        ("Подготовил", sender.prepared_by(facts.managers)),
    ]
    if not facts.installations:
        rows = rows[-1:]
    if len(facts.installations) > 1:
        rows.insert(0, ("Установки", words.some([each.name for each in facts.installations])))
    if facts.accesses:
        names = words.some([each.login or each.name for each in facts.accesses])
        rows.insert(-1, ("Онлайн-доступы", f"{number(len(facts.accesses))} ({names})"))
    return [(name, value or NO_DATA) for name, value in rows]


def _soonest(facts: Facts) -> list[tuple[str, str]]:
    """A licence of some volume that ends before the registration does."""
    ends = [
        each.licence_until
        for each in facts.installations
        if each.licence_until and each.registration_until and each.licence_until < each.registration_until
    ]
    return [("Первая из лицензий кончается", words.figures_day(min(ends)))] if ends else []


def _gaps(facts: Facts) -> list[str]:
    """Gaps in the data, for the first page."""
    if not facts.installations:
        return accesses.gaps(facts)
    lines = []
    over = [month for month in facts.months if month.first <= facts.last_day]
    lost = [month.name for month in over if not month.known]
    if lost and len(lost) == len(over):
        lines.append("Об использовании системы за этот период данных нет: отчёты сервера не поступали.")
    elif lost:
        lines.append(f"Нет данных об использовании за {words.span(lost)}: это не ноль, а отсутствие отчётов сервера.")
    short = [month for month in facts.months if month.cut_short]
    if short:
        lines.append(
            f"Неполные данные за {words.span([month.name for month in short])}: отчёты прервались до конца месяца."
        )
    if facts.mute and len(facts.mute) < len(facts.installations):
        lines.append(f"По {form(len(facts.mute), 'установке', 'установкам', 'установкам')}"
                    f" {words.some(facts.mute)} данных об использовании нет.")  # fmt: skip
    return lines

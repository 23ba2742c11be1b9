"""Russian words and numbers of the report. Numbers are grouped by non-breaking spaces."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from kodeks_exporter.domain.russian import MONTHS_OF, form
from kodeks_exporter.yearly.judge import FEW, INVOLVEMENT, Missing

NO_DATA: Final = "нет данных"
GAP: Final = "\N{NO-BREAK SPACE}"
MINUS: Final = "\N{MINUS SIGN}"

MONTHS: Final = (
    "январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
)  # fmt: skip
MONTHS_IN: Final = (
    "январе", "феврале", "марте", "апреле", "мае", "июне", "июле", "августе", "сентябре", "октябре", "ноябре",
    "декабре",
)  # fmt: skip
SHORT: Final = ("янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")


def number(value: float, digits: int = 0) -> str:
    """``12 345`` or, with a digit, ``12,3``; never ``-0``."""
    text = f"{abs(value):,.{digits}f}".replace(",", GAP).replace(".", ",")
    return f"{MINUS}{text}" if round(value, digits) < 0 else text


def number_or(value: float | None, digits: int = 0) -> str:
    return NO_DATA if value is None else number(value, digits)


def percent(ratio: float, digits: int = 0) -> str:
    """Of a ratio: 0.123 is ``12 %``."""
    return f"{number(ratio * 100, digits)}{GAP}%"


def percent_or(ratio: float | None, digits: int = 0) -> str:
    return NO_DATA if ratio is None else percent(ratio, digits)


def careful_percent(ratio: float, digits: int = 1) -> str:
    """For availability: 0.9999 is not rounded up to ``100 %``."""
    scale = 10 ** (digits + 2)
    return percent(int(ratio * scale + 1e-9) / scale if ratio < 1 else 1.0, digits)


def change(ratio: float | Missing) -> str:
    """``+12 %``, ``−8 %``, ``в 15 раз``, or in words why there is no such number."""
    if isinstance(ratio, Missing):
        return {
            Missing.NO_DATA: NO_DATA,
            Missing.NO_BEFORE: "—",
            Missing.FROM_ZERO: "было 0",
        }[ratio]
    if ratio >= 9.995:
        return f"в{GAP}{number(ratio + 1)}{GAP}раз"
    return f"+{percent(ratio)}" if round(ratio * 100) > 0 else percent(ratio)


def compared(now: float | None, before: float | None, ratio: float | Missing) -> str:
    """The change in percent, or of small numbers as a count: ``+3``."""
    if isinstance(ratio, Missing) or now is None or before is None or before >= FEW:
        return change(ratio)
    digits = 0 if now == int(now) and before == int(before) else 1
    more = round(now - before, digits)
    return f"+{number(more, digits)}" if more > 0 else number(more, digits)


def enough(bought: float) -> str:
    """How many people on these seats would exceed the standard."""
    return number(int(bought * INVOLVEMENT) + 1)


def lasted(hours: float) -> str:
    """``40 минут``, ``5 часов``, ``3 дня``."""
    if hours < 1:
        minutes = max(5, round(hours * 12) * 5)
        return f"{minutes}{GAP}минут" if minutes < 60 else f"1{GAP}час"
    if hours < 48:
        return counted(round(hours), "час", "часа", "часов")
    return counted(round(hours / 24), "день", "дня", "дней")


def counted(count: float, one: str, few: str, many: str) -> str:
    return f"{number(count)}{GAP}{form(round(count), one, few, many)}"


def month(name: str) -> str:
    """``2026-03``: март."""
    return MONTHS[int(name[5:]) - 1]


def in_month(name: str) -> str:
    """``2026-03``: в марте."""
    return f"в{GAP}{MONTHS_IN[int(name[5:]) - 1]}"


def short_month(name: str) -> str:
    return SHORT[int(name[5:]) - 1]


def day(date: dt.date) -> str:
    """``5 марта 2026``."""
    return f"{date.day}{GAP}{MONTHS_OF[date.month - 1]} {date.year}"


def figures_day(date: dt.date) -> str:
    """``05.03.2026``."""
    return f"{date:%d.%m.%Y}"


def span(names: Sequence[str]) -> str:
    """Months as people say them: ``январь–март, май``."""
    runs: list[list[int]] = []
    for place in sorted(int(name[5:]) for name in names):
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    spans = [MONTHS[run[0] - 1] if len(run) == 1 else f"{MONTHS[run[0] - 1]}–{MONTHS[run[-1] - 1]}" for run in runs]
    return ", ".join(spans)


def some(names: Sequence[str], most: int = 3) -> str:
    """``а, б, в и ещё 5``."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" и{GAP}ещё{GAP}{rest}" if rest > 0 else "")


def brief(value: float) -> str:
    """Short, for charts: ``99 999``, then ``123 тыс.``, ``1,2 млн``."""
    if abs(value) < 100_000:
        return number(value)
    for scale, name in ((1e3, "тыс."), (1e6, "млн"), (1e9, "млрд")):
        if abs(value) < scale * 999.5:
            return f"{number(value / scale, 0 if abs(value) >= scale * 9.95 else 1)}{GAP}{name}"
    return f"{number(value / 1e9)}{GAP}млрд"


def enumerated(parts: Sequence[str]) -> str:
    """``а, б и в``."""
    return " и ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else ""

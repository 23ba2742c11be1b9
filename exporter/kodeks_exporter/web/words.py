"""Russian words of the status page: names of states and checks, plural forms, durations, moments."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Final

from kodeks_exporter.domain.check import CheckResult, InstallationState, Outcome
from kodeks_exporter.domain.checks import CHECKS
from kodeks_exporter.domain.russian import MONTHS_OF, form

STATES: Final[Mapping[InstallationState, str]] = MappingProxyType(
    {
        InstallationState.OK: "Работает",
        InstallationState.MAINTENANCE: "Режим обслуживания",
        InstallationState.NEEDS_SERVICE: "Требуется обслуживание",
        InstallationState.KEY_MISSING: "Ключ не найден",
        InstallationState.OUT_OF_SEATS: "Кончились места",
        InstallationState.NOT_STARTED: "Сервер не запущен",
        InstallationState.SERVER_ERROR: "Ошибка сервера",
        InstallationState.WARNING: "Требует внимания",
        InstallationState.UNREACHABLE: "Недоступна",
    }
)

PLANNED: Final[Mapping[str, str]] = MappingProxyType(
    {"restart": "Плановый перезапуск", "backup": "Плановое резервное копирование"}
)

OUTCOMES: Final[Mapping[Outcome, str]] = MappingProxyType(
    {
        Outcome.OK: "в порядке",
        Outcome.FAILED: "сбой",
        Outcome.BLOCKED: "не проверялось",
        Outcome.SKIPPED: "не применимо",
    }
)

BLOCKED_BY_PLAN: Final[Mapping[str, str]] = MappingProxyType(
    {"restart": "плановый перезапуск", "backup": "плановое резервное копирование"}
)

_LAST: Final = 253_370_764_800.0
"""Start of the year 9999: a later moment is no date that can be shown."""


def plural(number: int, one: str, few: str, many: str) -> str:
    """The number with the noun in its right form: 1 установка, 2 установки, 5 установок, 11 установок."""
    return f"{grouped(number)} {form(number, one, few, many)}"


def grouped(number: int) -> str:
    """Digits in groups of three, with a narrow no-break space: 12 345."""
    return f"{number:,}".replace(",", "\u202f")


def decimal(number: float) -> str:
    """With one decimal if it is useful: 0,4; 12."""
    return (f"{number:.0f}" if number >= 10 else f"{number:.1f}").replace(".", ",")


def installations(number: int) -> str:
    return plural(number, "установка", "установки", "установок")


def installations_genitive(number: int) -> str:
    """After «у»: у 1 установки, у 5 установок, у 21 установки."""
    return plural(number, "установки", "установок", "установок")


def check_name(check: str) -> str:
    """The Russian name of a check; an unknown check keeps its own name."""
    row = CHECKS.get(check)
    return check if row is None else row.title


def where_to_look(check: str) -> str:
    row = CHECKS.get(check)
    return "" if row is None else row.hint


def check_name_inside(check: str) -> str:
    """The same in the middle of a sentence: a lower-case letter, unless it is an abbreviation."""
    name = check_name(check)
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def blocked_by(result: CheckResult) -> str:
    """Why a blocked check was not run, empty when that is not known."""
    if not result.by:
        return ""
    return BLOCKED_BY_PLAN.get(result.by) or check_name_inside(result.by)


def duration(seconds: float) -> str:
    """A duration for people, at most two units: 40 с, 12 мин, 2 ч 05 мин, 3 дня 4 ч."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} с"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes} мин"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} ч {minutes:02} мин" if minutes else f"{hours} ч"
    days, hours = divmod(hours, 24)
    text = plural(days, "день", "дня", "дней")
    return f"{text} {hours} ч" if hours and days < 14 else text


def check_duration(seconds: float) -> str:
    """How long a check took: 4 мс, 1,2 с."""
    if seconds < 0.9995:
        return f"{max(1, round(seconds * 1000))} мс" if seconds > 0 else ""
    return f"{seconds:.1f} с".replace(".", ",")


def moment(unix: float, now: float, zone: tzinfo | None) -> str:
    """A point in time, as short as is clear: 21:04; вчера, 21:04; 3 ноября, 21:04; 3 ноября 2025, 21:04."""
    then, today = at(unix, zone), at(now, zone)
    clock = f"{then:%H:%M}"
    if then.date() == today.date():
        return clock
    if then.date() == today.date() - timedelta(days=1):
        return f"вчера, {clock}"
    day = f"{then.day} {MONTHS_OF[then.month - 1]}"
    return f"{day}, {clock}" if then.year == today.year else f"{day} {then.year}, {clock}"


def since(unix: float, now: float, zone: tzinfo | None) -> str:
    """«с 21:04, 12 мин»; if the moment has a comma, the duration is in brackets."""
    when = moment(unix, now, zone)
    span = duration(now - unix) if now - unix >= 60 else "меньше минуты"
    preposition = "со" if when.startswith("вчера") else "с"
    return f"{preposition} {when} ({span})" if "," in when else f"{preposition} {when}, {span}"


def at(unix: float, zone: tzinfo | None) -> datetime:
    """The moment in a zone; None: the zone of this machine."""
    return datetime.fromtimestamp(min(max(unix, 0.0), _LAST), UTC).astimezone(zone)


def offset(unix: float, zone: tzinfo | None) -> str:
    """UTC+3, UTC+5:30, UTC."""
    shift = at(unix, zone).utcoffset() or timedelta()
    minutes = int(shift.total_seconds()) // 60
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02}" if rest else "")


def zone_name(unix: float, zone: tzinfo | None) -> str:
    """Name and offset of a zone: Europe/Saratov (UTC+4)."""
    shift = offset(unix, zone)
    name = str(zone) if zone is not None else (at(unix, None).tzname() or "")
    return shift if name in ("", shift) or name.lstrip("+-").isdigit() else f"{name} ({shift})"

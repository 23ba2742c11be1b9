"""Puts a site's thresholds into the text of the rules: into the expression, and into the words that name the number.

The rules are edited as text, so that their comments and layout stay. Each place is looked for within the rules of the
alerts it belongs to; when it is not there, that is an error and never a threshold that does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kodeks_exporter.assets import AssetsError
from kodeks_exporter.settings.alerting import THRESHOLDS

_RULE: Final = re.compile(r"^ *- (?:alert|record): *(\S+)[^\n]*\n", re.MULTILINE)

_BY_FRESH_REPORTS: Final = (
    "kodeks:(unsupported:used|licences:near|many:count)|KodeksUserActivityIsLow|KodeksUserAInvolvementIsLow"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A number in the rules of some alerts.

    ``alerts``: regular expression over whole names; every alert that it fits must have the number.
    ``text``: what stands there, on one line, with ``{n}`` for the number in an expression, ``{words}`` for the number
    in Russian words, ``{days}`` and ``{longer}`` for days and hours after «больше», ``{after}`` for hours after
    «через».
    ``was``: what stands there by default, where that is written otherwise.
    """

    alerts: str
    text: str
    was: str = ""


PLACES: Final[Mapping[str, tuple[Place, ...]]] = {
    "disk_free_gib": (
        Place("kodeks:disk:low", "/ 2^30 < {n}"),
        Place("kodeks:disk:low", "/ 2^30 <= {n}"),
        Place("KodeksDiskSpaceLow", "kodeks:disk:low < {n}"),
        Place("KodeksDiskSpaceLow", "Меньше {words} ГБ свободного места"),
    ),
    "certificate_days": (Place("KodeksCertificateExpiring", "/ 86400) < {n}"),),
    "maintenance_hours": (
        Place("kodeks:maintenance:long", "/ 3600 > {n})"),
        Place("KodeksMaintenanceToLong(Count)?", "дольше {longer}"),
        Place("KodeksMaintenanceToLong(Count)?", "больше {longer} в режиме"),
        Place("KodeksMaintenance", "Через {after}"),
        Place("KodeksMaintenanceCount", "через {after}"),
    ),
    "sysinfo_age_days": (
        Place("SmartXMLfileIsToOld", "kodeks_sysinfo_age_seconds:max / 86400 > {n}"),
        Place("SmartXMLfileIsToOld", "Нет свежего sysinfo больше {days}"),
        Place("SmartXMLfileIsToOld", "Свежего отчёта нет больше {days}", was="Свежего отчёта нет больше двух дней"),
        Place(_BY_FRESH_REPORTS, "kodeks_sysinfo_age_seconds:max > {n} * 86400"),
        Place("KodeksDBOperUpToOld", "kodeks_sysinfo_age_seconds:max{{installation=%q}} > {n} * 86400"),
        Place("KodeksDBOperUpToOld", "и самому отчёту больше {days}"),
    ),
    "operup_age_days": (
        Place("kodeks:operup:old", "/ 86400 > {n}"),
        Place("KodeksDBOperUpToOld(Count)?", "старше {days}"),
        Place("KodeksDBOperUpToOld", "$labels.file }}}} больше {days}"),
        Place("KodeksDBOperUpToOld", "не обновлялся больше {days}"),
    ),
    "activity": (
        Place("KodeksUserActivityIsLow", "kodeks_activity:max[10h]) < {n}"),
        Place("KodeksUserActivityIsLow", "Активность за месяц ниже {words}"),
        Place("KodeksUserActivityIsLow", "норма — больше {words}"),
    ),
    "involvement_percent": (
        Place("KodeksUserAInvolvementIsLow", "kodeks_involvement:ratio[10h]) < {n}"),
        Place("KodeksUserAInvolvementIsLow", "Вовлечённость ниже {words} %"),
        Place("KodeksUserAInvolvementIsLow", "норма — больше {words} %"),
    ),
    "search_slow_seconds": (
        Place("kodeks:counter:total", 'le=~"{n}([.]0)?"'),
        Place("KodeksSearchSlow", "дольше {words} с"),
    ),
    "search_slow_percent": (Place("KodeksSearchSlow", ") > {n})"),),
    "shared_addresses": (Place("KodeksLoginShared", ") >= {n}"),),
    "hosting_installations": (Place("hosting_check:kodeks_outages:count", ") >= {n}"),),
    "many_at_manager": (
        Place("kodeks:many:told", '"}} > {n}'),
        Place(r"(?!KodeksMaintenanceCount).*Count", '"}} > {n} * 0.6'),
    ),
    "many_in_maintenance": (
        Place("KodeksMaintenanceCount", "unsupported) > {n}"),
        Place("KodeksMaintenanceCount", "больше {words} установок"),
    ),
    "stale_intervals": (Place("KodeksCheckStale", "> {n} * scalar(max(kodeks_exporter_poll_interval_seconds"),),
}


def replaced(rules: Mapping[str, str], thresholds: Mapping[str, float]) -> dict[str, str]:
    """The rule files (name to text) with these thresholds. Raises AssetsError when a place is not as expected."""
    texts = dict(rules)
    for name in sorted(thresholds):
        for place in PLACES[name]:
            texts = _put(texts, name, place, thresholds[name])
    return texts


def _put(rules: Mapping[str, str], name: str, place: Place, value: float) -> dict[str, str]:
    # A digit behind the number would make it another one: "> 3" is no place in "> 30".
    default = THRESHOLDS[name].default
    old = re.compile(re.escape(place.was or _filled(place.text, default)) + r"(?![\d.]*\d)")
    new = place.was if place.was and value == default else _filled(place.text, value)
    expected: set[str] = set()
    found: set[str] = set()
    texts = {}
    for file, text in rules.items():
        pieces = []
        end = 0
        starts = list(_RULE.finditer(text))
        for start, following in zip(starts, [*starts[1:], None][: len(starts)], strict=True):
            stop = following.start() if following else len(text)
            if re.fullmatch(place.alerts, start[1]):
                expected.add(start[1])
                block, count = old.subn(lambda _: new, text[start.start() : stop])
                if count:
                    found.add(start[1])
                pieces += [text[end : start.start()], block]
                end = stop
        texts[file] = "".join(pieces) + text[end:]
    missing = expected - found
    if missing or not found:
        where = ", ".join(sorted(missing)) or place.alerts
        raise AssetsError(
            f"threshold {name}: the rules of {where} do not hold {old.pattern!r}; mend render/thresholds.py"
        )
    return texts


def _filled(text: str, value: float) -> str:
    words = f"{value:g}".replace(".", ",")
    fraction = value != int(value)
    singular = value % 10 == 1 and value % 100 != 11
    few = value % 10 in (2, 3, 4) and value % 100 not in (12, 13, 14)
    longer = "часа" if singular or fraction else "часов"
    days = "дня" if singular or fraction else "дней"
    after = "час" if singular else "часа" if few or fraction else "часов"
    return text.format(
        n=f"{value:g}", words=words, days=f"{words} {days}", longer=f"{words} {longer}", after=f"{words} {after}"
    )

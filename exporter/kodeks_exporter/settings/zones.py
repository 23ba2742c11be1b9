"""Time zones: IANA names, and suggestions for other names that people use."""

import re
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from kodeks_exporter.settings.values import did_you_mean

DEFAULT: Final = ZoneInfo("Europe/Moscow")
"""The default. Kodeks is sold in Russia, where a time without a zone means Moscow time: two thirds of the country,
the vendor and its online servers use it. Nobody there uses UTC, and with the zone of the exporter's own machine (UTC
in a container) the same kodeks.yml would mean different things on different machines."""

_BY_OFFSET: Final = {
    2: "Europe/Kaliningrad",
    3: "Europe/Moscow",
    4: "Europe/Samara or Europe/Saratov",
    5: "Asia/Yekaterinburg",
    6: "Asia/Omsk",
    7: "Asia/Krasnoyarsk or Asia/Novosibirsk",
    8: "Asia/Irkutsk",
    9: "Asia/Yakutsk or Asia/Chita",
    10: "Asia/Vladivostok",
    11: "Asia/Magadan or Asia/Sakhalin",
    12: "Asia/Kamchatka",
}
"""Hours from UTC to Russia's zone there."""
_ABBREVIATIONS: Final = {
    "msk": 3, "мск": 3, "samt": 4, "yekt": 5, "екб": 5, "omst": 6, "novt": 7, "krat": 7, "irkt": 8, "yakt": 9,
    "vlat": 10, "magt": 11, "sakt": 11, "pett": 12,
}  # fmt: skip
_CITIES: Final = {
    "москва": "Europe/Moscow", "калининград": "Europe/Kaliningrad", "самара": "Europe/Samara",
    "саратов": "Europe/Saratov", "волгоград": "Europe/Volgograd", "астрахань": "Europe/Astrakhan",
    "ульяновск": "Europe/Ulyanovsk", "киров": "Europe/Kirov", "екатеринбург": "Asia/Yekaterinburg",
    "омск": "Asia/Omsk", "новосибирск": "Asia/Novosibirsk", "томск": "Asia/Tomsk", "барнаул": "Asia/Barnaul",
    "красноярск": "Asia/Krasnoyarsk", "новокузнецк": "Asia/Novokuznetsk", "иркутск": "Asia/Irkutsk",
    "якутск": "Asia/Yakutsk", "чита": "Asia/Chita", "владивосток": "Asia/Vladivostok",
    "хабаровск": "Asia/Vladivostok", "магадан": "Asia/Magadan", "сахалин": "Asia/Sakhalin",
    "камчатка": "Asia/Kamchatka", "петербург": "Europe/Moscow", "санкт-петербург": "Europe/Moscow",
    "ekaterinburg": "Asia/Yekaterinburg", "spb": "Europe/Moscow",
}  # fmt: skip
_OFFSET: Final = re.compile(r"(?:utc|gmt|z)?\s*([+-])\s*(\d{1,2})(?::?(00))?")
_FROM_MOSCOW: Final = re.compile(r"(?:msk|мск)\s*([+-])\s*(\d{1,2})")


def zone(text: str) -> ZoneInfo:
    """An IANA time zone by name. ValueError suggests another name."""
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"unknown time zone; {_advice(text)}") from None


def _advice(text: str) -> str:
    word = text.strip().lower()
    hours = _hours(word)
    if hours is not None:
        # Etc/GMT-3 is three hours east of Greenwich
        found = _BY_OFFSET.get(hours, "UTC" if hours == 0 else f"Etc/GMT{-hours:+}")
        return f"UTC{hours:+} is {found}"
    cities = {name.rpartition("/")[2].lower(): name for name in sorted(available_timezones()) if "/" in name}
    city = _CITIES.get(word) or cities.get(word.replace(" ", "_"))
    if city is not None:
        return f"did you mean '{city}'?"
    near = did_you_mean(text, available_timezones()) if 2 < len(text) < 60 and text[-1].isalpha() else ""
    return near if near.startswith("did") else "use an IANA name such as Europe/Moscow"


def _hours(word: str) -> int | None:
    """Hours from UTC in a notation of an offset: ``utc+4``, ``+04:00``, ``msk+1``, ``мск``."""
    if word in _ABBREVIATIONS:
        return _ABBREVIATIONS[word]
    for pattern, base in ((_FROM_MOSCOW, _ABBREVIATIONS["msk"]), (_OFFSET, 0)):
        found = pattern.fullmatch(word)
        if found is not None:
            hours = base + int(found[1] + found[2])
            return hours if -12 <= hours <= 14 else None
    return None

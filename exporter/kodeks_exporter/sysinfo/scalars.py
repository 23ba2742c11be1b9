"""Parses single texts of a report: numbers, durations, error codes, months and words of vocabularies."""

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.texts import plain
from kodeks_exporter.sysinfo.clock import Clock
from kodeks_exporter.sysinfo.fields import OPEN_VOCABULARIES
from kodeks_exporter.sysinfo.limits import ReadLimits
from kodeks_exporter.sysinfo.profile import Profile

Values = Mapping[str, str | None]
"""Slot to text."""

NO_SLOT: Final = ""
OTHER: Final = "other"
_WORDS_KEPT: Final = 1000
_TEXTS_KEPT: Final = 20_000
_SHORT: Final = 100
_MONTHS_KEPT: Final = 1000
_MESSAGE: Final = 500
_LARGEST: Final = 2**53
_LONGEST_DURATION: Final = 1e7
_NO_ERROR: Final = frozenset({"", "0", "ok", "нет", "no", "none", "false"})
_NUMBERS: Final = re.compile(r"\d+", re.ASCII)
_CLOCK_DURATION: Final = re.compile(r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d{1,9})?)", re.ASCII)


def number(text: str | None) -> int | None:
    """A whole number of 0 or more, also as ``1 234`` or ``12.0``; anything else is None."""
    if text is None:
        return None
    try:
        found = int(text) if len(text) < 20 else -1
    except ValueError:
        if len(text) > _SHORT:
            return None
        cleaned = plain(text).replace(" ", "").replace("'", "")
        try:
            real = float(cleaned.replace(",", "."))
        except ValueError:
            return None
        if not 0 <= real <= _LARGEST or real != int(real):
            return None
        found = int(real)
    return found if 0 <= found <= _LARGEST else None


def duration(text: str | None, factor: float) -> float | None:
    """Seconds from a number in units of ``factor`` seconds, or from ``[h:]mm:ss``; None for anything else."""
    if text is None:
        return None
    try:
        found = float(text) * factor
    except ValueError:
        text = plain(text[:_SHORT])
        if match := _CLOCK_DURATION.fullmatch(text):
            found = int(match[1] or 0) * 3600 + int(match[2]) * 60 + float(match[3].replace(",", "."))
        else:
            try:
                found = float(text.replace(" ", "").replace(",", ".")) * factor
            except ValueError:
                return None
    return found if 0 <= found < _LONGEST_DURATION else None


def error_code(text: str | None) -> tuple[bool | None, int | None]:
    """Whether there is an error, and its code: ``(None, None)`` the report has no such field, ``(False, 0)`` none,
    ``(True, 2007)``, ``(True, None)`` an error whose code can't be read."""
    if text is None:
        return None, None
    text = plain(text[:_MESSAGE])
    if text.casefold() in _NO_ERROR:
        return False, 0
    numbers = _NUMBERS.findall(text)
    if len(numbers) != 1 or len(numbers[0]) > 9:
        return True, None
    code = int(numbers[0])
    return code != 0, code


Joins = tuple[tuple[str, tuple[str, ...]], ...]
"""Slots of composed fields: the slot, and the slots of its parts."""


def join_slots(values: Values, joins: Joins) -> Values:
    """Adds the slots of composed fields; such a field is missing when any part is."""
    joined = dict(values)
    for slot, parts in joins:
        texts = [values.get(part) for part in parts]
        joined[slot] = " ".join(map(plain, filter(None, texts))) if all(texts) else None
    return joined


Where = tuple[tuple[str, frozenset[str]], ...]
"""Slots that must hold one of these words (case folded), or the record is of another kind."""


def is_wanted(values: Values, where: Where) -> bool:
    return all(plain(values.get(slot) or "").casefold() in words for slot, words in where)


class Words(dict[str | None, str]):
    """Translates the words of one field, with a cache: ``words[text]``."""

    def __init__(self, field: str, table: Mapping[str, str], limits: ReadLimits) -> None:
        super().__init__({None: ""})
        self._table = table
        self._open = field in OPEN_VOCABULARIES
        self._longest = limits.label

    def __missing__(self, text: str | None) -> str:
        cut = plain((text or "")[: self._longest])
        word = self._table.get(cut.casefold())
        if word is None:
            word = cut if self._open or not cut else OTHER
        if len(self) < _WORDS_KEPT:
            self[text if text is None else text[: self._longest]] = word
        return word


T = TypeVar("T")


class Remembered(dict[str | None, T]):
    """Caches a function of texts that repeat: ``remembered[text]``."""

    def __init__(self, function: Callable[[str | None], T]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, text: str | None) -> T:
        made = self._function(text)
        if len(self) < _TEXTS_KEPT and (text is None or len(text) < _SHORT):
            self[text] = made
        return made


def label_texts(longest: int) -> Remembered[str]:
    """Short texts, plain and cut to ``longest``."""
    return Remembered(lambda text: cut(text, longest))


def cut(text: str | None, longest: int) -> str:
    return plain(text[: longest * 4])[:longest] if text else ""


class Months:
    """Texts of months to ``YYYY-MM``."""

    def __init__(self, profile: Profile, zone: ZoneInfo) -> None:
        self._clock = Clock(profile.months, zone)
        self._known: dict[str, str | None] = {}

    def __call__(self, text: str | None) -> str | None:
        if text is None:
            return None
        try:
            return self._known[text]
        except KeyError:
            found = self._clock.local(text)
            month = None if found is None else f"{found.year:04}-{found.month:02}"
            if len(self._known) < _MONTHS_KEPT and len(text) < 40:
                self._known[text] = month
            return month

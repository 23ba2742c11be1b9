"""Surveys a report of any layout: every place with a value, its frequency, and the shape of its values.

A *place* is written as in profiles, but from the root: ``/a/b/@c`` an attribute, ``/a/b`` the text of an element;
``table.column`` in SQLite. Values are not kept, only their shapes, because they may be personal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, cast

from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.domain.texts import plain
from kodeks_exporter.sysinfo.clock import compile_format
from kodeks_exporter.sysinfo.container import open_report
from kodeks_exporter.sysinfo.feed import XmlFeed
from kodeks_exporter.sysinfo.limits import ReadLimits
from kodeks_exporter.sysinfo.profile import Profile
from kodeks_exporter.sysinfo.sqlite_reader import ForeignDatabase, temporary_copy
from kodeks_exporter.sysinfo.xml_text import clean_text

KNOWN_FORMATS: Final = (
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y",
    "%d.%m.%y %H:%M:%S",
    "%d.%m.%y",
    "%Y%m%dT%H%M%S",
    "%Y%m%d%H%M%S",
    "%Y.%m.%d %H:%M:%S",
)
KNOWN_MONTHS: Final = ("%Y-%m", "%m.%Y", "%Y.%m", "%m/%Y", "%Y/%m", "%m-%Y")
_PLACES: Final = 5000
LOOKED_AT: Final = 300
_WORDS: Final = 12
_LONGEST_WORD: Final = 40
_DIGITS_SHOWN: Final = 5  # longer numbers may be phone numbers
_NUMBER: Final = re.compile(r"-?\d{1,18}([.,]\d{1,9})?", re.ASCII)
_GROUPED: Final = re.compile(r"-?\d{1,3}( \d{3})+([.,]\d{1,9})?", re.ASCII)
_TIME_OF_DAY: Final = re.compile(r"\d{1,2}:\d{2}(:\d{2}([.,]\d{1,9})?)?", re.ASCII)
_VERSION: Final = re.compile(r"v?\d{1,4}(\.\d{1,6}){2,4}( \([a-z0-9]{2,5}\))?", re.ASCII)
_IP: Final = re.compile(r"(\d{1,3}\.){3}\d{1,3}|[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7}", re.ASCII | re.IGNORECASE)


@dataclass(slots=True)
class Shape:
    """The shape of a place's values. ``kinds``: how many were a date, a number …"""

    count: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    """Date format to one example."""
    shortest: int = 0
    longest: int = 0
    low: float | None = None
    high: float | None = None
    version: str = ""
    words: set[str] = field(default_factory=set)
    """Different values, case folded, while they are few and short: for vocabularies. Never shown as they are."""
    few_words: bool = True
    damaged: int = 0
    """How many values had bytes invalid in the encoding."""
    hidden: int = 0
    """How many had white space or invisible characters that reading removes."""

    @property
    def main_kind(self) -> str:
        """The most frequent kind of non-empty values, or ``empty``."""
        kinds = {kind: count for kind, count in self.kinds.items() if kind != "empty"}
        return max(kinds, key=lambda kind: kinds[kind]) if kinds else "empty"

    def describe(self) -> str:
        """In Russian, without the values themselves (but for dates, versions and short numbers)."""
        kind = self.main_kind
        if kind == "date":
            found, example = next(iter(self.formats.items()))
            text = f"дата, например {example} ({found})"
        elif kind == "month":
            text = f"месяц, например {next(iter(self.formats.values()))}"
        elif kind == "version":
            text = f"версия, например {self.version}"
        elif kind == "time":
            text = "время суток"
        elif kind == "ip":
            text = "IP-адрес или версия"
        elif kind == "number":
            text = self._number_text()
        elif kind == "empty":
            return "пусто"
        else:
            span = str(self.longest) if self.shortest == self.longest else f"{self.shortest}–{self.longest}"
            text = f"текст {span} симв."
        if self.kinds.get("empty"):
            text += ", бывает пусто"
        if self.hidden:
            text += ", есть лишние пробелы или невидимые знаки (убираются)"
        return text

    def _number_text(self) -> str:
        if self.low is None or self.high is None:
            return "число"
        if max(abs(self.low), abs(self.high)) >= 10**_DIGITS_SHOWN:
            return f"число, до {len(str(int(max(abs(self.low), abs(self.high)))))} цифр"
        return f"число {self.low:g}" if self.low == self.high else f"число {self.low:g}…{self.high:g}"


class Looker:
    """Adds values to shapes."""

    def __init__(self, profile: Profile) -> None:
        dates = dict.fromkeys((*(f for f in KNOWN_FORMATS if f in profile.dates), *KNOWN_FORMATS, *profile.dates))
        dates = {f: None for f in dates if not f.startswith("unix")}
        months = dict.fromkeys((*KNOWN_MONTHS,))
        self._dates = [(text, compile_format(text)) for text in dates if text != "%Y%m%d"]
        self._months = [(text, compile_format(text)) for text in months]

    def look(self, shape: Shape, value: str) -> None:
        shape.count += 1
        if shape.count > LOOKED_AT:
            return
        bare = plain(value)
        shape.hidden += bare != value
        value = bare
        if "\ufffd" in value:
            shape.damaged += 1
        kind = self._kind(shape, value)
        shape.kinds[kind] = shape.kinds.get(kind, 0) + 1
        if kind != "empty":
            shape.shortest = min(shape.shortest or len(value), len(value))
            shape.longest = max(shape.longest, len(value))
        if shape.few_words and value:
            shape.words.add(value[: _LONGEST_WORD + 1].casefold())
            if len(shape.words) > _WORDS or len(value) > _LONGEST_WORD:
                shape.few_words = False
                shape.words.clear()

    def _kind(self, shape: Shape, value: str) -> str:
        if not value:
            return "empty"
        number = value.replace(" ", "") if _GROUPED.fullmatch(value) else value
        if _NUMBER.fullmatch(number) and not (value.count(".") == 1 and len(value.partition(".")[2]) == 4):
            real = float(number.replace(",", "."))
            shape.low = real if shape.low is None else min(shape.low, real)
            shape.high = real if shape.high is None else max(shape.high, real)
            return "number"
        if len(value) <= 40:
            for kind, patterns in (("date", self._dates), ("month", self._months)):
                for text, pattern in patterns:
                    if pattern.fullmatch(value):
                        shape.formats.setdefault(text, value)
                        return kind
            if _TIME_OF_DAY.fullmatch(value):
                return "time"
            if _IP.fullmatch(value):
                return "ip"
            if _VERSION.fullmatch(value):
                shape.version = shape.version or value
                return "version"
        return "text"


@dataclass(slots=True)
class ReportSurvey:
    """``places``: place to shape, in the order of the file. ``groups``: element or table to how often it (its rows)
    occurs. ``ignored``: things of a SQLite file that are never read. ``more``: there were too many places to list all.
    """

    container: str
    format: str
    encoding: str
    size: int = 0
    places: dict[str, Shape] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    more: bool = False
    by_group: dict[str, list[str]] = field(default_factory=dict, repr=False)
    """Places that may be fields of a group; filled when first asked for."""


def survey(path: Path, profile: Profile, limits: ReadLimits) -> ReportSurvey:
    """Surveys a whole report. Only encodings and date formats are taken from ``profile``. Raises UnreadableReport."""
    looker = Looker(profile)
    with open_report(path, limits, profile.xml.roots()) as opened:
        stream = cast(IO[bytes], opened.stream)
        if opened.format == "xml":
            text = clean_text(stream, opened.head, profile)
            found = ReportSurvey(opened.container, "xml", text.encoding)
            _survey_xml(iter(text), found, looker, limits)
            found.encoding = text.encoding
        else:
            found = ReportSurvey(opened.container, "sqlite", profile.sqlite.encoding)
            with (
                temporary_copy(stream, opened.head, limits, cast(IO[bytes] | None, opened.wal)) as copy,
                closing(ForeignDatabase(copy, profile.sqlite.encoding, limits)) as database,
            ):
                _survey_sqlite(database, found, looker)
        found.size = opened.stream.size
    return found


@dataclass(slots=True, eq=False)
class _Element:
    path: str
    children: dict[str, _Element] = field(default_factory=dict)


def _survey_xml(chunks: Iterator[str], found: ReportSurvey, looker: Looker, limits: ReadLimits) -> None:
    feed = XmlFeed(limits)
    stack = [_Element("")]
    pieces: list[str] = []
    leaf = False
    overflow = _Element("/…")

    def shape(place: str) -> Shape | None:
        known = found.places.get(place)
        if known is None:
            if len(found.places) >= _PLACES:
                found.more = True
                return None
            known = found.places[place] = Shape()
        return known

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal leaf
        leaf = True
        pieces.clear()
        parent = stack[-1]
        element = parent.children.get(name)
        if element is None:
            if len(found.groups) >= _PLACES:
                found.more = True
                element = overflow
            else:
                element = parent.children[name] = _Element(f"{parent.path}/{name}")
        stack.append(element)
        if element is overflow:
            return
        found.groups[element.path] = found.groups.get(element.path, 0) + 1
        for attribute, value in attributes.items():
            known = shape(f"{element.path}/@{attribute}")
            if known is not None:
                looker.look(known, value)

    def end(_: str) -> None:
        nonlocal leaf
        element = stack.pop()
        text = "".join(pieces)
        pieces.clear()
        # The text of an element with children, or with only attributes, is just white space.
        if element is not overflow and (text.strip() or (leaf and f"{element.path}" in found.places)):
            known = shape(element.path)
            if known is not None:
                looker.look(known, text)
        leaf = False

    def watch() -> None:
        if len(stack) > limits.depth:
            raise UnreadableReport("too_complex", f"elements are nested deeper than {limits.depth}")
        if len(pieces) > 1:
            pieces[:] = ["".join(pieces)[: limits.text]]

    feed.parser.StartElementHandler = start
    feed.parser.EndElementHandler = end
    feed.parser.CharacterDataHandler = pieces.append
    feed.run(chunks, watch)


def _survey_sqlite(database: ForeignDatabase, found: ReportSurvey, looker: Looker) -> None:
    for name, columns in database.tables.values():
        found.groups[name] = 0
        shapes = [Shape() for _ in columns]
        if len(found.places) + len(columns) > _PLACES:
            found.more = True
            continue
        found.places.update({f"{name}.{column}": shape for column, shape in zip(columns, shapes, strict=True)})
        if not columns:
            continue
        for row in database.rows(name, columns):
            found.groups[name] += 1
            for shape, value in zip(shapes, row, strict=True):
                if value is not None:
                    looker.look(shape, value)

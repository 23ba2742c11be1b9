"""Which values of a report can't be understood, found by reading it."""

from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.report import Block, ReportHeader
from kodeks_exporter.domain.texts import plain
from kodeks_exporter.sysinfo.fields import BLOCK_FIELDS, HEADER_FIELDS, OPEN_VOCABULARIES, VOCABULARIES, FieldType
from kodeks_exporter.sysinfo.limits import ReadLimits
from kodeks_exporter.sysinfo.profile import BlockLayout, Profile
from kodeks_exporter.sysinfo.records import Builder, Builders
from kodeks_exporter.sysinfo.scalars import NO_SLOT, OTHER, Values, duration, number
from kodeks_exporter.sysinfo.survey import Looker, Shape

_JUDGED: Final = frozenset({FieldType.TIME, FieldType.MONTH, FieldType.NUMBER, FieldType.DURATION, FieldType.WORD})
_KEYS: Final = 300
_NAME: Final = 60


class Doubting(Builders):
    """Builders that examine every value, joined as in the profile."""

    def __init__(self, profile: Profile, zone: ZoneInfo, limits: ReadLimits) -> None:
        super().__init__(profile, zone, limits)
        self._looker = Looker(profile)
        self._translations = {name: self.words(name) for name in VOCABULARIES}
        self.keys: dict[str, Shape] = {}
        """By name, of the report's list of names and values."""
        self._shapes: dict[str, tuple[str, FieldType, Shape]] = {}

    def builder(self, block: Block, layout: BlockLayout, slots: Mapping[str, str]) -> Builder:
        build = super().builder(block, layout, slots)
        judged = [
            (f"{block}.{name}", name, kind, slots[name])
            for name, kind in BLOCK_FIELDS[block].items()
            if kind in _JUDGED and slots.get(name, NO_SLOT) != NO_SLOT
        ]

        def look_and_build(values: Values) -> object:
            for use, name, kind, slot in judged:
                self._look(use, name, kind, values.get(slot))
            return build(values)

        return look_and_build  # type: ignore[return-value]  # what it gives is what build gives

    def rows(self, block: Block, layout: BlockLayout, slots: Mapping[str, str]) -> None:
        """Every value is to be examined."""

    def header(self, values: Values) -> ReportHeader:
        for name, kind in HEADER_FIELDS.items():
            if kind in _JUDGED:
                self._look(f"header.{name}", name, kind, values.get(name))
        return super().header(values)

    def named(self, name: str, value: str) -> None:
        if name in self.keys or len(self.keys) < _KEYS:
            self._looker.look(self.keys.setdefault(name[:_NAME], Shape()), value)

    def found(self) -> Mapping[str, str]:
        """Use (``searches.time``) to a Russian sentence about the values that were not understood."""
        return {use: _sentence(name, kind, shape) for use, (name, kind, shape) in self._shapes.items()}

    def _look(self, use: str, name: str, kind: FieldType, text: str | None) -> None:
        if text and (text := plain(text)) and not self._understood(name, kind, text):
            shape = self._shapes.setdefault(use, (name, kind, Shape()))[2]
            self._looker.look(shape, text)

    def _understood(self, name: str, kind: FieldType, text: str) -> bool:
        match kind:
            case FieldType.TIME:
                return self.clock.knows(text)
            case FieldType.MONTH:
                return self.month(text) is not None
            case FieldType.NUMBER:
                return number(text) is not None
            case FieldType.DURATION:
                return duration(text, 1.0) is not None
            case _:
                return name in OPEN_VOCABULARIES or self._translations[name][text] != OTHER


def _sentence(name: str, kind: FieldType, shape: Shape) -> str:
    if kind is FieldType.WORD:
        if not shape.few_words:
            return "слишком много разных значений для словаря"
        listed = ", ".join(f"«{word}»" for word in sorted(shape.words))
        return f"нет перевода в values.{name} для значений: {listed}"
    wanted = {FieldType.TIME: "дата", FieldType.MONTH: "месяц"}.get(kind, "число")
    if shape.formats and kind in (FieldType.TIME, FieldType.MONTH):
        return f"формата {', '.join(shape.formats)} нет в списке {'dates' if kind is FieldType.TIME else 'months'}"
    return f"ожидается {wanted}, а там: {shape.describe()} ({shape.count} шт.)"

"""Turns a profile into a tree of nodes, one for each element it names.

A node may open a *frame*: the texts of an element by slot, initially its attributes. Each mapped field becomes a slot
of its record's frame, filled from an attribute, a child element or an outer frame.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from kodeks_exporter.domain.report import Block
from kodeks_exporter.sysinfo.fields import BLOCK_FIELDS
from kodeks_exporter.sysinfo.profile import Layout, Origin
from kodeks_exporter.sysinfo.records import Builder, Builders, Record
from kodeks_exporter.sysinfo.scalars import NO_SLOT, Joins, Where
from kodeks_exporter.sysinfo.straight import Rows

# Slots of child elements are "/" and their path, other slots start with "//": no attribute can have such a name.
TEXT: Final = "//text"
Frame = dict[str, str]


@dataclass(slots=True, eq=False)
class Capture:
    """Texts that an element passes to an outer frame (``up`` 1 is the innermost) or, with 0, to the header."""

    up: int
    attributes: tuple[tuple[str, str], ...]
    text: str


@dataclass(slots=True, eq=False)
class RecordPlan:
    block: Block
    build: Builder
    emit: Callable[[Record], None]
    outer: tuple[tuple[int, str, str], ...]
    """Slots taken from outer frames: how many frames up, the slot there, the slot here."""
    joins: Joins
    where: Where
    text: bool
    tally: list[int]
    """How many records were skipped and taken."""


@dataclass(slots=True, eq=False)
class ElementPlan:
    children: dict[str, ElementPlan] = field(default_factory=dict)
    enter: Callable[[Frame], None] | None = None
    leave: Callable[[], None] | None = None
    # Inputs of enter and leave; not used while reading.
    path: str = ""
    shows: set[Block] = field(default_factory=set)
    frame: bool = False
    records: list[RecordPlan] = field(default_factory=list)
    captures: list[Capture] = field(default_factory=list)
    keys: tuple[str, str] | None = None


class Plan:
    """The tree of one profile, for one report."""

    def __init__(self, layout: Layout, builders: Builders, emit: Mapping[Block, Callable[[Record], None]]) -> None:
        """``emit``: takes the records of a block."""
        self.root = ElementPlan()
        self.rows: dict[Block, tuple[Rows | None, list[str]]] = {}
        """The builder for records that bypass the parser, if any, and the slots in the order of the fields."""
        self.tallies = {block: [0, 0] for block in layout.blocks}
        records = {spec.of for spec in layout.blocks.values()}
        for block, spec in layout.blocks.items():
            node = self.node(spec.of)
            node.frame = True
            for place in spec.where:
                if place.startswith("../"):
                    self.node(_climb(spec.of, place)[0]).frame = True
            shown = spec.present or _container(spec.of, records)
            if shown:
                self.node(shown).shows.add(block)
            for mapped in spec.fields.values():
                for place in mapped.places:
                    if place.startswith("../"):
                        self.node(_climb(spec.of, place)[0]).frame = True
        if layout.keys is not None:
            self.node(layout.keys.of).frame = True
        # Which nodes open frames is known now, so places can be turned into slots of frames.
        for block, spec in layout.blocks.items():
            slots: dict[str, str] = {}
            joins: list[tuple[str, tuple[str, ...]]] = []
            outer: list[tuple[int, str, str]] = []
            for name in BLOCK_FIELDS[block]:
                source = spec.fields.get(name)
                slots[name] = NO_SLOT if source is None else self._slot(spec.of, source, name, joins, outer)
            build = builders.builder(block, spec, slots)
            where = tuple((self._place_slot(spec.of, place, outer), words) for place, words in spec.where.items())
            text = "text()" in spec.where or any("text()" in mapped.places for mapped in spec.fields.values())
            self.rows[block] = builders.rows(block, spec, slots), [slots[name] for name in BLOCK_FIELDS[block]]
            self.node(spec.of).records.append(
                RecordPlan(block, build, emit[block], tuple(outer), tuple(joins), where, text, self.tallies[block])
            )
        for mapped in layout.header.values():
            for place in mapped.places:
                if not place.startswith("key:"):
                    self._capture_header(place)
        if layout.keys is not None:
            outer = []
            joins = []
            key = self._slot(layout.keys.of, Origin((layout.keys.key,)), "key", joins, outer)
            value = self._slot(layout.keys.of, Origin((layout.keys.value,)), "value", joins, outer)
            self.node(layout.keys.of).keys = (key, value)

    def node(self, path: str) -> ElementPlan:
        node = self.root
        walked = ""
        for name in path.strip("/").split("/"):
            walked += f"/{name}"
            node = node.children.setdefault(name, ElementPlan(path=walked))
        return node

    def _slot(
        self,
        of: str,
        source: Origin,
        name: str,
        joins: list[tuple[str, tuple[str, ...]]],
        outer: list[tuple[int, str, str]],
    ) -> str:
        slots = tuple(self._place_slot(of, place, outer) for place in source.places)
        if len(slots) == 1:
            return slots[0]
        joins.append((f"//joined/{name}", slots))
        return f"//joined/{name}"

    def _place_slot(self, of: str, place: str, outer: list[tuple[int, str, str]]) -> str:
        if place == "text()":
            return TEXT
        if place.startswith("@"):
            return place[1:]
        if place.startswith("../"):
            above, rest = _climb(of, place)
            # The number of frames from the record to that element, inclusive.
            up = sum(1 for path in _prefixes(of) if len(path) >= len(above) and self.node(path).frame)
            there = self._place_slot(above, rest, [])
            outer.append((up, there, f"//outer/{place}"))
            return f"//outer/{place}"
        path, _, attribute = place.partition("/@")
        node = self.node(f"{of}/{path}")
        up = sum(1 for p in _prefixes(node.path) if len(p) >= len(of) and p != node.path and self.node(p).frame)
        if attribute:
            node.captures.append(Capture(up, ((attribute, f"/{place}"),), ""))
        else:
            node.captures.append(Capture(up, (), f"/{place}"))
        return f"/{place}"

    def _capture_header(self, place: str) -> None:
        path, _, attribute = place.partition("/@")
        node = self.node(path)
        node.captures.append(Capture(0, ((attribute, place),), "") if attribute else Capture(0, (), place))


def _prefixes(path: str) -> list[str]:
    """``/a/b`` gives ``/a`` and ``/a/b``."""
    names = path.strip("/").split("/")
    return ["/" + "/".join(names[: i + 1]) for i in range(len(names))]


def _container(path: str, records: set[str]) -> str:
    """The element that shows a block even without records: the parent, unless that is the root of the report or
    itself a record (a user without usage does not show whether the report has usage)."""
    parent = path.rpartition("/")[0]
    return parent if parent.count("/") > 1 and parent not in records else ""


def _climb(of: str, place: str) -> tuple[str, str]:
    """The element that ``../x`` from ``of`` refers to, and the rest of the place."""
    while place.startswith("../"):
        of = of.rpartition("/")[0]
        place = place[3:]
    return of, place

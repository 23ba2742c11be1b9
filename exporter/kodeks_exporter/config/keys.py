"""The keys of the models in ``settings``: the only module that inspects their types."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin

from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.settings.notation import Mark, Notation


@dataclass(frozen=True)
class PlainType:
    """A type without its marks: ``base`` is a class or an alias such as ``tuple[str, ...]``."""

    base: Any
    marks: tuple[Any, ...]
    optional: bool

    def mark(self, kind: type[Any]) -> Any:
        """The mark of that class, None when there is none."""
        return next((mark for mark in self.marks if isinstance(mark, kind)), None)

    @property
    def is_section(self) -> bool:
        return self.mark(Notation) is None and dataclasses.is_dataclass(self.base)

    @property
    def items(self) -> tuple[PlainType, ...]:
        """Of lists the shape of an item; of mappings those of key and value."""
        return tuple(shape(each) for each in get_args(self.base) if each is not Ellipsis)


@dataclass(frozen=True)
class Key:
    """A key of a section. ``default`` is ``dataclasses.MISSING`` when it is required."""

    name: str
    shape: PlainType
    field: dataclasses.Field[Any]

    @property
    def default(self) -> Any:
        factory = self.field.default_factory
        return self.field.default if factory is dataclasses.MISSING else factory()


def shape(hint: Any) -> PlainType:
    marks: tuple[Any, ...] = ()
    optional = False
    while True:
        if get_origin(hint) is typing.Annotated:
            hint, *more = get_args(hint)
            marks += tuple(more)
        elif get_origin(hint) in (Union, types.UnionType):
            (hint,) = (each for each in get_args(hint) if each is not type(None))
            optional = True
        else:
            return PlainType(hint, marks, optional)


@cache
def keys(model: Any) -> tuple[Key, ...]:
    """Keys that the file may have, including those of inlined sections (``Mark.INLINE``)."""
    hints = typing.get_type_hints(model, include_extras=True)
    found = (Key(each.name, shape(hints[each.name]), each) for each in dataclasses.fields(model))
    return tuple(key for key in found if Mark.NOT_A_KEY not in key.shape.marks)


@cache
def names(model: Any) -> tuple[str, ...]:
    """All words allowed in the section."""
    return tuple(_names(model))


def _names(model: Any) -> Iterator[str]:
    for key in keys(model):
        if Mark.INLINE in key.shape.marks:
            yield from _names(key.shape.base)
        else:
            yield key.name
            if key.shape.base is Secret:
                yield f"{key.name}_file"

"""Turns plain data into the models of ``settings`` and reports every invalid value without repeating it."""

import dataclasses
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar, get_args, get_origin

from kodeks_exporter.config import secrets
from kodeks_exporter.config.document import Plain
from kodeks_exporter.config.keys import PlainType, keys, names
from kodeks_exporter.config.problems import Loc, shown_key
from kodeks_exporter.config.secrets import Surroundings
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.settings.notation import Closed, Items, Mark, Notation, SecretForm
from kodeks_exporter.settings.values import TRUTH, did_you_mean

S = TypeVar("S")
Finding = tuple[Loc, str]
"""A place and what is wrong there."""
_NOTHING: Final = object()
"""In place of a value that could not be read; the findings say why."""


def read(model: type[S], data: Plain, surroundings: Surroundings) -> tuple[S | None, list[Finding]]:
    """The typed section, or None with everything that is wrong with the values of single keys."""
    reader = _Reader(surroundings)
    section = reader.section(model, data, (), None)
    return (None if section is _NOTHING else section), reader.findings


class _Reader:
    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self.findings: list[Finding] = []

    def section(self, model: Any, data: Plain, loc: Loc, usual: Any) -> Any:
        """``usual``: has the values of keys that are left out; None: the model's defaults are used."""
        if data is None:
            data = {}
        if not isinstance(data, dict):
            return self._wrong(loc, "must be a mapping of keys")
        read = {}
        for key in keys(model):
            default = getattr(usual, key.name) if usual is not None else key.default
            if Mark.INLINE in key.shape.marks:
                inside = {name: data[name] for name in names(key.shape.base) if name in data}
                read[key.name] = self.section(key.shape.base, inside, loc, default)
            elif key.shape.base is Secret:
                read[key.name] = self._secret(key.name, key.shape, data, loc, default)
            elif data.get(key.name) is None:
                read[key.name] = self._left_out(key.name, loc, default)
            else:
                read[key.name] = self.value(key.shape, data[key.name], (*loc, key.name), default)
        known = names(model)
        for name in data:
            if name not in known:
                self._unknown((*loc, name), name, known)
        if any(value is _NOTHING for value in read.values()) or any(name not in known for name in data):
            return _NOTHING
        return model(**read)

    def value(self, shape: PlainType, data: Plain, loc: Loc, usual: Any = None) -> Any:
        base, origin = shape.base, get_origin(shape.base)
        kind: Notation | None = shape.mark(Notation)
        if kind is not None:
            return self._parsed(kind.parse, data, loc)
        if shape.is_section:
            return self.section(base, data, loc, usual if isinstance(usual, base) else None)
        if Mark.BY_NAME in shape.marks:
            return self._by_name(shape, data, loc)
        if origin in (tuple, frozenset):
            return self._list(shape, data, loc, origin)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return self._mapping(shape, data, loc, usual)
        return self._parsed(_parser(shape, self._surroundings), data, loc)

    def _list(self, shape: PlainType, data: Plain, loc: Loc, origin: Any) -> Any:
        (item,) = shape.items
        if isinstance(data, str) and not item.is_section:
            data, loc_of = [data], {0: loc}
        else:
            loc_of = {}
        if not isinstance(data, list):
            return self._wrong(loc, "must be a list")
        bounds: Items | None = shape.mark(Items)
        if bounds is not None and len(data) < bounds.least:
            return self._wrong(loc, "must have at least one item")
        if bounds is not None and len(data) > bounds.most:
            return self._wrong(loc, "has too many items")
        read = [self.value(item, each, loc_of.get(index, (*loc, index))) for index, each in enumerate(data)]
        return _NOTHING if any(each is _NOTHING for each in read) else origin(read)

    def _by_name(self, shape: PlainType, data: Plain, loc: Loc) -> Any:
        if not isinstance(data, list):
            return self._wrong(loc, "must be a list")
        read = [self.section(shape.items[1].base, each, (*loc, index), None) for index, each in enumerate(data)]
        if any(each is _NOTHING for each in read):
            return _NOTHING
        return MappingProxyType({each.name: each for each in read})

    def _mapping(self, shape: PlainType, data: Plain, loc: Loc, usual: Any) -> Any:
        if not isinstance(data, dict):
            return self._wrong(loc, "must be a mapping of keys")
        closed: Closed | None = shape.mark(Closed)
        key, value = shape.items
        read: dict[Any, Any] = dict(usual) if closed is not None else {}
        known = {str(name): name for name in read}
        for name, given in data.items():
            here = (*loc, name)
            if closed is None:
                word = self._parsed(key.mark(Notation).parse if key.marks else str, name, here)
                read[word] = self.value(value, given, here)
            elif name not in known:
                read[name] = self._unknown(here, name, known, closed.word)
            elif given is not None:
                read[known[name]] = self.value(value, given, here, read[known[name]])
        if any(_NOTHING in (name, each) for name, each in read.items()):
            return _NOTHING
        return MappingProxyType(read)

    def _secret(self, name: str, shape: PlainType, data: dict[str, Plain], loc: Loc, default: Any) -> Any:
        text, file = data.get(name), data.get(f"{name}_file")
        here = (*loc, name)
        if text is not None and file is not None:
            return self._wrong(here, f"is given twice, with {name}_file; keep one of them")
        if text is None and file is None:
            return self._left_out(name, loc, default)
        guard: SecretForm | None = shape.mark(SecretForm)
        try:
            if file is not None and not isinstance(file, str):
                raise ValueError("must be a file's path")
            if file is None and not isinstance(text, str):
                raise ValueError("must be a single value")
            secret = (
                secrets.from_file(file, self._surroundings)
                if isinstance(file, str)
                else secrets.from_text(str(text), self._surroundings)
            )
            if guard is not None:
                guard.check(secret.reveal())
        except ValueError as error:
            return self._wrong(here, str(error))
        return secret

    def _parsed(self, parse: Any, data: Plain, loc: Loc) -> Any:
        if not isinstance(data, str):
            return self._wrong(
                loc, "must be a single value, not a list or a mapping" if data is not None else "is empty"
            )
        try:
            return parse(data)
        except ValueError as error:
            return self._wrong(loc, str(error))

    def _left_out(self, name: str, loc: Loc, default: Any) -> Any:
        return self._wrong((*loc, name), "is missing; add it") if default is dataclasses.MISSING else default

    def _unknown(self, loc: Loc, name: str, known: Any, word: str = "key") -> Any:
        if shown_key(name).endswith("…"):
            return self._wrong(loc, "unknown key; is the colon, or the space after it, forgotten?")
        return self._wrong(loc, f"unknown {word}; {did_you_mean(name, known)}")

    def _wrong(self, loc: Loc, message: str) -> Any:
        self.findings.append((loc, message))
        return _NOTHING


def _parser(shape: PlainType, surroundings: Surroundings) -> Any:
    """The parser of a type."""
    base = shape.base
    if Mark.FILE in shape.marks:
        return lambda text: str(secrets.readable_file(text, surroundings))
    if Mark.FOLDER in shape.marks:
        return lambda text: str(secrets.usable_folder(text, surroundings)) if text else ""
    if base is bool:
        return _truth
    if get_origin(base) is Literal:
        return lambda text: _choice(text, {each: each for each in get_args(base)})
    if isinstance(base, type) and issubclass(base, Enum):
        return lambda text: _choice(text, {each.value: each for each in base})
    raise TypeError(f"nobody knows how {base} is written in kodeks.yml; give it a Notation")


def _truth(text: str) -> bool:
    if text.lower() not in TRUTH:
        raise ValueError("must be true or false")
    return TRUTH[text.lower()]


def _choice(text: str, choices: dict[str, Any]) -> Any:
    if text not in choices:
        words = [repr(choice) for choice in choices]
        raise ValueError(f"must be {', '.join(words[:-1])} or {words[-1]}")
    return choices[text]

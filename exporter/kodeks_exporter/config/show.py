"""Writes settings as YAML, with secrets masked."""

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any

import yaml

from kodeks_exporter.config.keys import PlainType, keys
from kodeks_exporter.domain.secret import MASK, Secret
from kodeks_exporter.settings.notation import Mark, Notation
from kodeks_exporter.settings.settings import Settings

_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def masked_yaml(settings: Settings) -> str:
    """The effective configuration in the form of kodeks.yml; each secret is shown as ``***``."""
    whole = section(settings)
    if not settings.reaction.alertmanagers:
        del whole["reaction"]  # this section needs them
    return str(yaml.dump(whole, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=120))


def section(item: Any) -> dict[str, Any]:
    """A section of ``settings`` as plain YAML. What is empty, and is so by default, is left out."""
    plain: dict[str, Any] = {}
    model: Any = type(item)
    for key in keys(model):
        held = getattr(item, key.name)
        if Mark.INLINE in key.shape.marks:
            plain |= section(held)
        elif held not in ("", None, (), {}) or (key.default is not dataclasses.MISSING and held != key.default):
            plain[key.name] = value(key.shape, held)
    return plain


def value(shape: PlainType, held: Any) -> Any:
    kind: Notation | None = shape.mark(Notation)
    if isinstance(held, Secret):
        return MASK
    if kind is not None and held != "":
        return kind.show(held)
    if shape.is_section:
        return section(held)
    if Mark.BY_NAME in shape.marks:
        return [section(each) for each in held.values()]
    if isinstance(held, frozenset):
        return sorted(value(shape.items[0], each) for each in held)
    if isinstance(held, tuple):
        return [value(shape.items[0], each) for each in held]
    if isinstance(held, Mapping):
        return {str(name): value(shape.items[1], each) for name, each in held.items()}
    return held.value if isinstance(held, Enum) else held

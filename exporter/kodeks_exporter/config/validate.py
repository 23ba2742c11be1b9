"""Puts plain data through a schema and tells what is wrong in our own words (those of pydantic repeat the input)."""

from __future__ import annotations

from typing import Any, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kodeks_exporter.config.document import Plain
from kodeks_exporter.config.problems import Loc, did_you_mean, shown_key
from kodeks_exporter.config.schema import Section
from kodeks_exporter.config.secrets import Surroundings

S = TypeVar("S", bound=Section)
Finding = tuple[Loc, str]
"""A place and what is wrong there."""

_MESSAGES = {
    "missing": "is missing; add it",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping of keys",
    "string_type": "must be text",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "too_short": "must have at least one item",
    "too_long": "has too many items",
    "byte_size": "must be a size such as 2MiB",
    "byte_size_unit": "must be a size such as 2MiB",
}


def validate(model: type[S], data: Plain, surroundings: Surroundings) -> tuple[S | None, list[Finding]]:
    """The typed section, or None with everything that is wrong with the values of single keys."""
    try:
        return model.model_validate(data, context=surroundings), []
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        return None, [_finding(model, detail) for detail in details]


def _finding(model: type[Section], detail: ErrorDetails) -> Finding:
    loc: Loc = detail["loc"]
    if loc and loc[-1] == "[key]":
        loc = loc[:-1]
    context: dict[str, Any] = detail.get("ctx", {})
    kind = detail["type"]
    if kind == "extra_forbidden":
        word = shown_key(str(loc[-1]))
        if word.endswith("…"):
            return loc, "unknown key; is the colon, or the space after it, forgotten?"
        return loc, f"unknown key; {did_you_mean(word, _keys_at(model, loc[:-1]))}"
    if kind == "value_error":
        return loc, str(context["error"])
    if kind in ("enum", "literal_error"):
        return loc, f"must be {context['expected']}"
    if kind == "greater_than_equal":
        return loc, f"must be at least {context['ge']}"
    if kind == "less_than_equal":
        return loc, f"must be at most {context['le']}"
    return loc, _MESSAGES.get(kind, "is not valid")


def _keys_at(model: type[Section], loc: Loc) -> tuple[str, ...]:
    for part in loc:
        if isinstance(part, str):
            inner = _section_in(model.model_fields[part].annotation)
            assert inner is not None, "only sections forbid keys"
            model = inner
    return model.known_keys()


def _section_in(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _section_in(arg))), None)

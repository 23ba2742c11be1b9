"""Tables of the documentation that say again what the code says: ``./run docs`` writes them, a test compares them.

A page marks the place: ``<!-- table: NAME -->`` … ``<!-- end -->``, a rule file ``# table: NAME`` … ``# end``; NAME is
a key of ``TABLES``, with its arguments.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import EnumType
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args, get_origin

from kodeks_exporter.config.keys import Key, PlainType, keys
from kodeks_exporter.config.show import value
from kodeks_exporter.domain.checks import CHECKS, CheckRow
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.render import site
from kodeks_exporter.settings.alerting import THRESHOLDS
from kodeks_exporter.settings.checks import Patterns
from kodeks_exporter.settings.fleet import Credentials, Snmp
from kodeks_exporter.settings.handling import ChecklistPoint
from kodeks_exporter.settings.notation import Closed, Mark, Notation, SecretForm
from kodeks_exporter.settings.online import OnlinePatterns
from kodeks_exporter.settings.reports import ForwardSettings
from kodeks_exporter.settings.settings import Settings
from tools import errors

ROOT: Final = Path(__file__).resolve().parents[1]
PAGES: Final = ("docs/checks.md", "docs/configuration.md", "rules/inventory.yml")
_PLACE: Final = re.compile(
    r"(^ *(?:<!--|#) table: ([\w .]+?)(?: -->)?\n).*?(^ *(?:<!-- end -->|# end$))", re.DOTALL | re.MULTILINE
)


def written(text: str) -> str:
    """A page with its tables as they should be."""
    return _PLACE.sub(lambda place: place[1] + "\n".join(_table(place[2])) + "\n" + place[3], text)


def _table(call: str) -> Iterator[str]:
    name, *arguments = call.split()
    return TABLES[name](*arguments)


def _rows(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = list(head)
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |").replace("|  |", "| |")


# Keys of kodeks.yml


def sections() -> set[str]:
    """Sections of the file, each of which has a table; a list of plain values is none."""
    return {key.name for key in _flat(Settings) if get_origin(key.shape.base) is not tuple}


def section_keys(path: str) -> Iterator[str]:
    """The keys of a section, those of sections within it by their way from there."""
    shape, default = PlainType(Settings, (), False), None
    for part in path.split("."):
        key = next(each for each in _flat(shape.base) if each.name == part)
        shape = key.shape.items[1] if Mark.BY_NAME in key.shape.marks else key.shape
        default = None if Mark.BY_NAME in key.shape.marks else key.default
    return _rows(("key", "default", "meaning"), _section(shape.base, default, ""))


def _flat(model: Any) -> Iterator[Key]:
    for key in keys(model):
        if Mark.INLINE in key.shape.marks:
            yield from _flat(key.shape.base)
        else:
            yield key


def _section(model: Any, usual: Any, prefix: str) -> Iterator[tuple[str, str, str]]:
    docs = attribute_docs(model)
    for key in keys(model):
        name, shape = f"{prefix}{key.name}", key.shape
        default = key.default if usual is None else getattr(usual, key.name)
        if shape.is_section:
            yield f"`{name}`", "", docs.get(key.name) or _sentence(shape.base)
            if not _has_own_table(shape.base):
                yield from _section(shape.base, default, f"{name}.")
        else:
            yield f"`{name}`", _default(shape, default), " ".join(_meaning(shape, docs.get(key.name, ""), default))


def _has_own_table(model: Any) -> bool:
    return model in (Snmp, ForwardSettings, Patterns, OnlinePatterns, Credentials)


def _default(shape: PlainType, default: Any) -> str:
    if default is dataclasses.MISSING:
        return "*required*"
    if isinstance(default, Mapping):
        simple = all(isinstance(each, str | int | float) for each in default.values())
        shown = (f"`{name}: {value(shape.items[1], each)}`" for name, each in default.items())
        return ", ".join(shown) if simple else "built in"
    if isinstance(default, tuple) and any(isinstance(each, re.Pattern | ChecklistPoint) for each in default):
        return "built in"
    plain = None if default is None else value(shape, default)
    if plain in (None, "", []):
        return ""
    words = plain if isinstance(plain, list) else [str(plain).lower() if isinstance(plain, bool) else plain]
    return ", ".join(f"`{word}`" for word in words)


def _meaning(shape: PlainType, doc: str, default: Any) -> Iterator[str]:
    if doc:
        yield doc
    base, item = shape.base, shape.items[-1] if shape.items else shape
    kind, guard = item.mark(Notation) or shape.mark(Notation), shape.mark(SecretForm)
    if base is Secret:
        yield "A secret" + (f": {guard.range}." if guard is not None and guard.range else ".")
    if kind is not None and kind.range:
        yield f"{kind.range[0].upper()}{kind.range[1:]}."
    choices = get_args(base) if get_origin(base) is Literal else tuple(base) if isinstance(base, EnumType) else ()
    if any(f"`{choice}`" not in doc for choice in choices):
        yield _choices(choices) + "."
    if shape.mark(Closed) and _default(shape, default) == "built in":
        yield "Keys: " + ", ".join(f"`{name}`" for name in default) + "."
    if isinstance(default, Mapping) and (kind := shape.items[0].mark(Notation)) is not None and kind.range:
        yield f"Keys: {kind.range}."


def _choices(words: Iterable[Any]) -> str:
    *rest, last = (f"`{word}`" for word in words)
    return f"{', '.join(rest)} or {last}"


def _sentence(model: Any) -> str:
    return _one_line((inspect.getdoc(model) or "").split("\n\n")[0])


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("``", "`").strip()


def attribute_docs(model: Any) -> dict[str, str]:
    """Attribute to the text that stands beneath it in the class, those of its bases included."""
    docs: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if dataclasses.is_dataclass(each):
            (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cast(type, each)))).body
            assert isinstance(tree, ast.ClassDef)
            for line, below in zip(tree.body, tree.body[1:], strict=False):
                if (
                    isinstance(line, ast.AnnAssign)
                    and isinstance(below, ast.Expr)
                    and isinstance(below.value, ast.Constant)
                ):
                    assert isinstance(line.target, ast.Name)
                    docs[line.target.id] = re.sub(r"\s+", " ", str(below.value.value)).replace("``", "`").strip()
    return docs


def thresholds() -> Iterator[str]:
    for_people = {
        name: f"{each.meaning}; one of {', '.join(f'{choice:g}' for choice in each.choices)}"
        if each.choices
        else each.meaning
        for name, each in THRESHOLDS.items()
    }
    rows = ((f"`{name}`", f"{each.default:g}", for_people[name]) for name, each in THRESHOLDS.items())
    return _rows(("name", "default", "alerts and meaning"), rows)


# Checks


def checks() -> Iterator[str]:
    return _rows(
        ("check", "fails when", "blocks"), ((f"`{row.name}`", row.fails, _blocks(row)) for row in CHECKS.values())
    )


def checks_in_russian() -> Iterator[str]:
    return _rows(("Проверка", "Сбой, когда"), ((f"`{row.name}`", row.fails_ru) for row in CHECKS.values()))


def _blocks(row: CheckRow) -> str:
    required = " ".join(f"`{other.name}`" for other in CHECKS.values() if row.name in other.requires)
    return "; ".join(text for text in (required, row.blocks) if text)


FILES: Final[Mapping[str, Callable[[], str]]] = {
    "rules/site.yml": lambda: site.rendered(Settings().thresholds, Settings().score)
}
"""Whole files that the code knows."""
TABLES: Final[Mapping[str, Callable[..., Iterator[str]]]] = {
    "keys": section_keys,
    "thresholds": thresholds,
    "defaults": site.defaults,
    "checks": checks,
    "checks_in_russian": checks_in_russian,
}


def stale_pages() -> dict[Path, str]:
    """Pages whose tables do not say what the code says, with the text they should have."""
    wanted = {page: written((ROOT / page).read_text(encoding="utf-8")) for page in PAGES}
    wanted |= {name: text() for name, text in FILES.items()}
    wanted |= errors.pages()
    return {ROOT / name: text for name, text in wanted.items() if (ROOT / name).read_text(encoding="utf-8") != text}


if __name__ == "__main__":
    for path, text in stale_pages().items():
        path.write_text(text, encoding="utf-8")
        print(f"written    {path.relative_to(ROOT)}")

"""Mapping profiles: from the names in a report to the domain model. The format is described in docs/profiles.md."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from kodeks_exporter.domain.report import Block
from kodeks_exporter.domain.texts import plain
from kodeks_exporter.sysinfo.clock import compile_format
from kodeks_exporter.sysinfo.fields import (
    BLOCK_FIELDS,
    DURATION_UNITS,
    HEADER_FIELDS,
    REQUIRED,
    VOCABULARIES,
    FieldType,
)

BUILT_IN: Final = Path(__file__).with_name("profiles")
ENCODINGS: Final = frozenset({
    "utf-8", "utf-16", "utf-16-le", "utf-16-be", "windows-1251", "windows-1252", "koi8-r", "cp866", "iso-8859-1",
    "iso-8859-5", "us-ascii",
})  # fmt: skip
_NAME: Final = r"[^/@\s.\[\]*][^/@\s\[\]*]*"
_ABSOLUTE: Final = re.compile(rf"(/{_NAME})+(/@{_NAME})?")
_ELEMENT_PATH: Final = re.compile(rf"(/{_NAME})+")
_RELATIVE: Final = re.compile(rf"(text\(\)|(\.\./)*(@{_NAME}|{_NAME}(/{_NAME})*(/@{_NAME})?))")
_KEY_PREFIX: Final = "key:"
_LONGEST_FILE: Final = 1024 * 1024
_EXTENDS_DEPTH: Final = 5


class BadProfile(Exception):  # noqa: N818 - reads as what it says
    """A profile can't be used. ``mistakes``: all of them, each with the place (key path) and what is wrong."""

    def __init__(self, name: str, mistakes: Sequence[str]) -> None:
        super().__init__(f"profile {name}: " + "; ".join(mistakes))
        self.name = name
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a field comes from: one place, or several whose texts are joined by a space (a date and a time).

    XML: ``@attribute``, ``text()``, ``child``, ``child/@attribute``, ``../@attribute``; in the header from the root,
    ``/sysinfo/@version``. SQLite: a column; in the header ``table.column`` of its first row. Header of both:
    ``key:NAME``.
    """

    places: tuple[str, ...]
    unit: str = "s"


@dataclass(frozen=True, slots=True)
class Keys:
    """A list of names and values inside a report. ``of``: path of the XML element, or the table."""

    of: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class BlockLayout:
    """``of``: path of the record's XML element, or the table. ``present``: an XML element that shows the block is
    there even without records. ``where``: place to required values (case folded), when rows of several kinds share
    one name."""

    of: str
    fields: Mapping[str, Origin]
    present: str = ""
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layout:
    """One of the two forms of a report. ``encoding`` ``auto``: as the file declares."""

    encoding: str
    header: Mapping[str, Origin]
    keys: Keys | None
    blocks: Mapping[Block, BlockLayout]

    def roots(self) -> frozenset[str]:
        """Names of an XML report's outermost element."""
        header = (place for source in self.header.values() for place in source.places)
        records = (block.of for block in self.blocks.values())
        return frozenset(place.split("/")[1] for place in (*header, *records) if place.startswith("/"))


@dataclass(frozen=True, slots=True)
class Profile:
    """``values``: field to the report's word (case folded) to the domain's word."""

    name: str
    description: str
    dates: tuple[str, ...]
    months: tuple[str, ...]
    values: Mapping[str, Mapping[str, str]]
    xml: Layout
    sqlite: Layout


def load_profile(name_or_path: str, search_dirs: Sequence[Path] = ()) -> Profile:
    """The profile of that name (``NAME.yml`` in ``search_dirs``, then among the built-in ones) or at that path.

    Raises BadProfile with every mistake at once.
    """
    return parse_profile(name_or_path, _load(name_or_path, search_dirs, 0))


def parse_profile(name: str, document: object) -> Profile:
    """A profile from an already loaded YAML document, ``extends`` resolved. Raises BadProfile."""
    mistakes: list[str] = []
    profile = _Parser(mistakes).profile(name, document)
    if mistakes:
        raise BadProfile(name, mistakes)
    return profile


def extend(base: object, changes: object) -> object:
    """``changes`` over ``base``: mappings are merged, null removes a key, everything else is replaced.

    A field's source (a mapping with ``from``) and a list are replaced as a whole.
    """
    if not isinstance(base, dict) or not isinstance(changes, dict) or "from" in changes:
        return changes
    merged = dict(base)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = extend(merged.get(key), value)
    return merged


def _load(name_or_path: str, search_dirs: Sequence[Path], depth: int) -> object:
    path = _find(name_or_path, search_dirs)
    try:
        if path.stat().st_size > _LONGEST_FILE:
            raise BadProfile(name_or_path, ["the file is too large for a profile"])
        document: object = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except yaml.YAMLError as error:
        raise BadProfile(name_or_path, [f"not valid YAML: {error}"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadProfile(name_or_path, [f"can't be read: {error}"]) from None
    if isinstance(document, dict) and "extends" in document:
        base = document.pop("extends")
        if not isinstance(base, str) or depth >= _EXTENDS_DEPTH:
            raise BadProfile(name_or_path, ["extends: must name another profile, without a circle"])
        document = extend(_load(base, search_dirs, depth + 1), document)
    return document


def _find(name_or_path: str, search_dirs: Sequence[Path]) -> Path:
    if "/" in name_or_path or name_or_path.endswith((".yml", ".yaml")):
        return Path(name_or_path)
    for folder in (*search_dirs, BUILT_IN):
        path = folder / f"{name_or_path}.yml"
        if path.is_file():
            return path
    raise BadProfile(name_or_path, [f"no file {name_or_path}.yml in {', '.join(map(str, (*search_dirs, BUILT_IN)))}"])


class _Parser:
    """Walks a document and collects all mistakes."""

    def __init__(self, mistakes: list[str]) -> None:
        self._mistakes = mistakes

    def _wrong(self, where: str, what: str) -> None:
        self._mistakes.append(f"{where}: {what}" if where else what)

    def _mapping(self, value: object, where: str, known: Sequence[str] = ()) -> dict[str, object]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._wrong(where, "must be a mapping")
            return {}
        for key in value:
            if known and key not in known:
                self._wrong(f"{where}.{key}" if where else str(key), f"unknown; known are {', '.join(known)}")
        return {str(key): item for key, item in value.items() if not known or key in known}

    def _text(self, value: object, where: str) -> str:
        if isinstance(value, str) and value.strip():
            return value.strip()
        self._wrong(where, "must be a text")
        return ""

    def profile(self, name: str, document: object) -> Profile:
        top = self._mapping(document, "", ("description", "dates", "months", "values", "xml", "sqlite"))
        return Profile(
            name=name,
            description=str(top.get("description", "")),
            dates=self._formats(top.get("dates"), "dates"),
            months=self._formats(top.get("months"), "months"),
            values=self._values(top.get("values")),
            xml=self._layout(top.get("xml"), "xml", "record"),
            sqlite=self._layout(top.get("sqlite"), "sqlite", "table"),
        )

    def _formats(self, value: object, where: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not value:
            self._wrong(where, "must be a list of date formats, such as %Y-%m-%d")
            return ()
        formats = []
        for number, item in enumerate(value):
            text = self._text(item, f"{where}[{number}]")
            if not text:
                continue
            try:
                compile_format(text)
            except ValueError as error:
                self._wrong(f"{where}[{number}]", str(error))
            else:
                formats.append(text)
        return tuple(formats)

    def _values(self, value: object) -> Mapping[str, Mapping[str, str]]:
        result: dict[str, dict[str, str]] = {}
        for name, words in self._mapping(value, "values", tuple(VOCABULARIES)).items():
            where = f"values.{name}"
            table: dict[str, str] = {}
            for word, spellings in self._mapping(words, where, sorted(VOCABULARIES[name])).items():
                if not isinstance(spellings, list):
                    self._wrong(f"{where}.{word}", "must be a list of what the report may write")
                    continue
                for spelling in spellings:
                    folded = str(spelling).strip().casefold()
                    if table.setdefault(folded, word) != word:
                        self._wrong(f"{where}.{word}", f"{spelling!r} already means {table[folded]}")
            result[name] = table
        return result

    def _layout(self, value: object, where: str, record_key: str) -> Layout:
        xml = record_key == "record"
        top = self._mapping(value, where, ("encoding", "keys", "header", "blocks"))
        encoding = top.get("encoding", "auto" if xml else "utf-8")
        if encoding not in ENCODINGS and not (xml and encoding == "auto"):
            self._wrong(f"{where}.encoding", f"unknown; known are {', '.join(sorted(ENCODINGS))}")
        keys = self._keys(top.get("keys"), f"{where}.keys", record_key) if top.get("keys") is not None else None
        header: dict[str, Origin] = {}
        for name, source in self._mapping(top.get("header"), f"{where}.header", tuple(HEADER_FIELDS)).items():
            at = f"{where}.header.{name}"
            found = self._source(source, at, HEADER_FIELDS[name])
            for place in found.places:
                self._check_header_place(place, at, xml, keys)
            header[name] = found
        blocks: dict[Block, BlockLayout] = {}
        for name, block in self._mapping(top.get("blocks"), f"{where}.blocks", tuple(Block)).items():
            blocks[Block(name)] = self._block(block, f"{where}.blocks.{name}", Block(name), record_key)
        return Layout(str(encoding), header, keys, blocks)

    def _check_header_place(self, place: str, where: str, xml: bool, keys: Keys | None) -> None:
        if place.startswith(_KEY_PREFIX):
            if keys is None:
                self._wrong(where, f"{place} needs the section keys")
        elif xml and not _ABSOLUTE.fullmatch(place):
            self._wrong(where, f"{place!r} must be a path from the root such as /sysinfo/server/@version, or key:NAME")
        elif not xml and not re.fullmatch(r"[^.]+\.[^.]+", place):
            self._wrong(where, f"{place!r} must be table.column, or key:NAME")

    def _keys(self, value: object, where: str, record_key: str) -> Keys:
        top = self._mapping(value, where, (record_key, "key", "value"))
        of = self._text(top.get(record_key), f"{where}.{record_key}")
        keys = Keys(of, self._text(top.get("key"), f"{where}.key"), self._text(top.get("value"), f"{where}.value"))
        if record_key == "record":
            self._check_path(of, f"{where}.{record_key}")
            for name, place in (("key", keys.key), ("value", keys.value)):
                self._check_relative(place, f"{where}.{name}")
        return keys

    def _check_path(self, path: str, where: str) -> None:
        if path and not _ELEMENT_PATH.fullmatch(path):
            self._wrong(where, f"{path!r} must be a path of elements from the root, such as /sysinfo/users/user")

    def _check_relative(self, place: str, where: str, depth: int = 1_000) -> None:
        if not place:
            return
        if not _RELATIVE.fullmatch(place):
            self._wrong(where, f"{place!r} must be text(), @attribute, child, child/@attribute or ../@attribute")
        elif place.count("../") >= depth:
            self._wrong(where, f"{place!r} goes above the root")

    def _block(self, value: object, where: str, block: Block, record_key: str) -> BlockLayout:
        xml = record_key == "record"
        top = self._mapping(value, where, (record_key, "fields", "where", *(("present",) if xml else ())))
        of = self._text(top.get(record_key), f"{where}.{record_key}")
        present = ""
        if xml:
            self._check_path(of, f"{where}.{record_key}")
            if top.get("present") is not None:
                present = self._text(top.get("present"), f"{where}.present")
                self._check_path(present, f"{where}.present")
        known = BLOCK_FIELDS[block]
        fields: dict[str, Origin] = {}
        for name, source in self._mapping(top.get("fields"), f"{where}.fields", tuple(known)).items():
            at = f"{where}.fields.{name}"
            fields[name] = self._source(source, at, known[name])
            if xml:
                for place in fields[name].places:
                    self._check_relative(place, at, of.count("/"))
        conditions = self._conditions(top.get("where"), f"{where}.where", of if xml else "")
        for name in REQUIRED[block]:
            if name not in fields:
                self._wrong(f"{where}.fields.{name}", "missing: a record means nothing without it")
        return BlockLayout(of, fields, present, conditions)

    def _conditions(self, value: object, where: str, path: str) -> Mapping[str, frozenset[str]]:
        """``path``: of the record's XML element; empty for a table."""
        conditions: dict[str, frozenset[str]] = {}
        for place, wanted in self._mapping(value, where).items():
            if path:
                self._check_relative(place, where, path.count("/"))
            words = wanted if isinstance(wanted, list) else [wanted]
            if not words or not all(isinstance(word, str | int) for word in words):
                self._wrong(f"{where}.{place}", "must be what the place says, or a list of such")
                continue
            conditions[place] = frozenset(plain(str(word)).casefold() for word in words)
        return conditions

    def _source(self, value: object, where: str, kind: FieldType) -> Origin:
        unit = "s"
        places = value
        if isinstance(value, dict):
            top = self._mapping(value, where, ("from", "unit"))
            places = top.get("from")
            if "unit" in top:
                unit = str(top["unit"])
                if kind is not FieldType.DURATION:
                    self._wrong(f"{where}.unit", "only a duration has a unit")
                elif unit not in DURATION_UNITS:
                    self._wrong(f"{where}.unit", f"unknown; known are {', '.join(DURATION_UNITS)}")
        if isinstance(places, list) and places:
            return Origin(tuple(self._text(place, where) for place in places), unit)
        return Origin((self._text(places, where),), unit)

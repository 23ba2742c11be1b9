"""What a profile may name: the blocks of a report, their fields, and the vocabularies of values."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kodeks_exporter.domain.report import Block


class FieldType(StrEnum):
    """How the text of a field is interpreted."""

    TEXT = "text"
    TIME = "time"
    MONTH = "month"
    NUMBER = "number"
    DURATION = "duration"
    CODE = "code"
    """An error code: a number, or a text with one number in it; empty and 0 mean no error."""
    FILLED = "filled"
    """Personal data: only whether the field is filled leaves the reader."""
    WORD = "word"
    """One of a vocabulary, translated by the ``values`` of the profile."""


_USAGE_COUNTERS: Final = (
    "requests",
    "documents",
    "services",
    "links",
    "searches_intellectual",
    "searches_attribute",
    "searches_empty",
    "printed",
    "saved",
    "kassist",
)

HEADER_FIELDS: Final[Mapping[str, FieldType]] = MappingProxyType(
    {
        "sysinfo_version": FieldType.TEXT,
        "created": FieldType.TIME,
        "server_version": FieldType.TEXT,
        "os": FieldType.TEXT,
        "started": FieldType.TIME,
        "regnum": FieldType.TEXT,
        "client": FieldType.TEXT,
        "seats": FieldType.NUMBER,
        "expires": FieldType.TIME,
        "protection_binding": FieldType.TEXT,
        "protection_status": FieldType.WORD,
        "protection_code": FieldType.CODE,
        "protection_message": FieldType.TEXT,
        "spp_status": FieldType.WORD,
    }
)

BLOCK_FIELDS: Final[Mapping[Block, Mapping[str, FieldType]]] = MappingProxyType(
    {
        Block.MODULES: {"name": FieldType.TEXT, "version": FieldType.TEXT},
        Block.SESSIONS: {
            "login": FieldType.TEXT,
            "domain": FieldType.TEXT,
            "ip": FieldType.TEXT,
            "browser": FieldType.TEXT,
            "since": FieldType.TIME,
        },
        Block.VOLUMES: {
            "file": FieldType.TEXT,
            "product": FieldType.TEXT,
            "title": FieldType.TEXT,
            "update": FieldType.TEXT,
            "expires": FieldType.TIME,
            "error": FieldType.CODE,
            "message": FieldType.TEXT,
        },
        Block.OPERUP: {"name": FieldType.TEXT, "date": FieldType.TIME},
        Block.USERS: {
            "login": FieldType.TEXT,
            "domain": FieldType.TEXT,
            "registered": FieldType.TIME,
            "last_seen": FieldType.TIME,
            "fullname": FieldType.FILLED,
            "position": FieldType.FILLED,
            "department": FieldType.FILLED,
            "phone": FieldType.FILLED,
            "email": FieldType.FILLED,
        },
        Block.USAGE: {
            "login": FieldType.TEXT,
            "domain": FieldType.TEXT,
            "month": FieldType.MONTH,
            **dict.fromkeys(_USAGE_COUNTERS, FieldType.NUMBER),
        },
        Block.SEARCHES: {
            "time": FieldType.TIME,
            "login": FieldType.TEXT,
            "catalog": FieldType.TEXT,
            "source": FieldType.WORD,
            "type": FieldType.WORD,
            "status": FieldType.WORD,
            "query": FieldType.TEXT,
            "found": FieldType.NUMBER,
            "duration": FieldType.DURATION,
        },
        Block.REJECTIONS: {"time": FieldType.TIME, "login": FieldType.TEXT, "reason": FieldType.WORD},
        Block.KASSIST: {
            "date": FieldType.TIME,
            "unique": FieldType.NUMBER,
            "added": FieldType.NUMBER,
            "unmatched": FieldType.NUMBER,
            "checked": FieldType.NUMBER,
        },
    }
)

REQUIRED: Final[Mapping[Block, tuple[str, ...]]] = MappingProxyType(
    {
        Block.MODULES: ("name",),
        Block.SESSIONS: ("login",),
        Block.VOLUMES: ("file",),
        Block.OPERUP: ("name", "date"),
        Block.USERS: ("login",),
        Block.USAGE: ("login", "month"),
        Block.SEARCHES: ("time",),
        Block.REJECTIONS: ("time", "login"),
        Block.KASSIST: ("date",),
    }
)
"""A record is useless without these: a profile must map them, and a record without one is skipped."""

VOCABULARIES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "source": frozenset({"ksrv", "kassist"}),
        "type": frozenset({"intellectual", "attribute"}),
        "status": frozenset({"ok", "empty", "error"}),
        "protection_status": frozenset({"ok", "error"}),
        "spp_status": frozenset({"ok", "error"}),
        "reason": frozenset({"seats"}),
    }
)
"""Field to the words that it may be translated to."""

OPEN_VOCABULARIES: Final = frozenset({"reason"})
"""Fields whose untranslated words are kept as they are; elsewhere they become ``other``."""

DURATION_UNITS: Final[Mapping[str, float]] = MappingProxyType({"s": 1.0, "ms": 0.001, "us": 0.000001, "min": 60.0})

"""What a profile may speak of: the blocks of a report, their fields, and the closed vocabularies of values."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kodeks_exporter.domain.report import Block


class Kind(StrEnum):
    """How the text of a field is understood."""

    TEXT = "text"
    TIME = "time"
    MONTH = "month"
    NUMBER = "number"
    DURATION = "duration"
    CODE = "code"
    """An error code: a number, or a text with one number in it; empty and 0 mean no error."""
    FILLED = "filled"
    """Personal data: only whether there is anything leaves the reader."""
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

HEADER_FIELDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "sysinfo_version": Kind.TEXT,
        "created": Kind.TIME,
        "server_version": Kind.TEXT,
        "os": Kind.TEXT,
        "started": Kind.TIME,
        "regnum": Kind.TEXT,
        "client": Kind.TEXT,
        "seats": Kind.NUMBER,
        "expires": Kind.TIME,
        "protection_binding": Kind.TEXT,
        "protection_status": Kind.WORD,
        "protection_code": Kind.CODE,
        "protection_message": Kind.TEXT,
        "spp_status": Kind.WORD,
    }
)

BLOCK_FIELDS: Final[Mapping[Block, Mapping[str, Kind]]] = MappingProxyType(
    {
        Block.MODULES: {"name": Kind.TEXT, "version": Kind.TEXT},
        Block.SESSIONS: {
            "login": Kind.TEXT,
            "domain": Kind.TEXT,
            "ip": Kind.TEXT,
            "browser": Kind.TEXT,
            "since": Kind.TIME,
        },
        Block.VOLUMES: {
            "file": Kind.TEXT,
            "product": Kind.TEXT,
            "title": Kind.TEXT,
            "update": Kind.TEXT,
            "expires": Kind.TIME,
            "error": Kind.CODE,
            "message": Kind.TEXT,
        },
        Block.OPERUP: {"name": Kind.TEXT, "date": Kind.TIME},
        Block.USERS: {
            "login": Kind.TEXT,
            "domain": Kind.TEXT,
            "registered": Kind.TIME,
            "last_seen": Kind.TIME,
            "fullname": Kind.FILLED,
            "position": Kind.FILLED,
            "department": Kind.FILLED,
            "phone": Kind.FILLED,
            "email": Kind.FILLED,
        },
        Block.USAGE: {
            "login": Kind.TEXT,
            "domain": Kind.TEXT,
            "month": Kind.MONTH,
            **dict.fromkeys(_USAGE_COUNTERS, Kind.NUMBER),
        },
        Block.SEARCHES: {
            "time": Kind.TIME,
            "login": Kind.TEXT,
            "catalog": Kind.TEXT,
            "source": Kind.WORD,
            "type": Kind.WORD,
            "status": Kind.WORD,
            "query": Kind.TEXT,
            "found": Kind.NUMBER,
            "duration": Kind.DURATION,
        },
        Block.REJECTIONS: {"time": Kind.TIME, "login": Kind.TEXT, "reason": Kind.WORD},
        Block.KASSIST: {
            "date": Kind.TIME,
            "unique": Kind.NUMBER,
            "added": Kind.NUMBER,
            "unmatched": Kind.NUMBER,
            "checked": Kind.NUMBER,
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
"""Without these a record says nothing: a profile must map them, and a record that lacks one is skipped."""

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

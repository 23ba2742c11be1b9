"""A report as data, from which each form is written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

Value: TypeAlias = str | int | float | None
"""None: the attribute is left out of XML, and is NULL in SQLite."""
Row: TypeAlias = Sequence[Value]

BLOCKS: Mapping[str, tuple[str, ...]] = {
    "modules": ("name", "version"),
    "sessions": ("login", "domain", "ip", "browser", "since"),
    "volumes": ("file", "product", "title", "update", "expires", "error", "message"),
    "operup": ("name", "date"),
    "users": (
        "login", "domain", "fullname", "position", "department", "phone", "email", "registered", "last_seen",
    ),
    "usage": (
        "login", "month", "requests", "documents", "services", "links", "searches_intellectual", "searches_attribute",
        "searches_empty", "printed", "saved", "kassist",
    ),
    "searches": ("time", "login", "catalog", "source", "type", "status", "found", "duration", "query"),
    "rejections": ("time", "login", "reason"),
    "kassist": ("date", "unique", "added", "unmatched", "checked"),
}  # fmt: skip
"""The blocks of a report and their fields, as the XML of the sample calls them."""


@dataclass(frozen=True, slots=True)
class Report:
    """``info``: what is said once, by the keys of the sample's SQLite table ``info``; ``protection_status`` is
    missing when there is no record of protection, ``spp_status`` when there is none of SPP. ``blocks``: rows by name;
    a block that is not there is missing in the file as well. All times are local, as text.
    """

    info: Mapping[str, str]
    blocks: Mapping[str, Sequence[Row]]


class ExtraSearch(NamedTuple):
    """A search that somebody made on command. ``time``: the server's local time."""

    time: dt.datetime
    login: str
    query: str
    status: str = "empty"
    catalog: str = "/docs"
    source: str = "ksrv"
    type: str = "intellectual"
    found: int = 0
    duration: float = 11.5

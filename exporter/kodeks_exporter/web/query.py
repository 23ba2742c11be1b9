"""The query of a status page visitor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from kodeks_exporter.web.views import AccessView, InstallationView

_MAX_QUERY: Final = 200  # characters of a search worth reading


@dataclass(frozen=True, slots=True)
class Query:
    """The visitor's filters. Empty strings: no filter. ``refresh``: the page reloads itself."""

    text: str = ""
    state: str = ""
    manager: str = ""
    hosting: str = ""
    cause: str = ""
    refresh: bool = True
    sort: str = ""
    """A column of the table; ``-`` reverses the order."""
    page: str = ""
    """Of the table, from 1; empty: the first."""
    zone: str = ""
    """IANA name of the zone that times are shown in."""

    @classmethod
    def of(cls, args: Mapping[str, str]) -> Query:
        def arg(name: str) -> str:
            return args.get(name, "")[:_MAX_QUERY].strip()

        return cls(
            arg("q"),
            arg("state"),
            arg("manager"),
            arg("hosting"),
            arg("cause"),
            arg("refresh") != "0",
            arg("sort") if arg("sort").removeprefix("-") in SORTS else "",
            arg("page") if arg("page").isdecimal() else "",
            arg("zone") if _zone(arg("zone")) else "",
        )

    def href(self, **changes: str | bool) -> str:
        """A relative link to the page with a changed query; works behind any path prefix."""
        # A changed query starts at its first page.
        query = replace(self, **{"page": "", **changes})  # type: ignore[arg-type]  # the names and types are those of the fields
        pairs = {
            "q": query.text,
            "state": query.state,
            "manager": query.manager,
            "hosting": query.hosting,
            "cause": query.cause,
            "refresh": "" if query.refresh else "0",
            "sort": query.sort,
            "page": query.page,
            "zone": query.zone,
        }
        return "?" + urlencode({key: value for key, value in pairs.items() if value})

    @property
    def zone_info(self) -> ZoneInfo | None:
        return _zone(self.zone)

    @property
    def narrows(self) -> bool:
        return bool(self.text or self.state or self.manager or self.hosting or self.cause)

    def names(self, access: AccessView) -> bool:
        """Whether an online access matches the filters."""
        if self.manager and access.manager != self.manager:
            return False
        haystack = _folded(" ".join((access.name, access.client, access.server, access.manager, access.branch)))
        return all(word in haystack for word in _folded(self.text).split())

    def matches(self, view: InstallationView) -> bool:
        """Whether an installation matches all filters except the state, which the counters need."""
        if self.manager and view.manager != self.manager:
            return False
        if self.hosting and view.hosting != self.hosting:
            return False
        if self.cause and (view.root_cause is None or view.root_cause.check != self.cause):
            return False
        haystack = _folded(" ".join((view.name, view.client, view.url, view.manager, view.branch, view.hosting)))
        return all(word in haystack for word in _folded(self.text).split())


@lru_cache(maxsize=100)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError):  # no zone of that name, or an invalid name
        return None


SORTS: Final = frozenset({"client", "state", "manager", "available", "checked"})


def _folded(text: str) -> str:
    return text.casefold().replace("ё", "е")

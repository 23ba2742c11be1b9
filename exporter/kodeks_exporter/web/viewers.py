"""Who sees what: users restricted to branches and managers never see other clients, on any address.

The user is authenticated by ``--web.config.file`` or named by a trusted reverse proxy. Without ``web.viewers``
everybody sees everything.
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from typing import Final

from werkzeug.wrappers import Request

from kodeks_exporter.settings.settings import Web
from kodeks_exporter.web.views import FleetView

_SUBJECT: Final = re.compile(r'[{,](installation|account)="([^"\\]*)"')
_FAMILY: Final = re.compile(r"# (?:HELP|TYPE|UNIT) (\S+)")


@dataclass(frozen=True, slots=True)
class Sight:
    """``whole``: everything. Otherwise clients of these branches and managers."""

    whole: bool = False
    branches: frozenset[str] = frozenset()
    managers: frozenset[str] = frozenset()

    def sees(self, branch: str, manager: str) -> bool:
        return self.whole or branch in self.branches or manager in self.managers

    @property
    def blind(self) -> bool:
        return not (self.whole or self.branches or self.managers)


def sight_of(request: Request, web: Web) -> Sight:
    """What a caller may see; nothing for an unknown caller."""
    if not web.viewers:
        return Sight(whole=True)
    user = user_of(request, web)
    for viewer in web.viewers:
        if user and viewer.user == user:
            return Sight(viewer.everything, frozenset(viewer.branches), frozenset(viewer.managers))
    return Sight()


def user_of(request: Request, web: Web) -> str:
    """The user; empty: unknown."""
    if web.user_header and request.remote_addr in web.trusted_proxies:
        return request.headers.get(web.user_header, "")
    return str(request.environ.get("REMOTE_USER", ""))


def narrowed(fleet: FleetView, sight: Sight) -> FleetView:
    """The visible part of the fleet."""
    if sight.whole:
        return fleet
    accesses = tuple(each for each in fleet.accesses if sight.sees(each.branch, each.manager))
    installations = tuple(each for each in fleet.installations if sight.sees(each.branch, each.manager))
    names = {each.name for each in installations} | {each.name for each in accesses}
    managers = {each.manager for each in installations} | {each.manager for each in accesses}
    return replace(
        fleet,
        installations=installations,
        accesses=accesses,
        told_to_ops=(),
        servers_down={s: t for s, t in fleet.servers_down.items() if s in {each.server for each in accesses}},
        contacts={name: contact for name, contact in fleet.contacts.items() if name in managers},
        takings={key: taking for key, taking in fleet.takings.items() if key[1] in names},
    )


def narrowed_metrics(exposition: bytes, names: Container[str]) -> bytes:
    """Only series of these installations and accesses. Other series are left out too: figures about the exporter and
    about managers are not for a branch."""
    return "".join(_lines(exposition.decode("utf-8"), names)).encode()


def _lines(text: str, names: Container[str]) -> Iterator[str]:
    head: list[str] = []
    for line in text.splitlines(keepends=True):
        if line.startswith("#"):
            if line == "# EOF\n":
                yield line
            elif head and _family(head[0]) != _family(line):
                head = [line]
            else:
                head.append(line)
            continue
        # A quote inside a value is escaped, so this never matches there.
        found = _SUBJECT.search(line)
        if found is not None and found[2] in names:
            yield from head
            head = []
            yield line


def _family(line: str) -> str:
    found = _FAMILY.match(line)
    return found[1] if found else ""

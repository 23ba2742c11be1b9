"""The inventory: who looks after which installations and online accesses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.secret import Secret

UTC = ZoneInfo("UTC")


class Mode(StrEnum):
    """How sysinfo reports of an installation travel."""

    PULL = "pull"
    PUSH = "push"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A login of the monitor (usually ``smartlogin``) or of an online access."""

    username: str
    password: Secret


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When a manager may be rung. ``days`` is Alertmanager's syntax, such as ``monday:friday``."""

    start: time
    end: time
    days: str = "monday:friday"


@dataclass(frozen=True, slots=True)
class Manager:
    """A person who looks after clients. ``name`` is a label value."""

    name: str
    email: tuple[str, ...] = ()
    telegram_chat_id: int | None = None
    branch: str = ""
    working_hours: WorkingHours | None = None
    time_zone: ZoneInfo = UTC


@dataclass(frozen=True, slots=True)
class Snmp:
    """Where and how an SNMP agent is asked. ``version`` is ``2c`` or ``3``.

    For 2c ``community`` is set. For 3 ``username`` is set; ``auth_password`` and ``privacy_password`` decide
    between noAuthNoPriv, authNoPriv and authPriv.
    """

    address: str
    port: int = 161
    version: str = "2c"
    community: Secret | None = None
    username: str = ""
    auth_protocol: str = "SHA"
    auth_password: Secret | None = None
    privacy_protocol: str = "AES"
    privacy_password: Secret | None = None
    processes: tuple[str, ...] = ("kodweb", "kodwebd")
    """Names of the service's process; the service runs when any of them does (case ignored, ``.exe`` allowed)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Host and TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Installation:
    """One Kodeks server as the inventory names it."""

    name: str
    client: str
    manager: str
    mode: Mode = Mode.PULL
    url: str = ""
    """``http(s)://host[:port]`` without a path; empty for a push installation that is not reachable."""
    branch: str = ""
    """Taken from the manager; branches do not see each other."""
    catalogs: tuple[str, ...] = ("/docs",)
    addresses: tuple[str, ...] = ()
    hosting: str = ""
    reverse_proxy: bool = False
    credentials: Credentials | None = None
    licence_manager: Endpoint | None = None
    snmp: Snmp | None = None
    time_zone: ZoneInfo = UTC
    supported: bool = True
    trial: bool = False
    """The client tries it: no contract yet."""
    profile: str = "default"
    tls_verify: bool = True
    tls_ca_file: str = ""
    disabled_checks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OnlineAccess:
    """One login at the vendor's server. ``url`` is ``http(s)://host/folder``."""

    name: str
    client: str
    manager: str
    url: str
    credentials: Credentials
    branch: str = ""


@dataclass(frozen=True, slots=True)
class Dealer:
    """Who may upload. ``installations`` None: every installation with mode push."""

    name: str
    token: Secret
    installations: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Fleet:
    """The whole inventory, keyed by name and immutable: a reload swaps it for another one."""

    managers: Mapping[str, Manager] = field(default_factory=dict)
    installations: Mapping[str, Installation] = field(default_factory=dict)
    online_accesses: Mapping[str, OnlineAccess] = field(default_factory=dict)
    dealers: Mapping[str, Dealer] = field(default_factory=dict)

"""The description of a stand: which servers and licence managers it runs, and how stand.yml says so."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

_Spec = TypeVar("_Spec")


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """One Kodeks server. Port 0 takes a free one."""

    name: str
    host: str = "127.0.0.1"
    port: int = 0
    kind: str = "linux"
    """``linux`` or ``windows``: what the pages tell of the system."""
    version: str = "6.4.5.127"
    organisation: str = 'ООО "Ромашка"'
    regnum: str = "0599_123456"
    expires: str = "31.01.2027"
    seats: int = 25
    users: int = 12
    """How many seats other people hold."""
    session_silence: float = 1200.0
    """Seconds after which a silent session gives its seat back (assumed: 20 minutes)."""
    catalogs: tuple[str, ...] = ("/docs",)
    charset: str = "windows-1251"
    login: str = "smartlogin"
    password: str = "smartpassword"
    docs_login: bool = False
    """Whether the catalogs ask for a login."""
    metrics_login: bool = False
    """Whether /sysinfo/metrics asks for a login."""
    restart: str = "03:30"
    backup: str = "02:00"
    """The nightly times that /admin/pref announces, ``HH:MM`` of the server's local time."""
    dns_name: str = ""
    """The name that the stand's name server resolves to ``host``."""
    hosting: str = ""
    """Group of servers that faults can be given to together."""
    licence_manager: str = ""
    """Name of the stand's licence manager that lends the key; empty: the key is plugged in."""
    tls_cert: str = ""
    tls_key: str = ""
    """PEM files; empty: plain HTTP."""
    tls_expired_cert: str = ""
    """PEM file of an expired certificate for the same key, for the fault ``tls_expired``."""

    time_zone: str = "Europe/Moscow"
    """Of the server's clock: reports are written in its local time."""
    seed: int = 0
    """Another seed, other people."""
    population: int = 0
    """Users in the reports, those of years to come too; 0: drawn, 20 to 200."""
    calm: bool = False
    """Whether there are no new users and no searches that find nothing, fail or take long, other than on command."""
    report_charset: str = "utf-8"
    """Of XML reports: ``utf-8`` or ``windows-1251``."""
    report_format: str = "xml"
    """What is inside a zip: ``xml`` or ``sqlite``."""
    report_cookie: bool = False
    """Whether asking for a report is first answered by a redirect that sets a cookie."""
    occasional: bool = False
    """Whether volumes have errors and updates grow old now and then, without a fault."""

    def __post_init__(self) -> None:
        if self.report_format not in {"xml", "sqlite"}:
            raise ValueError(f"server {self.name}: report_format must be xml or sqlite, not {self.report_format!r}")
        if self.kind not in {"linux", "windows"}:
            raise ValueError(f"server {self.name}: kind must be linux or windows, not {self.kind!r}")
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ValueError(f"server {self.name}: tls_cert and tls_key come together")


@dataclass(frozen=True, slots=True)
class LicenceManagerSpec:
    """A licence manager: in the stand only its TCP port."""

    name: str
    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True, slots=True)
class StandSpec:
    """The whole stand. Ports 0 take free ones."""

    servers: tuple[ServerSpec, ...] = ()
    licence_managers: tuple[LicenceManagerSpec, ...] = ()
    control_port: int = 0
    dns_port: int = 0

    def __post_init__(self) -> None:
        names = [server.name for server in self.servers] + [manager.name for manager in self.licence_managers]
        doubled = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
        if doubled:
            raise ValueError(f"names are used twice: {', '.join(doubled)}")
        managers = {manager.name for manager in self.licence_managers}
        for server in self.servers:
            if server.licence_manager and server.licence_manager not in managers:
                raise ValueError(f"server {server.name}: there is no licence manager {server.licence_manager!r}")


def load(path: Path) -> StandSpec:
    """Read stand.yml. Raises ValueError with the offending key, OSError when the file can't be read."""
    document: Any = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if not isinstance(document, dict):
        raise ValueError(f"{path}: a mapping is expected")
    servers = tuple(_build(ServerSpec, entry, "servers") for entry in document.pop("servers", []))
    managers = tuple(
        _build(LicenceManagerSpec, entry, "licence_managers") for entry in document.pop("licence_managers", [])
    )
    rest = _build(StandSpec, document, "stand")
    return dataclasses.replace(rest, servers=servers, licence_managers=managers)


def _build(kind: type[_Spec], entry: Any, where: str) -> _Spec:
    if not isinstance(entry, dict):
        raise ValueError(f"{where}: a mapping is expected, not {entry!r}")
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(entry) - known)
    if unknown:
        raise ValueError(f"{where}: unknown keys: {', '.join(unknown)}")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return kind(**values)


def dump(spec: StandSpec) -> str:
    """The spec as stand.yml."""
    document = dataclasses.asdict(spec)
    for server in document["servers"]:
        server["catalogs"] = list(server["catalogs"])
    document["servers"] = list(document["servers"])
    document["licence_managers"] = list(document["licence_managers"])
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)

"""The demonstration's fleet: twelve installations of different kinds, for the stand and for the exporter."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from demo.stand import LicenceManagerSpec, ServerSpec, Stand, StandSpec, tls
from demo.vendor import Kind, Vendor
from demo.vendor import fleet as vendor_fleet

DOMAIN = "kodeks.test"
PASSWORD = "demo-Пароль"
COMMUNITY = "kodeks-demo"
SNMP_USER, SNMP_AUTH, SNMP_PRIVACY = "monitor", "demo-auth-password", "demo-privacy-password"
UPLOAD_DEALER, UPLOAD_TOKEN = "0599demo", "demo-upload-token"
PUSHING = "priroda"
"""Has no way in: its server is only there for the script beside it, which pushes."""

SPENT_CLIENT = "ООО «Лютик»"
"""Uses up its online access in the tour."""

HOSTING = "te-cloud"
HOSTED = ("vega", "altair", "deneb", "sirius")

_CLIENTS = {
    "romashka": "ООО «Ромашка»",
    "vesna": "АО «Весна»",
    "sever": "ПАО «Северсталь-Проект»",
    "zavod": "Завод «Прибор»",
    "bank": "Банк «Надежда»",
    "priroda": "НИИ «Природа»",
    "klyuch": "ГУП «Ключ»",
    "vostok": "АО «Дальвосток»",
    "vega": "ООО «Вега»",
    "altair": "ООО «Альтаир»",
    "deneb": "ООО «Денеб»",
    "sirius": "ООО «Сириус»",
}


_ZONES = {"vostok": "Asia/Vladivostok", "priroda": "Asia/Novosibirsk"}
_ZONE = "Europe/Moscow"


@dataclass(frozen=True, slots=True)
class World:
    """Where the fleet meets the rest of the stack. A port of 0: that part does not run."""

    stand: Stand
    proxy_port: int = 0
    snmp_port: int = 0
    round_seconds: float = 5.0
    """Between two rounds of checks."""
    vendor: Vendor | None = None
    """Runs the online accesses; without it there are none."""


def stand_spec(directory: Path) -> StandSpec:
    """The servers; certificates are written to ``directory``.

    The nightly backup and restart are announced for the time of day that is furthest from now: during them a fault
    is expected and not told, and the demonstration is run at night, too.
    """
    certificate = tls.issue(directory / "tls", f"bank.{DOMAIN}")
    expires = (dt.datetime.now(ZoneInfo(_ZONE)) + dt.timedelta(days=240)).strftime("%d.%m.%Y")

    def server(name: str, number: int, **more: Any) -> ServerSpec:
        made = ServerSpec(
            name,
            organisation=_CLIENTS[name],
            regnum=f"0599_1234{number:02}",
            password=PASSWORD,
            dns_name=f"{name}.{DOMAIN}",
            expires=expires,
            population=40,
            calm=True,  # what the demonstration tells of empty searches, it makes itself
            time_zone=_zone(name),
            backup=_local_time(name, hours=11),
            restart=_local_time(name, hours=12.5),
        )
        return dataclasses.replace(made, **more)

    return StandSpec(
        servers=(
            server("romashka", 1),
            server("vesna", 2, kind="windows", version="6.4.4.194", report_charset="windows-1251"),
            server("sever", 3, catalogs=("/docs", "/norms"), seats=120, users=77, population=200),
            server("zavod", 4, report_format="sqlite"),
            server("bank", 5, tls_cert=str(certificate.cert), tls_key=str(certificate.key),
                   tls_expired_cert=str(certificate.expired),
                   report_cookie=True),
            server(PUSHING, 6, dns_name=""),
            server("klyuch", 7, licence_manager="licman"),
            server("vostok", 8, kind="windows", docs_login=True, metrics_login=True),
            *(
                server(name, number, host=f"127.0.0.{20 + number}", dns_name=f"{name}.{HOSTING}.{DOMAIN}",
                       hosting=HOSTING)
                for number, name in enumerate(HOSTED, start=9)
            ),
        ),
        licence_managers=(LicenceManagerSpec("licman"),),
    )  # fmt: skip


def document(world: World) -> dict[str, Any]:
    """kodeks.yml of the fleet, as data. Passwords stand in it: the run directory is private and short-lived."""
    stand = world.stand
    entries = {name: _entry(name, world) for name in _CLIENTS}
    entries[PUSHING] = {
        "name": PUSHING, "client": _CLIENTS[PUSHING], "manager": "petrov", "mode": "push",
        "time_zone": _zone(PUSHING),
    }  # fmt: skip
    entries["sever"]["catalogs"] = ["/docs", "/norms"]
    entries["bank"]["tls"] = {"ca_file": str(Path(_spec(stand, "bank").tls_cert).with_name("ca.pem"))}
    entries["klyuch"]["licence_manager"] = "{}:{}".format(*stand.address("licman"))
    if world.proxy_port:
        entries["zavod"] |= {"url": f"http://zavod.{DOMAIN}:{world.proxy_port}", "reverse_proxy": True}
    if world.snmp_port:
        agent = {"address": "127.0.0.1", "port": world.snmp_port}
        entries["vesna"]["snmp"] = {**agent, "version": "2c", "community": COMMUNITY}
        entries["sever"]["snmp"] = {
            **agent, "version": "3", "username": SNMP_USER, "auth_protocol": "SHA", "auth_password": SNMP_AUTH,
            "privacy_protocol": "AES", "privacy_password": SNMP_PRIVACY,
        }  # fmt: skip
    made: dict[str, Any] = {
        "managers": [
            {"name": "ivanova", "email": ["ivanova@dealer.example"], "telegram_chat_id": -1001234567890,
             "branch": "saratov", "time_zone": "Europe/Saratov"},
            {"name": "petrov", "email": ["petrov@dealer.example"], "telegram_chat_id": -1009876543210,
             "branch": "samara", "time_zone": "Europe/Samara"},
        ],
        "installations": list(entries.values()),
        "dealers": [{"name": UPLOAD_DEALER, "token": UPLOAD_TOKEN}],
        "poll": {"checks": f"{world.round_seconds:g}s", "sysinfo": "1m"},
        "checks": {"dns": {"servers": ["{}:{}".format(*stand.dns_address)]}, "timeouts": {"dns": "2s"}},
    }  # fmt: skip
    if world.vendor is not None:
        # Night comes late, so that the tour's mail of empty searches tells of the one that the tour made.
        made["poll"] |= {"online": "1m", "online_searches": "23:59"}
        made["online"] = {"limits": {"per_server": 2, "gap": "100ms"}, "spread": {"start": "0s"}}
        made["online_accesses"] = _accesses(world.vendor)
    return made


@dataclass(frozen=True, slots=True)
class SpentAccess:
    """The online access that the tour uses up."""

    server: str
    login: str

    @property
    def name(self) -> str:
        """Its name in kodeks.yml."""
        return f"{self.server}-{self.login}"


def spent_access(vendor: Vendor) -> SpentAccess:
    """The first one whose limit is told and of which more than 150 documents are left by itself on any day."""
    for name, server in vendor.servers.items():
        for access in server.spec.accesses:
            if server.spec.limits_told and access.kind is Kind.NORMAL:
                return SpentAccess(name, access.login)
    raise LookupError("no ordinary access")


def _accesses(vendor: Vendor) -> list[dict[str, Any]]:
    """All accesses are petrov's but the one that the tour uses up: so its mails tell of nobody else."""
    entries = vendor_fleet.entries(vendor, ["petrov"])
    spent = next(each for each in entries if each["name"] == spent_access(vendor).name)
    spent |= {"client": SPENT_CLIENT, "manager": "ivanova"}
    return entries


def client(name: str) -> str:
    """The client of an installation, as alerts call it."""
    return _CLIENTS[name]


def _zone(name: str) -> str:
    return _ZONES.get(name, _ZONE)


def _local_time(name: str, hours: float) -> str:
    """The installation's local time so many hours from now, ``HH:MM``."""
    return (dt.datetime.now(ZoneInfo(_zone(name))) + dt.timedelta(hours=hours)).strftime("%H:%M")


def _spec(stand: Stand, name: str) -> ServerSpec:
    return next(each for each in stand.spec.servers if each.name == name)


def _entry(name: str, world: World) -> dict[str, Any]:
    """What every installation says of itself; empty for one that the stand does not run."""
    if all(each.name != name for each in world.stand.spec.servers):
        return {}
    spec = _spec(world.stand, name)
    entry = {
        "name": name,
        "client": _CLIENTS[name],
        "manager": "ivanova" if name in {"romashka", "vesna", "sever", "zavod", *HOSTED} else "petrov",
        "url": world.stand.url(name),
        "catalogs": list(spec.catalogs),
        "credentials": {"username": spec.login, "password": spec.password},
        "time_zone": _zone(name),
    }
    if spec.hosting:
        entry |= {"hosting": spec.hosting, "addresses": [spec.host]}
    return entry

"""The inventory: who looks after which installations and online accesses."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, Final, Literal

from kodeks_exporter.domain.checks import CHECKS
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.settings import values, zones
from kodeks_exporter.settings.checks import CheckSettings, Paths, Patterns
from kodeks_exporter.settings.notation import (
    Address,
    Days,
    DayTime,
    Email,
    File,
    Host,
    Items,
    Label,
    Mark,
    Name,
    Notation,
    OptionalPath,
    Path,
    Port,
    SecretUrl,
    SiteUrl,
    Snmp3Password,
    Url,
    Zone,
    one_of,
    whole,
)
from kodeks_exporter.settings.values import Endpoint

LICENCE_MANAGER_PORT: Final = 8888


def _licence_manager(text: str) -> Endpoint:
    return values.endpoint(text, LICENCE_MANAGER_PORT)


class Mode(StrEnum):
    """How sysinfo reports of an installation arrive."""

    PULL = "pull"
    PUSH = "push"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A login: `username` and `password` (a secret)."""

    username: Label
    password: Secret


@dataclass(frozen=True, slots=True)
class Tls:
    """How a server's certificate is checked."""

    verify: bool = True
    """`false` accepts any certificate."""
    ca_file: File = ""
    """PEM file of authorities to trust instead of the machine's."""


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When a manager may be called."""

    start: DayTime
    """Time of day."""
    end: DayTime
    """Later than `start`."""
    days: Days = "monday:friday"
    """A day or a range. Weeks begin on Sunday, as in Alertmanager: the whole week is `sunday:saturday`."""
    time_zone: Zone | None = None
    """The manager's own `time_zone`, written here instead."""


@dataclass(frozen=True, slots=True)
class Manager:
    """A person who looks after clients."""

    name: Label
    """Label value of metrics and alerts."""
    full_name: Label = ""
    """The name in messages, on the status page and in the yearly report. Default: the `name`."""
    phone: Label = ""
    """Shown with the name. Neither of the two is in metrics."""
    email: tuple[Email, ...] = ()
    """Addresses that get the manager's alerts."""
    telegram_chat_id: Annotated[int, whole(-(2**63), 2**63 - 1, "")] | None = None
    """A number; groups have a minus. A channel's `@name` is not accepted."""
    mattermost: SecretUrl | None = None
    """Address of an incoming webhook of Mattermost, Slack or anything that accepts Slack's messages: gets the alerts
    that Telegram would get."""
    webhook: SecretUrl | None = None
    """Gets the same alerts in Alertmanager's own webhook format."""
    branch: Label = ""
    """Group of managers; installations and accesses inherit it. Branches do not see each other."""
    working_hours: WorkingHours | None = None
    """Without it every hour counts as working time."""
    time_zone: Zone = zones.DEFAULT
    """IANA name, of the working hours and of times in messages."""

    @property
    def called(self) -> str:
        """The manager's name for people."""
        return self.full_name or self.name


@dataclass(frozen=True, slots=True)
class Ops(Manager):
    """Who gets alerts that belong to no manager."""

    name: Annotated[str, Mark.NOT_A_KEY] = "ops"
    branch: Annotated[str, Mark.NOT_A_KEY] = ""

    @property
    def called(self) -> str:
        return self.full_name or "дежурные по мониторингу"


@dataclass(frozen=True, slots=True)
class Snmp:
    """Address and credentials of an SNMP agent.

    For 2c ``community`` is set. For 3 ``username`` is set; ``auth_password`` and ``privacy_password`` decide between
    noAuthNoPriv, authNoPriv and authPriv.
    """

    address: Host
    """Name or IP address of the agent."""
    port: Port = 161
    version: Literal["2c", "3"] = "2c"
    community: Secret | None = None
    """Required by version 2c."""
    username: Label = ""
    """Required by version 3."""
    auth_protocol: Literal["MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"] = "SHA"
    auth_password: Snmp3Password | None = None
    privacy_protocol: Literal["DES", "3DES", "AES", "AES192", "AES256"] = "AES"
    privacy_password: Snmp3Password | None = None
    """Needs `auth_password` too."""
    processes: tuple[Label, ...] = ("kodweb", "kodwebd")
    """Names of the service's process; the service runs when any of them does. Default: `checks.processes`."""


@dataclass(frozen=True, slots=True)
class Installation:
    """One Kodeks server."""

    name: Name
    """Label value, and the name of uploaded files."""
    client: Label
    manager: Label
    """A name from `managers`."""
    mode: Mode = Mode.PULL
    """`pull`: the exporter downloads reports; `push`: they are uploaded."""
    url: SiteUrl = ""
    """`http(s)://host[:port]` without path and login. Optional with `push`: if given, live checks run."""
    branch: Annotated[str, Mark.NOT_A_KEY] = ""
    catalogs: Annotated[tuple[Path, ...], Items(1)] = ("/docs",)
    """Paths of virtual directories; the first one is the main page."""
    addresses: tuple[Address, ...] = ()
    """IP addresses to try when the name does not resolve."""
    hosting: Label = ""
    """Name of a group of installations that fail together."""
    reverse_proxy: bool = False
    """Something else, such as a proxy, answers in front of Kodeks."""
    credentials: Credentials | None = None
    """The monitor's account. Without it nothing that needs a login is checked."""
    licence_manager: Annotated[Endpoint, Notation(_licence_manager)] | None = None
    """`host` or `host:port`; the default port is 8888."""
    snmp: Snmp | None = None
    time_zone: Zone = zones.DEFAULT
    """Of the server: of its nightly restart and backup, and of its reports."""
    supported: bool = True
    """`false`: the client has no support contract now."""
    trial: bool = False
    """The client is trying the installation. The exporter remembers when that began and ended, for the client score."""
    profile: Label = "default"
    """Layout of sysinfo reports."""
    tls: Tls = Tls()
    paths: Paths | None = None
    """Where this server's pages differ from `checks.paths`."""
    patterns: Patterns | None = None
    """Where this server's wording differs from `checks.patterns`."""
    report_path: OptionalPath = ""
    """Path of this server's report. Default: `reports.download_path`."""
    checks: Mapping[Annotated[str, one_of("check", CHECKS)], bool] = field(default_factory=dict)
    """Check name to `false`: switches a single check off."""

    def asked_by(self, common: CheckSettings) -> CheckSettings:
        """The settings of checks for this server: the common ones, overridden by its own entry."""
        if self.paths is None and self.patterns is None:
            return common
        return replace(common, paths=self.paths or common.paths, patterns=self.patterns or common.patterns)

    @property
    def disabled_checks(self) -> frozenset[str]:
        return frozenset(check for check, on in self.checks.items() if not on)


@dataclass(frozen=True, slots=True)
class OnlineAccess:
    """One login at the vendor's server."""

    name: Name
    client: Label
    manager: Label
    """A name from `managers`."""
    url: Url
    """`http(s)://host/folder`."""
    credentials: Credentials
    branch: Annotated[str, Mark.NOT_A_KEY] = ""


@dataclass(frozen=True, slots=True)
class Dealer:
    """Who may upload reports."""

    name: Name
    """The `dealer` header of the upload scripts."""
    token: Secret
    """Goes with each upload. `check-config` wants 16 characters; `openssl rand -hex 16` makes a good one."""
    installations: frozenset[Name] | None = None
    """What the token may upload and read. Default: it may upload for every installation with mode push, and read
    nothing but whether a file is there."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The whole inventory by name, immutable: a reload replaces it."""

    managers: Annotated[Mapping[str, Manager], Mark.BY_NAME] = field(default_factory=dict)
    installations: Annotated[Mapping[str, Installation], Mark.BY_NAME] = field(default_factory=dict)
    online_accesses: Annotated[Mapping[str, OnlineAccess], Mark.BY_NAME] = field(default_factory=dict)
    dealers: Annotated[Mapping[str, Dealer], Mark.BY_NAME] = field(default_factory=dict)


def may_write(fleet: Fleet, dealer: Dealer) -> frozenset[str]:
    """Installations whose reports the dealer's token may upload."""
    if dealer.installations is not None:
        return dealer.installations & fleet.installations.keys()
    return frozenset(name for name, each in fleet.installations.items() if each.mode is Mode.PUSH)


SHORTEST_TOKEN: Final = 16
"""Minimum length: whoever knows a dealer's name can try tokens as fast as the server answers."""


def short_tokens(fleet: Fleet) -> list[str]:
    """Dealers with a guessable token. ``check-config`` refuses them; a running exporter accepts them."""
    return [name for name, dealer in fleet.dealers.items() if len(dealer.token.reveal()) < SHORTEST_TOKEN]

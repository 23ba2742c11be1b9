"""Results of live checks. Checks return them, the store keeps them, metrics and web present them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum


class Outcome(StrEnum):
    """How a check ended.

    Only FAILED is a fault. BLOCKED: not run, or meaningless, because of ``CheckResult.by``. SKIPPED: not applicable to
    this installation or inconclusive (no login configured, an old server version, or the monitor itself is impaired,
    see ``CheckResult.own``).
    """

    OK = "ok"
    FAILED = "failed"
    BLOCKED = "blocked"
    SKIPPED = "skipped"


class Impairment(StrEnum):
    """Why the monitor's own machine can't check. Names are label values of the contract."""

    RESOLVER = "resolver"
    DESCRIPTORS = "descriptors"
    """Or another resource of the system: memory, local ports."""
    ROUTE = "route"
    PING = "ping"
    QUEUE = "queue"
    """Threads or processor time: jobs are waiting."""
    INTERNAL = "internal"
    """A fault of the exporter's own code."""


class InstallationState(StrEnum):
    """The state of an installation as its users experience it. Names are label values of the contract."""

    OK = "ok"
    MAINTENANCE = "maintenance"
    NEEDS_SERVICE = "needs_service"
    KEY_MISSING = "key_missing"
    OUT_OF_SEATS = "out_of_seats"
    NOT_STARTED = "not_started"
    SERVER_ERROR = "server_error"
    WARNING = "warning"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class DnsFacts:
    """``resolved``: addresses of the name. ``working``: known addresses that accept connections (only when it did
    not resolve)."""

    resolved: tuple[str, ...] = ()
    working: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpFacts:
    """``code``: HTTP status of the main page."""

    code: int


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """``expires``: the earliest expiry of the certificate and its issuers', Unix seconds. ``issuer``: the issuer
    that it belongs to; empty for the server's own certificate."""

    expires: float
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class KodeksFacts:
    """``title``: of the main page when it was last proven to be Kodeks."""

    title: str


@dataclass(frozen=True, slots=True)
class LoginFacts:
    """The monitor's login has worked here."""


@dataclass(frozen=True, slots=True)
class ProductError:
    """A product that the licence page reports as unusable: its number and error code."""

    product: str
    code: int


@dataclass(frozen=True, slots=True)
class ProtectionFacts:
    """``code``: protection error code, 0 when the key works, None when the page gives no number."""

    code: int | None
    message: str = ""
    products: tuple[ProductError, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogState:
    """One catalog of ``/sysinfo/metrics``. A reason is empty when good; None: the server did not report it."""

    path: str
    main_page_ok: bool | None
    main_page_reason: str
    products_ok: bool | None
    products_reason: str


@dataclass(frozen=True, slots=True)
class CatalogFacts:
    catalogs: tuple[CatalogState, ...]


@dataclass(frozen=True, slots=True)
class Disk:
    """A partition by SNMP (HOST-RESOURCES-MIB); sizes in bytes."""

    partition: str
    size: int
    free: int


@dataclass(frozen=True, slots=True)
class SnmpFacts:
    disks: tuple[Disk, ...]
    processes: Mapping[str, bool]
    """Service process name to whether it runs."""
    unanswered: tuple[str, ...] = ()
    """What the agent does not report although it answers, in Russian."""


@dataclass(frozen=True, slots=True)
class ScheduleFacts:
    """Daily times announced in ``/admin/pref``, the server's local time; None when not announced."""

    restart: time | None
    backup: time | None


@dataclass(frozen=True, slots=True)
class SeatsFacts:
    """Seats as ``/admin/title`` shows them live; None where the page does not say."""

    seats: int | None
    used: int | None


@dataclass(frozen=True, slots=True)
class SysmonSample:
    """One series of the server's own monitoring module: names of labels with their values."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


@dataclass(frozen=True, slots=True)
class SysmonFacts:
    """Series passed on from ``/sysmon/metrics``. ``dropped``: allowed series over the limit or unreadable."""

    samples: tuple[SysmonSample, ...] = ()
    dropped: int = 0


Facts = (
    DnsFacts
    | HttpFacts
    | TlsFacts
    | KodeksFacts
    | LoginFacts
    | ProtectionFacts
    | CatalogFacts
    | SnmpFacts
    | ScheduleFacts
    | SeatsFacts
    | SysmonFacts
)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check of one installation.

    ``reason`` is a short stable English slug (``timeout``, ``refused``, ``http_404`` …), empty when OK. ``text`` is for
    people: one Russian sentence without secrets, or empty. ``started`` is Unix seconds, ``duration`` seconds.
    """

    check: str
    outcome: Outcome
    reason: str = ""
    text: str = ""
    by: str = ""
    started: float = 0.0
    duration: float = 0.0
    facts: Facts | None = None
    own: Impairment | None = None
    """For a skipped check: what the monitor itself lacked."""


@dataclass(frozen=True, slots=True)
class Round:
    """All checks of one installation, run once, in the order of the chain."""

    installation: str
    started: float
    duration: float
    results: Mapping[str, CheckResult]
    state: InstallationState | None
    """None: the monitor itself could not find out."""
    planned: str = ""
    """``restart`` or ``backup`` while the announced nightly time lasts, else empty."""

    @property
    def impairments(self) -> frozenset[Impairment]:
        return frozenset(result.own for result in self.results.values() if result.own is not None)

    @property
    def root_cause(self) -> CheckResult | None:
        """The first failed check of the chain; None when nothing failed."""
        return next((r for r in self.results.values() if r.outcome is Outcome.FAILED), None)

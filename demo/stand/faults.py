"""What can be broken on command: names, what they do and which options they take."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

OptionValue: TypeAlias = str | int | float | bool
Options: TypeAlias = Mapping[str, OptionValue]


class Fault(StrEnum):
    """A fault of one server (or, where said, of a licence manager)."""

    # What the pages say.
    KEY_LOST = "key_lost"
    MAINTENANCE = "maintenance"
    NEEDS_SERVICE = "needs_service"
    NOT_STARTED = "not_started"
    SERVER_ERROR = "server_error"
    EMERGENCY = "emergency"
    OUT_OF_SEATS = "out_of_seats"
    AUTH_REFUSED = "auth_refused"
    CATALOG_BROKEN = "catalog_broken"
    UPDATING = "updating"
    HTTP_404 = "http_404"
    REDIRECT_LOOP = "redirect_loop"
    FOREIGN_REDIRECT = "foreign_redirect"
    WRONG_CHARSET = "wrong_charset"
    # What the sysinfo report says, and what comes instead of it.
    VOLUME_ERROR = "volume_error"
    OPERUP_STALE = "operup_stale"
    SPP_DOWN = "spp_down"
    REPORT_BROKEN = "report_broken"
    REPORT_HTML = "report_html"
    REPORT_SLOW = "report_slow"
    REPORT_HUGE = "report_huge"
    REPORT_MISSING = "report_missing"
    # How the answer travels.
    SLOW = "slow"
    HANG = "hang"
    DRIP = "drip"
    ENDLESS_BODY = "endless_body"
    GARBAGE = "garbage"
    HUGE_HEADER = "huge_header"
    PORT_CLOSED = "port_closed"
    BLACK_HOLE = "black_hole"
    NIGHTLY_RESTART = "nightly_restart"
    TLS_EXPIRED = "tls_expired"
    # What the stand's name server says of the server's name.
    DNS_GONE = "dns_gone"
    DNS_SERVFAIL = "dns_servfail"
    DNS_SILENT = "dns_silent"


DNS_FAULTS = frozenset({Fault.DNS_GONE, Fault.DNS_SERVFAIL, Fault.DNS_SILENT})
CLOSING_FAULTS = frozenset({Fault.PORT_CLOSED, Fault.NIGHTLY_RESTART, Fault.BLACK_HOLE})
LICENCE_MANAGER_FAULTS = frozenset({Fault.PORT_CLOSED, Fault.HANG})

DESCRIPTIONS: Mapping[Fault, str] = {
    Fault.KEY_LOST: "the SenseLock key is lost; code=4111, main_page=key|catalogs|healthy, status=200",
    Fault.MAINTENANCE: "maintenance mode; status=503, text=",
    Fault.NEEDS_SERVICE: "the main page says that service is needed; status=200, text=",
    Fault.NOT_STARTED: "the server behind the web service is not started; status=503, text=",
    Fault.SERVER_ERROR: "internal server error on every page; status=500, text=",
    Fault.EMERGENCY: "the main page reports an emergency of another kind; status=200, text=",
    Fault.OUT_OF_SEATS: "other users take every seat: a new login gets 403; main_page=healthy|full",
    Fault.AUTH_REFUSED: "no login is accepted (401)",
    Fault.CATALOG_BROKEN: "a catalog is assembled with errors; reason=no required volume DB, catalog=(first)",
    Fault.UPDATING: "a catalog is being updated (reason: update DB); catalog=(first)",
    Fault.HTTP_404: "the catalogs are not found (404)",
    Fault.REDIRECT_LOOP: "the catalogs redirect to themselves; count=30",
    Fault.FOREIGN_REDIRECT: "the catalogs redirect to another host; location=http://foreign.kodeks.test/login",
    Fault.WRONG_CHARSET: "the pages declare one encoding and are written in another; declare=utf-8|windows-1251",
    Fault.VOLUME_ERROR: "a volume has an error in the report; code=2007|4101|none",
    Fault.OPERUP_STALE: "a file of daily updates is old in the report; days=5",
    Fault.SPP_DOWN: "the report says that the user support service does not work",
    Fault.REPORT_BROKEN: "the report is cut off; share=0.6 of its bytes come",
    Fault.REPORT_HTML: "a login page comes instead of the report; status=200",
    Fault.REPORT_SLOW: "the report comes slowly; rate=2000 bytes a second",
    Fault.REPORT_HUGE: "the report is enormous; size=100 megabytes",
    Fault.REPORT_MISSING: "the report lacks blocks; block=searches (users, volumes, protection …, comma-separated)",
    Fault.SLOW: "every answer comes late; delay=3.0 seconds",
    Fault.HANG: "connections are accepted and never answered (also of a licence manager)",
    Fault.DRIP: "the answer comes byte by byte and never ends; interval=1.0 seconds",
    Fault.ENDLESS_BODY: "the answer never ends, at full speed",
    Fault.GARBAGE: "the answer is not HTTP",
    Fault.HUGE_HEADER: "the answer's header is enormous; size=1000000 bytes",
    Fault.PORT_CLOSED: "the port refuses connections (also of a licence manager)",
    Fault.BLACK_HOLE: "the port neither accepts nor refuses: connecting takes until the visitor gives up",
    Fault.NIGHTLY_RESTART: "away for a while, then back by itself; minutes=10 (or seconds=)",
    Fault.TLS_EXPIRED: "the TLS certificate is expired",
    Fault.DNS_GONE: "the name does not exist (NXDOMAIN)",
    Fault.DNS_SERVFAIL: "the name server fails (SERVFAIL)",
    Fault.DNS_SILENT: "the name server does not answer for this name",
}


def number(options: Options, key: str, default: float) -> float:
    """An option as a number; a ValueError names the option."""
    value = options.get(key, default)
    try:
        return float(value)
    except ValueError as error:
        raise ValueError(f"option {key}: {value!r} is not a number") from error


def text(options: Options, key: str, default: str) -> str:
    """An option as text."""
    return str(options.get(key, default))

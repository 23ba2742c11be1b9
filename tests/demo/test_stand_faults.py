"""Each fault of the stand's servers is what the exporter, which shares no code with them, finds at them."""

from __future__ import annotations

import pytest

from demo.stand import Stand
from demo.stand.faults import Fault
from kodeks_exporter.checks.chain import run_round
from kodeks_exporter.checks.context import Tools
from kodeks_exporter.domain.check import Outcome, Round
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.net.pinger import Pinger
from kodeks_exporter.net.resolver import Resolver
from kodeks_exporter.settings.checks import CheckSettings, CheckTimeouts
from kodeks_exporter.settings.fleet import Credentials, Installation
from tests.checks.conftest import NoSnmp

LOGIN = Credentials("smartlogin", Secret("smartpassword"))
QUICK = CheckSettings(timeouts=CheckTimeouts(dns=0.5, connect=0.5, http=1.5, icmp=0.3))
FAILS = {
    Fault.KEY_LOST: "key",
    Fault.MAINTENANCE: "maintenance",
    Fault.NEEDS_SERVICE: "page",
    Fault.NOT_STARTED: "page",
    Fault.SERVER_ERROR: "page",
    Fault.EMERGENCY: "page",
    Fault.OUT_OF_SEATS: "seats",
    Fault.AUTH_REFUSED: "auth",
    Fault.CATALOG_BROKEN: "catalog",
    Fault.UPDATING: "catalog",
    Fault.HTTP_404: "http",
    Fault.REDIRECT_LOOP: "http",
    Fault.FOREIGN_REDIRECT: "http",
    Fault.WRONG_CHARSET: "http",
    Fault.SLOW: "http",
    Fault.HANG: "http",
    Fault.DRIP: "http",
    Fault.ENDLESS_BODY: "http",
    Fault.GARBAGE: "http",
    Fault.HUGE_HEADER: "http",
    Fault.PORT_CLOSED: "tcp",
    Fault.BLACK_HOLE: "tcp",
    Fault.NIGHTLY_RESTART: "tcp",
    Fault.DNS_GONE: "dns",
    Fault.DNS_SERVFAIL: "dns",
    Fault.DNS_SILENT: "",  # the only name server is silent: the monitor's own trouble
}
"""The one check that fails; empty: none."""


@pytest.fixture
def resolver(stand: Stand) -> Resolver:
    return Resolver((stand.dns_address,), QUICK.timeouts.dns)


def examined(stand: Stand, resolver: Resolver) -> Round:
    port = stand.address("romashka")[1]
    romashka = Installation(
        "romashka", "ООО «Ромашка»", "ivanova", url=f"http://romashka.kodeks.test:{port}", credentials=LOGIN,
        addresses=("127.0.0.1",), catalogs=("/docs",),
    )  # fmt: skip
    return run_round(romashka, QUICK, Tools(resolver, Pinger(), NoSnmp()))


def failing(round_: Round) -> list[str]:
    return [name for name, result in round_.results.items() if result.outcome is Outcome.FAILED]


def test_a_healthy_server_passes_and_no_seat_is_held(stand: Stand, resolver: Resolver) -> None:
    round_ = examined(stand, resolver)
    assert failing(round_) == []
    assert {name for name, result in round_.results.items() if result.outcome is Outcome.OK} >= {"key", "seats", "auth"}
    assert stand.sessions("romashka") == []


@pytest.mark.parametrize("fault", FAILS, ids=str)
def test_a_fault_is_one_failing_check_and_ends_when_it_is_cleared(
    stand: Stand, resolver: Resolver, fault: Fault
) -> None:
    stand.fault("romashka", fault)
    assert failing(examined(stand, resolver)) == ([FAILS[fault]] if FAILS[fault] else [])
    stand.clear("romashka")
    assert failing(examined(stand, resolver)) == []


def test_every_fault_that_a_visit_can_show_is_here() -> None:
    """The others are of reports, of TLS and of licence managers."""
    reports = {fault for fault in Fault if fault.startswith("report_")}
    assert set(Fault) - set(FAILS) == reports | {
        Fault.VOLUME_ERROR, Fault.OPERUP_STALE, Fault.SPP_DOWN, Fault.TLS_EXPIRED
    }  # fmt: skip

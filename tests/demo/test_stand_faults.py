"""Each fault of the stand's servers is what the exporter, which shares no code with them, finds at them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demo.stand import ServerSpec, Stand, StandSpec, tls
from demo.stand.faults import Fault
from kodeks_exporter.checks.chain import run_round
from kodeks_exporter.checks.context import Tools
from kodeks_exporter.domain.check import Outcome, Round
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.net.pinger import Pinger
from kodeks_exporter.net.resolver import Resolver
from kodeks_exporter.settings.checks import CheckSettings, CheckTimeouts
from kodeks_exporter.settings.fleet import Credentials, Installation, Tls
from kodeks_exporter.settings.values import Endpoint
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


def examined(stand: Stand, resolver: Resolver, name: str = "romashka", **more: Any) -> Round:
    spec = next(each for each in stand.spec.servers if each.name == name)
    manager = Endpoint(*stand.address(spec.licence_manager)) if spec.licence_manager else None
    installation = Installation(
        name, "ООО «Ромашка»", "ivanova", url=stand.url(name), credentials=LOGIN, addresses=("127.0.0.1",),
        catalogs=spec.catalogs, licence_manager=manager, **more,
    )  # fmt: skip
    return run_round(installation, QUICK, Tools(resolver, Pinger(), NoSnmp()))


def failing(round_: Round) -> list[str]:
    return [name for name, result in round_.results.items() if result.outcome is Outcome.FAILED]


@pytest.mark.parametrize("name", ["romashka", "sever", "klyuch"])
def test_a_healthy_server_passes_and_no_seat_is_held(stand: Stand, resolver: Resolver, name: str) -> None:
    round_ = examined(stand, resolver, name)
    assert failing(round_) == []
    assert {name for name, result in round_.results.items() if result.outcome is Outcome.OK} >= {"key", "seats", "auth"}
    assert stand.sessions(name) == []


@pytest.mark.parametrize("fault", FAILS, ids=str)
def test_a_fault_is_one_failing_check_and_ends_when_it_is_cleared(
    stand: Stand, resolver: Resolver, fault: Fault
) -> None:
    address = stand.address("romashka")
    stand.fault("romashka", fault)
    assert failing(examined(stand, resolver)) == ([FAILS[fault]] if FAILS[fault] else [])
    assert failing(examined(stand, resolver, "vega")) == [], "the others are left alone"
    stand.clear("romashka")
    assert stand.address("romashka") == address
    assert failing(examined(stand, resolver)) == []


@pytest.mark.parametrize(
    ("name", "target", "fault", "options", "fails"),
    [
        ("romashka", "romashka", Fault.WRONG_CHARSET, {"declare": "windows-1251"}, ["http"]),
        ("romashka", "romashka", Fault.MAINTENANCE, {"status": 200}, ["maintenance"]),
        ("romashka", "romashka", Fault.MAINTENANCE, {"status": 200, "text": "Идут иные работы"}, []),
        ("romashka", "romashka", Fault.OUT_OF_SEATS, {"main_page": "full"}, ["seats"]),
        ("sever", "sever", Fault.CATALOG_BROKEN, {"reason": "no required volume DB", "catalog": "/norms"}, ["catalog"]),
        ("klyuch", "licman", Fault.PORT_CLOSED, {}, ["licman_tcp"]),
        ("vega", "te-cloud", Fault.PORT_CLOSED, {}, ["tcp"]),
    ],
)
def test_options_and_other_targets(
    stand: Stand, resolver: Resolver, name: str, target: str, fault: Fault, options: dict[str, Any], fails: list[str]
) -> None:
    stand.fault(target, fault, **options)
    assert failing(examined(stand, resolver, name)) == fails


def test_a_certificate_expires_and_is_mended(tmp_path: Path) -> None:
    made = tls.issue(tmp_path, "bank.kodeks.test", "127.0.0.1")
    files = {"tls_cert": str(made.cert), "tls_key": str(made.key), "tls_expired_cert": str(made.expired)}
    with Stand(StandSpec((ServerSpec("bank", dns_name="bank.kodeks.test", **files),))) as stand:  # type: ignore[arg-type]
        resolver = Resolver((stand.dns_address,), QUICK.timeouts.dns)

        def found() -> list[str]:
            return failing(examined(stand, resolver, "bank", tls=Tls(ca_file=str(made.ca))))

        assert found() == []
        stand.fault("bank", Fault.TLS_EXPIRED)
        assert found() == ["tls"]
        stand.clear("bank")
        assert found() == []


def test_faults_that_do_not_fit_are_refused(stand: Stand) -> None:
    with pytest.raises(KeyError):
        stand.fault("nobody", "hang")
    for target, fault, words in (
        ("romashka", "nothing", "nothing"),
        ("klyuch", "dns_gone", "no DNS name"),
        ("romashka", "tls_expired", "no TLS"),
        ("licman", "maintenance", "licence manager"),
    ):
        with pytest.raises(ValueError, match=words):
            stand.fault(target, fault)


def test_every_fault_that_a_visit_can_show_is_here() -> None:
    """The others are of reports, of TLS and of licence managers."""
    reports = {fault for fault in Fault if fault.startswith("report_")}
    assert set(Fault) - set(FAILS) == reports | {
        Fault.VOLUME_ERROR, Fault.OPERUP_STALE, Fault.SPP_DOWN, Fault.TLS_EXPIRED
    }  # fmt: skip

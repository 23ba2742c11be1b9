"""What the monitor's own machine lacks is never a client's failure: the check is skipped, and says for want of what."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from icmplib.exceptions import SocketPermissionError

from kodeks_exporter.checks import snmp
from kodeks_exporter.domain.check import Impairment, Outcome, SnmpFacts
from kodeks_exporter.net import errors, machine, pinger
from kodeks_exporter.net.errors import CheckError, own_trouble
from kodeks_exporter.net.resolver import Resolver
from kodeks_exporter.settings.fleet import Snmp
from tests.checks.conftest import Clinic, blocked, failures


class Silent(Resolver):
    """The machine's resolver does not answer; ``known``: what it had answered before."""

    def __init__(self, known: tuple[str, ...] = ()) -> None:
        super().__init__(timeout=0.01, look_up=lambda host: known)
        if known:
            self.find("localhost")
        self._look_up = self._silent
        self._answers_anything = lambda: False  # type: ignore[method-assign]

    def _silent(self, host: str) -> tuple[str, ...]:
        raise CheckError("dns_timeout", "молчит")


def refuse(number: int) -> Callable[..., socket.socket]:
    def create(*_: object, **__: object) -> socket.socket:
        raise OSError(number, "said by the kernel")

    return create


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.EMFILE, Impairment.DESCRIPTORS),
        (errno.ENFILE, Impairment.DESCRIPTORS),
        (errno.ENOBUFS, Impairment.DESCRIPTORS),
        (errno.ENOMEM, Impairment.DESCRIPTORS),
        (errno.EADDRNOTAVAIL, Impairment.DESCRIPTORS),
        (errno.EPERM, Impairment.ROUTE),
        (errno.EACCES, Impairment.ROUTE),
    ],
)
def test_connecting(clinic: Clinic, monkeypatch: pytest.MonkeyPatch, number: int, cause: Impairment) -> None:
    monkeypatch.setattr(socket, "create_connection", refuse(number))
    round_ = clinic.examine()
    assert failures(round_) == {}
    assert blocked(round_) == {}
    assert round_.results["tcp"].own is cause
    assert round_.results["key"].own is cause, "what builds on it is skipped for the same"
    assert round_.state is None
    assert round_.impairments == {cause}


@pytest.mark.parametrize("number", [errno.ENETUNREACH, errno.EHOSTUNREACH])
@pytest.mark.parametrize("route", [True, False])
def test_no_way(clinic: Clinic, monkeypatch: pytest.MonkeyPatch, number: int, route: bool) -> None:
    """A router that says so speaks of the way; a kernel without a route speaks of this machine."""
    monkeypatch.setattr(socket, "create_connection", refuse(number))
    monkeypatch.setattr(errors, "has_route", lambda address: route)
    round_ = clinic.examine()
    assert failures(round_) == ({"tcp": "no_route"} if route else {})
    assert round_.impairments == (set() if route else {Impairment.ROUTE})


@dataclass
class Deaf:
    """An SNMP library to which nothing comes."""

    error: Exception = field(default_factory=lambda: CheckError("timeout", "агент не ответил вовремя"))

    def read(self, target: Snmp, timeout: float) -> SnmpFacts:
        raise self.error

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("deaf", "short", "address", "cause"),
    [
        (Deaf(), False, "127.0.0.1", None),
        (Deaf(), False, "255.255.255.255", Impairment.ROUTE),
        (Deaf(), True, "127.0.0.1", Impairment.DESCRIPTORS),
        (Deaf(OSError(errno.EMFILE, "said by the kernel")), False, "127.0.0.1", Impairment.DESCRIPTORS),
    ],
)
def test_an_agent_that_was_never_asked(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, deaf: Deaf, short: bool, address: str, cause: Impairment | None
) -> None:
    monkeypatch.setattr(snmp, "is_short_of_descriptors", lambda: short)
    clinic.snmp = deaf
    result = clinic.examine(snmp=Snmp(address, 161)).results["snmp"]
    assert (result.outcome, result.own) == (Outcome.SKIPPED if cause else Outcome.FAILED, cause)


def test_one_of_two_networks_is_out_of_reach(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name has an address of each kind, the monitor has no IPv6: the other address decides."""
    monkeypatch.setattr(errors, "has_route", lambda address: ":" not in address)
    clinic.resolver = Resolver(look_up=lambda host: ("::1", "127.0.0.1"))
    assert failures(clinic.examine(url=f"http://localhost:{clinic.site.port}")) == {}


def test_the_resolver_is_silent(clinic: Clinic) -> None:
    clinic.resolver = Silent()
    round_ = clinic.examine(url="http://client.test:80", addresses=("127.0.0.1",))
    assert failures(round_) == {}
    assert {result.own for result in round_.results.values()} == {Impairment.RESOLVER}
    assert round_.state is None


def test_the_resolver_is_silent_and_the_address_known(clinic: Clinic) -> None:
    clinic.resolver = Silent(("127.0.0.1",))
    round_ = clinic.examine(url=f"http://localhost:{clinic.site.port}")
    assert round_.results["dns"].own is Impairment.RESOLVER
    assert "127.0.0.1" in round_.results["dns"].text
    others = {result.outcome for name, result in round_.results.items() if name != "dns"}
    assert others == {Outcome.OK}, "everything else is checked as ever"
    assert round_.state is not None


def test_no_right_to_ping(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(privileged: bool) -> None:
        raise SocketPermissionError(privileged)

    monkeypatch.setattr(pinger, "ICMPv4Socket", refused)
    round_ = clinic.examine()
    assert failures(round_) == {}
    assert round_.impairments == {Impairment.PING}
    assert round_.results["http"].outcome is Outcome.OK


def test_time_that_passed_while_this_process_slept(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """A time-out that is noticed long after its end: the machine slept, or gave no processor time."""

    def late(*_: object, **__: object) -> socket.socket:
        slept.append(60.0)
        raise TimeoutError

    slept: list[float] = []
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + sum(slept))
    monkeypatch.setattr(socket, "create_connection", late)
    round_ = clinic.examine(checks={"icmp": False})
    assert failures(round_) == {}
    assert round_.impairments == {Impairment.QUEUE}


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_truly_no_descriptors(clinic: Clinic, few_descriptors: None) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[int] = []
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (max(int(each.name) for each in Path("/proc/self/fd").iterdir()) + 4, hard)
    )
    try:
        with contextlib.suppress(OSError):
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        round_ = clinic.examine(url=f"http://localhost:{clinic.site.port}")
    finally:
        for descriptor in held:
            os.close(descriptor)
    assert failures(round_) == {}
    assert round_.impairments <= {Impairment.DESCRIPTORS}, "others here may have let go of some meanwhile"


def test_every_cause_has_words() -> None:
    assert all(own_trouble(cause).text and own_trouble(cause).own is cause for cause in Impairment)


def test_limit_is_raised_as_far_as_it_goes(few_descriptors: None) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    assert machine.raise_descriptor_limit(300) == 300
    assert machine.raise_descriptor_limit(200) == 300
    assert machine.raise_descriptor_limit(hard + 1) == hard

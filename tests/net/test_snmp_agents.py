"""Agents that answer as real ones do: little at a time, slowly, not to every question, with odd figures."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pyasn1.codec.ber import decoder, encoder  # type: ignore[import-untyped]
from pysnmp.proto import api  # type: ignore[import-untyped]

from kodeks_exporter.domain.check import Disk, SnmpFacts
from kodeks_exporter.net import snmp
from kodeks_exporter.net.snmp import SnmpAsker
from kodeks_exporter.net.snmp_agent import SnmpError
from tests.net.test_snmp import fake_agent

V2 = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
FIXED_DISK, NETWORK_DISK = (1, 3, 6, 1, 2, 1, 25, 2, 1, 4), (1, 3, 6, 1, 2, 1, 25, 2, 1, 10)
STORAGE, RUN = (1, 3, 6, 1, 2, 1, 25, 2, 3, 1), (1, 3, 6, 1, 2, 1, 25, 4, 2, 1)
TIMEOUT = 2.0


def drive(name: bytes, units: Any = 4096, size: Any = 1000, used: Any = 400, kind: Any = FIXED_DISK) -> tuple[Any, ...]:
    return V2.ObjectIdentifier(kind), V2.OctetString(name), *map(_number, (units, size, used))


def _number(value: Any) -> Any:
    return V2.Integer32(value) if isinstance(value, int) else value


@dataclass
class Mib:
    """What an agent shows: rows of its storages, and names and states of processes by their numbers."""

    storages: tuple[tuple[Any, ...], ...] = (drive(b"C:\\ Label:"),)
    processes: dict[int, tuple[bytes, int]] = field(default_factory=lambda: {100: (b"kodweb.exe", 1)})

    def sorted(self) -> dict[tuple[int, ...], Any]:
        values: dict[tuple[int, ...], Any] = {(1, 3, 6, 1, 2, 1, 1, 3, 0): V2.TimeTicks(5)}
        for row, columns in enumerate(self.storages, 1):
            values |= {(*STORAGE, column, row): value for column, value in enumerate(columns, 2)}
        for pid, (name, status) in self.processes.items():
            values |= {(*RUN, 2, pid): V2.OctetString(name), (*RUN, 7, pid): V2.Integer32(status)}
        return dict(sorted(values.items()))


@dataclass
class OddAgent:
    """``most``: bytes of an answer, larger ones are lost. ``bulk``: what it does with GETBULK. ``v1``: it says
    noSuchName, as version 1 does, and not what is missing."""

    mib: Mib = field(default_factory=Mib)
    bulk: str = "answers"
    most: int = 100_000
    delay: float = 0.0
    v1: bool = False

    def __call__(self, question: bytes) -> bytes | None:
        time.sleep(self.delay)
        message, _ = decoder.decode(question, asn1Spec=V2.Message())
        request = V2.apiMessage.get_pdu(message)
        reply = V2.apiMessage.get_response(message)
        pdu = V2.apiMessage.get_pdu(reply)
        asked = [tuple(oid) for oid, _ in V2.apiPDU.get_varbinds(request)]
        values = self.mib.sorted()
        if request.tagSet == V2.GetBulkRequestPDU.tagSet:
            if self.bulk == "is silent":
                return None
            if self.bulk == "errs":
                V2.apiPDU.set_error_status(pdu, 5)
            elif self.bulk == "answers":
                found = []
                for _ in range(int(V2.apiBulkPDU.get_max_repetitions(request))):
                    row = [_next(values, oid) for oid in asked]
                    found += row
                    asked = [oid for oid, _ in row]
                V2.apiPDU.set_varbinds(pdu, found)
        elif request.tagSet == V2.GetNextRequestPDU.tagSet:
            V2.apiPDU.set_varbinds(pdu, [_next(values, oid) for oid in asked])
        else:
            V2.apiPDU.set_varbinds(pdu, [(oid, values.get(oid, V2.NoSuchInstance())) for oid in asked])
        missing = (V2.NoSuchInstance, V2.EndOfMibView)
        if self.v1 and any(isinstance(value, missing) for _, value in V2.apiPDU.get_varbinds(pdu)):
            V2.apiPDU.set_error_status(pdu, 2)
        answer = bytes(encoder.encode(reply))
        return answer if len(answer) <= self.most else None


def _next(values: dict[tuple[int, ...], Any], oid: tuple[int, ...]) -> tuple[tuple[int, ...], Any]:
    place = bisect_right(oids := list(values), oid)
    return (oids[place], values[oids[place]]) if place < len(oids) else (oid, V2.EndOfMibView())


@pytest.fixture
def asker() -> Iterator[SnmpAsker]:
    with closing(SnmpAsker()) as made:
        yield made


HEALTHY = SnmpFacts((Disk("C:", 4_096_000, 2_457_600),), {"kodweb": True})
MANY = Mib(processes=dict.fromkeys(range(1000, 1200), (b"svchost.exe", 1)) | {5000: (b"kodweb.exe", 1)})


@pytest.mark.parametrize(
    "agent", [OddAgent(bulk="errs"), OddAgent(bulk="empty"), OddAgent(MANY, most=700)], ids=["errs", "empty", "small"]
)
def test_less_is_asked_for_where_all_is_too_much(asker: SnmpAsker, agent: OddAgent) -> None:
    with fake_agent(agent) as target:
        assert asker.read(target, 5.0) == HEALTHY


def test_an_agent_of_version_1_has_no_table_of_processes(asker: SnmpAsker) -> None:
    with fake_agent(OddAgent(Mib(processes={}), bulk="errs", v1=True)) as target:
        assert asker.read(target, 5.0) == SnmpFacts(HEALTHY.disks, {})


def test_what_was_too_much_is_remembered(asker: SnmpAsker) -> None:
    """One read has no time to find out how little it may ask for; the next ones know."""
    with fake_agent(OddAgent(bulk="is silent")) as target:
        with pytest.raises(SnmpError) as caught:
            asker.read(target, TIMEOUT)
        assert caught.value.reason == "silent_table", "it has answered, so nobody looks for it in vain"
        reads = [_or_none(lambda: asker.read(target, TIMEOUT)) for _ in range(3)]
    assert reads[-1] == HEALTHY


def test_a_used_up_engine_is_closed(asker: SnmpAsker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snmp, "_READS_OF_AN_ENGINE", 1)
    with fake_agent(OddAgent()) as target:
        files = []
        for _ in range(4):
            _or_none(lambda: asker.read(target, 5.0))
            files.append(len(list(Path("/proc/self/fd").iterdir())))
    assert files[-1] <= files[0] + 1


def _or_none(read: Callable[[], SnmpFacts]) -> SnmpFacts | None:
    try:
        return read()
    except SnmpError:
        return None


def test_a_slow_agent_is_told_what_it_has_shown(asker: SnmpAsker) -> None:
    with fake_agent(OddAgent(Mib(processes={}), delay=0.5)) as target:
        facts = asker.read(target, TIMEOUT)
    assert facts.disks == HEALTHY.disks
    assert facts.unanswered in ((), ("процессы",))


C = b"C:\\ Label:"
FIGURES: dict[str, tuple[Mib, tuple[Disk, ...]]] = {
    "over 2^31 units": (Mib((drive(C, 1, -1000, -2000),)), (Disk("C:", 2**32 - 1000, 1000),)),
    "wider numbers than the standard's": (
        Mib((drive(C, 4096, V2.Counter64(5 * 10**9), V2.Counter64(10**9)),)),
        (Disk("C:", 4096 * 5 * 10**9, 4096 * 4 * 10**9),),
    ),
    "more used than there is": (Mib((drive(C, 4096, 1000, 1100),)), (Disk("C:", 4_096_000, 0),)),
    "nothing in it": (Mib((drive(b"D:\\", 4096, 0, 0), drive(C))), HEALTHY.disks),
    "units below zero": (Mib((drive(C, -4096),)), ()),
    "a share of another machine": (Mib((drive(b"Z:\\", kind=NETWORK_DISK), drive(C))), HEALTHY.disks),
    "a label that is no UTF-8": (Mib((drive("C:\\ Label:Система".encode("cp1251")),)), HEALTHY.disks),
}


@pytest.mark.parametrize("row", FIGURES)
def test_figures_of_disks(asker: SnmpAsker, row: str) -> None:
    mib, disks = FIGURES[row]
    with fake_agent(OddAgent(mib)) as target:
        assert asker.read(target, 5.0).disks == disks


PROCESSES: dict[str, tuple[dict[int, tuple[bytes, int]], dict[str, bool]]] = {
    "with its folder": ({1: (b"/opt/kodeks/kodwebd", 1)}, {"kodwebd": True}),
    "with a drive": ({1: (b"C:\\Kodeks\\KODWEB.EXE", 1)}, {"kodweb": True}),
    "a zombie beside it": ({1: (b"kodwebd", 4), 2: (b"kodwebd", 1)}, {"kodwebd": True}),
    "a zombie alone": ({1: (b"kodwebd", 4)}, {"kodweb": False, "kodwebd": False}),
    "waiting": ({1: (b"kodweb", 3)}, {"kodweb": True}),
    "none are shown": ({}, {}),
}


@pytest.mark.parametrize("row", PROCESSES)
def test_processes(asker: SnmpAsker, row: str) -> None:
    processes, found = PROCESSES[row]
    with fake_agent(OddAgent(Mib(processes=processes))) as target:
        assert asker.read(target, 5.0).processes == found

"""The resolver with name servers of its own, which answer as odd ones do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from kodeks_exporter.domain.check import Impairment
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.net.resolver import Resolver

HOST = "a.test"
Answer = Callable[[dns.message.Message, bool], dns.message.Message | None]
"""To a question, asked by TCP or not; None: silence."""


def reply(
    question: dns.message.Message, code: int = dns.rcode.NOERROR, *records: tuple[str, str, str]
) -> dns.message.Message:
    answer = dns.message.make_response(question)
    answer.set_rcode(dns.rcode.Rcode(code))
    for name, kind, value in records:
        answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, value))
    return answer


def always(code: int = dns.rcode.NOERROR, *records: tuple[str, str, str]) -> Answer:
    """Answers for the root, and this for all other names: records of the kind that is asked for."""

    def answer(question: dns.message.Message, _tcp: bool) -> dns.message.Message:
        if str(question.question[0].name) == ".":
            return reply(question)
        kind = "A" if question.question[0].rdtype == 1 else "AAAA"
        return reply(question, code, *(each for each in records if each[1] in (kind, "CNAME")))

    return answer


def cut_unless_by_tcp(question: dns.message.Message, tcp: bool) -> dns.message.Message:
    if tcp:
        return GOOD(question, tcp)  # type: ignore[return-value]
    answer = reply(question)
    answer.flags |= dns.flags.TC
    return answer


GOOD = always(dns.rcode.NOERROR, (HOST, "A", "192.0.2.1"))
REFUSED: Answer = lambda question, _tcp: reply(question, dns.rcode.REFUSED)  # noqa: E731
NO_SUCH = always(dns.rcode.NXDOMAIN)


def one_port_of_both() -> tuple[socket.socket, socket.socket]:
    """UDP and TCP; other tests may have the other one of a port that is free for one of them."""
    for _ in range(50):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        try:
            return udp, socket.create_server(udp.getsockname())
        except OSError:
            udp.close()
    raise AssertionError("no port is free for both")


@contextmanager
def name_server(answer: Answer) -> Iterator[tuple[str, int]]:
    udp, tcp = one_port_of_both()
    with udp, tcp:
        address = udp.getsockname()
        ended = threading.Event()

        def by_udp() -> None:
            while not ended.is_set():
                question, peer = udp.recvfrom(4096)
                if question and (told := answer(dns.message.from_wire(question), False)) is not None:
                    udp.sendto(told.to_wire(), peer)

        def by_tcp() -> None:
            while not ended.is_set():
                line, _ = tcp.accept()
                with line:
                    if length := line.recv(2):
                        told = answer(dns.message.from_wire(line.recv(int.from_bytes(length, "big"))), True)
                        wire = told.to_wire() if told is not None else b""
                        line.sendall(len(wire).to_bytes(2, "big") + wire)

        threads = [threading.Thread(target=each) for each in (by_udp, by_tcp)]
        for thread in threads:
            thread.start()
        try:
            yield address
        finally:
            ended.set()
            udp.sendto(b"", address)
            socket.create_connection(address).close()
            for thread in threads:
                thread.join()


@contextmanager
def resolver(*answers: Answer) -> Iterator[Resolver]:
    with ExitStack() as stack:
        made = Resolver([stack.enter_context(name_server(each)) for each in answers])
        stack.callback(made.close)
        yield made


FOUND: dict[str, tuple[tuple[Answer, ...], str]] = {
    "the first fails": ((always(dns.rcode.SERVFAIL), GOOD), "192.0.2.1"),
    "the first refuses": ((REFUSED, GOOD), "192.0.2.1"),
    "the first knows no such name": ((NO_SUCH, GOOD), "192.0.2.1"),
    "the first knows no address": ((NO_SUCH, always(), GOOD), "192.0.2.1"),
    "too long for a datagram": ((cut_unless_by_tcp,), "192.0.2.1"),
    "by another name": ((always(0, (HOST, "CNAME", "b.test."), ("b.test", "A", "192.0.2.9")),), "192.0.2.9"),
    "IPv6 alone": ((always(0, (HOST, "AAAA", "2001:db8::1")),), "2001:db8::1"),
}


@pytest.mark.parametrize("row", FOUND)
def test_an_address_is_found(row: str) -> None:
    answers, address = FOUND[row]
    with resolver(*answers) as asked:
        assert asked.find(HOST).addresses == (address,)


MISSING: dict[str, tuple[tuple[Answer, ...], str]] = {
    "all say so": ((NO_SUCH, NO_SUCH), "nxdomain"),
    "no address": ((always(),), "no_address"),
    "a name without end": ((always(0, (HOST, "CNAME", "b.test."), ("b.test", "CNAME", f"{HOST}.")),), "dns_timeout"),
    "another name that has none": ((always(0, (HOST, "CNAME", "b.test.")),), "no_address"),
    "failing for this name alone": ((always(dns.rcode.SERVFAIL),), "dns_timeout"),
    "closed by a filter": ((always(0, (HOST, "A", "0.0.0.0")),), "no_address"),
}


@pytest.mark.parametrize("row", MISSING)
def test_whose_fault_it_is_that_there_is_none(row: str) -> None:
    answers, reason = MISSING[row]
    with resolver(*answers) as asked, pytest.raises(CheckError) as caught:
        asked.find(HOST)
    assert (caught.value.reason, caught.value.own) == (reason, None)


def test_servers_that_fail_for_all_names_are_our_own_trouble() -> None:
    with (
        resolver(lambda question, _tcp: reply(question, dns.rcode.SERVFAIL)) as asked,
        pytest.raises(CheckError) as caught,
    ):
        asked.find(HOST)
    assert caught.value.own is Impairment.RESOLVER

"""A small name server (UDP) for the stand's names; it can lose names, fail or fall silent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from demo.stand.faults import Fault

TTL = 1
"""Seconds: a fault must be visible at once, also to a resolver that caches."""


@dataclass(eq=False)
class NameServer(asyncio.DatagramProtocol):
    """``records``: lower-case name without the last dot to IPv4 address; ``faults``: the same names to a DNS fault."""

    records: dict[str, str] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        answer = self.answer(data)
        if answer is not None and self.transport is not None:
            self.transport.sendto(answer, addr)

    def answer(self, data: bytes) -> bytes | None:
        """The answer to one datagram, None for silence."""
        try:
            query = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return None
        if not query.question:
            return None
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        fault = self.faults.get(name)
        if fault is Fault.DNS_SILENT:
            return None
        reply = dns.message.make_response(query, recursion_available=True)
        reply.flags |= dns.flags.AA
        address = self.records.get(name)
        if fault is Fault.DNS_SERVFAIL:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif fault is Fault.DNS_GONE or address is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdtype in {dns.rdatatype.A, dns.rdatatype.ANY}:
            reply.answer.append(dns.rrset.from_text(question.name, TTL, "IN", "A", address))
        return reply.to_wire()

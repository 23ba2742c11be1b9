"""Turning names into addresses within a time limit."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError

import dns.exception
import dns.name
import dns.resolver

from kodeks_exporter.net.errors import CheckError


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class Resolver:
    """Asks the machine's own resolver (hosts file included), or the name servers given.

    ``getaddrinfo`` knows no time limit, so it runs in threads of its own: a dead name server then costs a check its
    time limit and no more.
    """

    def __init__(self, servers: Sequence[tuple[str, int]] = (), timeout: float = 3.0) -> None:
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(max_workers=32, thread_name_prefix="resolve")
        self._resolver: dns.resolver.Resolver | None = None
        if servers:
            self._resolver = dns.resolver.Resolver(configure=False)
            self._resolver.nameservers = [dns.nameserver.Do53Nameserver(address, port) for address, port in servers]
            self._resolver.lifetime = timeout

    def resolve(self, host: str) -> tuple[str, ...]:
        """Addresses of ``host`` (itself where it is one), IPv4 first. Raises ``CheckError``."""
        if is_address(host):
            return (host,)
        if self._resolver is not None:
            return self._ask(self._resolver, host)
        future = self._threads.submit(_system_resolve, host)
        try:
            return future.result(self._timeout)
        except FutureTimeoutError:
            future.cancel()
            raise CheckError("dns_timeout", f"сервер DNS не ответил за {self._timeout:g} с") from None

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, resolver: dns.resolver.Resolver, host: str) -> tuple[str, ...]:
        try:
            name = dns.name.from_text(host)
            found: list[str] = []
            for kind in ("A", "AAAA"):
                answer = resolver.resolve(name, kind, raise_on_no_answer=False)
                found.extend(record.address for record in answer.rrset or ())
                if found:
                    return tuple(found)
        except dns.resolver.NXDOMAIN:
            raise CheckError("nxdomain", f"имя {host} не существует в DNS") from None
        except dns.exception.Timeout:
            raise CheckError("dns_timeout", f"сервер DNS не ответил за {self._timeout:g} с") from None
        except (dns.exception.DNSException, UnicodeError):
            raise CheckError("dns_error", f"сервер DNS не смог разрешить имя {host}") from None
        raise CheckError("no_address", f"у имени {host} нет адреса в DNS")


def _system_resolve(host: str) -> tuple[str, ...]:
    try:
        infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise CheckError("dns_error", f"имя {host} не может быть именем узла") from None
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise CheckError("dns_error", f"сервер DNS не ответил на запрос имени {host}") from None
        raise CheckError("nxdomain", f"имя {host} не существует в DNS") from None
    addresses = dict.fromkeys(str(info[4][0]) for info in infos)
    return tuple(sorted(addresses, key=lambda address: ":" in address))

"""Resolves names within a time limit, and distinguishes a silent resolver from a bad name."""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.resolver

from kodeks_exporter.domain.check import Impairment
from kodeks_exporter.net.errors import CheckError, explain, own_trouble
from kodeks_exporter.net.machine import is_short_of_descriptors
from kodeks_exporter.net.names import is_address, to_ascii

log = logging.getLogger(__name__)

Addresses = tuple[str, ...]

PATIENT = 25.0
"""Seconds in which the system's resolver also tries its second and third server (resolv.conf: 5 s each)."""
_KEPT = 86400.0
"""Seconds for which a name's last good address is used while the resolver is silent."""
_IMPATIENT = 1.0
"""Seconds to wait when a good address is known."""
_RECENT = 90.0
"""Seconds for which answers about other names, or late answers about this one, still count."""
_ENOUGH = 3
"""When this many other names got no answer, it is not the name."""
_LANE, _SLOW_LANE = 128, 64
_CONTROL_TIMEOUT = _SERVER_TIMEOUT = 2.0
_NO_ANSWER = "dns_timeout"


@dataclass(frozen=True, slots=True)
class Resolved:
    """``stale``: earlier addresses, because the resolver is silent."""

    addresses: Addresses
    stale: bool = False


@dataclass(slots=True)
class _Name:
    """What is known of one name. Times are of the monotonic clock."""

    running: Future[Addresses] | None = None
    good: Addresses = ()
    good_at: float = 0.0
    asked_at: float = 0.0
    heard_at: float = float("-inf")
    """When the resolver last answered for it, even with «no such name»."""
    late: CheckError | Addresses | None = None
    """The result of the last look-up, finished at ``ended_at``."""
    ended_at: float = float("-inf")
    slow: bool = False


class Resolver:
    """Asks the machine's own resolver (hosts file included), or the name servers given. Safe to use from many threads.

    ``getaddrinfo`` has no time limit, so it runs in separate threads, one look-up a name at a time. A name that has
    hung once moves to a separate lane, so that dead names do not delay others. The caller waits ``timeout`` seconds;
    the look-up continues as long as the system needs for its next server, and serves the next caller.
    """

    def __init__(
        self,
        servers: Sequence[tuple[str, int]] = (),
        timeout: float = 3.0,
        look_up: Callable[[str], Addresses] | None = None,
    ) -> None:
        self._timeout = timeout
        self._lanes = [ThreadPoolExecutor(size, thread_name_prefix="resolve") for size in (_LANE, _SLOW_LANE)]
        self._lock = threading.Lock()
        self._names: dict[str, _Name] = {}
        self._control = (float("-inf"), False)
        self._dns: dns.resolver.Resolver | None = None
        if servers:
            self._dns = dns.resolver.Resolver(configure=False)
            self._dns.nameservers = [dns.nameserver.Do53Nameserver(address, port) for address, port in servers]
            self._dns.timeout, self._dns.lifetime = _SERVER_TIMEOUT, PATIENT / 2
        self._look_up = look_up or (self._ask_servers if self._dns is not None else _ask_system)

    def resolve(self, host: str) -> Addresses:
        """Addresses of ``host`` (itself if it is one), IPv4 first. Raises ``CheckError``."""
        return self.find(host).addresses

    def find(self, host: str) -> Resolved:
        """Raises ``CheckError``: its ``own`` is set where this machine's resolver is silent and no address is known."""
        host = to_ascii(host)
        if is_address(host):
            return Resolved((host,))
        name, future = self._start(host)
        known = name.good if time.monotonic() - name.good_at < _KEPT else ()
        try:
            return Resolved(future.result(min(self._timeout, _IMPATIENT) if known else self._timeout))
        except FutureTimeoutError:
            late = name.late if time.monotonic() - name.ended_at < _RECENT else None
        except CheckError as error:
            late = error
        if isinstance(late, tuple):
            return Resolved(late)
        if late is not None and (late.own or late.reason != _NO_ANSWER or self._is_at_work(host)):
            raise late
        if known:
            return Resolved(known, stale=True)
        raise own_trouble(Impairment.RESOLVER)

    def close(self) -> None:
        for lane in self._lanes:
            lane.shutdown(wait=False, cancel_futures=True)

    def _start(self, host: str) -> tuple[_Name, Future[Addresses]]:
        """The current look-up of this name, or a new one."""
        with self._lock:
            name = self._names.setdefault(host, _Name())
            name.asked_at = time.monotonic()
            if name.running is None:
                try:
                    name.running = self._lanes[name.slow].submit(self._run, host, name)
                except RuntimeError:  # no thread available, or closed
                    raise own_trouble(Impairment.QUEUE) from None
            return name, name.running

    def _run(self, host: str, name: _Name) -> Addresses:
        begin = time.monotonic()
        late: CheckError | Addresses
        try:
            late = _of_somebody(host, self._look_up(host))
        except CheckError as error:
            late = own_trouble(Impairment.DESCRIPTORS) if is_short_of_descriptors() else error
        except Exception:
            log.exception("look-up crashed", extra={"host": host})
            late = own_trouble(Impairment.INTERNAL)
        with self._lock:
            now = time.monotonic()
            name.running, name.late, name.ended_at, name.slow = None, late, now, now - begin > self._timeout
            if isinstance(late, tuple):
                name.good, name.good_at, name.heard_at = late, now, now
            elif late.reason != _NO_ANSWER and late.own is None:
                name.heard_at, name.good = now, ()
        if isinstance(late, tuple):
            return late
        raise late

    def _is_at_work(self, host: str) -> bool:
        """Whether the resolver has recently answered for others, so that its silence is about this name."""
        since = time.monotonic() - _RECENT
        with self._lock:
            others = [name for key, name in self._names.items() if key != host and name.asked_at > since]
            if any(name.heard_at > since for name in others):
                return True
        return len(others) < _ENOUGH and self._answers_anything()

    def _answers_anything(self) -> bool:
        """Whether a name server answers a query that any server can answer: for the root."""
        asked_at, answered = self._control
        if time.monotonic() - asked_at < _CONTROL_TIMEOUT * 5:
            return answered
        try:
            servers = (self._dns or dns.resolver.Resolver()).nameservers
            answered = any(_answers(server) for server in servers[:3])
        except dns.exception.DNSException:
            answered = False
        self._control = (time.monotonic(), answered)
        return answered

    def _ask_servers(self, host: str) -> Addresses:
        assert self._dns is not None
        try:
            return _addresses(self._dns, host)
        except dns.resolver.NXDOMAIN:
            # One of several servers may not know the name: external ones know no internal names.
            for server in self._dns.nameservers if len(self._dns.nameservers) > 1 else ():
                alone = dns.resolver.Resolver(configure=False)
                alone.nameservers, alone.lifetime = [server], _SERVER_TIMEOUT
                with contextlib.suppress(dns.exception.DNSException):
                    if found := _addresses(alone, host):
                        return found
            raise _no_such_name(host) from None
        except (dns.exception.Timeout, dns.resolver.NoNameservers):
            raise _no_answer(host) from None
        except (dns.exception.DNSException, UnicodeError):
            raise CheckError("dns_error", f"имя {host} не может быть именем узла") from None


def _addresses(resolver: dns.resolver.Resolver, host: str) -> Addresses:
    for kind in ("A", "AAAA"):
        answer = resolver.resolve(dns.name.from_text(host), kind, raise_on_no_answer=False)
        if answer.rrset:
            return tuple(record.address for record in answer.rrset)
    return ()


def _answers(server: object) -> bool:
    address, port = str(server), 53
    if isinstance(server, dns.nameserver.AddressAndPortNameserver):
        address, port = server.address, server.port
    question = dns.message.make_query(".", "NS")
    try:
        answer = dns.query.udp(question, address, _CONTROL_TIMEOUT, port, ignore_unexpected=True)
    except (dns.exception.DNSException, OSError):
        return False
    return answer.rcode() != dns.rcode.SERVFAIL


def _ask_system(host: str) -> Addresses:
    try:
        infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise CheckError("dns_error", f"имя {host} не может быть именем узла") from None
    except socket.gaierror as error:
        if error.errno in (socket.EAI_MEMORY, socket.EAI_SYSTEM):
            raise own_trouble(Impairment.DESCRIPTORS) from None
        if error.errno in (socket.EAI_AGAIN, socket.EAI_FAIL):
            raise _no_answer(host) from None
        if error.errno == socket.EAI_NODATA:
            return ()
        raise _no_such_name(host) from None
    except OSError as error:  # a system error during the query (EAI_SYSTEM)
        raise explain(error) from None
    addresses = dict.fromkeys(str(info[4][0]) for info in infos)
    return tuple(sorted(addresses, key=lambda address: ":" in address))


def _of_somebody(host: str, addresses: Addresses) -> Addresses:
    """Without 0.0.0.0, with which filters block a name: it would connect to this machine itself."""
    left = tuple(address for address in addresses if address not in _NOBODY)
    if addresses and not left:
        raise CheckError("no_address", f"вместо адреса DNS даёт {addresses[0]}: так закрывают имена фильтры ({host})")
    if not left:
        raise CheckError("no_address", f"у имени {host} нет адреса в DNS")
    return left


_NOBODY = ("0.0.0.0", "::")  # noqa: S104 - nothing is bound to


def _no_such_name(host: str) -> CheckError:
    return CheckError("nxdomain", f"имя {host} не существует в DNS")


def _no_answer(host: str) -> CheckError:
    return CheckError(_NO_ANSWER, f"серверы DNS не дают ответа об имени {host}")

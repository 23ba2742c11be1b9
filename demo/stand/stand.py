"""The stand itself: every listener in one event loop, in a thread of its own."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Coroutine, Mapping
from typing import Any

from demo.running import InLoop
from demo.stand import tls
from demo.stand.control_site import ControlSite, Orders
from demo.stand.faults import (
    CLOSING_FAULTS,
    DNS_FAULTS,
    LICENCE_MANAGER_FAULTS,
    Fault,
    Options,
    OptionValue,
    number,
)
from demo.stand.listeners import Listener, Manager
from demo.stand.model import ServerSpec, StandSpec
from demo.stand.names import NameServer
from demo.stand.reports import Report
from demo.stand.server import KodeksServer

_Work = Coroutine[Any, Any, None]
SEARCH_STATUSES = ("ok", "empty", "error")


class Stand(InLoop):
    """A fleet of Kodeks servers on loopback ports. Every method may be called from any thread."""

    def __init__(self, spec: StandSpec) -> None:
        super().__init__("stand")
        self.spec = spec
        self._managers = {each.name: Manager(each) for each in spec.licence_managers}
        self._servers = {each.name: self._server(each) for each in spec.servers}
        self._listeners: dict[str, Listener] = {}
        self._names = NameServer({each.dns_name.lower(): each.host for each in spec.servers if each.dns_name})
        self._dns_transport: asyncio.DatagramTransport | None = None
        self._control: Listener | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # asyncio itself keeps no strong reference to them

    # Faults. What ``ordered_…`` returns is awaited inside the stand's loop, as the control interface does.

    def fault(self, target: str, fault: Fault | str, **options: OptionValue) -> None:
        """Break a server, a licence manager or all servers of a hosting.

        KeyError: no such target; ValueError: no such fault, or not of this target.
        """
        self.call(self.ordered_fault(target, Fault(fault), options))

    def ordered_fault(self, target: str, fault: Fault, options: Options) -> _Work:
        names = self._targets(target)
        for name in names:
            self._check(name, fault)
        return self._set(names, fault, options)

    def clear(self, target: str | None = None, fault: Fault | str | None = None) -> None:
        """Mend one fault or all of them, at one target or everywhere."""
        self.call(self.ordered_clear(target, Fault(fault) if fault is not None else None))

    def ordered_clear(self, target: str | None, fault: Fault | None) -> _Work:
        return self._clear(self._targets(target), fault)

    def set_times(self, name: str, *, restart: str, backup: str) -> None:
        """Announce other nightly times in the server's /admin/pref, ``HH:MM`` of its local time."""
        self._servers[name].set_times(restart, backup)

    # People.

    def search(self, name: str, login: str, query: str, status: str = "empty") -> None:
        """Let a user of a server search now; it stands in the reports from now on. A new login makes a new user.

        KeyError: no such server; ValueError: a status other than ok, empty and error.
        """
        self.call(self.ordered_search(name, login, query, status))

    def ordered_search(self, name: str, login: str, query: str, status: str) -> _Work:
        server = self._servers[name]
        if status not in SEARCH_STATUSES:
            raise ValueError(f"status must be one of {', '.join(SEARCH_STATUSES)}")

        async def search() -> None:
            server.chronicle.search(server.wall(), login, query, status)

        return search()

    def report(self, name: str, moment: float | None = None) -> Report:
        """The sysinfo report of a server as data, now or at ``moment`` (Unix seconds), as if nothing were broken."""
        server = self._servers[name]
        return server.chronicle.report(server.wall() if moment is None else moment)

    # What it is like at the moment.

    def address(self, name: str) -> tuple[str, int]:
        """Host and port of a server or a licence manager."""
        if name in self._managers:
            manager = self._managers[name]
            return manager.spec.host, manager.port
        return self._servers[name].spec.host, self._listeners[name].port

    def url(self, name: str) -> str:
        """``http(s)://host:port`` of a server, by its DNS name where it has one."""
        spec, (host, port) = self._servers[name].spec, self.address(name)
        return f"{'https' if spec.tls_cert else 'http'}://{spec.dns_name or host}:{port}"

    @property
    def dns_address(self) -> tuple[str, int]:
        """Where the name server listens (UDP)."""
        assert self._dns_transport is not None
        host, port = self._dns_transport.get_extra_info("sockname")
        return host, port

    @property
    def control_url(self) -> str:
        """Base of the HTTP control interface."""
        assert self._control is not None
        return f"http://{self._control.host}:{self._control.port}"

    def seats_used(self, name: str) -> int:
        """How many seats of a server are taken."""
        return self._servers[name].seats_used

    def sessions(self, name: str) -> list[str]:
        """Logins of the sessions that visitors of the stand hold at a server."""
        self._servers[name]._forget_silent()
        return [session.login for session in list(self._servers[name].sessions.values())]

    def requests(self, name: str) -> int:
        """How many requests a server has answered."""
        return self._servers[name].requests

    def connections(self, name: str) -> int:
        """How many connections to a server are open."""
        return len(self._listeners[name].peers)

    def describe(self) -> list[dict[str, Any]]:
        """Every server and licence manager with its address and faults, for the control interface."""
        servers = [
            {
                "name": name,
                "address": "{}:{}".format(*self.address(name)),
                "dns_name": server.spec.dns_name,
                "hosting": server.spec.hosting,
                "seats": server.spec.seats,
                "seats_used": server.seats_used,
                "faults": {str(fault): dict(options) for fault, options in self._faults_of(name).items()},
            }
            for name, server in self._servers.items()
        ]
        managers = [
            {
                "name": name,
                "address": "{}:{}".format(*self.address(name)),
                "licence_manager": True,
                "faults": {str(fault): dict(options) for fault, options in manager.faults.items()},
            }
            for name, manager in self._managers.items()
        ]
        return servers + managers

    # Inside the loop.

    def _server(self, spec: ServerSpec) -> KodeksServer:
        server = KodeksServer(spec)
        if spec.licence_manager:
            manager = self._managers[spec.licence_manager]
            server.key_source = lambda: manager.lends
        return server

    async def _open(self) -> None:
        _allow_many_sockets()
        for manager in self._managers.values():
            await manager.open()
        for name, server in self._servers.items():
            spec = server.spec
            context = tls.context(spec.tls_cert, spec.tls_key) if spec.tls_cert else None
            listener = self._listeners[name] = Listener(server, spec.host, spec.port, context)
            await listener.open()
            if spec.licence_manager:
                server.manager_address = "{}:{}".format(*self.address(spec.licence_manager))
        loop = asyncio.get_running_loop()
        self._dns_transport, _ = await loop.create_datagram_endpoint(
            lambda: self._names, local_addr=("127.0.0.1", self.spec.dns_port)
        )
        orders = Orders(self.describe, self.ordered_search, self.ordered_clear, self.ordered_fault)
        self._control = Listener(ControlSite(orders), "127.0.0.1", self.spec.control_port)
        await self._control.open()

    async def _close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        for listener in [*self._listeners.values(), *([self._control] if self._control else [])]:
            await listener.close()
        for manager in self._managers.values():
            await manager.close()
        if self._dns_transport is not None:
            self._dns_transport.close()

    def _targets(self, target: str | None) -> list[str]:
        """Names of servers and licence managers that a target means."""
        if target is None:
            return [*self._servers, *self._managers]
        if target in self._servers or target in self._managers:
            return [target]
        members = [name for name, server in self._servers.items() if server.spec.hosting == target]
        if not members:
            raise KeyError(target)
        return members

    def _faults_of(self, name: str) -> Mapping[Fault, Options]:
        spec = self._servers[name].spec
        dns = self._names.faults.get(spec.dns_name.lower()) if spec.dns_name else None
        return {**self._servers[name].faults, **({dns: {}} if dns is not None else {})}

    def _check(self, name: str, fault: Fault) -> None:
        """Raise ValueError when a target can't have a fault."""
        if name in self._managers:
            if fault not in LICENCE_MANAGER_FAULTS:
                raise ValueError(f"a licence manager has no fault {fault}")
            return
        spec = self._servers[name].spec
        if fault in DNS_FAULTS and not spec.dns_name:
            raise ValueError(f"{name} has no DNS name")
        if fault is Fault.TLS_EXPIRED and not spec.tls_expired_cert:
            raise ValueError(f"{name} has no TLS, or no expired certificate")

    async def _set(self, names: list[str], fault: Fault, options: Options) -> None:
        for name in names:
            if name in self._managers:
                self._managers[name].faults[fault] = options
                await self._apply_manager(name)
                continue
            server = self._servers[name]
            if fault in DNS_FAULTS:
                self._names.faults[server.spec.dns_name.lower()] = fault
                continue
            server.faults[fault] = options
            if fault is Fault.OUT_OF_SEATS:
                server.chronicle.refuse(server.wall())
            await self._apply(name)
            if fault is Fault.NIGHTLY_RESTART:
                self._end_restart_later(name, number(options, "seconds", number(options, "minutes", 10.0) * 60))

    async def _clear(self, names: list[str], fault: Fault | None) -> None:
        for name in names:
            if name in self._managers:
                _drop(self._managers[name].faults, fault)
                await self._apply_manager(name)
                continue
            server = self._servers[name]
            key = server.spec.dns_name.lower()
            if fault in {None, Fault.NIGHTLY_RESTART} and name in self._timers:
                self._timers.pop(name).cancel()
            if fault is None or self._names.faults.get(key) is fault:
                self._names.faults.pop(key, None)
            _drop(server.faults, fault)
            await self._apply(name)

    async def _apply(self, name: str) -> None:
        """Make a server's listener what its faults demand."""
        server, listener = self._servers[name], self._listeners[name]
        if CLOSING_FAULTS & server.faults.keys():
            await (listener.open_hole() if Fault.BLACK_HOLE in server.faults else listener.refuse())
            server.sessions.clear()  # a server that went down has forgotten who was logged in
            return
        if server.spec.tls_cert:
            await self._apply_tls(server, listener)
        await listener.open()

    async def _apply_tls(self, server: KodeksServer, listener: Listener) -> None:
        spec = server.spec
        expired = Fault.TLS_EXPIRED in server.faults
        context = tls.context(spec.tls_expired_cert if expired else spec.tls_cert, spec.tls_key)
        await listener.close()
        listener.context = context

    async def _apply_manager(self, name: str) -> None:
        manager = self._managers[name]
        if Fault.PORT_CLOSED in manager.faults:
            await manager.close()
        else:
            await manager.open()

    def _end_restart_later(self, name: str, seconds: float) -> None:
        def end() -> None:
            self._tasks.add(task := self.loop.create_task(self._clear([name], Fault.NIGHTLY_RESTART)))
            task.add_done_callback(self._tasks.discard)

        if name in self._timers:
            self._timers[name].cancel()  # a second restart begins anew
        self._timers[name] = self.loop.call_later(seconds, end)


def _drop(faults: dict[Fault, Options], fault: Fault | None) -> None:
    if fault is None:
        faults.clear()
    else:
        faults.pop(fault, None)


def _allow_many_sockets() -> None:
    """A thousand listeners and their connections need more than the usual 1024 files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 16384 if hard == resource.RLIM_INFINITY else min(hard, 16384)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

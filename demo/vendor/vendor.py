"""The vendor's servers on loopback ports: one event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from demo.running import InLoop
from demo.stand.wire import HttpProtocol, close_all
from demo.vendor.model import ServerSpec
from demo.vendor.server import VendorFault, VendorServer

BACKLOG = 256


class Vendor(InLoop):
    """Its methods may be called from any thread; servers' counters may be read at any time."""

    def __init__(self, specs: Sequence[ServerSpec], clock: Callable[[], float] = time.time) -> None:
        super().__init__("vendor")
        self.servers = {spec.name: VendorServer(spec, clock) for spec in specs}
        self._ports = {spec.name: spec.port for spec in specs}
        self._peers: dict[str, set[HttpProtocol]] = {spec.name: set() for spec in specs}
        self._listeners: dict[str, asyncio.Server] = {}

    def url(self, name: str) -> str:
        """Host and folder: the ``url`` of an access."""
        spec = self.servers[name].spec
        return f"http://{spec.host}:{self._ports[name]}{spec.folder}"

    def fault(self, name: str, fault: VendorFault, login: str = "") -> None:
        """Breaks a server, or one of its logins."""
        server = self.servers[name]
        if login:
            server.login_faults.setdefault(login, set()).add(fault)
            return
        server.faults.add(fault)
        if fault is VendorFault.CLOSED:
            self.call(self._leave(name))

    def clear(self, name: str) -> None:
        """Mends a server and all of its logins."""
        server = self.servers[name]
        closed = VendorFault.CLOSED in server.faults
        server.faults.clear()
        server.login_faults.clear()
        if closed:
            self.call(self._listen(name))

    def spend(self, name: str, login: str, resource: str, units: int) -> None:
        """A client uses up units beyond its habit."""
        self.servers[name].spent[login, resource] += units

    async def _open(self) -> None:
        for name in self.servers:
            await self._listen(name)

    async def _close(self) -> None:
        for name in self.servers:
            await self._leave(name)

    async def _listen(self, name: str) -> None:
        server = self.servers[name]
        self._listeners[name] = await self.loop.create_server(
            lambda: HttpProtocol(server, self._peers[name]), server.spec.host, self._ports[name], backlog=BACKLOG
        )
        self._ports[name] = self._listeners[name].sockets[0].getsockname()[1]

    async def _leave(self, name: str) -> None:
        listener = self._listeners.pop(name, None)
        if listener is not None:
            listener.close()
        await close_all(self._peers[name])

"""The vendor's servers on loopback ports: one event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import Any, Self

from demo.stand.wire import HttpProtocol, close_all
from demo.vendor.model import ServerSpec
from demo.vendor.server import VendorFault, VendorServer

BACKLOG = 256


class Vendor:
    """A context manager. Its methods may be called from any thread; servers' counters may be read at any time."""

    def __init__(self, specs: Sequence[ServerSpec], clock: Callable[[], float] = time.time) -> None:
        self.servers = {spec.name: VendorServer(spec, clock) for spec in specs}
        self._ports = {spec.name: spec.port for spec in specs}
        self._peers: dict[str, set[HttpProtocol]] = {spec.name: set() for spec in specs}
        self._listeners: dict[str, asyncio.Server] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="vendor", daemon=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()

    def start(self) -> Self:
        """Opens the ports. Once only."""
        self._thread.start()
        for name in self.servers:
            self._call(self._open(name))
        return self

    def stop(self) -> None:
        """Closes everything; once, after ``start``."""
        for name in self.servers:
            self._call(self._close(name))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

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
            self._call(self._close(name))

    def clear(self, name: str) -> None:
        """Mends a server and all of its logins."""
        server = self.servers[name]
        closed = VendorFault.CLOSED in server.faults
        server.faults.clear()
        server.login_faults.clear()
        if closed:
            self._call(self._open(name))

    def spend(self, name: str, login: str, resource: str, units: int) -> None:
        """A client uses up units beyond its habit."""
        self.servers[name].spent[login, resource] += units

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _open(self, name: str) -> None:
        server = self.servers[name]
        self._listeners[name] = await self._loop.create_server(
            lambda: HttpProtocol(server, self._peers[name]), server.spec.host, self._ports[name], backlog=BACKLOG
        )
        self._ports[name] = self._listeners[name].sockets[0].getsockname()[1]

    async def _close(self, name: str) -> None:
        listener = self._listeners.pop(name, None)
        if listener is not None:
            listener.close()
        await close_all(self._peers[name])

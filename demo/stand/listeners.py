"""Ports of the stand that can be closed and opened again: of a server, of a licence manager."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass, field

from demo.stand.faults import Fault, Options
from demo.stand.model import LicenceManagerSpec
from demo.stand.wire import HttpProtocol, Site, close_all

BACKLOG = 512


@dataclass(eq=False)
class Listener:
    """A TCP port that can be closed and opened again at the same number."""

    site: Site
    host: str
    port: int
    context: ssl.SSLContext | None = None
    peers: set[HttpProtocol] = field(default_factory=set)
    server: asyncio.Server | None = None
    hole: list[socket.socket] = field(default_factory=list)

    async def open(self) -> None:
        self._leave_hole()
        if self.server is not None:
            return
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(
            lambda: HttpProtocol(self.site, self.peers), self.host, self.port, ssl=self.context, backlog=BACKLOG
        )
        self.port = self.server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None
        self._leave_hole()
        await close_all(self.peers)

    async def refuse(self) -> None:
        """Closed to all, yet the number stays taken: nobody else may get it meanwhile."""
        await self.close()
        self.hole = [socket.socket()]
        self.hole[0].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.hole[0].bind((self.host, self.port))

    async def open_hole(self) -> None:
        """Listen with room for one connection, take that room, and never accept: the kernel drops further SYNs."""
        await self.close()
        listening, only = socket.socket(), socket.socket()
        self.hole = [listening, only]
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((self.host, self.port))
        listening.listen(0)
        only.setblocking(False)
        only.connect_ex((self.host, self.port))

    def _leave_hole(self) -> None:
        for each in self.hole:
            each.close()
        self.hole.clear()


@dataclass(eq=False)
class Manager:
    """A licence manager: a port that accepts and says nothing of use."""

    spec: LicenceManagerSpec
    faults: dict[Fault, Options] = field(default_factory=dict)
    port: int = 0
    server: asyncio.Server | None = None
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def lends(self) -> bool:
        return not self.faults

    async def open(self) -> None:
        if self.server is None:
            port = self.port or self.spec.port
            self.server = await asyncio.start_server(self._talk, self.spec.host, port)
            self.port = self.server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None
        for writer in list(self.writers):
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        try:
            while await reader.read(4096):  # the protocol is not published: whatever comes is taken in silence
                pass
        except ConnectionError:
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

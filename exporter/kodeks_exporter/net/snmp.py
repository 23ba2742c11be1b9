"""Disks and service processes by SNMP: one thread for all agents, with an engine for each login."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from kodeks_exporter.domain.check import SnmpFacts
from kodeks_exporter.net import host_resources as host
from kodeks_exporter.net.snmp_agent import (
    OF_ONE_TABLE,
    VALUES,
    Agent,
    Rows,
    SnmpError,
    library,
    login,
    silence,
    snmp_error,
)
from kodeks_exporter.settings.fleet import Snmp

_log = logging.getLogger(__name__)


# An agent may lie or loop: no machine that runs Kodeks exceeds these limits.
_MAX_STORAGES: Final = 500
_MAX_PROCESSES: Final = 5000
_MAX_STATUSES: Final = 20

# pysnmp 7.1 keeps some 300 bytes of every v3 answer forever (the security state that only a responder would use).
_READS_OF_AN_ENGINE: Final = 2000
_SHARE_OF_TABLES: Final = 0.95  # of the time for a read
_IDLE_SECONDS: Final = 900.0  # an engine whose credentials are no longer used (after a reload) is closed


class SnmpAsker:
    """Asks agents for all installations from one background thread. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        self._engines: dict[tuple[object, ...], _Engine] = {}
        # Separate threads for names: a hanging resolver must not delay agents given by address.
        self._names = concurrent.futures.ThreadPoolExecutor(max_workers=4, thread_name_prefix="snmp-dns")
        self._last_pid: dict[tuple[str, int, tuple[str, ...]], int] = {}
        self._values: dict[tuple[str, int], int] = {}
        """The size of an agent's last requests, if reduced."""

    def read(self, target: Snmp, timeout: float) -> SnmpFacts:
        """Disks and processes of one agent, within ``timeout`` seconds over all. Raises ``SnmpError``."""
        with self._lock:
            if self._closed:
                raise snmp_error("closed")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                # pysnmp turns malformed packets into an exception in a callback; the request then times out.
                self._loop.set_exception_handler(lambda _loop, context: _log.debug("snmp: %s", context["message"]))
                self._thread = threading.Thread(target=self._loop.run_forever, name="snmp", daemon=True)
                self._thread.start()
            future = asyncio.run_coroutine_threadsafe(self._read(target, timeout), self._loop)
        try:
            # The loop enforces the limit; the extra second is for a busy loop.
            return future.result(timeout + 1.0)
        except concurrent.futures.CancelledError:
            raise snmp_error("closed") from None
        except TimeoutError:
            future.cancel()
            raise snmp_error(silence(target)) from None

    def close(self) -> None:
        """Ends the thread and closes all sockets; a ``read`` under way ends with the reason ``closed``."""
        with self._lock:
            self._closed = True
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        self._names.shutdown(wait=False, cancel_futures=True)
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._end(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for engine in self._engines.values():
            engine.close()
        self._engines.clear()
        await asyncio.get_running_loop().shutdown_default_executor()

    async def _read(self, target: Snmp, timeout: float) -> SnmpFacts:
        end = asyncio.get_running_loop().time() + timeout * _SHARE_OF_TABLES
        try:
            async with asyncio.timeout(timeout):
                address, family = await self._resolve(target)
                with self._engine(target) as engine:
                    agent = await engine.agent(target, address, family, timeout)
                    if (address, target.port) not in engine.answered or await agent.answers():
                        facts = await self._facts(agent, target, end)
                        if target.version == "3":
                            engine.answered.add((address, target.port))
                        return facts
                    # An agent that answered this engine is silent now: it is down or was restarted. After a restart
                    # pysnmp 7.1 can't resynchronise with the agent's time window, so start with a new engine.
                    engine.reads = _READS_OF_AN_ENGINE
                with self._engine(target) as engine:
                    agent = await engine.agent(target, address, family, timeout)
                    return await self._facts(agent, target, end)
        except TimeoutError:
            raise snmp_error(silence(target)) from None

    async def _resolve(self, target: Snmp) -> tuple[str, int]:
        try:
            for family in (socket.AF_INET, socket.AF_INET6):
                try:
                    socket.inet_pton(family, target.address)
                except OSError:
                    continue
                return target.address, family
            found = await asyncio.get_running_loop().run_in_executor(
                self._names, lambda: socket.getaddrinfo(target.address, target.port, type=socket.SOCK_DGRAM)
            )
        except (OSError, UnicodeError):
            raise snmp_error("dns") from None
        return str(found[0][4][0]), found[0][0]

    @contextmanager
    def _engine(self, target: Snmp) -> Iterator[_Engine]:
        """One engine for all v2c agents, and one for each v3 login: pysnmp stores keys by user name, and a name may
        have different keys on another host."""
        key: tuple[object, ...] = ("2c",)
        if target.version == "3":
            key = (
                "3", target.username, target.auth_protocol, target.auth_password,
                target.privacy_protocol, target.privacy_password,
            )  # fmt: skip
        now = time.monotonic()
        for old in [k for k, engine in self._engines.items() if engine.is_spent(now)]:
            self._engines.pop(old).retire()
        engine = self._engines.get(key) or self._engines.setdefault(key, _Engine())
        engine.used = now
        engine.reads += 1
        engine.busy += 1
        try:
            yield engine
        finally:
            engine.busy -= 1
            if engine.retired and not engine.busy:
                engine.close()

    async def _facts(self, agent: Agent, target: Snmp, end: float) -> SnmpFacts:
        """``end``: by the loop's clock; returns everything read until then."""
        await agent.first()
        unanswered: list[str] = []
        storages: Rows = {}
        available: Rows = {}
        processes: Mapping[str, bool] = {}
        agent.values = begun = self._values.pop((target.address, target.port), VALUES)
        try:
            async with _one_table("диски", unanswered, end):
                storages = await agent.walk((host.TYPE, host.DESCR, host.UNITS, host.SIZE, host.USED), _MAX_STORAGES)
                if any(host.text(row.get(host.DESCR)).startswith("/") for row in storages.values()):  # not of Windows
                    columns = (host.DSK_PATH, host.DSK_AVAIL, host.DSK_LOW, host.DSK_HIGH)
                    available = await agent.walk(columns, _MAX_STORAGES)
            async with _one_table("процессы", unanswered, end):
                processes = await self._processes(agent, target)
        finally:
            # Recovers from chance losses: requests grow again after a read without loss.
            values = agent.values if unanswered or agent.values < begun else agent.values * 4
            if values < VALUES:
                self._values[target.address, target.port] = values
        if len(unanswered) == 2:
            raise snmp_error("silent_table")
        if not storages and not processes:
            raise snmp_error("no_tables")
        return SnmpFacts(host.disks(storages, available), processes, tuple(unanswered))

    async def _processes(self, agent: Agent, target: Snmp) -> Mapping[str, bool]:
        """Running names; if none runs, all names with False. Empty when the agent shows no processes at all."""
        key = (target.address, target.port, target.processes)
        if not target.processes:
            return {}
        # The process found last time nearly always still runs: then one request replaces a whole walk.
        pid = self._last_pid.get(key)
        if pid is not None:
            found = await self._running(agent, target.processes, {pid: None})
            if found:
                return found
        rows = await agent.walk((host.RUN_NAME,), _MAX_PROCESSES)
        if not rows:
            return {}
        candidates = [
            pid for pid, row in rows.items() if host.wanted_name(host.text(row.get(host.RUN_NAME)), target.processes)
        ]
        found = await self._running(agent, target.processes, dict.fromkeys(candidates[:_MAX_STATUSES]), key)
        return found or dict.fromkeys(target.processes, False)

    async def _running(
        self,
        agent: Agent,
        names: tuple[str, ...],
        pids: Iterable[int],
        remember: tuple[str, int, tuple[str, ...]] | None = None,
    ) -> dict[str, bool]:
        found: dict[str, bool] = {}
        for pid in pids:
            name, status = await agent.get((*host.RUN_NAME, pid), (*host.RUN_STATUS, pid))
            known = host.wanted_name(host.text(name), names)
            if known and host.number(status) != host.INVALID:
                found[known] = True
                if remember is not None:
                    self._last_pid[remember] = pid
        return found


@asynccontextmanager
async def _one_table(name: str, unanswered: list[str], end: float) -> AsyncIterator[None]:
    """Notes what the agent does not answer inside the block, or before ``end``, as unanswered."""
    try:
        async with asyncio.timeout_at(end):
            yield
    except TimeoutError:
        unanswered.append(name)
    except SnmpError as error:
        if error.reason not in OF_ONE_TABLE:
            raise
        unanswered.append(name)


class _Engine:
    """A pysnmp engine: one UDP socket and the keys of one login. Used in the loop's thread only.

    ``used``: when somebody last asked for it, seconds of the monotonic clock. ``busy``: reads under way.
    ``answered``: address and port of the v3 agents that it has read.
    """

    def __init__(self) -> None:
        self.used = 0.0
        self.reads = 0
        self.busy = 0
        self.retired = False
        self.answered: set[tuple[str, int]] = set()
        self._hlapi = library("pysnmp.hlapi.v3arch.asyncio")
        self._engine = self._hlapi.SnmpEngine()

    async def agent(self, target: Snmp, address: str, family: int, timeout: float) -> Agent:
        hlapi = self._hlapi
        kind = hlapi.Udp6TransportTarget if family == socket.AF_INET6 else hlapi.UdpTransportTarget
        # Slow agents exist (a process table on Windows takes seconds), so one try has a long limit. pysnmp remembers
        # every distinct value forever, hence the rounding.
        patience = max(0.5, round(timeout * 0.4, 1))
        peer = await kind.create((address, target.port), timeout=patience, retries=0)
        return Agent(hlapi, self._engine, login(hlapi, target), peer, silence(target))

    def is_spent(self, now: float) -> bool:
        return self.reads >= _READS_OF_AN_ENGINE or (not self.busy and now - self.used > _IDLE_SECONDS)

    def retire(self) -> None:
        """Closes it as soon as nobody uses it."""
        self.retired = True
        if not self.busy:
            self.close()

    def close(self) -> None:
        self._engine.close_dispatcher()

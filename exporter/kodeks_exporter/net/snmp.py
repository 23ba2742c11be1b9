"""Disks and the service's process by SNMP (HOST-RESOURCES-MIB, RFC 2790), v2c and v3, through pysnmp.

OIDs are numeric: no MIB is compiled. pysnmp is imported with the first agent that is asked, because it is heavy
(about 13 MB) and many fleets have no SNMP at all.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import importlib
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from kodeks_exporter.domain.check import Disk, SnmpFacts
from kodeks_exporter.domain.numbers import bounded
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.settings.fleet import Snmp

_log = logging.getLogger(__name__)

Oid = tuple[int, ...]
Rows = dict[int, dict[Oid, Any]]
"""Row index to column OID to value."""

_STORAGE: Final[Oid] = (1, 3, 6, 1, 2, 1, 25, 2, 3, 1)
_TYPE, _DESCR, _UNITS, _SIZE, _USED = ((*_STORAGE, column) for column in (2, 3, 4, 5, 6))
_FIXED_DISK: Final[Oid] = (1, 3, 6, 1, 2, 1, 25, 2, 1, 4)
_RUN: Final[Oid] = (1, 3, 6, 1, 2, 1, 25, 4, 2, 1)
_RUN_NAME: Final[Oid] = (*_RUN, 2)
_RUN_STATUS: Final[Oid] = (*_RUN, 7)
_DSK: Final[Oid] = (1, 3, 6, 1, 4, 1, 2021, 9, 1)  # UCD-SNMP-MIB, of net-snmp alone
_DSK_PATH, _DSK_AVAIL, _DSK_LOW, _DSK_HIGH = ((*_DSK, column) for column in (2, 7, 13, 14))
_UPTIME: Final[Oid] = (1, 3, 6, 1, 2, 1, 1, 3, 0)
_INVALID: Final = 4  # hrSWRunStatus of what is not loaded; net-snmp says so of zombies

# An agent may lie or loop: what is over these bounds is no machine that runs Kodeks.
_MAX_STORAGES: Final = 500
_MAX_PROCESSES: Final = 5000
_MAX_BYTES: Final = 512 * 1024
_MAX_STATUSES: Final = 20
# An answer is to stay under one Ethernet frame: many lines lose what is larger (fragments), and agents with small
# buffers refuse it (tooBig).
_VALUES: Final = 40
_MOST_ROWS: Final = 25

_LINUX_NAME: Final = 15  # the kernel cuts a process name to so many characters
_NO_REAL_DISK: Final = ("/run", "/dev", "/proc", "/sys", "/snap", "/var/snap", "/var/lib/docker", "/var/lib/containers")
_WINDOWS_DRIVE: Final = re.compile(r"([A-Za-z]:)\\")
# pysnmp 7.1 keeps some 300 bytes of every v3 answer for ever (the security state that only a responder would use).
_READS_OF_AN_ENGINE: Final = 2000
_IDLE_SECONDS: Final = 900.0  # an engine of credentials that nobody uses any more (reloaded configuration) is closed


class SnmpError(CheckError):
    """The agent could not be read. Reasons: timeout, auth, unknown_user, wrong_digest, decryption, dns, no_tables,
    malformed, closed."""


_WORDS: Final[Mapping[str, str]] = {
    "timeout": "агент не ответил вовремя: он выключен, закрыт сетевым экраном"
    " или не принимает эту строку сообщества (community) и потому молчит",
    "timeout_v3": "агент не ответил вовремя: он выключен, закрыт сетевым экраном или не принимает SNMPv3",
    "auth": "агент не пускает: у этого логина нет прав на чтение или нужен другой уровень защиты",
    "short_key": "пароль SNMPv3 короче 8 знаков, такого агент не примет",
    "unknown_user": "агент не знает такого пользователя SNMPv3",
    "wrong_digest": "агент не принял пароль или алгоритм аутентификации SNMPv3",
    "decryption": "агент знает пользователя, но не расшифровал запрос: не тот пароль или алгоритм шифрования SNMPv3",
    "dns": "имя агента не находится в DNS",
    "no_tables": "агент отвечает, но не показывает ни дисков, ни процессов:"
    " откройте ему для чтения ветку 1.3.6.1.2.1.25 (HOST-RESOURCES-MIB)",
    "too_big": "агент не помещает ответ в свой буфер, даже по одной строке",
    "silent_table": "агент отвечает на простые вопросы, но не на таблицы дисков и процессов",
    "loop": "агент отвечает неверно: строки таблицы идут по кругу",
    "endless": "агент отвечает неверно: таблица не кончается",
    "malformed": "агент отвечает неверно",
    "closed": "опрос остановлен",
}
_INDICATIONS: Final[Mapping[str, str]] = {
    "UnknownUserName": "unknown_user",
    "UnknownSecurityName": "unknown_user",
    "WrongDigest": "wrong_digest",
    "AuthenticationFailure": "wrong_digest",
    "AuthenticationError": "wrong_digest",
    "DecryptionError": "decryption",
    "EncryptionError": "decryption",
    "UnsupportedPrivProtocol": "decryption",
    "UnsupportedSecurityLevel": "auth",
    "NotInTimeWindow": "auth",
}
_AUTH_PROTOCOLS: Final[Mapping[str, str]] = {
    "MD5": "USM_AUTH_HMAC96_MD5",
    "SHA": "USM_AUTH_HMAC96_SHA",
    "SHA224": "USM_AUTH_HMAC128_SHA224",
    "SHA256": "USM_AUTH_HMAC192_SHA256",
    "SHA384": "USM_AUTH_HMAC256_SHA384",
    "SHA512": "USM_AUTH_HMAC384_SHA512",
}
# Keys of AES-192 and AES-256 are stretched as net-snmp does it (Blumenthal's draft).
_PRIVACY_PROTOCOLS: Final[Mapping[str, str]] = {
    "DES": "USM_PRIV_CBC56_DES",
    "3DES": "USM_PRIV_CBC168_3DES",
    "AES": "USM_PRIV_CFB128_AES",
    "AES192": "USM_PRIV_CFB192_AES_BLUMENTHAL",
    "AES256": "USM_PRIV_CFB256_AES_BLUMENTHAL",
}


def _error(word: str, detail: str = "") -> SnmpError:
    reason = {"timeout_v3": "timeout", "short_key": "auth", "loop": "malformed", "endless": "malformed"}.get(word, word)
    return SnmpError(reason, _WORDS[word] + (f" ({detail})" if detail else ""))


class SnmpAsker:
    """Asks agents for all installations from one background thread. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        self._engines: dict[tuple[object, ...], _Engine] = {}
        # Own threads for names: a resolver that hangs must not delay agents that are given by address.
        self._names = concurrent.futures.ThreadPoolExecutor(max_workers=4, thread_name_prefix="snmp-dns")
        self._last_pid: dict[tuple[str, int, tuple[str, ...]], int] = {}

    def read(self, target: Snmp, timeout: float) -> SnmpFacts:
        """Disks and processes of one agent, within ``timeout`` seconds over all. Raises ``SnmpError``."""
        with self._lock:
            if self._closed:
                raise _error("closed")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                # pysnmp lets nonsense from the wire end as an exception of a callback; the request then times out.
                self._loop.set_exception_handler(lambda _loop, context: _log.debug("snmp: %s", context["message"]))
                self._thread = threading.Thread(target=self._loop.run_forever, name="snmp", daemon=True)
                self._thread.start()
            future = asyncio.run_coroutine_threadsafe(self._read(target, timeout), self._loop)
        try:
            # The loop keeps the time; the second on top is for a loop that is itself too busy to.
            return future.result(timeout + 1.0)
        except concurrent.futures.CancelledError:
            raise _error("closed") from None
        except TimeoutError:
            future.cancel()
            raise _error(_silence(target)) from None

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
        try:
            async with asyncio.timeout(timeout):
                address, family = await self._resolve(target)
                with self._engine(target) as engine:
                    agent = await engine.agent(target, address, family, timeout)
                    if (address, target.port) not in engine.answered or await agent.answers():
                        facts = await self._facts(agent, target)
                        if target.version == "3":
                            engine.answered.add((address, target.port))
                        return facts
                    # An agent that answered this engine is silent now. It is away, or was started anew: after that
                    # pysnmp 7.1 does not find its way back into the agent's time window, so begin from the beginning.
                    engine.reads = _READS_OF_AN_ENGINE
                with self._engine(target) as engine:
                    agent = await engine.agent(target, address, family, timeout)
                    return await self._facts(agent, target)
        except TimeoutError:
            raise _error(_silence(target)) from None

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
            raise _error("dns") from None
        return str(found[0][4][0]), found[0][0]

    @contextmanager
    def _engine(self, target: Snmp) -> Iterator[_Engine]:
        """One engine for all v2c agents. One for each v3 login: pysnmp keeps keys by user name, and a name may have
        other keys on another host."""
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

    async def _facts(self, agent: _Agent, target: Snmp) -> SnmpFacts:
        await agent.first()
        unanswered: list[str] = []
        storages: Rows = {}
        available: Rows = {}
        processes: Mapping[str, bool] = {}
        try:
            storages = await agent.walk((_TYPE, _DESCR, _UNITS, _SIZE, _USED), _MAX_STORAGES)
            available = await agent.walk((_DSK_PATH, _DSK_AVAIL, _DSK_LOW, _DSK_HIGH), _MAX_STORAGES)
        except SnmpError as error:
            if error.reason not in _OF_ONE_TABLE:
                raise
            unanswered.append("диски")
        try:
            processes = await self._processes(agent, target)
        except SnmpError as error:
            if error.reason not in _OF_ONE_TABLE:
                raise
            unanswered.append("процессы")
        if len(unanswered) == 2:
            raise _error("silent_table")
        if not storages and not processes:
            raise _error("no_tables")
        return SnmpFacts(disks(storages, available), processes, tuple(unanswered))

    async def _processes(self, agent: _Agent, target: Snmp) -> Mapping[str, bool]:
        """Names that run; when none does, all names with False. Empty when the agent shows no processes at all."""
        key = (target.address, target.port, target.processes)
        if not target.processes:
            return {}
        # The process of the last time still runs, nearly always: then one request does instead of a whole walk.
        pid = self._last_pid.get(key)
        if pid is not None:
            found = await self._running(agent, target.processes, {pid: None})
            if found:
                return found
        rows = await agent.walk((_RUN_NAME,), _MAX_PROCESSES)
        if not rows:
            return {}
        candidates = [pid for pid, row in rows.items() if wanted_name(_text(row.get(_RUN_NAME)), target.processes)]
        found = await self._running(agent, target.processes, dict.fromkeys(candidates[:_MAX_STATUSES]), key)
        return found or dict.fromkeys(target.processes, False)

    async def _running(
        self,
        agent: _Agent,
        names: tuple[str, ...],
        pids: Iterable[int],
        remember: tuple[str, int, tuple[str, ...]] | None = None,
    ) -> dict[str, bool]:
        found: dict[str, bool] = {}
        for pid in pids:
            name, status = await agent.get((*_RUN_NAME, pid), (*_RUN_STATUS, pid))
            known = wanted_name(_text(name), names)
            if known and _number(status) != _INVALID:
                found[known] = True
                if remember is not None:
                    self._last_pid[remember] = pid
        return found


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
        self._hlapi = _library("pysnmp.hlapi.v3arch.asyncio")
        self._engine = self._hlapi.SnmpEngine()

    async def agent(self, target: Snmp, address: str, family: int, timeout: float) -> _Agent:
        hlapi = self._hlapi
        kind = hlapi.Udp6TransportTarget if family == socket.AF_INET6 else hlapi.UdpTransportTarget
        # Slow agents exist (seconds for a process table on Windows), so one try lasts long. pysnmp remembers every
        # distinct value for ever, hence the rounding.
        patience = max(0.5, round(timeout * 0.4, 1))
        peer = await kind.create((address, target.port), timeout=patience, retries=0)
        return _Agent(hlapi, self._engine, _login(hlapi, target), peer, _silence(target))

    def is_spent(self, now: float) -> bool:
        return self.reads >= _READS_OF_AN_ENGINE or (not self.busy and now - self.used > _IDLE_SECONDS)

    def retire(self) -> None:
        """Closes it as soon as nobody uses it."""
        self.retired = True
        if not self.busy:
            self.close()

    def close(self) -> None:
        self._engine.close_dispatcher()


@dataclass
class _Agent:
    """One agent and the login for it, for the time of one ``read``."""

    hlapi: Any
    engine: Any
    login: Any
    peer: Any
    silence: str
    _bytes: int = 0

    async def first(self) -> None:
        """Finds out whether the agent answers at all, and if not, why. One lost packet is forgiven."""
        await self._first()
        self.peer.retries = 1

    async def answers(self) -> bool:
        """False: not a word. Raises ``SnmpError`` for a refusal."""
        try:
            await self.get(_UPTIME)
        except SnmpError as error:
            if error.reason != "timeout":
                raise
            return False
        return True

    async def _first(self) -> None:
        if await self.answers():
            return
        if self.login.security_level == "authPriv" and await self._answers_unencrypted():
            # net-snmp drops what it cannot decrypt without a word.
            try:
                await self.get(_UPTIME)
            except SnmpError as error:
                raise _error("decryption") if error.reason == "timeout" else error from None
            return
        await self.get(_UPTIME)

    async def _answers_unencrypted(self) -> bool:
        self.login.security_level = "authNoPriv"
        try:
            await self.get(_UPTIME)
        except SnmpError as error:
            return error.reason == "auth"  # "not without encryption" is an answer, too
        finally:
            self.login.security_level = "authPriv"
        return True

    async def get(self, *oids: Oid) -> list[Any]:
        """Values of single OIDs, in their order; None for what the agent does not have."""
        found = dict(await self._ask(self.hlapi.get_cmd, oids))
        return [found.get(oid) for oid in oids]

    async def walk(self, columns: tuple[Oid, ...], max_rows: int) -> Rows:
        """Columns of one table, side by side. Raises ``SnmpError`` for tables that loop or do not end."""
        rows: Rows = {}
        repetitions = min(_MOST_ROWS, _VALUES // len(columns))
        last: dict[Oid, Oid] = {column: column for column in columns}  # those not at their end yet
        while last:
            asked = list(last)
            try:
                answer = await self._bulk([last[c] for c in asked], repetitions)
            except SnmpError as error:
                if repetitions == 1 or error.reason not in _OF_ONE_TABLE:
                    raise
                repetitions = max(1, repetitions // 4)  # too much for the agent, or for the line: so less at a time
                continue
            if not answer:
                break
            for place, (oid, value) in enumerate(answer):
                column = asked[place % len(asked)]
                if column not in last:
                    continue
                if value is None or oid[: len(column)] != column:
                    del last[column]
                elif oid <= last[column]:
                    raise _error("loop")
                else:
                    last[column] = oid
                    if len(oid) == len(column) + 1:  # both tables have one number as index
                        rows.setdefault(oid[-1], {})[column] = value
                    if len(rows) > max_rows:
                        raise _error("endless")
        return rows

    async def _bulk(self, oids: list[Oid], repetitions: int) -> list[tuple[Oid, Any]]:
        """One GETBULK; sent twice only where it can't be made smaller."""
        self.peer.retries = 0 if repetitions > 1 else 1
        try:
            return await self._ask(self.hlapi.bulk_cmd, oids, 0, repetitions)
        finally:
            self.peer.retries = 1

    async def _ask(self, command: Callable[..., Any], oids: Iterable[Oid], *numbers: int) -> list[tuple[Oid, Any]]:
        """One request. Missing values and the end of the MIB come as None."""
        absent = _library("pysnmp.proto.rfc1905")
        no_value = (absent.EndOfMibView, absent.NoSuchInstance, absent.NoSuchObject)
        own_errors = (_library("pysnmp.error").PySnmpError, _library("pyasn1.error").PyAsn1Error, ValueError)
        objects = [self.hlapi.ObjectType(self.hlapi.ObjectIdentity(oid)) for oid in oids]
        try:
            indication, status, _index, answer = await command(
                self.engine, self.login, self.peer, self.hlapi.ContextData(), *numbers, *objects, lookupMib=False
            )
        except own_errors as error:
            raise _error("malformed", type(error).__name__) from None
        if indication:
            name = type(indication).__name__
            if name == "RequestTimedOut":
                raise _error(self.silence)
            word = _INDICATIONS.get(name, "malformed")
            raise _error(word, name if word == "malformed" else "")
        if int(status):
            code = int(status)
            if code == 2:  # noSuchName, of agents that are v1 at heart
                return []
            if code == 1:
                raise _error("too_big")
            raise _error("auth") if code in (6, 16) else _error("malformed", f"error-status {code}")
        values = [(tuple(oid), None if isinstance(value, no_value) else value) for oid, value in answer]
        self._bytes += sum(len(oid) + _size(value) for oid, value in values)
        if self._bytes > _MAX_BYTES:
            raise _error("endless")
        return values


def _library(name: str) -> Any:
    """pysnmp and pyasn1: imported late (see above), and they bring no types."""
    return importlib.import_module(name)


def _silence(target: Snmp) -> str:
    return "timeout_v3" if target.version == "3" else "timeout"


def _login(hlapi: Any, target: Snmp) -> Any:
    if target.version != "3":
        return hlapi.CommunityData(target.community.reveal() if target.community else "public", mpModel=1)
    keys = [secret.reveal() if secret else None for secret in (target.auth_password, target.privacy_password)]
    if any(key is not None and len(key) < 8 for key in keys):
        raise _error("short_key")
    auth, privacy = keys
    if auth is None:
        return hlapi.UsmUserData(target.username)
    auth_protocol = getattr(hlapi, _AUTH_PROTOCOLS[target.auth_protocol])
    if privacy is None:
        return hlapi.UsmUserData(target.username, auth, authProtocol=auth_protocol)
    privacy_protocol = getattr(hlapi, _PRIVACY_PROTOCOLS[target.privacy_protocol])
    return hlapi.UsmUserData(target.username, auth, privacy, auth_protocol, privacy_protocol)


_OF_ONE_TABLE: Final = ("timeout", "too_big")
"""Reasons that may be one table's, once the agent has answered at all."""


def disks(rows: Rows, available: Rows | None = None) -> tuple[Disk, ...]:
    """Fixed disks of an hrStorageTable, without those that are no disk (memory file systems, snaps, containers).

    ``available``: rows of net-snmp's dskTable. It tells what others than root may still write, as df does; the
    hrStorageTable counts what is reserved for root as free.
    """
    usable = _usable(available or {})
    found: dict[str, Disk] = {}
    for row in rows.values():
        if _type(row.get(_TYPE)) != _FIXED_DISK:
            continue
        name = partition(_text(row.get(_DESCR)))
        units, size, used = (_number(row.get(column)) for column in (_UNITS, _SIZE, _USED))
        if not name or units is None or size is None or used is None:
            continue
        # Integer32 of disks with over 2^31 units: Windows lets it run into the negative.
        size, used = size % 2**32, used % 2**32
        if units > 0 and size > 0:
            found.setdefault(
                name, Disk(name, units * size, min(units * max(0, size - used), usable.get(name, units * size)))
            )
    return tuple(found.values())


def _usable(rows: Rows) -> dict[str, int]:
    """Mount point to bytes that are left for others than root."""
    found = {}
    for row in rows.values():
        low, high = _number(row.get(_DSK_LOW)), _number(row.get(_DSK_HIGH))
        kilobytes = _number(row.get(_DSK_AVAIL)) if low is None or high is None else (high << 32) + low
        if kilobytes is not None and kilobytes >= 0:
            found[_text(row.get(_DSK_PATH))] = kilobytes * 1024
    return found


def partition(description: str) -> str:
    r"""``C:\ Label:System  Serial Number 1a2b`` is ``C:``, a mount point is itself; empty for what is no disk."""
    drive = _WINDOWS_DRIVE.match(description)
    if drive:
        return drive[1].upper()
    if any(description == skip or description.startswith(f"{skip}/") for skip in _NO_REAL_DISK):
        return ""
    return description[:200]


def wanted_name(running: str, names: tuple[str, ...]) -> str:
    """Which of ``names`` a running process is; empty when it is none. Case, ``.exe`` and Linux's cut do not matter."""

    def bare(name: str) -> str:
        return name.casefold().removesuffix(".exe")

    seen = bare(running)
    for name in names:
        if seen and (seen == bare(name) or (len(running) == _LINUX_NAME and bare(name).startswith(seen))):
            return name
    return ""


def _text(value: Any) -> str:
    if not hasattr(value, "asOctets"):
        return ""
    raw: bytes = value.asOctets()
    return "".join(c for c in raw[:1024].decode("utf-8", "replace") if c.isprintable()).strip()


def _size(value: Any) -> int:
    return len(value) if hasattr(value, "asOctets") else 8


def _number(value: Any) -> int | None:
    """None for what is no number, such as a text of digits, and for one that no agent means."""
    if hasattr(value, "asOctets"):
        return None
    try:
        number = int(value)
    except (TypeError, ValueError):
        return None
    return bounded(number)


def _type(value: Any) -> Oid:
    try:
        return tuple(value.asTuple())
    except AttributeError:
        return ()

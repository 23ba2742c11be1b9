"""One SNMP agent, v2c or v3, through pysnmp: single values, tables, and the meaning of its errors.

OIDs are numeric: no MIB is compiled. pysnmp is imported with the first agent that is asked, because it is heavy
(about 13 MB) and many fleets have no SNMP at all.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.settings.fleet import Snmp

Oid = tuple[int, ...]
Rows = dict[int, dict[Oid, Any]]
"""Row index to column OID to value."""

_UPTIME: Final[Oid] = (1, 3, 6, 1, 2, 1, 1, 3, 0)
_MAX_BYTES: Final = 512 * 1024
# An answer should fit one Ethernet frame: many networks lose fragments, and agents with small buffers refuse larger
# ones (tooBig).
VALUES: Final = 40
_MOST_ROWS: Final = 25
OF_ONE_TABLE: Final = ("timeout", "too_big")
"""Reasons that may affect only one table, once the agent has answered at all."""
_TOO_MUCH: Final = (*OF_ONE_TABLE, "malformed")
"""Failures of agents that were asked for too much: no answer, tooBig, genErr or an empty answer."""


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


def snmp_error(word: str, detail: str = "") -> SnmpError:
    reason = {"timeout_v3": "timeout", "short_key": "auth", "loop": "malformed", "endless": "malformed"}.get(word, word)
    return SnmpError(reason, _WORDS[word] + (f" ({detail})" if detail else ""))


@dataclass
class Agent:
    """One agent and the login for it, for the time of one ``read``. ``values``: the most requested at once; reduced
    to a quarter after each missing answer, and at 0 one row by GETNEXT, for agents that support nothing else."""

    hlapi: Any
    engine: Any
    login: Any
    peer: Any
    silence: str
    values: int = VALUES
    _bytes: int = 0

    async def first(self) -> None:
        """Checks whether the agent answers at all, and if not, why. Tolerates one lost packet."""
        await self._first()
        self.peer.retries = 1

    async def answers(self) -> bool:
        """False: no answer. Raises ``SnmpError`` for a refusal."""
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
            # net-snmp silently drops what it cannot decrypt.
            try:
                await self.get(_UPTIME)
            except SnmpError as error:
                raise snmp_error("decryption") if error.reason == "timeout" else error from None
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
        last: dict[Oid, Oid] = {column: column for column in columns}  # those not at their end yet
        while last:
            asked = list(last)
            try:
                answer = await self._following([last[c] for c in asked], len(columns))
            except SnmpError as error:
                if self.values == 0 or error.reason not in _TOO_MUCH:
                    raise
                self.values //= 4  # too much for the agent or the network
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
                    raise snmp_error("loop")
                else:
                    last[column] = oid
                    if len(oid) == len(column) + 1:  # both tables have one number as index
                        rows.setdefault(oid[-1], {})[column] = value
                    if len(rows) > max_rows:
                        raise snmp_error("endless")
        return rows

    async def _following(self, oids: list[Oid], width: int) -> list[tuple[Oid, Any]]:
        """Some rows of a table with ``width`` columns; repeated only if the request can't be made smaller."""
        if self.values == 0:
            return await self._ask(self.hlapi.next_cmd, oids)
        self.peer.retries = 0
        try:
            return await self._ask(self.hlapi.bulk_cmd, oids, 0, max(1, min(_MOST_ROWS, self.values // width)))
        finally:
            self.peer.retries = 1

    async def _ask(self, command: Callable[..., Any], oids: Iterable[Oid], *numbers: int) -> list[tuple[Oid, Any]]:
        """One request. Missing values and the end of the MIB come as None."""
        absent = library("pysnmp.proto.rfc1905")
        no_value = (absent.EndOfMibView, absent.NoSuchInstance, absent.NoSuchObject)
        own_errors = (library("pysnmp.error").PySnmpError, library("pyasn1.error").PyAsn1Error, ValueError)
        objects = [self.hlapi.ObjectType(self.hlapi.ObjectIdentity(oid)) for oid in oids]
        try:
            indication, status, _index, answer = await command(
                self.engine, self.login, self.peer, self.hlapi.ContextData(), *numbers, *objects, lookupMib=False
            )
        except own_errors as error:
            raise snmp_error("malformed", type(error).__name__) from None
        if indication:
            name = type(indication).__name__
            if name == "RequestTimedOut":
                raise snmp_error(self.silence)
            word = _INDICATIONS.get(name, "malformed")
            raise snmp_error(word, name if word == "malformed" else "")
        if int(status):
            code = int(status)
            if code == 2:  # noSuchName, from agents that are really v1
                return []
            if code == 1:
                raise snmp_error("too_big")
            raise snmp_error("auth") if code in (6, 16) else snmp_error("malformed", f"error-status {code}")
        values = [(tuple(oid), None if isinstance(value, no_value) else value) for oid, value in answer]
        self._bytes += sum(len(oid) + _size(value) for oid, value in values)
        if self._bytes > _MAX_BYTES:
            raise snmp_error("endless")
        return values


def library(name: str) -> Any:
    """pysnmp and pyasn1: imported late (see above), and they bring no types."""
    return importlib.import_module(name)


def silence(target: Snmp) -> str:
    return "timeout_v3" if target.version == "3" else "timeout"


def login(hlapi: Any, target: Snmp) -> Any:
    if target.version != "3":
        return hlapi.CommunityData(target.community.reveal() if target.community else "public", mpModel=1)
    keys = [secret.reveal() if secret else None for secret in (target.auth_password, target.privacy_password)]
    if any(key is not None and len(key) < 8 for key in keys):
        raise snmp_error("short_key")
    auth, privacy = keys
    if auth is None:
        return hlapi.UsmUserData(target.username)
    auth_protocol = getattr(hlapi, _AUTH_PROTOCOLS[target.auth_protocol])
    if privacy is None:
        return hlapi.UsmUserData(target.username, auth, authProtocol=auth_protocol)
    privacy_protocol = getattr(hlapi, _PRIVACY_PROTOCOLS[target.privacy_protocol])
    return hlapi.UsmUserData(target.username, auth, privacy, auth_protocol, privacy_protocol)


def _size(value: Any) -> int:
    return len(value) if hasattr(value, "asOctets") else 8

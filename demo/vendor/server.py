"""One server of the vendor: logins, sessions, what it answers, and what can be broken. No sockets here.

Assumed: five refused logins in a row within a day lock an account; a session lasts until it is logged out.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from demo.stand.faults import Fault, Options
from demo.stand.wire import Reply, Request
from demo.vendor import pages
from demo.vendor.model import RESOURCES, Access, ServerSpec

COOKIE = "OnlineSession"
LOCK_AFTER = 5
LOCK_WINDOW = 86400.0
ZONE = ZoneInfo("Europe/Moscow")

_QUERIES = (
    ("Интеллектуальный", "ГОСТ 9.402", 12, "0,9"),
    ("Интеллектуальный", "СП 20.13330.2016", 8, "1,2"),
    ("Атрибутный", "ТУ 14-1-476-72", 0, "11,2"),
    ("Интеллектуальный", "GYLA 14.1", 0, "7,4"),
    ("Интеллектуальный", "гсот 27751", 0, "6,1"),
)


class VendorFault(StrEnum):
    """What can be broken, of a whole server or (those of pages) of one login."""

    REFUSED = "refused"
    ERROR_500 = "error_500"
    CAPTCHA = "captcha"
    PROXY = "proxy"
    SQUID = "squid"
    MARKUP = "markup"
    MAINTENANCE = "maintenance"
    HISTORY_500 = "history_500"
    HUGE = "huge"
    HANG = "hang"
    SLOW = "slow"
    GARBAGE = "garbage"
    CLOSED = "closed"


_MANNERS = {VendorFault.HANG: Fault.HANG, VendorFault.SLOW: Fault.SLOW, VendorFault.GARBAGE: Fault.GARBAGE}


@dataclass
class VendorServer:
    """``max_sessions``: the most that were open at once. ``requests`` counts by page; ``strange``: requests for
    anything but login, profile, history and logout, which would cost units. ``refusals`` by login, since ever."""

    spec: ServerSpec
    clock: Callable[[], float] = time.time
    banner: str = "nginx"
    slow: float = 0.02
    faults: set[VendorFault] = field(default_factory=set)
    login_faults: dict[str, set[VendorFault]] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    max_sessions: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    strange: list[str] = field(default_factory=list)
    visitors: Counter[str] = field(default_factory=Counter)
    """Accepted logins by login."""
    refusals: Counter[str] = field(default_factory=Counter)
    locked: set[str] = field(default_factory=set)
    spent: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Units on top of what the client's kind uses, by login and resource."""
    passwords: dict[str, str] = field(default_factory=dict)
    """Logins whose password was changed at the server."""
    _recent: dict[str, list[float]] = field(default_factory=dict)
    _tokens: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._accesses = {access.login: access for access in self.spec.accesses}

    # What demo.stand.wire asks for

    def manner(self) -> tuple[Fault, Options] | None:
        for fault, manner in _MANNERS.items():
            if fault in self.faults:
                return manner, {"delay": self.slow}
        return None

    def answer(self, request: Request) -> Reply:
        path = request.path.removeprefix(self.spec.folder)
        self.requests[path] += 1
        if reply := self._broken(self.faults):
            return reply
        match request.method, path:
            case "POST", "/login":
                return self._log_in(request)
            case "GET", "/profile" | "/history":
                return self._with_login(request, path)
            case "GET", "/logout":
                self.sessions.pop(request.cookie(COOKIE), None)
                return self._html(200, pages.plain("Вы вышли", self.spec.charset))
        self.strange.append(f"{request.method} {request.path}")
        return self._html(404, pages.plain("Страница не найдена", self.spec.charset))

    # For the stand

    def left(self, access: Access, resource: str) -> int:
        limit: int = getattr(access.limits, resource)
        used = access.used(resource, self._now()) + self.spent[access.login, resource]
        return max(0, limit - used)

    # Inside

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), ZONE)

    def _broken(self, faults: set[VendorFault]) -> Reply | None:
        charset = self.spec.charset
        if VendorFault.ERROR_500 in faults:
            return self._html(500, pages.plain("Внутренняя ошибка сервера", charset))
        if VendorFault.MAINTENANCE in faults:
            return self._html(503, pages.plain("Сервер находится в режиме обслуживания", charset))
        if VendorFault.CAPTCHA in faults:
            return self._html(200, pages.captcha(charset))
        if VendorFault.PROXY in faults:
            return Reply(502, pages.BAD_GATEWAY.encode())
        if VendorFault.SQUID in faults:
            return Reply(403, pages.SQUID.encode(), headers=(("X-Squid-Error", "ERR_ACCESS_DENIED 0"),))
        if VendorFault.HUGE in faults:
            return Reply(200, b"<table>" + b"<tr><td>x</td></tr>" * 100_000)
        return None

    def _with_login(self, request: Request, path: str) -> Reply:
        login = self.sessions.get(request.cookie(COOKIE), "")
        headers: tuple[tuple[str, str], ...] = ()
        if not login:
            if self.spec.form:
                return self._form()
            login, password = request.basic()
            if not self._accepts(login, password):
                return self._html(401, pages.plain("Требуется авторизация", self.spec.charset))
            headers = (("Set-Cookie", self._open(login)),)
        access, faults = self._accesses[login], self.login_faults.get(login, set())
        if reply := self._broken(faults):
            return reply
        if path == "/history":
            if VendorFault.HISTORY_500 in self.faults | faults:
                return self._html(500, pages.plain("Ошибка", self.spec.charset))
            return self._html(200, self._history(access, request), headers)
        changed = VendorFault.MARKUP in self.faults | faults
        rows = [(name, self.left(access, name), self._limit(access, name)) for name in RESOURCES]
        page = pages.other_profile if changed else pages.profile
        return self._html(200, page(rows, self.spec.charset), headers)

    def _limit(self, access: Access, resource: str) -> int | None:
        return getattr(access.limits, resource) if self.spec.limits_told else None

    def _history(self, access: Access, request: Request) -> str:
        day = date.fromisoformat(parse_qs(request.query)["date"][0])
        begin = datetime(day.year, day.month, day.day, 9, 0, 0)
        rows = []
        for number in range(min(access.documents_on(day), 30)):
            kind, query, found, duration = _QUERIES[(number + day.day) % len(_QUERIES)]
            moment = begin + timedelta(minutes=13 * number)
            rows.append((f"{moment:%d.%m.%Y %H:%M:%S}", kind, query, found, duration))
        return pages.history(rows, self.spec.charset)

    def _log_in(self, request: Request) -> Reply:
        form = parse_qs(request.body.decode("ascii"), encoding=self.spec.charset)
        login, password = form.get("user", [""])[0], form.get("pass", [""])[0]
        token = form.get("token", [""])[0]
        if token not in self._tokens or "register" in form or not self._accepts(login, password):
            return self._form(wrong=True)
        self._tokens.discard(token)
        headers = (("Set-Cookie", self._open(login)), ("Location", f"{self.spec.folder}/profile"))
        return Reply(302, headers=headers)

    def _form(self, *, wrong: bool = False) -> Reply:
        token = secrets.token_hex(8)
        self._tokens.add(token)
        return self._html(200, pages.login_form(self.spec.folder, token, self.spec.charset, wrong=wrong))

    def _accepts(self, login: str, password: str) -> bool:
        access = self._accesses.get(login)
        if access is None:
            return False
        refused = VendorFault.REFUSED in self.faults | self.login_faults.get(login, set())
        right = password == self.passwords.get(login, access.password)
        if right and not refused and login not in self.locked:
            self._recent.pop(login, None)
            self.visitors[login] += 1
            return True
        self.refusals[login] += 1
        now = self.clock()
        recent = [each for each in self._recent.get(login, ()) if now - each < LOCK_WINDOW]
        self._recent[login] = [*recent, now]
        if len(self._recent[login]) >= LOCK_AFTER:
            self.locked.add(login)
        return False

    def _open(self, login: str) -> str:
        key = secrets.token_hex(16)
        self.sessions[key] = login
        self.max_sessions = max(self.max_sessions, len(self.sessions))
        return f"{COOKIE}={key}; Path=/; HttpOnly"

    def _html(self, status: int, page: str, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
        body = page.encode(self.spec.charset, "xmlcharrefreplace")
        return Reply(status, body, f"text/html; charset={self.spec.charset}", headers)

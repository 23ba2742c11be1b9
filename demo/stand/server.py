"""One Kodeks server: its state, its sessions and what it answers. No sockets here.

What is not known of Kodeks, and chosen here: a login holds a seat whichever page it was made on; during
maintenance the administration pages still answer; with a lost key ``/admin/title`` refuses the login while
``/admin/lic`` still tells the reason; the session's cookie is called ``KodeksSession``; asking for a sysinfo report
holds a seat only where the server answers with a cookie first.
"""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from demo.stand import pages, sysinfo
from demo.stand.faults import CLOSING_FAULTS, Fault, Options, number, text
from demo.stand.model import ServerSpec
from demo.stand.wire import Reply, Request

COOKIE = "KodeksSession"
_MANNERS = (Fault.HANG, Fault.GARBAGE, Fault.DRIP, Fault.ENDLESS_BODY, Fault.HUGE_HEADER, Fault.SLOW)
_SYSMON_SINCE = (6, 4, 5, 127)

_STATES: tuple[tuple[Fault, int, str], ...] = (
    (Fault.MAINTENANCE, 503, "Сервер находится в режиме обслуживания. Повторите попытку позже."),
    (Fault.NEEDS_SERVICE, 200, "Требуется обслуживание. Базы данных подключены не полностью."),
    (Fault.EMERGENCY, 200, "Система находится в аварийном состоянии."),
)
"""States of the main page alone: fault, ordinary status, wording (assumed: differs by version)."""

_Handler: TypeAlias = "Callable[[KodeksServer, Request], Reply]"


@dataclass(slots=True)
class Session:
    """A login that holds a seat until it logs out or falls silent. Times are of the server's clock, seconds."""

    login: str
    address: str
    since: float
    last_seen: float


@dataclass(slots=True)
class KodeksServer:
    """The server's state. ``key_source`` tells whether the licence manager, if any, still lends the key."""

    spec: ServerSpec
    clock: Callable[[], float] = time.monotonic
    key_source: Callable[[], bool] = lambda: True
    manager_address: str = ""
    faults: dict[Fault, Options] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    requests: int = 0
    banner: str = "WWW-Kodeks/6.4"
    wall: Callable[[], float] = time.time
    """Unix seconds."""
    chronicle: sysinfo.Chronicle = field(init=False)
    """What has happened on command, and the diary of the server's people."""
    _healthy: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chronicle = sysinfo.Chronicle(self.spec)

    # State.

    @property
    def listening(self) -> bool:
        """Whether the port accepts connections."""
        return not CLOSING_FAULTS & self.faults.keys()

    @property
    def key_error(self) -> int:
        """The protection code in force, 0 when the key works."""
        lost = self.faults.get(Fault.KEY_LOST)
        if lost is not None:
            return int(number(lost, "code", 4111))
        return 0 if self.key_source() else 4111

    @property
    def seats_used(self) -> int:
        """Seats held by other people and by sessions of the stand's visitors."""
        self._forget_silent()
        others = self.spec.seats if Fault.OUT_OF_SEATS in self.faults else self.spec.users
        return others + len(self.sessions)

    def manner(self) -> tuple[Fault, Options] | None:
        for fault in _MANNERS:
            options = self.faults.get(fault)
            if options is not None:
                return fault, options
        return None

    # Answers.

    def answer(self, request: Request) -> Reply:
        self.requests += 1
        for fault, status, wording in (
            (Fault.SERVER_ERROR, 500, "Внутренняя ошибка сервера"),
            (Fault.NOT_STARTED, 503, "Сервер не запущен"),
        ):
            options = self.faults.get(fault)
            if options is not None:
                return self._state(options, status, wording)
        if request.path in self.spec.catalogs:
            return self._catalog(request)
        handler = _PAGES.get((request.method if request.method != "HEAD" else "GET", request.path))
        if handler is None:
            return self._html(404, pages.plain_page("Страница не найдена", self._declared()))
        return handler(self, request)

    def _catalog(self, request: Request) -> Reply:
        if Fault.HTTP_404 in self.faults:
            return self._html(404, pages.plain_page("Страница не найдена", self._declared()))
        loop = self.faults.get(Fault.REDIRECT_LOOP)
        if loop is not None:
            step = int(request.query.removeprefix("step=")) if request.query.startswith("step=") else 0
            if step < number(loop, "count", 30):
                return Reply(302, headers=(("Location", f"{request.path}?step={step + 1}"),))
        foreign = self.faults.get(Fault.FOREIGN_REDIRECT)
        if foreign is not None:
            return Reply(302, headers=(("Location", text(foreign, "location", "http://foreign.kodeks.test/login")),))
        for fault, status, wording in _STATES:
            options = self.faults.get(fault)
            if options is not None:
                return self._state(options, status, wording)
        full = self.faults.get(Fault.OUT_OF_SEATS)
        if full is not None and text(full, "main_page", "healthy") == "full":
            return self._state(full, 403, pages.TOO_MANY_USERS)
        lost = self.faults.get(Fault.KEY_LOST, {})
        shown = text(lost, "main_page", "key")
        if self.key_error and shown == "key":
            return self._state(lost, 200, "Ключ защиты не найден. Работа с продуктами невозможна.")
        if self.key_error and shown == "catalogs":
            return self._state(lost, 200, "Продукты не собраны: нет доступных баз данных.")
        if self.spec.docs_login:
            refused, cookie = self._login(request)
            return refused or self._main_page(request.path, cookie)
        return self._main_page(request.path, ())

    def _main_page(self, catalog: str, cookie: tuple[tuple[str, str], ...]) -> Reply:
        if Fault.WRONG_CHARSET in self.faults:
            return self._html(200, pages.main_page(self.spec, catalog, self._declared()), cookie)
        body = self._healthy.get(catalog)
        if body is None:
            body = pages.main_page(self.spec, catalog, self.spec.charset).encode(self.spec.charset, "xmlcharrefreplace")
            self._healthy[catalog] = body
        return Reply(200, body, f"text/html; charset={self.spec.charset}", cookie)

    def _state(self, options: Options, status: int, wording: str) -> Reply:
        page = pages.state_page(text(options, "text", "") or wording, self._declared())
        return self._html(int(number(options, "status", status)), page)

    def _catalog_metrics(self, request: Request) -> Reply:
        cookie: tuple[tuple[str, str], ...] = ()
        if self.spec.metrics_login:
            refused, cookie = self._login(request)
            if refused:
                return refused
        if Fault.MAINTENANCE in self.faults:
            return self._state(self.faults[Fault.MAINTENANCE], *_STATES[0][1:])
        lines = [(catalog, *self._catalog_state(catalog)) for catalog in self.spec.catalogs]
        return Reply(200, pages.catalog_metrics(lines).encode(), "text/plain; charset=utf-8", cookie)

    def _catalog_state(self, catalog: str) -> tuple[str, str]:
        """Reasons why the main page and the product set of a catalog are bad."""
        if self.key_error and text(self.faults.get(Fault.KEY_LOST, {}), "main_page", "key") != "healthy":
            return "unexpected change list products", "unexpected change list products"
        first = self.spec.catalogs[0]
        updating, broken = self.faults.get(Fault.UPDATING), self.faults.get(Fault.CATALOG_BROKEN)
        if updating is not None and text(updating, "catalog", first) == catalog:
            return "update DB", "update DB"
        if broken is not None and text(broken, "catalog", first) == catalog:
            return "", text(broken, "reason", "no required volume DB")
        return "", ""

    def _sysmon(self, request: Request) -> Reply:
        if tuple(int(part) for part in self.spec.version.split(".")) < _SYSMON_SINCE:
            return self._html(404, pages.plain_page("Страница не найдена", self._declared()))
        refused, cookie = self._login(request)
        if refused:
            return refused
        used = self.seats_used
        body = pages.sysmon_metrics(self.spec, used + 6, used, self.key_error == 0)
        return Reply(200, body.encode(), "text/plain; charset=utf-8", cookie)

    def _title(self, request: Request) -> Reply:
        if self.key_error:
            return self._unauthorized()
        refused, cookie = self._login(request)
        if refused:
            return refused
        used = self.seats_used
        # Some sessions are open without holding a seat, hence the larger number.
        return self._html(200, pages.title_page(self.spec, used + 6, used, self._declared()), cookie)

    def _licence(self, request: Request) -> Reply:
        refused, cookie = self._login(request)
        page = pages.licence_page(self.spec, self.key_error, self.manager_address, self._declared())
        return refused or self._html(200, page, cookie)

    def _preferences(self, request: Request) -> Reply:
        refused, cookie = self._login(request)
        return refused or self._html(200, pages.preferences_page(self.spec, self._declared()), cookie)

    def _cookies(self, request: Request) -> Reply:
        refused, cookie = self._login(request)
        if refused:
            return refused
        now = self.clock()
        rows = [(each.login, each.address, f"{now - each.since:.0f} с") for each in self.sessions.values()]
        return self._html(200, pages.cookies_page(rows, self._declared()), cookie)

    def _logout(self, request: Request) -> Reply:
        self.sessions.pop(request.cookie(COOKIE), None)
        page = pages.plain_page("Вы вышли из системы", self._declared())
        return self._html(200, page, (("Set-Cookie", f"{COOKIE}=; Path=/; Max-Age=0"),))

    def _report(self, request: Request) -> Reply:
        if self.spec.report_cookie:
            if request.cookie(COOKIE) not in self.sessions:
                refused, cookie = self._login(request)
                again = f"{sysinfo.PATH}?type={sysinfo.kind(request)}"
                return refused or Reply(302, headers=(("Location", again), *cookie))
            refused, _ = self._login(request)
            if refused:
                return refused
        elif request.method != "POST":
            return self._html(405, pages.plain_page("Метод не поддерживается", self._declared()))
        elif Fault.AUTH_REFUSED in self.faults or request.basic() != (self.spec.login, self.spec.password):
            return self._unauthorized()
        html = self.faults.get(Fault.REPORT_HTML)
        if html is not None:
            return self._html(int(number(html, "status", 200)), pages.login_page(self._declared()))
        ages = ((each, self.clock() - each.since) for each in self.sessions.values())
        visitors = [(each.login, each.address, self.wall() - age) for each, age in ages]
        return self.chronicle.answer(sysinfo.kind(request), self.wall(), self.faults, self.key_error, visitors)

    # Logins.

    def _login(self, request: Request) -> tuple[Reply | None, tuple[tuple[str, str], ...]]:
        """The refusal, if any, and the header that carries a new session's cookie."""
        self._forget_silent()
        if Fault.AUTH_REFUSED in self.faults:
            return self._unauthorized(), ()
        session = self.sessions.get(request.cookie(COOKIE))
        if session is not None:
            session.last_seen = self.clock()
            return None, ()
        if request.basic() != (self.spec.login, self.spec.password):
            return self._unauthorized(), ()
        if self.seats_used >= self.spec.seats:
            return self._html(403, pages.plain_page(pages.TOO_MANY_USERS, self._declared())), ()
        now, key = self.clock(), secrets.token_hex(16)
        self.sessions[key] = Session(self.spec.login, request.peer, now, now)
        return None, (("Set-Cookie", f"{COOKIE}={key}; Path=/; HttpOnly"),)

    def _unauthorized(self) -> Reply:
        page = pages.plain_page("Требуется авторизация", self._declared())
        return self._html(401, page, (("WWW-Authenticate", 'Basic realm="Kodeks"'),))

    def _forget_silent(self) -> None:
        limit = self.clock() - self.spec.session_silence
        silent = [key for key, session in self.sessions.items() if session.last_seen < limit]
        for key in silent:
            del self.sessions[key]

    # Encoding.

    def _declared(self) -> str:
        """The encoding that pages claim to have."""
        wrong = self.faults.get(Fault.WRONG_CHARSET)
        return text(wrong, "declare", "utf-8") if wrong is not None else self.spec.charset

    def _html(self, status: int, page: str, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
        declared = self._declared()
        written = self.spec.charset
        if Fault.WRONG_CHARSET in self.faults:
            written = "utf-8" if declared.lower() == "windows-1251" else "windows-1251"
        return Reply(status, page.encode(written, "xmlcharrefreplace"), f"text/html; charset={declared}", headers)

    def set_times(self, restart: str, backup: str) -> None:
        """Announce other nightly times in /admin/pref."""
        self.spec = self.chronicle.spec = dataclasses.replace(self.spec, restart=restart, backup=backup)


_PAGES: dict[tuple[str, str], _Handler] = {
    ("GET", "/sysinfo/metrics"): KodeksServer._catalog_metrics,
    ("GET", "/sysmon/metrics"): KodeksServer._sysmon,
    ("GET", "/admin/title"): KodeksServer._title,
    ("GET", "/admin/lic"): KodeksServer._licence,
    ("GET", "/admin/pref"): KodeksServer._preferences,
    ("GET", "/admin/cookies"): KodeksServer._cookies,
    ("GET", "/logout"): KodeksServer._logout,
    ("POST", sysinfo.PATH): KodeksServer._report,
    ("GET", sysinfo.PATH): KodeksServer._report,
}

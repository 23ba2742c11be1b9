"""A server that differs from every default: addresses, wording, cookies, layout of reports and time zone.

What it means is what an ordinary one means: 40 seats of which 17 are in use, a key that works, nightly times, one
catalog, a report. It counts sessions, so that a survey that leaves one behind is found out.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.answering import listening

LOGIN, PASSWORD = "nadzor", "tainoe-slovo-77"
REPORT = Path(__file__).parents[1] / "sysinfo" / "data" / "other.xml"
MENU = (
    '<a href="/manage/about">Сведения</a> <a href="/manage/guard">Защита</a> <a href="/manage/night">Ночные работы</a> '
    '<a href="/manage/series">Ряды</a> <a href="/manage/telemetry">Телеметрия</a> <a href="/manage/delete-all">x</a> '
    '<a href="/manage/bye">Выход</a> <form method="post" action="/manage/otchet"><input name="type"></form>'
)
PAGES = {
    "/portal": '<title>Портал знаний</title><h1>Портал знаний</h1><a href="/manage/">Администрирование</a>',
    "/manage/": f"<title>Управление</title>{MENU}",
    "/manage/about": (
        "<title>Сведения</title>Версия системы: <b>6.4.6.10</b><br>Владелец: <b>ЗАО «Незабудка»</b><br>"
        "Номер регистрации: <b>0777_654321</b><br>Рабочих мест оплачено: <b>40</b><br>"
        "Сейчас занято мест: <b>17</b><br>Открытых сеансов: <b>23</b><br>"
    ),
    "/manage/guard": (
        "<title>Лицензия</title>Защита: электронный ключ Guardant исправен<br>"
        "<table><tr><td>777712301</td><td>Нормы</td><td>31.01.2027</td></tr></table>"
    ),
    "/manage/night": (
        '<form>Перезапуск службы: <input name="t_reboot" value="04:10"> Копирование базы: '
        '<input name="t_copy" value="02:20"></form>'
    ),
}
SERIES = (
    'kserver_main_page{service="kodweb",path="/portal"} 0\nkserver_product_control{service="kodweb",path="/portal"} 0\n'
)
TELEMETRY = "knm_threads 12\nknm_memory_bytes 1.5e9\nknm_requests_total 812\nknm_build 3\n"


@dataclass
class OddServer:
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Omsk"))
    port: int = 0
    sessions: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    at_once: int = 0
    """The most requests that were answered at the same time."""
    nightly: tuple[str, str] = ("04:10", "02:20")
    """Announced restart and backup, in ``zone``; no report is fetched while they last."""

    def far_from_night(self) -> None:
        """Announces its nightly times for half a day from now."""
        later = datetime.now(self.zone) + timedelta(hours=12)
        self.nightly = (f"{later:%H:%M}", f"{later + timedelta(hours=1):%H:%M}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def report(self) -> bytes:
        now = datetime.now(UTC).astimezone(self.zone)
        text = REPORT.read_bytes().decode("cp1251")
        return text.replace("20.11.2026 10:55:00", f"{now:%d.%m.%Y %H:%M:%S}").encode("cp1251")


@contextmanager
def odd_server() -> Iterator[OddServer]:
    odd = OddServer()
    open_now: set[object] = set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version, sys_version = "openresty", ""

        def parse_request(self) -> bool:
            open_now.add(self)
            odd.at_once = max(odd.at_once, len(open_now))
            return super().parse_request()

        def log_message(self, *_: object) -> None: ...

        def answer(self, status: int, body: str | bytes = "", kind: str = "text/html", **headers: str) -> None:
            content = body if isinstance(body, bytes) else body.encode("koi8-r", "xmlcharrefreplace")
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=koi8-r")
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            open_now.discard(self)
            self.wfile.write(content)

        def session(self) -> dict[str, str] | None:
            """Headers that open a session or keep it; None: refused."""
            known = self.headers.get("Cookie", "").partition("SID=")[2]
            if known in odd.sessions:
                return {}
            pair = base64.b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()
            if self.headers.get("Authorization") != f"Basic {pair}":
                return None
            key = secrets.token_hex(8)
            odd.sessions.add(key)
            return {"Set_Cookie": f"SID={key}; Path=/; HttpOnly"}

        def do_GET(self) -> None:
            odd.asked.append(self.path)
            if self.path == "/":
                return self.answer(302, Location="/portal")
            if self.path == "/manage/bye":
                odd.sessions.discard(self.headers.get("Cookie", "").partition("SID=")[2])
                return self.answer(200, "До свидания", Set_Cookie="SID=; Max-Age=0; Path=/")
            if not self.path.startswith("/manage/"):
                return self.answer(200, PAGES[self.path]) if self.path in PAGES else self.answer(404, "нет страницы")
            headers = self.session()
            if headers is None:
                return self.answer(401, "", WWW_Authenticate='Basic realm="x"')
            if self.path in ("/manage/series", "/manage/telemetry"):
                text = SERIES if self.path.endswith("series") else TELEMETRY
                return self.answer(200, text, "text/plain", **headers)
            found = self.path in PAGES
            page = PAGES.get(self.path, "нет страницы")
            page = page.replace("04:10", odd.nightly[0]).replace("02:20", odd.nightly[1])
            return self.answer(200 if found else 404, page, **headers)

        def do_POST(self) -> None:
            odd.asked.append(f"POST {self.path}")
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path != "/manage/otchet":
                return self.answer(404, "нет страницы")
            headers = self.session()
            if headers is None:
                return self.answer(401, "", WWW_Authenticate='Basic realm="x"')
            return self.answer(200, odd.report(), "text/xml", **headers)

    with listening(Handler) as url:
        odd.port = int(url.rpartition(":")[2])
        yield odd

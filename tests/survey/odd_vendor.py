"""A vendor's server where login, account page, history and way out differ from every default."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

from tests.answering import listening

FORM = '<form method="post" action="/k02/enter"><input name="who"><input type="password" name="word"></form>'
START = (
    '<title>Кодекс</title><a href="/k02/doc?nd=1">ГОСТ 1</a> <a href="/k02/doc2">Документы</a> '
    '<a href="/k02/cabinet">Личный кабинет</a> <a href="/k02/zhurnal?date=2026-11-01">Журнал</a> '
    '<a href="/k02/bye">Выйти</a>'
)
ACCOUNT = (
    "<table><tr><th>Показатель</th><th>Баланс</th><th>Норма</th></tr><tr><td>Открытых карточек док-тов</td><td>216</td>"
    "<td>300</td></tr><tr><td>Найдено по search</td><td>2 989</td><td>3 000</td></tr></table>" + START
)
HISTORY = (
    "<table><tr><th>Когда</th><th>Способ</th><th>Фраза</th><th>Нашлось</th></tr>"
    "<tr><td>{day} 10:12</td><td>умный</td><td>ГОСТ 9.402</td><td>12</td></tr></table>"
)


@dataclass
class OddVendor:
    port: int = 0
    sessions: set[str] = field(default_factory=set)
    spent: list[str] = field(default_factory=list)
    """Documents that were opened: each costs a unit."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/k02"


@contextmanager
def odd_vendor() -> Iterator[OddVendor]:
    odd = OddVendor()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None: ...

        def answer(self, status: int, body: str, **headers: str) -> None:
            content = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            path, _, query = self.path.removeprefix("/k02").partition("?")
            key = self.headers.get("Cookie", "").partition("T=")[2]
            if path == "/bye":
                odd.sessions.discard(key)
                return self.answer(200, "Вы вышли")
            if key not in odd.sessions:
                return self.answer(200, FORM)
            if path.startswith("/doc"):
                odd.spent.append(self.path)
            day = parse_qs(query).get("date", [""])[0]
            pages = {"/": START, "/cabinet": ACCOUNT, "/zhurnal": HISTORY.format(day=day)}
            return self.answer(200 if path in pages else 404, pages.get(path, "нет"))

        def do_POST(self) -> None:
            fields = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            if fields != {"who": ["u123"], "word": ["secret-word"]}:
                return self.answer(200, FORM)
            odd.sessions.add("t1")
            return self.answer(302, "", Set_Cookie="T=t1; Path=/", Location="/k02/")

    with listening(Handler) as url:
        odd.port = int(url.rpartition(":")[2])
        yield odd

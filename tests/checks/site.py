"""A small HTTP site on loopback that says what a test tells it to, byte for byte where wanted."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

KODEKS = "WWW-Kodeks/6.4"
GOOD_PAGE = "<html><head><title>Техэксперт</title></head><body>Документы и новости</body></html>"
TITLE_PAGE = (
    "Информация о системе<br>Ограничение рег. файла: <B>25</B><br>Пользователи работающие с продуктами (x): <b>12</b>"
)
LICENCE_PAGE = "<BODY>Привязка: SenseLock ключ - в порядке<br><table><tr><td>100001</td></tr></table></BODY>"
CATALOGS = (
    'kserver_main_page{service="kodweb",path="/docs"} 0\nkserver_product_control{service="kodweb",path="/docs"} 0\n'
)


@dataclass
class Request:
    path: str
    headers: dict[str, str]

    @property
    def login(self) -> tuple[str, str] | None:
        kind, _, value = self.headers.get("authorization", "").partition(" ")
        if kind != "Basic":
            return None
        name, _, password = base64.b64decode(value).decode().partition(":")
        return name, password


def answer(
    body: str | bytes = GOOD_PAGE, status: int = 200, *, server: str = KODEKS, charset: str = "utf-8", **headers: str
) -> bytes:
    """A whole HTTP answer. A header that is wanted several times: ``Set_Cookie1``, ``Set_Cookie2`` …"""
    content = body.encode(charset) if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}"]
    if server:
        lines.append(f"Server: {server}")
    headers.setdefault("Content_Type", f"text/html; charset={charset}")
    lines += [f"{name.rstrip('0123456789').replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


Handler = Callable[[Request], bytes]
Raw = Callable[[socket.socket], None]


@dataclass
class Site:
    """``pages``: path to answer, or to a function of the request. ``raw`` takes a whole connection instead."""

    pages: dict[str, bytes | Handler] = field(default_factory=dict)
    otherwise: bytes | Handler | None = None
    """The answer for all other paths; None: 404."""
    raw: Raw | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self.connections += 1
            if self.raw is not None:
                self.raw(connection)
                return
            reader = connection.makefile("rb")
            while request := _read(reader):
                self.requests.append(request)
                page = self.pages.get(request.path, self.otherwise or answer("нет такой страницы", 404))
                connection.sendall(page if isinstance(page, bytes) else page(request))


def _read(reader: object) -> Request | None:
    line = reader.readline().decode("latin-1").split()  # type: ignore[attr-defined]
    if len(line) != 3:
        return None
    headers = {}
    while (header := reader.readline().decode("latin-1").strip()) != "":  # type: ignore[attr-defined]
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    return Request(line[1], headers)


def kodeks_pages() -> dict[str, bytes | Handler]:
    """A healthy installation."""
    return {
        "/docs": answer(),
        "/admin/title": answer(TITLE_PAGE, charset="windows-1251"),
        "/admin/lic": answer(LICENCE_PAGE, charset="windows-1251"),
        "/admin/pref": answer(
            '<form><input name="reservtime" value="01:30"><input name=restarttime value=03:00></form>'
        ),
        "/sysinfo/metrics": answer(CATALOGS, Content_Type="text/plain"),
        "/logout": answer("до свидания"),
    }


@contextlib.contextmanager
def running(site: Site) -> Iterator[Site]:
    listener = socket.create_server(("127.0.0.1", 0))
    site.port = listener.getsockname()[1]
    stopped = threading.Event()
    threads: list[threading.Thread] = []

    def accept() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=site.serve, args=(connection,), daemon=True)
            thread.start()
            threads.append(thread)

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield site
    finally:
        stopped.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()

"""A server that behaves as a test tells it: one function answers each request."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[BaseHTTPRequestHandler, Asked], None]


@dataclass
class Answering:
    answer: Answer
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def lines(self) -> list[str]:
        return [f"{one.method} {one.path} {one.body.decode()}".strip() for one in self.asked]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: whoever asks may hang up."""


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address of a server with such a handler."""
    handler.disable_nagle_algorithm = True  # a body of its own would wait 40 ms for the head to be confirmed
    http = _Server(("127.0.0.1", 0), handler)
    if context is not None:
        http.socket = context.wrap_socket(http.socket, server_side=True)
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{http.server_address[1]}"
    finally:
        http.shutdown()
        http.server_close()


@contextmanager
def serving(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[Answering]:
    server = Answering(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, self.rfile.read(length))
            server.asked.append(asked)
            try:
                server.answer(self, asked)
            except OSError:
                self.close_connection = True

        do_GET = do_POST = handle_one  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    with listening(Handler, context) as server.url:
        yield server


def reply(to: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    to.send_response(status)
    for name, value in headers.items():
        to.send_header(name.replace("_", "-"), value)
    to.send_header("Content-Length", str(len(body)))
    to.end_headers()
    to.wfile.write(body)


def chunked(to: BaseHTTPRequestHandler, pieces: Iterator[bytes] | list[bytes]) -> None:
    """As Kodeks sends XML: chunked, and the connection is closed after it."""
    to.send_response(200)
    to.send_header("Content-Type", "text/xml; charset=utf-8")
    to.send_header("Transfer-Encoding", "chunked")
    to.send_header("Connection", "close")
    to.end_headers()
    for piece in pieces:
        to.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    to.wfile.write(b"0\r\n\r\n")
    to.close_connection = True

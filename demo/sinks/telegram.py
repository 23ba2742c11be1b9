"""A local Telegram Bot API: takes what Alertmanager's notifier sends, and refuses what Telegram would refuse.

Alertmanager (telebot) posts JSON whose values are all strings to ``/bot<TOKEN>/sendMessage``.
"""

from __future__ import annotations

import html
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from demo.running import Running
from demo.sinks.inbox import Inbox
from demo.sinks.markup import MarkupError, visible_text

_LINK = re.compile(r"<a\s+href\s*=\s*([\"'])(?P<address>.*?)\1\s*>(?P<label>.*?)</a>", re.DOTALL | re.IGNORECASE)
MAX_CHARACTERS = 4096
"""Of visible text. Counted here in UTF-16 units, as Telegram's clients do: the stricter reading of "characters"."""


@dataclass(frozen=True, slots=True)
class TelegramMessage:
    """One message that was taken. ``text`` is what a reader sees, ``markup`` what was sent."""

    chat_id: int
    text: str
    markup: str
    parse_mode: str
    silent: bool

    def __str__(self) -> str:
        links = "".join(f"\n  {label}: {address}" for label, address in self.links)
        return f"Чат {self.chat_id}{' (без звука)' if self.silent else ''}\n\n{self.text.strip()}{links}"

    @property
    def links(self) -> list[tuple[str, str]]:
        """Label and address of each link."""
        if not self.parse_mode:
            return []
        return [(visible_text(each["label"]), html.unescape(each["address"])) for each in _LINK.finditer(self.markup)]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One request that was refused: status, the API's description, and the text that was sent."""

    status: int
    description: str
    text: str


class TelegramSink(Running, Inbox[TelegramMessage]):
    """The API on a free port; every chat exists, and none has a limit."""

    def __init__(
        self, token: str = "123456:demo-token", *, listener: Callable[[TelegramMessage], None] | None = None
    ) -> None:
        super().__init__(listener)
        self.token = token
        self._refusals: list[Refusal] = []
        self._lock = threading.Lock()
        self._number = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="telegram", daemon=True)

    @property
    def url(self) -> str:
        """Alertmanager's ``api_url``."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def refusals(self) -> list[Refusal]:
        """What was refused so far."""
        with self._lock:
            return list(self._refusals)

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """May be called twice."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(10)
        self._server.server_close()

    def handle(self, path: str, parameters: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and JSON document of a call."""
        prefix, _, method = path.removeprefix("/").partition("/")
        if not prefix.startswith("bot"):
            return _failure(404, "Not Found")
        if prefix.removeprefix("bot") != self.token:
            return self._refuse(401, "Unauthorized", parameters)
        match method.lower():
            case "getme":
                me = {"id": 123456, "is_bot": True, "first_name": "Kodeks demo", "username": "kodeks_demo_bot"}
                return 200, {"ok": True, "result": me}
            case "sendmessage":
                return self._send(parameters)
            case _:
                return _failure(404, "Not Found")

    def _send(self, parameters: dict[str, str]) -> tuple[int, dict[str, Any]]:
        markup, mode = parameters.get("text", ""), parameters.get("parse_mode", "")
        try:
            chat = int(parameters.get("chat_id", ""))
        except ValueError:
            return self._refuse(400, "Bad Request: chat not found", parameters)
        if mode.lower() not in {"", "html"}:
            return self._refuse(400, "Bad Request: unsupported parse_mode", parameters)
        try:
            text = visible_text(markup) if mode else markup
        except MarkupError as error:
            return self._refuse(400, f"Bad Request: {error}", parameters)
        if not text.strip():
            return self._refuse(400, "Bad Request: message text is empty", parameters)
        if len(text.encode("utf-16-le")) // 2 > MAX_CHARACTERS:
            return self._refuse(400, "Bad Request: message is too long", parameters)
        silent = parameters.get("disable_notification", "").lower() in {"true", "1"}
        with self._lock:
            self._number += 1
            number = self._number
        self.put(TelegramMessage(chat, text, markup, mode, silent))
        kind = "private" if chat > 0 else "supergroup"
        result = {"message_id": number, "date": int(time.time()), "chat": {"id": chat, "type": kind}, "text": text}
        return 200, {"ok": True, "result": result}

    def _refuse(self, status: int, description: str, parameters: dict[str, str]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            self._refusals.append(Refusal(status, description, parameters.get("text", "")))
        return _failure(status, description)


def _failure(status: int, description: str) -> tuple[int, dict[str, Any]]:
    return status, {"ok": False, "error_code": status, "description": description}


def _parameters(body: bytes) -> dict[str, str]:
    """The call's parameters as text. ValueError: not understood."""
    document = json.loads(body or b"null")
    if not isinstance(document, dict | None):
        raise ValueError("an object is expected")
    given = document or {}  # telebot posts "null" where there are no parameters
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in given.items()}


def _handler(sink: TelegramSink) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                parameters = _parameters(body)
            except ValueError:
                status, document = _failure(400, "Bad Request: can't parse the request")
            else:
                status, document = sink.handle(self.path, parameters)
            answer = json.dumps(document, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the path holds the token."""

    return Handler

"""Hostile clients: silent ones, single bytes, bodies that never come, guessed passwords and tokens.

All of them reconnect when they are disconnected.
"""

from __future__ import annotations

import base64
import selectors
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

SILENT, BYTE, HALF, GUESS = "silent", "one byte", "half a body", "guessing"
_HEAD = (
    b"POST /upload?token=wrong HTTP/1.1\r\nHost: x\r\ndealer: nobody\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n"
)
_PAUSE = 0.05


class Crowd(threading.Thread):
    """``crowd``: how many of each kind. ``tls``: all but the silent ones begin with a handshake."""

    def __init__(self, address: tuple[str, int], crowd: dict[str, int], *, tls: bool = False) -> None:
        super().__init__(name="crowd", daemon=True)
        self._address, self._crowd, self._tls = address, crowd, tls
        self._over = threading.Event()
        self.opened: Counter[str] = Counter()
        self._open: Counter[str] = Counter()
        self._kinds: dict[socket.socket, str] = {}
        self._selector = selectors.DefaultSelector()
        self._guess = 0

    def stop(self) -> None:
        self._over.set()
        self.join(10)

    def run(self) -> None:
        while not self._over.is_set():
            for kind, number in self._crowd.items():
                for _ in range(min(100, number - self._open[kind])):
                    if not self._begin(kind):
                        break
            for key, _ in self._selector.select(_PAUSE):
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                self._hear(sock)
        for sock in list(self._kinds):
            self._end(sock)

    def _begin(self, kind: str) -> bool:
        sock: socket.socket | None = None
        try:
            sock = socket.create_connection(self._address, timeout=2)
            if self._tls and kind != SILENT:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                sock = context.wrap_socket(sock)
            sock.sendall(self._words(kind))
        except OSError:
            if sock is not None:
                sock.close()
            return False
        sock.setblocking(False)
        self._kinds[sock] = kind
        self._open[kind] += 1
        self.opened[kind] += 1
        self._selector.register(sock, selectors.EVENT_READ)
        return True

    def _words(self, kind: str) -> bytes:
        if kind == BYTE:
            return b"G"
        if kind == HALF:
            return _HEAD + b"Content-Length: 1000000\r\n\r\n--x\r\n"
        if kind == GUESS:
            self._guess += 1
            secret = base64.b64encode(f"prometheus:{self._guess}".encode())
            return b"GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Basic " + secret + b"\r\n\r\n"
        return b""

    def _hear(self, sock: socket.socket) -> None:
        try:
            heard = sock.recv(65536)
            if heard and self._kinds[sock] == GUESS and b"close" not in heard.lower():
                sock.sendall(self._words(GUESS))
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError:
            heard = b""
        if not heard:
            self._end(sock)

    def _end(self, sock: socket.socket) -> None:
        self._open[self._kinds.pop(sock)] -= 1
        with suppress(KeyError, ValueError):
            self._selector.unregister(sock)
        sock.close()


@contextmanager
def crowd(address: tuple[str, int], numbers: dict[str, int], *, tls: bool = False) -> Iterator[Crowd]:
    """Active as long as the block lasts, and at full strength when it begins."""
    everybody = Crowd(address, numbers, tls=tls)
    everybody.start()
    deadline = time.monotonic() + 20
    while sum(everybody.opened.values()) < sum(numbers.values()) and time.monotonic() < deadline:
        time.sleep(0.1)
    try:
        yield everybody
    finally:
        everybody.stop()

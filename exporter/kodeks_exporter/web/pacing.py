"""A time limit for whole requests and answers: a socket's own timeout starts anew with each byte that drips in."""

from __future__ import annotations

import socket
import time
from typing import Any

from cheroot.makefile import StreamReader, StreamWriter


class Pace:
    """What one connection may still spend waiting for its peer: ``grace`` seconds, and one more for each ``rate``
    bytes moved. Time in which the application works is not counted."""

    def __init__(self, sock: socket.socket, grace: float, rate: int) -> None:
        self._sock, self._grace, self._rate = sock, grace, rate
        self.restart()

    def restart(self) -> None:
        """A new request begins."""
        self._spent, self._moved = 0.0, 0

    def limit(self) -> float:
        """Sets the socket's timeout to what is left. Raises TimeoutError when that is nothing. Returns the time."""
        left = self._grace + self._moved / self._rate - self._spent
        if left <= 0:
            raise TimeoutError("timed out")  # the words by which cheroot knows a timeout
        self._sock.settimeout(left)
        return time.monotonic()

    def count(self, began: float, moved: int) -> None:
        self._spent += time.monotonic() - began
        self._moved += moved


class _PacedSocket(socket.SocketIO):
    def __init__(self, sock: socket.socket, mode: Any, pace: Pace) -> None:
        super().__init__(sock, mode)
        self._pace = pace

    def readinto(self, buffer: Any) -> int | None:
        began = self._pace.limit()
        number = super().readinto(buffer)
        self._pace.count(began, number or 0)
        return number

    def write(self, data: Any) -> int | None:
        began = self._pace.limit()
        number = super().write(data)
        self._pace.count(began, number or 0)
        return number


class Reader(StreamReader):
    """Cheroot's reader over a paced socket."""

    def __init__(self, sock: Any, pace: Pace, bufsize: int) -> None:
        super(StreamReader, self).__init__(_PacedSocket(sock, "rb", pace), bufsize)
        self.bytes_read = 0


class Writer(StreamWriter):
    """Cheroot's writer over a paced socket; it sends straight from the given bytes, where cheroot's copies what is
    left of a large answer again for each piece that the kernel takes."""

    def __init__(self, sock: Any, pace: Pace, bufsize: int) -> None:
        super(StreamWriter, self).__init__(_PacedSocket(sock, "wb", pace), bufsize)
        self.bytes_written = 0

    def write(self, b: Any) -> int:
        view = memoryview(b)
        while view:
            view = view[self.raw.write(view) or 0 :]
        self.bytes_written += len(b)
        return len(b)

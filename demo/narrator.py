"""What the demonstration prints: progress with elapsed seconds, and messages as they arrive."""

from __future__ import annotations

import contextlib
import sys
import threading
import time

from demo.sinks import Mail, TelegramMessage

WIDTH = 100
LONGEST = 20
"""Lines of a message that are shown; one may list a hundred accesses."""


class Narrator:
    """Prints lines whole, whichever thread they come from."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._lock = threading.Lock()

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._begun

    def say(self, text: str) -> None:
        """One line of progress."""
        self._print(f"[{self.elapsed:4.0f} с] {text}")

    def tell(self, text: str) -> None:
        """Text without a time."""
        self._print(text)

    def show(self, title: str, body: str) -> None:
        """A message that arrived, in a frame open to the right."""
        head = f"┌── {title} "
        told = body.splitlines()
        lines = [head + "─" * max(0, WIDTH - len(head)), *(f"│ {line}".rstrip() for line in told[:LONGEST])]
        if len(told) > LONGEST:
            lines.append(f"│ … ещё строк: {len(told) - LONGEST}")
        self._print(f"[{self.elapsed:4.0f} с] пришло:\n" + "\n".join([*lines, "└" + "─" * (WIDTH - 1)]))

    def mail(self, mail: Mail) -> None:
        """A mail as it arrives."""
        self.show("письмо", str(mail))

    def telegram(self, message: TelegramMessage) -> None:
        """A Telegram message as it arrives."""
        self.show("Telegram", str(message))

    def _print(self, text: str) -> None:
        """Never raises: whoever listens may have gone, and the cleaning up must go on."""
        with self._lock, contextlib.suppress(OSError):
            try:
                print(text, flush=True)
            except UnicodeEncodeError:  # a terminal without UTF-8
                sys.stdout.buffer.write(text.encode(sys.stdout.encoding or "ascii", "replace") + b"\n")
                sys.stdout.flush()

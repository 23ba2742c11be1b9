"""What both sinks share: a list of messages that other threads may wait on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

M = TypeVar("M")


class Inbox(Generic[M]):
    """Messages in the order of arrival. ``listener`` is called with each, in the sink's thread."""

    def __init__(self, listener: Callable[[M], None] | None = None) -> None:
        self._messages: list[M] = []
        self._changed = threading.Condition()
        self._listener = listener

    def put(self, message: M) -> None:
        with self._changed:
            self._messages.append(message)
            self._changed.notify_all()
        if self._listener is not None:
            self._listener(message)

    @property
    def messages(self) -> list[M]:
        """A copy of what has come so far."""
        with self._changed:
            return list(self._messages)

    def clear(self) -> None:
        """Forget everything that has come."""
        with self._changed:
            self._messages.clear()

    def wait_for(self, predicate: Callable[[M], bool], timeout: float = 30.0) -> M:
        """The first message (already here, or to come) that fits; TimeoutError after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for message in self._messages:
                    if predicate(message):
                        return message
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    if any(predicate(message) for message in self._messages):
                        continue
                    raise TimeoutError(f"no such message in {timeout:g} s; {len(self._messages)} others came")

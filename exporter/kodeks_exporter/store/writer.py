"""Writes in a separate thread, so that neither a scrape nor a round of checks waits for the disk.

It writes rows by key, each with its complete new value. While the disk is slow, only the newest row of each key waits,
so the queue is bounded by the number of keys, and each write is a consistent state.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

log = logging.getLogger(__name__)

Rows = Mapping[Hashable, tuple[str, tuple[Any, ...]]]
"""By key: an SQL statement that sets the row, and its parameters."""

_MOST: Final = 50_000
_AGAIN: Final = 2.0
"""Seconds until the next try after a failure."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """``rows`` that wait, the oldest for that many ``seconds``; ``lost``: rows dropped for lack of space since the
    start."""

    rows: int
    seconds: float
    lost: int


class Writer:
    """Safe to use from many threads. The writing thread starts with the first row."""

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[sqlite3.Connection]],
        name: str,
        most: int = _MOST,
        again: float = _AGAIN,
    ) -> None:
        self._transaction, self._name, self._most, self._again = transaction, name, most, again
        self._changed = threading.Condition()
        self._waiting: dict[Hashable, tuple[str, tuple[Any, ...]]] = {}
        self._since = 0.0
        self._writing = False
        self._failing = False
        self._closing = False
        self._lost = 0
        self._thread: threading.Thread | None = None

    def put(self, rows: Rows) -> None:
        with self._changed:
            if not self._waiting and not self._writing:
                self._since = time.monotonic()
            for key, row in rows.items():
                self._waiting.pop(key, None)
                self._waiting[key] = row
            self._drop_oldest()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"writer {self._name}", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _drop_oldest(self) -> None:
        while len(self._waiting) > self._most:
            del self._waiting[next(iter(self._waiting))]
            self._lost += 1

    def flush(self, patience: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._writing, patience)

    def backlog(self) -> Backlog:
        with self._changed:
            if not self._waiting and not self._writing:
                return Backlog(0, 0.0, self._lost)
            return Backlog(max(1, len(self._waiting)), time.monotonic() - self._since, self._lost)

    def close(self, patience: float) -> None:
        if not self.flush(patience):
            log.error("some changes were not written", extra={"file": self._name, "rows": self.backlog().rows})
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if self._closing:
                    return
                rows, self._waiting = self._waiting, {}
                self._writing = True
            written = self._write(rows)
            with self._changed:
                self._writing = False
                if not written:
                    self._waiting = {**rows, **self._waiting}
                    self._drop_oldest()
                    self._changed.wait_for(lambda: self._closing, self._again)
                else:
                    self._since = time.monotonic()
                    self._changed.notify_all()

    def _write(self, rows: Rows) -> bool:
        try:
            with self._transaction() as connection:
                for statement, parameters in rows.values():
                    connection.execute(statement, parameters)
        except Exception as error:
            if not self._failing:
                log.error("write failed, still retrying", extra={"file": self._name, "reason": str(error)})
            self._failing = True
            return False
        if self._failing:
            log.info("writing works again", extra={"file": self._name})
        self._failing = False
        return True

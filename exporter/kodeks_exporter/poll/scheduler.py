"""Runs many jobs, each at its own interval, in thread pools, so that a slow job delays no other."""

import heapq
import logging
import math
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial

from kodeks_exporter.poll.pool import Pool

log = logging.getLogger(__name__)

AGAIN_AFTER = 2.0
JITTER = 0.1
"""A run comes up to a tenth of its interval early or late, so that jobs spread out."""


class Pace(Enum):
    """The result of a run, which decides when the next one comes."""

    NORMAL = "normal"
    AGAIN = "again"
    """Run again ``AGAIN_AFTER`` seconds later; when many jobs hang and the slow pool is late, later by the same
    delay, up to half the interval."""
    FAILED = "failed"
    """Tried again after growing pauses, up to ``Job.longest``."""


@dataclass(frozen=True, slots=True)
class Job:
    """``interval`` and ``longest`` (the longest pause after failures) in seconds; ``delay``: before the first run.

    ``slow_after``: a longer run has hit a time limit. The job continues in the slow pool, at the same interval, and
    never blocks a healthy job.
    """

    run: Callable[[], Pace | None]
    """None is ``Pace.NORMAL``."""
    interval: float
    longest: float
    pool: str
    slow_pool: str
    delay: float = 0.0
    slow_after: float = math.inf


@dataclass(slots=True)
class _Entry:
    job: Job
    due: float
    waiting: bool = True
    """Due or queued, not running."""
    pauses: int = 0
    """Failures in a row."""
    slow: bool = False
    ended: float = -math.inf
    """When the last run was over."""


class Scheduler:
    """``set_jobs`` may be called at any time; a job that is gone finishes its run and is not run again."""

    def __init__(self, pools: Mapping[str, int]) -> None:
        self._pools = {name: Pool(size, name) for name, size in pools.items()}
        self._wake = threading.Condition()
        self._entries: dict[str, _Entry] = {}
        self._heap: list[tuple[float, str]] = []
        self._stopped = False
        self._running = 0
        self._thread = threading.Thread(target=self._dispatch, name="scheduler", daemon=True)
        self._random = random.Random()  # noqa: S311 - jitter, not secrecy

    def start(self) -> None:
        self._thread.start()

    def stop(self, grace: float = 0.0) -> int:
        """Starts no new runs; current ones have ``grace`` seconds to finish. Returns how many did not.

        An error of those afterwards is the stop's doing and not logged as a crash.
        """
        with self._wake:
            self._stopped = True
            self._wake.notify()
        self._thread.join()
        for pool in self._pools.values():
            pool.close()
        with self._wake:
            self._wake.wait_for(lambda: not self._running, grace)
            return self._running

    def alive(self) -> bool:
        """Whether the dispatching thread is alive."""
        return self._thread.is_alive()

    def set_jobs(self, jobs: Mapping[str, Job]) -> None:
        """Swaps the whole set. A job of the same key keeps its place in time."""
        now = time.monotonic()
        with self._wake:
            for key in self._entries.keys() - jobs.keys():
                del self._entries[key]
            for key, job in jobs.items():
                known = self._entries.get(key)
                if known is not None:
                    known.job = job
                else:
                    self._entries[key] = _Entry(job, now + job.delay)
                    heapq.heappush(self._heap, (now + job.delay, key))
            self._wake.notify()

    def hurry(self, keys: Iterable[str]) -> None:
        """Makes waiting jobs due now, except those that ran less than a quarter of their interval ago."""
        now = time.monotonic()
        with self._wake:
            for key in keys:
                entry = self._entries.get(key)
                if entry is None or not entry.waiting or entry.due <= now or now < entry.ended + entry.job.interval / 4:
                    continue
                entry.due = now
                heapq.heappush(self._heap, (now, key))
            self._wake.notify()

    def lag(self, pool: str) -> float:
        """Seconds by which the most overdue job of a pool (its slow pool included) is late; 0 when none is."""
        now = time.monotonic()
        with self._wake:
            dues = [entry.due for entry in self._entries.values() if entry.waiting and entry.job.pool == pool]
        return max(0.0, now - min(dues)) if dues else 0.0

    def overdue(self, pool: str, seconds: float) -> int:
        """How many waiting jobs of a pool (its slow pool included) are late by more than so many seconds."""
        before = time.monotonic() - seconds
        with self._wake:
            return sum(
                entry.waiting and entry.due < before and entry.job.pool == pool for entry in self._entries.values()
            )

    def _dispatch(self) -> None:
        while True:
            with self._wake:
                if self._stopped:
                    return
                now = time.monotonic()
                if not self._heap or self._heap[0][0] > now:
                    self._wake.wait(self._heap[0][0] - now if self._heap else None)
                    continue
                due, key = heapq.heappop(self._heap)
                entry = self._entries.get(key)
                if entry is None or entry.due != due or not entry.waiting:
                    continue  # removed, or put off since
                pool = self._pools[entry.job.slow_pool if entry.slow else entry.job.pool]
            pool.submit(partial(self._run, key, entry))

    def _run(self, key: str, entry: _Entry) -> None:
        with self._wake:
            if self._stopped or self._entries.get(key) is not entry:
                return
            entry.waiting = False
            self._running += 1
            job = entry.job
        begin = time.monotonic()
        try:
            pace = job.run() or Pace.NORMAL
        except Exception as error:
            pace = Pace.FAILED
            if self._stopped:  # what it worked with may be closed by now
                log.info("job cut short by the stop", extra={"job": key, "reason": f"{type(error).__name__}: {error}"})
            else:
                log.exception("job crashed", extra={"job": key})
        with self._wake:
            self._running -= 1
            if self._entries.get(key) is entry:
                entry.ended = time.monotonic()
                entry.slow = entry.ended - begin > job.slow_after
                entry.due = self._next(entry, pace)
                entry.waiting = True
                heapq.heappush(self._heap, (entry.due, key))
            if self._stopped or (self._heap and self._heap[0][1] == key):  # otherwise what is next is still next
                self._wake.notify()

    def _next(self, entry: _Entry, pace: Pace) -> float:
        interval, longest = entry.job.interval, entry.job.longest
        entry.pauses = entry.pauses + 1 if pace is Pace.FAILED else 0
        if pace is Pace.AGAIN:
            late = self._slow_lag(entry.job.slow_pool) if entry.slow else 0.0
            return time.monotonic() + min(max(AGAIN_AFTER, min(late, interval / 2)), interval)
        pause = min(interval * 2 ** min(entry.pauses, 16), longest) if pace is Pace.FAILED else interval
        pause *= 1 + self._random.uniform(-JITTER, JITTER)
        return max(entry.due + pause, time.monotonic() + pause / 2)

    def _slow_lag(self, slow_pool: str) -> float:
        """Like ``lag``, for slow jobs only; call it with the lock held."""
        dues = [
            each.due
            for each in self._entries.values()
            if each.waiting and each.slow and each.job.slow_pool == slow_pool
        ]
        return max(0.0, time.monotonic() - min(dues)) if dues else 0.0

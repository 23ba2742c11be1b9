"""Threads of a pool: as few as do, and no work is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from kodeks_exporter.poll.pool import Pool


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(3, "test")
    yield made
    made.close()


def busy(pool: Pool, until: threading.Event) -> None:
    """All three threads work until then."""
    begun = threading.Barrier(4)

    def work() -> None:
        begun.wait(10)
        until.wait(10)

    for _ in range(3):
        pool.submit(work)
    begun.wait(10)


def test_who_was_idle_last_works_next(pool: Pool) -> None:
    seen: list[str] = []
    free, done = threading.Event(), threading.Semaphore(0)
    busy(pool, free)
    free.set()

    def work() -> None:
        seen.append(threading.current_thread().name)
        done.release()

    for _ in range(20):
        time.sleep(0.02)  # the last one has become idle
        pool.submit(work)
        assert done.acquire(timeout=10)
    assert len(set(seen)) < 3


def test_what_comes_beyond_the_threads_waits(pool: Pool) -> None:
    free, done, over = threading.Event(), list[int](), threading.Semaphore(0)
    busy(pool, free)

    def work() -> None:
        done.append(1)
        over.release()

    for _ in range(10):
        pool.submit(work)
    assert done == []
    free.set()
    assert all(over.acquire(timeout=10) for _ in range(10))


def test_without_a_thread_to_be_had_work_waits_for_the_next(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = threading.Event(), threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        pool.submit(first.set)
    pool.submit(second.set)
    assert first.wait(10)
    assert second.wait(10)


def no_thread(_: object) -> None:
    raise RuntimeError("can't start new thread")


def test_closed_it_drops_what_waits(pool: Pool) -> None:
    free, late = threading.Event(), threading.Event()
    busy(pool, free)
    pool.submit(late.set)
    pool.close()
    free.set()
    assert not late.wait(0.1)

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from statistics import median

import pytest

from kodeks_exporter.poll.scheduler import Job, Pace, Scheduler


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    scheduler = Scheduler({"fast": 8, "slow": 8})
    scheduler.start()
    yield scheduler
    scheduler.stop()


class Diary:
    """Notes when each job ran."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = defaultdict(list)
        self.threads: dict[str, list[str]] = defaultdict(list)

    def job(
        self,
        name: str,
        run: Callable[[], Pace] = lambda: Pace.NORMAL,
        *,
        interval: float = 0.1,
        longest: float = 1,
        slow_after: float = 10,
    ) -> Job:
        def noted() -> Pace:
            self.times[name].append(time.monotonic())
            self.threads[name].append(threading.current_thread().name.partition("_")[0])
            return run()

        return Job(noted, interval, longest, "fast", "slow", slow_after=slow_after)


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(times)]


def test_jobs_run_at_once_and_then_at_their_interval(scheduler: Scheduler) -> None:
    diary = Diary()
    scheduler.set_jobs({"a": diary.job("a", interval=0.2), "seldom": diary.job("seldom", interval=600)})
    wait_for(lambda: len(diary.times["a"]) >= 8 and len(diary.times["seldom"]) == 1)
    assert 0.1 < median(gaps(diary.times["a"])) < 0.35


def test_half_of_a_fleet_that_hangs_delays_no_healthy_job(scheduler: Scheduler) -> None:
    """40 jobs hang for longer than their interval, five times as many as there are threads."""
    diary = Diary()
    jobs = {}
    for number in range(40):

        def hang() -> Pace:
            time.sleep(0.4)
            return Pace.NORMAL

        jobs[f"black{number}"] = diary.job(f"black{number}", hang, interval=1.0, slow_after=0.3)
        jobs[f"good{number}"] = diary.job(f"good{number}", interval=1.0)
    scheduler.set_jobs(jobs)
    time.sleep(8)
    for number in range(40):
        times = diary.times[f"good{number}"]
        # the first rounds share the pool with those not yet known to hang; afterwards nothing stands in the way
        assert median(gaps([t for t in times if t > times[0] + 2])) < 1.5


def test_a_hanging_job_moves_to_the_slow_pool_and_back(scheduler: Scheduler) -> None:
    diary = Diary()
    lengths = iter([0.5, 0.5, *[0.0] * 1000])

    def run() -> Pace:
        time.sleep(next(lengths))
        return Pace.NORMAL

    scheduler.set_jobs({"a": diary.job("a", run, interval=0.05, slow_after=0.4)})
    wait_for(lambda: len(diary.threads["a"]) >= 5)
    assert diary.threads["a"][:5] == ["fast", "slow", "slow", "fast", "fast"]


def test_what_is_in_doubt_is_looked_at_again_within_seconds(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kodeks_exporter.poll.scheduler.AGAIN_AFTER", 0.05)
    diary = Diary()
    paces = iter([Pace.AGAIN, Pace.AGAIN, *[Pace.NORMAL] * 1000])
    scheduler.set_jobs({"a": diary.job("a", lambda: next(paces), interval=600)})
    wait_for(lambda: len(diary.times["a"]) == 3)
    time.sleep(0.5)
    assert len(diary.times["a"]) == 3, "and then at its interval as ever"


def test_looks_again_at_many_that_hang_do_not_pile_up(scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five times as many as there are threads; alone, one that hangs is looked at again at once."""
    monkeypatch.setattr("kodeks_exporter.poll.scheduler.AGAIN_AFTER", 0.05)
    diary = Diary()

    def hang() -> Pace:
        time.sleep(0.4)
        return Pace.AGAIN

    jobs = {f"black{number}": diary.job(f"black{number}", hang, interval=1.4, slow_after=0.3) for number in range(40)}
    scheduler.set_jobs({"alone": diary.job("alone", hang, interval=600, slow_after=0.3)})
    wait_for(lambda: len(diary.times["alone"]) >= 3)
    scheduler.set_jobs(jobs)
    time.sleep(4)
    lags = []
    for _ in range(30):
        lags.append(scheduler.lag("fast"))
        time.sleep(0.1)
    assert max(lags) < 1.4, "no look is late by an interval"


def test_the_pause_after_a_slow_run_is_no_longer_than_any(scheduler: Scheduler) -> None:
    """The rules count on it: whoever waits half a minute must have heard of the next round by then."""
    diary = Diary()

    def run() -> Pace:
        time.sleep(0.1)
        return Pace.NORMAL

    scheduler.set_jobs({"a": diary.job("a", run, interval=0.2, slow_after=0.05)})
    wait_for(lambda: len(diary.times["a"]) >= 6)
    assert max(gaps(diary.times["a"])) < 0.3


def test_failures_are_tried_ever_later_up_to_a_limit(scheduler: Scheduler) -> None:
    diary = Diary()
    scheduler.set_jobs({"a": diary.job("a", lambda: Pace.FAILED, interval=0.05, longest=0.4)})
    wait_for(lambda: len(diary.times["a"]) >= 6)
    found = gaps(diary.times["a"])
    assert found[0] < found[1] < found[2]
    assert all(0.3 < gap < 0.55 for gap in found[3:5])


def test_a_crash_is_a_failure_and_stops_nothing(scheduler: Scheduler, caplog: pytest.LogCaptureFixture) -> None:
    diary = Diary()

    def crash() -> Pace:
        raise RuntimeError("boom")

    scheduler.set_jobs({"bad": diary.job("bad", crash), "good": diary.job("good")})
    wait_for(lambda: len(diary.times["bad"]) >= 2 and len(diary.times["good"]) >= 5)
    assert "boom" in caplog.text


def test_reload_keeps_adds_and_removes(scheduler: Scheduler) -> None:
    diary = Diary()
    scheduler.set_jobs({"kept": diary.job("kept", interval=60), "gone": diary.job("gone")})
    wait_for(lambda: bool(diary.times["kept"]) and len(diary.times["gone"]) >= 2)
    scheduler.set_jobs({"kept": diary.job("kept", interval=60), "new": diary.job("new")})
    wait_for(lambda: len(diary.times["new"]) >= 3)
    ran = Counter({name: len(times) for name, times in diary.times.items()})
    time.sleep(0.3)
    assert len(diary.times["gone"]) == ran["gone"], "a removed job runs no more"
    assert len(diary.times["kept"]) == 1, "a job that stays is not run out of turn"


def test_lag_tells_that_threads_are_too_few() -> None:
    scheduler = Scheduler({"fast": 1, "slow": 1})
    scheduler.start()
    release = threading.Event()
    try:

        def hold() -> Pace:
            release.wait(10)
            return Pace.NORMAL

        scheduler.set_jobs({name: Job(hold, 60, 60, "fast", "slow") for name in "ab"})
        wait_for(lambda: scheduler.lag("fast") > 0.2)
        release.set()
        wait_for(lambda: scheduler.lag("fast") == 0)
    finally:
        release.set()
        scheduler.stop()


@pytest.mark.parametrize(("seconds", "left"), [(0.3, 0), (10.0, 1)])
def test_what_runs_when_it_stops_has_a_moment_to_end(seconds: float, left: int) -> None:
    scheduler = Scheduler({"fast": 1, "slow": 1})
    scheduler.start()
    begun, release = threading.Event(), threading.Event()

    def hold() -> Pace:
        begun.set()
        release.wait(seconds)
        return Pace.NORMAL

    scheduler.set_jobs({"a": Job(hold, 60, 60, "fast", "slow")})
    assert begun.wait(5)
    begin = time.monotonic()
    assert scheduler.stop(1.0) == left
    assert time.monotonic() - begin < 5
    release.set()


def test_a_job_that_outlives_the_stop_may_fail_without_alarm(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    scheduler = Scheduler({"fast": 1, "slow": 1})
    scheduler.start()
    begun, closed = threading.Event(), threading.Event()

    def use_what_is_closed() -> Pace:
        begun.set()
        closed.wait(30)
        raise ValueError("the store is closed")

    scheduler.set_jobs({"a": Job(use_what_is_closed, 60, 60, "fast", "slow")})
    assert begun.wait(5)
    assert scheduler.stop() == 1
    closed.set()
    wait_for(lambda: "job cut short by the stop" in caplog.text)
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert caplog.records[0].__dict__["reason"] == "ValueError: the store is closed"


def test_hurried_jobs_run_now_and_then_go_on(scheduler: Scheduler) -> None:
    diary = Diary()
    scheduler.set_jobs({"a": diary.job("a", interval=4.0), "b": diary.job("b", interval=4.0)})
    wait_for(lambda: len(diary.times["a"]) == 1 and len(diary.times["b"]) == 1)
    scheduler.hurry(["a", "unknown"])
    assert len(diary.times["a"]) == 1, "it has only just been run"
    time.sleep(1.1)
    scheduler.hurry(["a"])
    wait_for(lambda: len(diary.times["a"]) == 2)
    assert len(diary.times["b"]) == 1
    wait_for(lambda: len(diary.times["a"]) == 3)

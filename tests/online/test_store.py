"""What survives: the last good figures, a year of use, each search once; also a kill -9."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from kodeks_exporter.domain.online import DayUse, HistoryDay, OnlineReading, Quota, Resource, UseClass
from kodeks_exporter.domain.report import SearchEvent
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.online.classes import judge
from kodeks_exporter.settings.fleet import Credentials, OnlineAccess
from kodeks_exporter.settings.online import OnlineSettings
from kodeks_exporter.store.online import FILE_NAME, OnlineStore

SETTINGS = OnlineSettings()
DAY = date(2026, 11, 18)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OnlineStore]:
    made = OnlineStore(tmp_path)
    yield made
    made.close()


def good(left: int = 200, limit: int | None = 300, at: float = 1000.0, *history: HistoryDay) -> OnlineReading:
    quotas = {Resource.DOCUMENTS: Quota(left, limit), Resource.SEARCHES: Quota(left * 10, limit and limit * 10)}
    return OnlineReading("u1", at, 0.1, "", True, quotas, history)


def bad(reason: str, at: float = 2000.0) -> OnlineReading:
    return OnlineReading("u1", at, 0.1, reason, False if reason == "refused" else None)


def search(query: str, status: str = "ok", at: float = 500.0) -> SearchEvent:
    return SearchEvent(at, "u1", "", "", "intellectual", status, query, 0, 1.5)


def again(store: OnlineStore, folder: Path) -> OnlineStore:
    store.close()
    return OnlineStore(folder)


def test_the_last_good_figures_stay_and_age(store: OnlineStore, tmp_path: Path) -> None:
    store.record(good(), DAY, SETTINGS)
    for reason in ("timeout", "markup", "timeout"):
        store.record(bad(reason), DAY, SETTINGS)
    for each in (store, reopened := again(store, tmp_path)):
        state = each.state("u1")
        assert state.quotas[Resource.DOCUMENTS] == Quota(200, 300)
        assert (state.read, state.attempted, state.reason, state.failures) == (1000.0, 2000.0, "timeout", 3)
        assert state.errors == {"timeout": 2, "markup": 1}
        assert (state.login, state.up) == (True, False)
    reopened.record(good(190, 300, 3000.0), DAY, SETTINGS)
    assert reopened.state("u1").failures == 0
    assert reopened.state("u1").errors == {"timeout": 2, "markup": 1}
    reopened.close()


def test_what_was_left_of_a_month_is_kept_for_the_next(store: OnlineStore, tmp_path: Path) -> None:
    for day, left in ((date(2026, 10, 31), 5), (date(2026, 11, 29), 80), (date(2026, 11, 30), 70)):
        store.record(good(left), day, SETTINGS)
    store.record(bad("timeout"), date(2026, 12, 1), SETTINGS)
    store.record(good(300), date(2026, 12, 1), SETTINGS)
    for each in (store, reopened := again(store, tmp_path)):
        kept = {month: counts[Resource.DOCUMENTS] for month, counts in each.state("u1").months.items()}
        assert kept == {"2026-11": 70, "2026-12": 300}
    reopened.close()


def test_a_storage_of_an_older_version_is_read_and_written_anew(store: OnlineStore, tmp_path: Path) -> None:
    at = datetime(2026, 11, 30, 23, 50, tzinfo=SETTINGS.time_zone).timestamp()
    store.record(good(70, at=at), date(2026, 11, 30), SETTINGS)
    store.close()
    older = {
        "attempted": at, "reason": "", "login": True, "read": at, "quotas": {"documents": [70, 300]},
        "uncertain": ["documents"], "learnt": {"documents": ["2026-11", 300, 5]}, "failures": 0, "errors": {"dns": 2},
        "searches": [["attribute", "ok", 3]], "history_day": "2026-11-29", "refusal": ["abc", 1, at + 60],
        "profile": {"day": "2026-11-30", "use": "seasonal", "season": 3, "next_busy": "2026-12-01", "expected": 1.5,
                    "deviation": "silent", "advice": "wait", "advice_reason": "season"},
    }  # fmt: skip
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection, connection:
        connection.execute("UPDATE access SET state = ?", (json.dumps(older),))
    updated = OnlineStore(tmp_path)
    state = updated.state("u1")
    assert (state.read, state.quotas, state.searches) == (
        at, {Resource.DOCUMENTS: Quota(70, 300)}, {("attribute", "ok"): 3}
    )  # fmt: skip
    assert state.use_pattern is not None
    assert (state.use_pattern.use, state.use_pattern.next_busy) == (UseClass.SEASONAL, date(2026, 12, 1))
    assert (state.refusal is not None, state.learnt[Resource.DOCUMENTS].since, state.months) == (True, 5, {})
    updated.record(good(300, at=at + 3600), date(2026, 12, 1), SETTINGS)
    updated.close()
    again = OnlineStore(tmp_path)
    left = {month: counts[Resource.DOCUMENTS] for month, counts in again.state("u1").months.items()}
    assert left == {"2026-11": 70, "2026-12": 300}
    assert again.state("u1").searches == {("attribute", "ok"): 3}
    again.close()


def test_an_unknown_access_has_no_figures(store: OnlineStore) -> None:
    state = store.state("nobody")
    assert (state.up, state.login, state.read, state.quotas) == (None, None, None, {})
    assert store.history("nobody") == []


def test_a_day_of_use_is_what_was_used_by_its_end(store: OnlineStore, tmp_path: Path) -> None:
    store.record(good(290), DAY, SETTINGS)
    store.record(good(280), DAY, SETTINGS)
    store.record(bad("http_500"), DAY, SETTINGS)
    store.record(good(250), DAY + timedelta(days=2), SETTINGS)
    expected = [DayUse(DAY, 20, 200, 300), DayUse(DAY + timedelta(days=2), 50, 500, 300)]
    assert store.history("u1") == expected
    reopened = again(store, tmp_path)
    assert reopened.history("u1") == expected
    reopened.close()


@pytest.mark.parametrize(("first", "sure"), [(1, True), (2, True), (3, False)])
def test_a_limit_that_is_not_told_is_the_largest_left_of_the_month(store: OnlineStore, first: int, sure: bool) -> None:
    store.record(good(40, None), date(2026, 10, 31), SETTINGS)
    for day, left in ((first, 20), (first, 300), (9, 240)):
        store.record(good(left, None), date(2026, 11, day), SETTINGS)
    state = store.state("u1")
    assert state.quotas[Resource.DOCUMENTS] == Quota(240, 300)
    assert (Resource.DOCUMENTS in state.uncertain) is not sure
    last = store.history("u1")[-1]
    assert (last.documents, last.limit) == (60, 300 if sure else 0)


def test_searches_of_a_day_count_once(store: OnlineStore, tmp_path: Path) -> None:
    day = HistoryDay(DAY, (search("a"), search("b", "empty"), search("c", "empty")))
    store.record(good(1, 2, 3.0, day), DAY, SETTINGS)
    store.record(good(1, 2, 3.0, day), DAY, SETTINGS)
    longer = HistoryDay(DAY, (*day.events, search("d")))
    store.record(good(1, 2, 3.0, longer, HistoryDay(DAY - timedelta(days=1), (search("e", at=1.0),))), DAY, SETTINGS)
    expected = {("intellectual", "ok"): 3, ("intellectual", "empty"): 2}
    for each in (store, reopened := again(store, tmp_path)):
        state = each.state("u1")
        assert state.searches == expected
        assert state.history_day == DAY
        assert sorted(event.query for event in state.events) == ["a", "b", "c", "d", "e"]
    assert sorted(event.query for event in reopened.searches("u1", DAY)) == ["a", "b", "c", "d"]
    reopened.record(good(1, 2, 3.0, HistoryDay(DAY, ())), DAY, SETTINGS)
    assert reopened.state("u1").searches == expected  # a counter never falls
    reopened.close()


def test_events_are_bounded_in_number(store: OnlineStore) -> None:
    events = tuple(search(f"q{number}", status, float(number)) for number in range(300) for status in ("ok", "empty"))
    store.record(good(1, 2, 3.0, HistoryDay(DAY, events)), DAY, SETTINGS)
    shown = store.state("u1").events
    assert sum(event.status == "ok" for event in shown) == SETTINGS.searches.ok_count
    assert sum(event.status == "empty" for event in shown) == SETTINGS.searches.unsuccessful_count
    assert shown[-1].query == "q299"


def access(password: str = "x", url: str = "https://nps2.example/kodeks02") -> OnlineAccess:
    return OnlineAccess("u1", "c", "m", url, Credentials("u1", Secret(password)))


def test_a_refused_login_is_remembered_without_its_password(store: OnlineStore, tmp_path: Path) -> None:
    store.record(bad("refused"), DAY, SETTINGS)
    store.refuse(access("very-s3cret"), 5000.0)
    store.refuse(access("very-s3cret"), 9000.0)
    reopened = again(store, tmp_path)
    assert reopened.was_refused(access("very-s3cret"))
    assert not reopened.was_refused(access("another"))
    assert not reopened.was_refused(access("very-s3cret", "https://nps3.example/kodeks02"))
    refusal = reopened.state("u1").refusal
    assert refusal is not None
    assert (refusal.count, refusal.next_try) == (2, 9000.0)
    reopened.forgive("u1")
    assert reopened.state("u1").login is None
    reopened.close()
    assert all(b"very-s3cret" not in file.read_bytes() for file in tmp_path.glob(f"{FILE_NAME}*"))


def test_the_profile_survives(store: OnlineStore, tmp_path: Path) -> None:
    history = [
        DayUse(date(2025, 10, 25) + timedelta(days=n), 150 if (n // 30) % 3 == 0 else 0, 0, 300) for n in range(380)
    ]
    use_pattern = judge(history, history[-1].day)
    store.set_use_pattern("u1", use_pattern)
    reopened = again(store, tmp_path)
    assert reopened.state("u1").use_pattern == use_pattern
    reopened.close()


def test_what_is_older_than_thirteen_months_goes(store: OnlineStore) -> None:
    old = DAY - timedelta(days=400)
    for day in (old, DAY - timedelta(days=390)):
        store.record(good(1, 2, 3.0, HistoryDay(day, (search("x"),))), day, SETTINGS)
    store.prune(DAY, SETTINGS)
    assert [row.day for row in store.history("u1")] == [DAY - timedelta(days=390)]
    assert len(store.searches("u1", old)) == 1
    assert store.state("u1").searches == {("intellectual", "ok"): 2}


def test_a_year_of_five_hundred_accesses_is_small_and_quick(tmp_path: Path) -> None:
    store = OnlineStore(tmp_path)
    with store._database.transaction() as connection:
        connection.executemany(
            "INSERT INTO day_use VALUES (?, ?, ?, ?, ?)",
            [(number, 739_000 + day, day % 30 * 5, day, 300) for number in range(500) for day in range(396)],
        )
    store.record(good(), date.fromordinal(739_400), SETTINGS)
    assert (tmp_path / FILE_NAME).stat().st_size < 12_000_000
    begin = time.thread_time()
    judge(store.history("u1"), DAY)
    assert time.thread_time() - begin < 0.05
    store.close()


WRITER = """
import sys
from datetime import date
from pathlib import Path
from kodeks_exporter.domain.online import HistoryDay, OnlineReading, Quota, Resource
from kodeks_exporter.settings.online import OnlineSettings
from kodeks_exporter.domain.report import SearchEvent
from kodeks_exporter.store.online import OnlineStore

store = OnlineStore(Path(sys.argv[1]))
start = len(store.history("u1"))
print("open", flush=True)
for number in range(start, 10**9):
    day = date.fromordinal(730_000 + number)
    event = SearchEvent(float(number), "u1", "", "", "attribute", "empty", f"q{number}", 0, 1.0)
    quotas = {Resource.DOCUMENTS: Quota(100, 300)}
    store.record(OnlineReading("u1", 1.0, 0.1, "timeout"), day, OnlineSettings())
    store.record(OnlineReading("u1", 1.0, 0.1, "", True, quotas, (HistoryDay(day, (event,)),)), day, OnlineSettings())
    print(number, flush=True)
"""


def test_a_kill_at_any_moment_loses_nothing_that_was_recorded(tmp_path: Path) -> None:
    for pause in (0.0, 0.05, 0.13, 0.3):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "open\n"
            time.sleep(pause)
            os.kill(writer.pid, signal.SIGKILL)
            told = [int(line) for line in writer.stdout.read().split("\n")[:-1]]
        store = OnlineStore(tmp_path)
        state = store.state("u1")
        count = sum(state.searches.values())
        if told:
            assert count > told[-1]
        assert count == len(store.searches("u1", date(1, 1, 1))) == len(store.history("u1"))
        # The visit that was under way may have been recorded, and be made again.
        assert 0 <= state.errors.get("timeout", 0) - count <= 4
        store.close()

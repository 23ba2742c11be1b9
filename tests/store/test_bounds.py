"""Whatever one client sends for however long, and whatever our clock does: bounded, and nothing lost."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from kodeks_exporter.domain.report import Rejection, SearchEvent
from kodeks_exporter.store import bounds, eventlog, reports, tally
from kodeks_exporter.store.tally import OTHER, RejectionTally, SearchTally
from tests.store.reporting import Bench, Search, report, unix, user

DAY = 86400.0


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.store.close()


def test_users_that_nobody_sees_any_more_make_room(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "USERS", 5)
    for number in range(4):
        names = [f"u{number}-{each}" for each in range(4)]
        bench.take(report(f"2026-11-20T09:0{number}:00", users=[user(name) for name in names]))
    snapshot = bench.store.snapshot("romashka")
    assert snapshot is not None
    assert len(snapshot.users) == 5
    assert {login for login, _ in snapshot.users} >= {f"u3-{each}" for each in range(4)}
    assert bench.values()['kodeks_series_dropped{subject="known_users"}'] == 4
    bench.restart()
    restored = bench.store.snapshot("romashka")
    assert restored is not None
    assert restored.users == snapshot.users


def test_reasons_and_logins_of_refusals_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "_MOST_REJECTED", 50)
    counts: dict[tuple[str, str], int] = {}
    for report_number in range(3):
        part = RejectionTally()
        part.add(Rejection(0.0, f"u{n}", f"reason {report_number}-{n}") for n in range(1000))
        counts = dict(part.counts(counts))
    assert sum(counts.values()) == 3000  # all are counted
    assert len({reason for _, reason in counts}) <= bounds.REASONS + 1
    assert len(counts) <= 50 + bounds.REASONS + 1
    assert counts[OTHER, OTHER] > 2000


def test_kinds_of_searches_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "_MOST_KINDS", 50)
    counts: dict[tuple[str, str, str, str], int] = {}
    for report_number in range(3):
        part = SearchTally()
        part.add(
            SearchEvent(0.0, "", f"/{report_number}-{n}", "ksrv", "attribute", "ok", "", None, None) for n in range(30)
        )
        counts = dict(part.kinds(counts))
    assert sum(counts.values()) == 90  # all are counted
    assert len(counts) == 50 + 1
    assert counts[OTHER, "ksrv", "attribute", "ok"] == 40


def test_the_oldest_days_make_room_for_events(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = random.Random(7)  # which no compression makes smaller
    searches = [
        Search(f"2026-11-{day:02}T10:00:00", f"query {day} {noise.randbytes(200).hex()}") for day in range(1, 20)
    ]
    bench.take(report("2026-11-20T09:00:00", searches=searches))
    monkeypatch.setattr(reports, "EVENT_BYTES", 1000)
    bench.store.prune(bench.now, {"romashka"})
    kept = [event.query[:8] for event in bench.store.searches("romashka", 0)]
    assert 1 <= len(kept) <= 5
    assert kept[-1] == "query 19"
    assert bench.take(report("2026-11-20T09:05:00", searches=searches)).new_searches == 0  # nothing counts again
    with bench.store._database.reading() as connection:
        assert eventlog.cut(connection, "romashka", 10**9) == 0


def test_months_that_are_made_up_are_not_kept(bench: Bench) -> None:
    for year in range(2100, 2110):
        usage = f'<user login="a" domain="D"><usage month="{year}-01" requests="1"/></user>'
        bench.take(report("2026-11-20T09:00:00", users=[usage]))
        assert bench.store.usage("romashka", f"{year}-01") == {}


def test_a_clock_that_leapt_and_came_back_loses_nothing(bench: Bench) -> None:
    before = Search("2026-11-19T10:00:00", "before")
    bench.take(report("2026-11-20T09:00:00", searches=[before], users=[user("a")]))
    ahead = bench.now + 430 * DAY
    bench.store.prune(ahead, {"romashka"})
    bench.take(report("", searches=[Search("2026-11-20T09:30:00", "meanwhile")], users=[user("b")]), ahead)
    bench.store.prune(ahead, {"romashka"})
    after = Search("2026-11-20T09:40:00", "after")
    assert bench.take(report("2026-11-20T09:50:00", searches=[before, after], users=[user("a")])).newest
    assert [event.query for event in bench.store.searches("romashka", 0)] == ["before", "meanwhile", "after"]
    snapshot = bench.store.snapshot("romashka")
    assert snapshot is not None
    assert snapshot.report is not None
    assert snapshot.report.made == unix("2026-11-20T09:50:00")
    assert [each.login for each in snapshot.current_users] == ["a"]

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.settings.history import HistorySettings, JournalSettings, SearchEventSettings
from kodeks_exporter.store import eventlog
from kodeks_exporter.store.database import StorageError
from kodeks_exporter.store.reports import ReportStore
from tests.store.reporting import SAMPLE, Bench, Search, report, unix, user

OK = 'kodeks_searches_total{catalog="/docs",source="ksrv",type="intellectual",status="ok"}'
A = Search("2026-11-19T10:00:00", "A")
B = Search("2026-11-19T11:00:00", "B")
C = Search("2026-11-20T09:00:00", "C")


def test_the_same_report_twice_counts_once(bench: Bench) -> None:
    first = bench.take(SAMPLE)
    assert (first.new_searches, first.new_rejections, first.new_users) == (3, 1, 3)
    before = bench.values()
    again = bench.take(SAMPLE)
    assert (again.new_searches, again.new_rejections, again.new_users) == (0, 0, 0)
    assert bench.values() == before | {"kodeks_sysinfo_repeats": 1}


def test_two_searches_that_are_the_same_to_the_second_count_as_two(bench: Bench) -> None:
    bench.take(report("2026-11-20T09:55:00", searches=[A, A]))
    bench.take(report("2026-11-20T09:56:00", searches=[A, A, B]))
    bench.take(report("2026-11-20T09:57:00", searches=[A]))
    assert bench.values()[OK] == 3
    bench.take(report("2026-11-20T09:58:00", searches=[B, A, A, A]))
    assert bench.values()[OK] == 4


def test_an_older_report_adds_events_and_users_but_is_not_in_force(bench: Bench) -> None:
    bench.take(report("2026-11-20T09:55:00", searches=[C], users=[user("new", "2026-11", requests=5)]))
    late = bench.take(
        report("2026-11-20T08:55:00", searches=[A, C], users=[user("old"), user("new", "2026-11", requests=4)])
    )
    assert not late.newest
    assert late.new_searches == 1
    values = bench.values()
    assert values["kodeks_sysinfo_created_timestamp_seconds"] == unix("2026-11-20T09:55:00")
    assert values[OK] == 2
    assert values['kodeks_user_requests_total{user="new",domain="D"}'] == 5
    assert values["kodeks_users"] == 1
    # first seen in the older of the two reports
    assert values['kodeks_user_first_seen_timestamp_seconds{user="new",domain="D"}'] == unix("2026-11-20T08:55:00")
    snapshot = bench.store.snapshot("romashka")
    assert snapshot is not None
    assert {login for login, _ in snapshot.users} == {"old", "new"}


def test_a_report_from_the_future_does_not_stay_in_force_for_ever(bench: Bench) -> None:
    bench.take(report("2031-01-01T00:00:00", users=[user("a")]), received=bench.now)
    bench.take(report("2026-11-20T10:00:30", users=[user("a"), user("b")]), received=bench.now + 60)
    assert bench.values()["kodeks_users"] == 2


def test_counters_of_users_start_again_with_the_month_and_never_fall_within_it(bench: Bench) -> None:
    requests = 'kodeks_user_requests_total{user="a",domain="D"}'
    prints = 'kodeks_user_prints_total{user="a",domain="D"}'
    bench.now = unix("2026-11-30T23:57:00")
    bench.take(report("2026-11-30T23:55:00", users=[user("a", "2026-11", requests=50, printed=2), user("b")]))
    assert bench.values()[requests] == 50
    assert bench.values()['kodeks_user_requests_total{user="b",domain="D"}'] == 0
    bench.take(report("2026-11-30T22:55:00", users=[user("a", "2026-11", requests=40)]))
    assert bench.values()[requests] == 50
    # In the new month, a user who has no row yet has done nothing.
    turned = unix("2026-12-01T00:06:00")
    bench.take(report("2026-12-01T00:05:00", users=[user("a", "2026-11", requests=51, printed=2), user("b")]), turned)
    values = bench.values()
    assert (values[requests], values[prints]) == (0, 0)
    assert (values["kodeks_active_users"], values["kodeks_users"]) == (0, 2)
    bench.take(report("2026-12-01T01:05:00", users=[user("a", "2026-12", requests=3, printed=1)]), turned + 3600)
    bench.take(report("2026-11-30T23:58:00", users=[user("a", "2026-11", requests=52)]), turned + 3700)
    values = bench.values()
    assert (values[requests], values[prints]) == (3, 1)
    # What is late still goes to its own month.
    assert [row.requests for row in bench.store.usage("romashka", "2026-11").values()] == [52]


def test_the_month_is_that_of_the_installations_clock(bench: Bench) -> None:
    # 00:30 in Saratov is still November in UTC.
    bench.take(report("2026-12-01T00:30:00", users=[user("a", "2026-12", requests=2)]), unix("2026-12-01T00:31:00"))
    assert bench.values()["kodeks_active_users"] == 1


def test_an_unreadable_report_is_counted_and_the_last_good_one_stays(bench: Bench) -> None:
    bench.take(SAMPLE)
    before = bench.text()
    cut = SAMPLE.read_bytes()[:-400]
    for _ in range(2):
        with pytest.raises(UnreadableReport, match="broken_xml"):
            bench.take(cut)
    after = bench.text()
    error = 'kodeks_sysinfo_errors_total{installation="romashka",reason="broken_xml"} 2.0\n'
    assert error in after
    assert [line for line in after.splitlines() if "sysinfo_errors" not in line] == before.splitlines()
    bench.restart()
    assert bench.text() == after


def test_nothing_of_an_unreadable_report_is_kept(bench: Bench) -> None:
    whole = report("2026-11-20T09:55:00", searches=[A, B, C], rejections=[("2026-11-20T09:00:00", "x")])
    with pytest.raises(UnreadableReport):
        bench.take(whole.replace("</rejections></sysinfo>", ""))
    assert list(bench.store.searches("romashka", 0)) == []
    assert bench.take(whole).new_searches == 3


def test_only_errors_so_far(bench: Bench) -> None:
    assert bench.store.snapshot("romashka") is None
    bench.store.record_error("romashka", "http_500")
    assert bench.values() == {'kodeks_sysinfo_errors_total{reason="http_500"}': 1}


def test_a_restart_shows_the_same_at_once(bench: Bench) -> None:
    bench.take(SAMPLE)
    bench.journal.run()
    modes = ("plain", "hashed", "off")
    before = [bench.text(mode) for mode in modes]
    bench.restart()
    assert [bench.text(mode) for mode in modes] == before
    assert bench.journal.run() == 0
    assert len(bench.lines()) == 3


def test_the_journal_has_each_event_once_with_its_explanation(bench: Bench) -> None:
    bench.take(SAMPLE)
    assert bench.journal.run() == 3
    bench.take(SAMPLE)
    bench.take(report("2026-11-20T10:00:00", searches=[C]))
    assert bench.journal.run() == 1
    lines = [json.loads(line) for line in bench.lines()]
    assert [line["query"] for line in lines] == [
        "ГОСТ 30971-2012",
        "ТУ 1390-007-86695843-2010",
        "GYLA 14.1:2:3:4.112-2023",
        "C",
    ]
    assert lines[2]["time"] == "2026-11-20T05:41:55Z"
    assert (lines[2]["cause"], lines[2]["family"]) == ("layout", "ПНД Ф")
    assert (lines[1]["user"], lines[1]["cause"]) == ("petrov", "absent")
    assert "cause" not in lines[0]


def test_the_journal_cuts_off_what_was_not_kept(bench: Bench) -> None:
    bench.take(SAMPLE)
    bench.journal.run()
    path = bench.folder / "storage" / "journal" / "searches-000001.jsonl"
    whole = path.read_bytes()
    # As a kill between the write and the transaction leaves it.
    path.write_bytes(whole + b'{"time":"half a li')
    bench.restart()
    bench.take(report("2026-11-20T10:00:00", searches=[C]))
    bench.journal.run()
    assert path.read_bytes().startswith(whole)
    assert [json.loads(line)["query"] for line in bench.lines()][3:] == ["C"]


def test_the_journal_begins_another_file_and_keeps_the_last_ones(tmp_path: Path) -> None:
    settings = HistorySettings(journal=JournalSettings(file_size=300, files=2))
    bench = Bench(tmp_path, settings)
    for number in range(10):
        bench.take(report("2026-11-20T09:55:00", searches=[Search("2026-11-20T09:00:00", f"query {number}")]))
        bench.journal.run()
    names = [path.name for path in sorted((tmp_path / "storage" / "journal").iterdir())]
    assert names == ["searches-000004.jsonl", "searches-000005.jsonl"]
    assert [json.loads(line)["query"] for line in bench.lines()] == [f"query {n}" for n in (6, 7, 8, 9)]
    bench.store.close()


def test_the_journal_can_be_off_and_empty_searches_are_explained_all_the_same(tmp_path: Path) -> None:
    bench = Bench(tmp_path, HistorySettings(journal=JournalSettings(enabled=False)))
    bench.take(SAMPLE)
    bench.journal.run()
    assert bench.lines() == []
    assert bench.values()['kodeks_empty_searches_total{cause="layout",family="ПНД Ф"}'] == 1
    bench.store.close()


def test_pruning_forgets_and_never_counts_again(bench: Bench) -> None:
    old, young = Search("2025-10-01T10:00:00", "old"), Search("2026-11-19T10:00:00", "young")
    both = report("2026-11-20T09:55:00", searches=[old, young], users=[user("a")])
    bench.take(both)
    bench.store.prune(bench.now, {"romashka"})
    assert [event.query for event in bench.store.searches("romashka", 0)] == ["young"]
    assert bench.take(both).new_searches == 0
    bench.restart()
    assert bench.take(both).new_searches == 0
    assert bench.values()[OK] == 2


def test_pruning_forgets_installations_that_are_gone_for_long(bench: Bench) -> None:
    bench.take(SAMPLE)
    bench.store.prune(bench.now, set())
    assert bench.store.snapshot("romashka") is not None
    for days in range(0, 420, 2):  # as it is called daily
        bench.store.prune(bench.now + days * 86400, set())
    assert bench.store.snapshot("romashka") is None
    assert list(bench.store.searches("romashka", 0)) == []
    assert bench.take(SAMPLE).new_searches == 3


def test_the_window_is_bounded_in_number_and_keeps_the_newest(tmp_path: Path) -> None:
    few = SearchEventSettings(ok_count=3, unsuccessful_count=2)
    bench = Bench(tmp_path, replace(HistorySettings(), searches=few))
    searches = [Search(f"2026-11-20T09:{n:02}:00", f"q{n}", status="empty" if n % 2 else "ok") for n in range(20)]
    bench.take(report("2026-11-20T09:55:00", searches=searches[10:]))
    bench.take(report("2026-11-20T09:56:00", searches=searches[:15]))
    snapshot = bench.store.snapshot("romashka")
    assert snapshot is not None
    assert [event.query for event in snapshot.window.ok] == ["q14", "q16", "q18"]
    assert [event.query for event in snapshot.window.unsuccessful] == ["q17", "q19"]
    bench.store.close()


def test_many_events_in_any_order_pass_the_buffers(bench: Bench) -> None:
    searches = [
        Search(f"2026-{1 + n % 9:02}-{1 + n * 7 % 28:02}T{n % 24:02}:{n % 60:02}:{n * 11 % 60:02}", "ф" * 700, f"u{n}")
        for n in range(6000)
    ]
    assert bench.take(report("2026-11-20T09:55:00", searches=searches)).new_searches == 6000
    assert bench.take(report("2026-11-20T09:56:00", searches=reversed(searches))).new_searches == 0
    assert sum(1 for _ in bench.store.searches("romashka", 0)) == 6000
    assert bench.values()[OK] == 6000


def test_a_storage_that_fails_keeps_nothing_and_says_so(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.take(report("2026-11-20T09:55:00", searches=[A]))
    before = bench.text()

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("kodeks_exporter.store.report_tables.write_state", full)
        with pytest.raises(StorageError, match="disk is full"):
            bench.take(report("2026-11-20T09:56:00", searches=[A, B]))
    assert bench.text() == before
    assert bench.take(report("2026-11-20T09:56:00", searches=[A, B])).new_searches == 1


def test_a_storage_of_a_newer_version_is_refused(bench: Bench) -> None:
    bench.store.close()
    path = bench.folder / "storage" / "reports.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StorageError, match="newer version"):
        ReportStore(bench.folder / "storage", HistorySettings())
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 1")
    bench.restart()


def test_events_of_earlier_versions_are_read_and_new_ones_take_little_room(bench: Bench) -> None:
    times = [f"2026-11-{day:02}T09:{minute:02}:00" for day in (18, 19) for minute in range(60)]
    searches = [Search(time, "приказ Ростехнадзора") for time in times]
    bench.take(report("2026-11-20T09:55:00", searches=searches))
    stored = [event.time for event in bench.store.searches("romashka", 0)]
    bench.store.close()
    with sqlite3.connect(bench.folder / "storage" / "reports.sqlite") as database:
        for number, count, packed in database.execute("SELECT id, count, events FROM event_part").fetchall():
            plain = msgspec.msgpack.encode(eventlog.decode_searches(count, packed))[3:]
            assert len(packed) * 5 < len(plain)
            database.execute("UPDATE event_part SET events = ? WHERE id = ?", (plain, number))
        database.execute("UPDATE event_day SET digest = x'00'")
    bench.restart()
    assert [event.time for event in bench.store.searches("romashka", 0)] == stored
    assert bench.take(report("2026-11-20T09:55:00", searches=searches)).new_searches == 0


def test_the_journal_has_no_ancient_searches(bench: Bench) -> None:
    times = ["2026-06-01T09:00:00", "2026-11-06T09:00:00", "2026-11-07T09:00:00", "2026-11-20T09:00:00"]
    bench.take(report("2026-11-20T09:55:00", searches=[Search(time, status="empty") for time in times]))
    bench.journal.run()
    assert [line.partition("T")[0] for line in bench.lines()] == ['{"time":"2026-11-07', '{"time":"2026-11-20']
    assert sum(value for name, value in bench.values().items() if name.startswith("kodeks_empty_searches_total")) == 4

"""The same report once more, read otherwise than before: nothing of it is new."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kodeks_exporter.store.rezone import mover
from tests.store.reporting import SAMPLE, Bench, Search, report, unix, user

DAYS = [f"2026-11-{day:02}T{hour:02}:{hour:02}:07" for day in range(10, 20) for hour in (0, 2, 3, 12, 20, 21, 23)]
REPORT = report(
    "2026-11-20T09:55:00",
    searches=[Search(time, f"ГОСТ {time}", status="empty") for time in [*DAYS, "2026-11-20T09:40:00"]],
    rejections=[(time, "petrov") for time in DAYS],
    users=[user("ivanova", "2026-11", requests=5)],
)


@pytest.mark.parametrize("first", ["UTC", "Asia/Kamchatka", "America/New_York", "Europe/Moscow"])
@pytest.mark.parametrize("journal", ["before", "after"])
def test_a_time_zone_corrected_later_doubles_no_event(tmp_path: Path, first: str, journal: str) -> None:
    bench = Bench(tmp_path)
    bench.take(REPORT, zone=ZoneInfo(first))
    if journal == "before":
        bench.journal.run()
    before = bench.values()
    again = bench.take(REPORT)
    bench.journal.run()
    assert (again.new_searches, again.new_rejections, again.new_users) == (0, 0, 0)
    assert again.newest
    assert len(bench.lines()) == len(DAYS) + 1
    after = bench.values()
    for name in ("kodeks_searches_total", "kodeks_connections_rejected_total", "kodeks_users", "kodeks_user_requests"):
        assert {k: v for k, v in before.items() if k.startswith(name)} == {
            k: v for k, v in after.items() if k.startswith(name)
        }
    assert after["kodeks_sysinfo_created_timestamp_seconds"] == unix("2026-11-20T09:55:00")
    stored = [event.time for event in bench.store.searches("romashka", 0)]
    assert sorted(stored) == sorted(unix(time) for time in [*DAYS, "2026-11-20T09:40:00"])
    bench.restart()
    assert bench.take(REPORT).new_searches == 0
    assert bench.journal.run() == 0
    later = REPORT.replace("09:55:00", "10:55:00").replace("<searches>", f"<searches>{Search(DAYS[0], 'new').xml()}")
    assert bench.take(later, bench.now + 3600).new_searches == 1
    assert bench.journal.run() == 1


def test_a_zone_that_moves_back_and_forth_leaves_everything_as_it_was(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for zone in ("Europe/Saratov", "UTC", "Asia/Tokyo", "Europe/Saratov", "UTC", "Europe/Saratov"):
        bench.take(REPORT, zone=ZoneInfo(zone))
        bench.journal.run()
    assert len(bench.lines()) == len(DAYS) + 1
    assert sorted(event.time for event in bench.store.searches("romashka", 0)) == sorted(
        unix(time) for time in [*DAYS, "2026-11-20T09:40:00"]
    )


def test_times_that_tell_their_offset_are_not_moved(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    told = report("2026-11-20T09:55:00+04:00", searches=[Search("2026-11-20T09:40:00+04:00", status="empty")])
    bench.take(told, zone=ZoneInfo("UTC"))
    assert bench.take(told).new_searches == 0
    assert [event.time for event in bench.store.searches("romashka", 0)] == [unix("2026-11-20T09:40:00")]


@settings(max_examples=60)
@given(st.datetimes(), st.sampled_from(["Europe/Berlin", "UTC", "Europe/Saratov", "America/St_Johns"]))
def test_moving_keeps_the_clock_on_the_wall(when: object, zone: str) -> None:
    from datetime import datetime

    assert isinstance(when, datetime)
    if not 1980 < when.year < 2100:
        return
    old, new = ZoneInfo(zone), ZoneInfo("Asia/Kamchatka")
    read_then = when.replace(tzinfo=old).timestamp()
    if datetime.fromtimestamp(read_then, old).replace(tzinfo=None, fold=0) == when:  # else a time that never was
        assert abs(mover(old, new)(read_then) - when.replace(tzinfo=new).timestamp()) < 0.001


def test_a_storage_of_before_logins_and_texts_were_made_plain(bench: Bench) -> None:
    bench.take(SAMPLE)
    bench.journal.run()
    before = bench.values()
    bench.store.close()
    with sqlite3.connect(bench.folder / "storage" / "reports.sqlite") as database:
        for table, column in (("event_part", "events"), ("report_state", "state"), ("usage_month", "usage")):
            for row, data in database.execute(f"SELECT rowid, {column} FROM {table}" if table == "event_part" else
                                              f"SELECT installation, {column} FROM {table}").fetchall():  # fmt: skip
                old = data.replace(b"ivanova", b"Ivanova").replace(b"ROMASHKA", b"Romashka")
                key = "rowid" if table == "event_part" else "installation"
                database.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (old, row))
        database.execute("UPDATE event_day SET digest = x'00'")
    bench.restart()
    again = bench.take(SAMPLE)
    assert (again.new_searches, again.new_rejections, again.new_users) == (0, 0, 0)
    after = bench.values()
    after.pop('kodeks_usage_total{domain="Romashka",month="2026-11",kind="rejections"}')  # until the month is over
    assert after.pop("kodeks_sysinfo_repeats") == before.pop("kodeks_sysinfo_repeats") + 1
    assert after == before

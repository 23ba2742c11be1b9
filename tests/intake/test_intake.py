from __future__ import annotations

import errno
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.intake.errors import StorageFull, TooLarge, UnknownInstallation, UnknownSuffix
from kodeks_exporter.intake.intake import Accepted, Intake
from kodeks_exporter.intake.spool import Parcel, Spool, Via
from kodeks_exporter.intake.status_file import UnreadableStatus
from kodeks_exporter.intake.statuses import Trail
from kodeks_exporter.intake.tally import Tally
from kodeks_exporter.settings.fleet import Fleet
from kodeks_exporter.store.database import StorageError
from tests.intake import kill_child
from tests.intake.fakes import BROKEN, STATUS, FakeStore, files, fleet, intake


def send(
    to: Intake, data: bytes, name: str = "romashka", suffix: str = ".zip", via: Via = "push", at: float | None = None
) -> Accepted:
    with to.incoming(10_000_000) as incoming:
        incoming.write(data)
        return to.accept(name, incoming, via, suffix, at)


def test_a_good_report_is_stored_and_shown(tmp_path: Path) -> None:
    store = FakeStore()
    taker = intake(tmp_path, store)
    accepted = send(taker, b"data", at=1000.5)
    assert accepted == Accepted("romashka", "romashka.zip", "push", 1000.5, 4, store.reports[0])
    assert files(tmp_path) == {"files/romashka.zip"}
    newest = taker.newest("romashka")
    assert newest is not None
    assert (newest.path.read_bytes(), newest.received) == (b"data", 1000.5)
    assert taker.newest("vasilek") is None


def test_only_the_newest_report_is_kept_whatever_its_suffix(tmp_path: Path) -> None:
    taker = intake(tmp_path, FakeStore())
    send(taker, b"1", suffix=".zip", at=1000)
    send(taker, STATUS, suffix=".status", at=1000)
    send(taker, b"2", suffix=".xml", at=2000)
    assert files(tmp_path) == {"files/romashka.xml", "files/romashka.status", "statuses/romashka.msgpack"}
    send(taker, b"3", suffix=".db", at=1500)  # the clock was put back
    assert files(tmp_path) == {"files/romashka.db", "files/romashka.status", "statuses/romashka.msgpack"}


@pytest.mark.parametrize(("suffix", "old"), [(".zip", b"old"), (".status", STATUS.replace(b"/docs", b"/old"))])
def test_what_is_recovered_late_does_not_hide_what_came_since(tmp_path: Path, suffix: str, old: bytes) -> None:
    spool = Spool(tmp_path / "spool")
    complete = spool.incoming(1000)
    complete.write(old)
    spool.settle(complete.finish(), Parcel("romashka", suffix, "push", 1000.0))
    store = FakeStore()
    taker = intake(tmp_path, store)
    send(taker, STATUS, suffix=suffix, at=2000.0)
    assert taker.recover() == 1
    assert {name for name in files(tmp_path) if name.startswith("files/")} == {f"files/romashka{suffix}"}
    assert taker.file("romashka", suffix).read_bytes() == STATUS
    if suffix == ".status":
        assert taker.statuses()["romashka"].received == 2000.0
    else:
        assert [report.data for report in store.reports] == [STATUS, b"old"]  # it may hold events that were missing


def test_a_broken_report_leaves_the_good_one_and_is_kept_apart(tmp_path: Path) -> None:
    store = FakeStore()
    taker = intake(tmp_path, store)
    send(taker, b"good")
    for suffix in (".zip", ".xml", ".zip"):
        with pytest.raises(UnreadableReport):
            send(taker, BROKEN, suffix=suffix)
    with pytest.raises(UnreadableStatus):
        send(taker, BROKEN, suffix=".status")
    kept = {"files/romashka.zip", "rejected/romashka.zip", "rejected/romashka.status", "statuses/romashka.msgpack"}
    assert files(tmp_path) == kept
    assert taker.file("romashka", ".zip").read_bytes() == b"good"
    assert store.errors == [("romashka", "not_a_report")] * 3  # a status is no report
    assert taker.trails()["romashka"].errors == {"status_no_metrics": 1}


def test_empty_statuses_are_counted_in_a_row_and_the_same_file_again_is_not_fresh(tmp_path: Path) -> None:
    taker = intake(tmp_path, FakeStore())

    def came(data: bytes, at: float) -> tuple[float, float, int]:
        with suppress(UnreadableStatus):
            send(taker, data, suffix=".status", at=at)
        trail = taker.trails()["romashka"]
        return trail.arrived, trail.fresh, trail.empty

    undated = STATUS.partition(b"\n")[2]
    assert came(b"", 1000) == (1000, 0, 1)  # a server that was dead from the beginning
    assert taker.statuses() == {}
    assert came(STATUS, 1900) == (1900, 1900, 0)
    assert came(STATUS, 2800) == (2800, 1900, 0)  # the script sends its old file again
    assert taker.statuses()["romashka"].received == 1900
    assert came(undated, 3700) == (3700, 3700, 0)
    assert came(undated, 4600) == (4600, 4600, 0)  # without a date it can't be told
    assert came(b"\r\n", 5500) == (5500, 4600, 1)
    assert came(b"<html>", 6400) == (6400, 4600, 0)
    assert came(b"", 7300) == (7300, 4600, 1)
    taker = intake(tmp_path, FakeStore())  # a restart
    assert came(b"", 8200) == (8200, 4600, 2)
    assert taker.statuses()["romashka"].received == 4600
    assert taker.trails()["romashka"].errors == {"status_empty": 4, "status_page": 1}


def test_a_trail_that_cannot_be_read_costs_nothing_else(tmp_path: Path) -> None:
    send(intake(tmp_path, FakeStore()), STATUS, suffix=".status", at=5000.0)
    for damage in (b"", b"\x90", b"\x81\xa7arrived\xa1x", b"\xff\xfe", b"\x81\xa6errors\x90"):
        (tmp_path / "statuses" / "romashka.msgpack").write_bytes(damage)
        taker = intake(tmp_path, FakeStore())
        assert [catalog.path for catalog in taker.statuses()["romashka"].facts.catalogs] == ["/docs", "/norms"]
        assert taker.trails()["romashka"].empty == 0


def test_a_trail_of_an_older_version_is_taken_over_once(tmp_path: Path) -> None:
    folder = tmp_path / "statuses"
    folder.mkdir()
    (folder / "romashka.json").write_text(
        '{"arrived": 5500, "fresh": 4600.0, "empty": 2, "errors": {"status_empty": 4}}'
    )
    (folder / "damaged.json").write_bytes(b'{"arrived": "x"}')
    for _ in range(2):
        assert intake(tmp_path, FakeStore()).trails() == {"romashka": Trail(5500.0, 4600.0, 2, {"status_empty": 4})}
        assert [path.name for path in folder.iterdir()] == ["romashka.msgpack"]


def test_names_and_suffixes_are_those_of_the_inventory(tmp_path: Path) -> None:
    taker = intake(tmp_path, FakeStore())
    with pytest.raises(UnknownInstallation):
        send(taker, b"x", name="../../etc/passwd")
    with pytest.raises(UnknownSuffix):
        send(taker, b"x", suffix="/../x.zip")
    assert files(tmp_path) == set()


def test_a_file_that_is_too_large_leaves_nothing(tmp_path: Path) -> None:
    taker = intake(tmp_path, FakeStore())
    with taker.incoming(10) as incoming:
        incoming.write(b"1234567890")
        with pytest.raises(TooLarge):
            incoming.write(b"1")
    assert files(tmp_path) == set()


FULL = sqlite3.OperationalError("database or disk is full")
FULL.sqlite_errorcode = sqlite3.SQLITE_FULL
WRAPPED = StorageError("reports.sqlite: full")
WRAPPED.__cause__ = FULL


@pytest.mark.parametrize(
    "failure",
    [WRAPPED, OSError(errno.ENOSPC, "x"), OSError(errno.EDQUOT, "x"), FULL,
     UnreadableReport("io_error", os.strerror(errno.ENOSPC))],
)  # fmt: skip
def test_a_full_disk_is_told_and_leaves_nothing_half_written(tmp_path: Path, failure: Exception) -> None:
    store = FakeStore()
    taker = intake(tmp_path, store)
    send(taker, b"good")
    store.failure = failure
    with pytest.raises(StorageFull):
        send(taker, b"new")
    assert files(tmp_path) == {"files/romashka.zip"}
    assert taker.file("romashka", ".zip").read_bytes() == b"good"


def test_reports_are_read_two_at_a_time_and_one_of_an_installation(tmp_path: Path) -> None:
    names = [f"client-{number}" for number in range(10)]
    store = FakeStore(slowness=0.03)
    taker = intake(tmp_path, store, fleet(*names))
    with ThreadPoolExecutor(20) as pool:
        for one in [pool.submit(send, taker, b"x", name) for name in names * 2]:
            one.result()
    assert store.most_at_once == 2
    store.most_at_once = 0
    with ThreadPoolExecutor(20) as pool:
        for one in [pool.submit(send, taker, b"x", "romashka") for _ in range(5)]:
            one.result()
    assert store.most_at_once == 1


def test_statuses_wait_for_no_report(tmp_path: Path) -> None:
    store = FakeStore(hold=threading.Event())
    taker = intake(tmp_path, store, concurrency=1)
    with ThreadPoolExecutor(1) as pool:
        report = pool.submit(send, taker, b"x")
        while not store.at_once:
            time.sleep(0.01)
        send(taker, STATUS, suffix=".status")
        assert store.hold is not None
        store.hold.set()
        report.result()


def test_statuses_outlive_a_restart_and_follow_the_inventory(tmp_path: Path) -> None:
    send(intake(tmp_path, FakeStore()), STATUS, suffix=".status", at=5000.0)
    status = intake(tmp_path, FakeStore()).statuses()["romashka"]
    assert (status.received, status.created) == (5000.0, 1795303735.0)
    assert [catalog.path for catalog in status.facts.catalogs] == ["/docs", "/norms"]
    assert intake(tmp_path, FakeStore(), Fleet()).statuses() == {}


def test_what_was_complete_before_a_crash_is_stored_after_it(tmp_path: Path) -> None:
    store = FakeStore()
    first = Spool(tmp_path / "spool")
    incoming = first.incoming(100)
    incoming.write(b"half")
    for number, at in ((1, 1000.25), (2, 2000.5)):
        complete = first.incoming(100)
        complete.write(b"report %d" % number)
        first.settle(complete.finish(), _parcel(at))
    second = intake(tmp_path, store)
    assert second.recover() == 2
    assert [(report.data, report.received, report.via) for report in store.reports] == [
        (b"report 1", 1000.25, "push"), (b"report 2", 2000.5, "push"),
    ]  # fmt: skip
    assert files(tmp_path) == {"files/a.b.zip"}
    assert second.file("a.b", ".zip").read_bytes() == b"report 2"
    assert second.recover() == 0


def test_recovery_waits_for_room_and_for_the_inventory(tmp_path: Path) -> None:
    first = Spool(tmp_path / "spool")
    complete = first.incoming(100)
    complete.write(b"report")
    first.settle(complete.finish(), _parcel(1000.0))
    assert intake(tmp_path, FakeStore(failure=OSError(errno.ENOSPC, "full"))).recover() == 0
    assert intake(tmp_path, FakeStore(), Fleet()).recover() == 0
    assert len(files(tmp_path)) == 1
    assert intake(tmp_path, FakeStore()).recover() == 1


def _parcel(at: float) -> Parcel:
    return Parcel("a.b", ".zip", "push", at)


def test_killed_at_any_moment_nothing_that_was_confirmed_is_lost(tmp_path: Path) -> None:
    """A child takes numbered files and prints each number once it is confirmed; it is killed again and again."""
    confirmed: list[int] = []
    chance = random.Random(7)
    for _ in range(12):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.intake.kill_child", str(tmp_path), str(max(confirmed, default=0) + 1)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.02, 0.25))
        os.kill(child.pid, signal.SIGKILL)
        confirmed += [int(line) for line in child.stdout if line.endswith("\n")]
        child.wait()
    kill_child.open_intake(tmp_path).recover()
    stored = Counter(kill_child.stored(tmp_path))
    assert len(confirmed) > 12
    assert set(confirmed) <= stored.keys()
    assert set(stored.values()) == {1}
    assert files(tmp_path) - {"store.sqlite", "store.sqlite-wal", "store.sqlite-shm"} == {"files/romashka.zip"}
    assert int((tmp_path / "files/romashka.zip").read_bytes()) == max(stored)


def test_many_threads_count() -> None:
    tally = Tally([("ok",)])
    with ThreadPoolExecutor(8) as pool:
        for _ in range(1000):
            pool.submit(tally.count, "ok")
    assert tally.totals() == {("ok",): 1000}

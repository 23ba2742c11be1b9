from __future__ import annotations

import sqlite3
from datetime import time
from pathlib import Path
from types import MappingProxyType

import pytest

from kodeks_exporter.domain.check import CheckResult, InstallationState, Outcome, Round, ScheduleFacts
from kodeks_exporter.store.database import FILE_NAME, Database, StorageError
from kodeks_exporter.store.live import LiveStore


def round_(
    started: float, state: InstallationState = InstallationState.OK, failed: str = "", **extra: CheckResult
) -> Round:
    results = {"http": CheckResult("http", Outcome.OK)}
    if failed:
        results[failed] = CheckResult(failed, Outcome.FAILED, "reason")
    return Round("romashka", started, 1.0, MappingProxyType(results | extra), state)


@pytest.fixture
def store(tmp_path: Path) -> LiveStore:
    return LiveStore(Database(tmp_path))


def since(store: LiveStore) -> float:
    return store.statuses()["romashka"].since


def test_since_lasts_as_long_as_the_cause(store: LiveStore) -> None:
    for started, failed, expected in [(1, "", 1), (2, "", 1), (3, "tcp", 3), (4, "tcp", 3), (5, "dns", 5), (6, "", 6)]:
        store.record(round_(started, failed=failed))
        assert since(store) == expected


def test_since_and_announced_times_survive_a_restart(tmp_path: Path) -> None:
    announced = CheckResult("schedule", Outcome.OK, facts=ScheduleFacts(time(3, 5), None))
    database = Database(tmp_path)
    first = LiveStore(database)
    first.record(round_(100, InstallationState.MAINTENANCE, "maintenance", schedule=announced))
    assert database.flush()
    second = LiveStore(Database(tmp_path))  # the first is not closed: as after kill -9
    assert second.statuses() == {}, "old results are not shown as new"
    assert second.previous("romashka")["schedule"].facts == ScheduleFacts(time(3, 5), None)
    second.record(round_(200, InstallationState.MAINTENANCE, "maintenance", schedule=announced))
    assert since(second) == 100
    assert second.statuses()["romashka"].maintenance_start == 100


def test_maintenance_ends(store: LiveStore) -> None:
    store.record(round_(1, InstallationState.MAINTENANCE, "maintenance"))
    store.record(round_(2))
    assert store.statuses()["romashka"].maintenance_start is None


def test_maintenance_start_outlives_a_change_of_cause(store: LiveStore) -> None:
    store.record(round_(1, InstallationState.MAINTENANCE, "maintenance"))
    store.record(round_(2, InstallationState.MAINTENANCE, "licman_tcp"))
    assert store.statuses()["romashka"].maintenance_start == 1


def test_forgets_what_the_inventory_no_longer_names(tmp_path: Path) -> None:
    database = Database(tmp_path)
    store = LiveStore(database)
    store.record(round_(1, failed="tcp"))
    store.keep_only({"other"})
    assert store.statuses() == {}
    assert database.flush()
    again = LiveStore(Database(tmp_path))
    again.record(round_(50, failed="tcp"))
    assert since(again) == 50


def test_unusable_storage_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"--storage\.path"):
        Database(tmp_path / "file")
    (tmp_path / FILE_NAME).write_bytes(b"not a database" * 100)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        Database(tmp_path)


def test_storage_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    Database(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("PRAGMA user_version=1000")
    connection.close()
    with pytest.raises(StorageError, match="newer version"):
        Database(tmp_path)


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path)

    def fail() -> None:
        with database.transaction() as connection:
            connection.execute("INSERT INTO live_state VALUES ('x', '', 'ok', 1, NULL, NULL, NULL, NULL, 0)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM live_state").fetchone() == (0,)

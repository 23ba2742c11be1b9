"""Sums about new and silent users, through the store and the exposition."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kodeks_exporter.store.snapshot import KnownUser
from tests.store.reporting import Bench, report, unix, user


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.store.close()


def sums(bench: Bench, mode: str = "plain") -> dict[str, float]:
    wanted = ("kodeks_new_users", "kodeks_silent_users")
    return {
        name.removeprefix("kodeks_new_users").strip('{}"').removeprefix('kind="'): value
        for name, value in bench.values(mode).items()
        if name.startswith(wanted)
    }


FULL = "fullname='А' position='Б' department='В' phone='1' email='a@b'"


def test_what_newcomers_did_lasts_over_the_month_and_a_restart(bench: Bench) -> None:
    old = user("old", "2026-10", "registered='2024-01-10' last_seen='2026-10-25T10:00:00'", documents=5)
    bench.take(
        report(
            "2026-10-25T12:00:00",
            users=[
                old,
                user("new", "2026-10", f"registered='2026-10-20' {FULL}", searches_intellectual=2, documents=0),
                user("idle", "2026-10", "registered='2026-10-22' phone=''", searches_intellectual=0, documents=0),
            ],
        )
    )
    assert sums(bench) == {"all": 2, "searched": 1, "opened": 0, "filled": 1, "kodeks_silent_users": 0}
    # November: counters begin again, and the newcomers only open documents.
    bench.take(
        report(
            "2026-11-05T12:00:00",
            users=[
                user("old", "2026-11", "registered='2024-01-10' last_seen='2026-10-25T10:00:00'", documents=0),
                user("new", "2026-11", f"registered='2026-10-20' {FULL}", searches_intellectual=0, documents=1),
                user("idle", "2026-11", "registered='2026-10-22' phone=''", searches_intellectual=0, documents=1),
            ],
        )
    )
    bench.restart()
    expected = {"all": 2, "searched": 1, "opened": 2, "filled": 1, "kodeks_silent_users": 0}
    assert sums(bench) == expected
    assert sums(bench, "off") == expected, "sums tell of nobody"
    # Two months later nobody is new, and what is begun late is no first step.
    late = user("idle", "2027-01", "registered='2026-10-22' last_seen='2026-10-22T10:00:00'", searches_intellectual=9)
    bench.take(report("2027-01-05T12:00:00", users=[late]), received=unix("2027-01-05T12:00:00"))
    assert sums(bench) == {"all": 0, "searched": 0, "kodeks_silent_users": 1}


def test_an_installation_that_is_new_itself_has_no_new_users(bench: Bench) -> None:
    bench.take(report("2026-11-01T12:00:00", users=[user("a", "2026-11", documents=1), user("b")]))
    assert sums(bench)["all"] == 0
    bench.take(report("2026-11-02T12:00:00", users=[user("a", "2026-11", documents=1), user("b"), user("c")]))
    assert sums(bench)["all"] == 1


def test_what_a_report_does_not_tell_is_absent(bench: Bench) -> None:
    bench.take(report("2026-11-01T12:00:00", users=[user("a", card="registered='2026-10-31'")]))
    assert set(sums(bench)) <= {"all"}
    bench.take(report("2026-11-02T12:00:00"))
    assert sums(bench) == {}


def test_a_storage_of_an_older_version_is_read() -> None:
    before = msgspec.msgpack.encode(("a", "D", None, 1.0, None, 2.0, 3, 1))
    assert msgspec.msgpack.decode(before, type=KnownUser) == KnownUser("a", "D", None, 1.0, None, 2.0, 3, 1, 0)

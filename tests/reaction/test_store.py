"""kill -9 at random moments while alerts come and go: every one of them counts, and counts once."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path

import msgspec

from kodeks_exporter.domain.reaction import Ending
from kodeks_exporter.store.reaction import FILE_NAME, ReactionState, ReactionStore, Spread
from tests.killing import follow
from tests.reaction.looks_child import INCIDENTS

CHILD = "tests.reaction.looks_child"
KILLS = 15


def state(folder: Path) -> ReactionState:
    store = ReactionStore(folder)
    try:
        assert len(store.handling.records(0)) == INCIDENTS, "a record of each, and none twice"
        return store.state()
    finally:
        store.close()


def test_kill_at_any_moment(tmp_path: Path) -> None:
    pick = random.Random(5)
    assert follow(CHILD, tmp_path / "calm", []) == 0
    kills = follow(CHILD, tmp_path / "killed", [pick.uniform(0.0, 0.03) for _ in range(KILLS)])
    assert kills >= KILLS // 5  # the others came too late
    calm, killed = state(tmp_path / "calm"), state(tmp_path / "killed")
    assert calm.incidents == {}
    assert len(calm.past) == len(killed.past) == INCIDENTS
    assert killed.sums == calm.sums
    ended = sum(number for sums in killed.sums.values() for number in sums.outcomes.values())
    assert ended == INCIDENTS
    taken = sum(sums.outcomes[Ending.ACKNOWLEDGED] for sums in killed.sums.values())
    assert taken == sum(sum(sums.acknowledge.counts) for sums in killed.sums.values())
    assert 0 < taken < INCIDENTS
    assert 0 < sum(sums.outcomes[Ending.UNANSWERED] for sums in killed.sums.values()) < INCIDENTS


def test_what_an_older_version_wrote_as_json_is_taken_over_once(tmp_path: Path) -> None:
    follow(CHILD, tmp_path, [])
    before = state(tmp_path)
    assert any(each.taken for each in before.past.values())
    structures = {"incident": ("labels", "taken", "extensions"), "sums": ("outcomes", "acknowledge", "recovery")}
    older = sqlite3.connect(tmp_path / FILE_NAME)
    older.create_function("json_of", 1, lambda stored: stored and json.dumps(msgspec.msgpack.decode(stored)))
    with older:
        for table, columns in structures.items():
            older.execute(f"UPDATE {table} SET " + ", ".join(f"{column} = json_of({column})" for column in columns))
    assert state(tmp_path) == before
    for table, columns in structures.items():
        for column in columns:
            assert ("text",) not in older.execute(f"SELECT typeof({column}) FROM {table}").fetchall(), column
    older.close()
    assert state(tmp_path) == before


def test_bounds_belong_to_their_bucket() -> None:
    spread = Spread().plus(0).plus(60).plus(60.1).plus(259200).plus(1e9)
    assert spread.counts == (2, 1, *(0,) * 11, 1, 1)
    assert spread.seconds == 0 + 60 + 60.1 + 259200 + 1e9

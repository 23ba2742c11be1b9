"""The past of an installation: kept over restarts, bounded, and honest about what nobody saw."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kodeks_exporter.domain.check import CheckResult, InstallationState, Outcome, Round
from kodeks_exporter.store.database import Database
from kodeks_exporter.store.past import KEPT, MOST, PastStore, Spell, SpellKind
from kodeks_exporter.web.past import available, day_bar, past_of

NOW = 1_795_950_000.0
ZONE = ZoneInfo("Europe/Saratov")
OK, DOWN = InstallationState.OK, InstallationState.UNREACHABLE


def seen(start: float, state: InstallationState | None = OK, cause: str = "", planned: str = "") -> Round:
    failed = {cause: CheckResult(cause, Outcome.FAILED, "refused", "порт закрыт.")} if cause else {}
    return Round("a", start, 1.0, MappingProxyType(failed), state, planned)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path)
    yield database
    database.close()


def story(store: PastStore) -> list[tuple[float, SpellKind]]:
    return [(spell.start - NOW, spell.kind) for spell in store.spells().get("a", ())]


def test_only_changes_are_kept_and_a_restart_knows_them(tmp_path: Path) -> None:
    database = Database(tmp_path)
    store = PastStore(database)
    for second in range(0, 600, 30):
        store.note(seen(NOW + second, DOWN if 120 <= second < 240 else OK, "tcp" if 120 <= second < 240 else ""))
    told = [(0.0, SpellKind.OK), (120.0, SpellKind.DOWN), (240.0, SpellKind.OK)]
    assert story(store) == told
    database.close()
    database = Database(tmp_path)
    try:
        again = PastStore(database)
        assert story(again) == told
        assert again.spells()["a"][1].text == "порт закрыт."
        again.note(seen(NOW + 7200))
        assert story(again)[-2:] == [(540.0, SpellKind.UNKNOWN), (7200.0, SpellKind.OK)], (
            "nobody looked while it was stopped"
        )
    finally:
        database.close()


def test_the_words_for_states_are_those_of_earlier_storages(database: Database) -> None:
    words = ("ok", "fault", "down", "planned", "unknown")
    with database.transaction() as connection:
        rows = [("a", NOW + number, word, "", "", "") for number, word in enumerate(words)]
        connection.executemany("INSERT INTO past VALUES (?, ?, ?, ?, ?, ?)", rows)
    kinds = [SpellKind.OK, SpellKind.FAULT, SpellKind.DOWN, SpellKind.PLANNED, SpellKind.UNKNOWN]
    assert story(PastStore(database)) == list(zip(range(5), kinds, strict=True))


def test_blindness_and_planned_work_are_no_outage(database: Database) -> None:
    store = PastStore(database)
    store.note(seen(NOW))
    store.note(seen(NOW + 30, None))
    store.note(seen(NOW + 60, DOWN, planned="restart"))
    store.note(seen(NOW + 90, OK, "snmp"))
    assert [kind for _, kind in story(store)] == [SpellKind.OK, SpellKind.UNKNOWN, SpellKind.PLANNED, SpellKind.FAULT]
    assert available(store.spells()["a"], NOW + 120) == "100\u00a0%"


def test_what_flaps_or_grows_old_is_bounded(database: Database) -> None:
    store = PastStore(database)
    for number in range(2 * MOST):
        store.note(seen(NOW + 30 * number, (OK, DOWN)[number % 2], ("", "tcp")[number % 2]))
    assert len(store.spells()["a"]) == MOST
    store.note(seen(NOW + KEPT + 1e6))
    assert len(store.spells()["a"]) <= 3
    store.keep_only(())
    assert store.spells() == {}


def test_one_number_and_two_bars() -> None:
    hour = 3600.0
    spells = (
        Spell(NOW - 40 * 86400, SpellKind.OK, "ok"),
        Spell(NOW - 2 * hour, SpellKind.DOWN, "unreachable", "tcp", "порт закрыт"),
        Spell(NOW - hour, SpellKind.OK, "ok"),
    )
    past = past_of(spells, NOW, ZONE)
    assert past is not None
    assert past.available == "99,86\u00a0%"
    assert [(piece.tone, piece.width) for piece in past.day.pieces] == [
        ("ok", "916.7"),
        ("bad", "41.7"),
        ("ok", "41.7"),
    ]
    assert past.day.title == "За 24 часа: не работала 1 ч"
    [change] = past.changes
    assert (change.lasted, change.what, change.whose) == ("1 ч", "Недоступна: порт закрыт", "сеть или сервер клиента")
    assert past_of((), NOW, ZONE) is None
    assert available((Spell(NOW - 9, SpellKind.UNKNOWN),), NOW) == ""
    second = (*spells[:1], Spell(NOW - 2, SpellKind.DOWN), Spell(NOW - 1, SpellKind.OK))
    assert available(second, NOW) == "99,99\u00a0%", "a second of outage is not 100 %"
    assert ("bad", "2.0") in [(piece.tone, piece.width) for piece in day_bar(second, NOW).pieces], "and can be seen"


@given(st.lists(st.tuples(st.floats(-1e7, 1e5), st.sampled_from([OK, DOWN, None])), max_size=40))
def test_whatever_the_clock_does(rounds: list[tuple[float, InstallationState | None]]) -> None:
    class Memory(Database):
        def __init__(self) -> None: ...
        def later(self, rows: object) -> None: ...
        def reading(self):  # type: ignore[no-untyped-def]
            import contextlib
            import sqlite3

            connection = sqlite3.connect(":memory:")
            connection.executescript(
                "CREATE TABLE past (installation, start, kind, state, cause, text); CREATE TABLE watched (id, time);"
            )
            return contextlib.nullcontext(connection)

    store = PastStore(Memory())
    for offset, state in rounds:
        store.note(seen(NOW + offset, state, "tcp" if state is DOWN else ""))
    spells = store.spells().get("a", ())
    assert [spell.start for spell in spells] == sorted(spell.start for spell in spells)
    past_of(spells, NOW, ZONE)

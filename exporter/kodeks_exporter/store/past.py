"""The last 30 days of each installation: when its state changed, and to what. Bounded, and kept across restarts.

Prometheus should not be needed to answer «was it down tonight?».
"""

import threading
from collections.abc import Container, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from kodeks_exporter.domain.check import InstallationState, Round
from kodeks_exporter.store.database import Database

KEPT: Final = 30 * 86400.0
"""Seconds."""
MOST: Final = 300
"""Changes kept of one installation: one that flaps for days stays bounded."""
_UNWATCHED: Final = 300.0
"""After this many seconds without a round the state is unknown."""
_NOTED_EVERY: Final = 60.0


class SpellKind(StrEnum):
    """The state as users experienced it."""

    OK = "ok"
    FAULT = "fault"
    """It works, but something is wrong."""
    DOWN = "down"
    PLANNED = "planned"
    UNKNOWN = "unknown"
    """Nothing was checked, or the monitor was impaired."""


class Spell(NamedTuple):
    """From ``start`` (Unix seconds) until the next one. ``state``: of the installation. ``cause``: the first failed
    check, ``text``: its message; both empty when nothing failed."""

    start: float
    kind: SpellKind
    state: str = ""
    cause: str = ""
    text: str = ""


class PastStore:
    """Safe to use from many threads. Waits for no disk."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._spells: dict[str, tuple[Spell, ...]] = {}
        with database.reading() as connection:
            rows = connection.execute("SELECT installation, start, kind, state, cause, text FROM past ORDER BY start")
            for name, start, kind, *rest in rows:
                self._spells[name] = (*self._spells.get(name, ()), Spell(start, SpellKind(kind), *rest))
            watched = connection.execute("SELECT max(time) FROM watched").fetchone()[0]
        self._watched: float = watched or 0.0
        self._noted = self._watched

    def note(self, round_: Round) -> None:
        """Records a round; writes only when something has changed."""
        now = round_.started
        with self._lock:
            if self._watched and now - self._watched > _UNWATCHED:
                for name, spells in self._spells.items():
                    if spells and spells[-1].kind is not SpellKind.UNKNOWN:
                        self._append(name, Spell(self._watched, SpellKind.UNKNOWN))
            self._watched = now
            if abs(self._watched - self._noted) >= _NOTED_EVERY:
                self._noted = self._watched
                row = ("INSERT OR REPLACE INTO watched VALUES (1, ?)", (self._watched,))
                self._database.later({("watched", ""): row})
            spell = _spell(round_)
            before = self._spells.get(round_.installation, ())
            if not before or before[-1][1:4] != spell[1:4]:  # kind, state, cause
                self._append(round_.installation, spell)

    def spells(self) -> Mapping[str, tuple[Spell, ...]]:
        """By installation, oldest first; nothing is known before the first."""
        with self._lock:
            return dict(self._spells)

    def keep_only(self, installations: Container[str]) -> None:
        """Forgets what the inventory no longer names."""
        with self._lock:
            for name in [name for name in self._spells if name not in installations]:
                del self._spells[name]
                self._database.later({("past", name): ("DELETE FROM past WHERE installation = ?", (name,))})

    def _append(self, name: str, spell: Spell) -> None:
        known = self._spells.get(name, ())
        if known and spell.start <= known[-1].start:  # the clock was put back
            spell = spell._replace(start=known[-1].start + 1.0)
        oldest = spell.start - KEPT
        # A spell that began before the limit may reach into the period.
        first = next((place for place, each in enumerate(known[1:]) if each.start > oldest), max(0, len(known) - 1))
        kept = (*known[first:], spell)[-MOST:]
        self._spells[name] = kept
        row = (name, spell.start, spell.kind.value, spell.state, spell.cause, spell.text[:200])
        self._database.later(
            {("past", name, spell.start): ("INSERT OR REPLACE INTO past VALUES (?, ?, ?, ?, ?, ?)", row)}
        )
        if kept[0] != (known or kept)[0]:
            old = ("DELETE FROM past WHERE installation = ? AND start < ?", (name, kept[0].start))
            self._database.later({("past old", name): old})


def _spell(round_: Round) -> Spell:
    root, state = round_.root_cause, round_.state
    cause, text = (root.check, root.text) if root is not None else ("", "")
    if state is None:
        return Spell(round_.started, SpellKind.UNKNOWN)
    if round_.planned and root is None and state is not InstallationState.OK:
        return Spell(round_.started, SpellKind.PLANNED, state.value)
    if state is InstallationState.OK:
        return Spell(round_.started, SpellKind.FAULT if root is not None else SpellKind.OK, state.value, cause, text)
    return Spell(round_.started, SpellKind.DOWN, state.value, cause, text)

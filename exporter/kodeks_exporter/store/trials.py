"""When each installation began its trial, and when the trial became a contract, as seen in the inventory."""

import threading
from collections.abc import Container, Iterable
from dataclasses import dataclass

from kodeks_exporter.settings.fleet import Installation
from kodeks_exporter.store.database import Database


@dataclass(frozen=True, slots=True)
class Trial:
    """Unix seconds. ``start``: first seen on trial. ``contract``: first seen without it afterwards; None: not yet."""

    start: float
    contract: float | None = None


class TrialStore:
    """Safe to use from many threads; survives restarts. Installations removed from the inventory are still
    remembered: the removal may be a mistake."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        with database.reading() as connection:
            rows = connection.execute("SELECT installation, start, contract FROM trial").fetchall()
        self._trials = {name: Trial(start, contract) for name, start, contract in rows}

    def note(self, installations: Iterable[Installation], now: float) -> None:
        """Records the inventory's current state. A trial after a contract is a new one. ``now``: Unix seconds."""
        with self._lock:
            changed = {}
            for each in installations:
                known = self._trials.get(each.name)
                if each.trial and (known is None or known.contract is not None):
                    changed[each.name] = Trial(now)
                elif not each.trial and known is not None and known.contract is None:
                    changed[each.name] = Trial(known.start, now)
            self._database.later(
                {
                    ("trial", name): (
                        "INSERT OR REPLACE INTO trial VALUES (?, ?, ?)",
                        (name, trial.start, trial.contract),
                    )
                    for name, trial in changed.items()
                }
            )
            self._trials |= changed

    def of(self, installations: Container[str]) -> dict[str, Trial]:
        """By installation, for those that were ever on trial."""
        with self._lock:
            return {name: trial for name, trial in self._trials.items() if name in installations}

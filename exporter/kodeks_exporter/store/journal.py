"""Search events as JSON lines, for Loki and the like, and the explanation of empty ones.

Follows the log of events in the storage. Its position (the last part, the file, its length) is kept in the same
transaction as the counters of empty searches. After a kill the file is truncated to that length and the rest is written
again, byte for byte: no line is lost or repeated.

Files are ``searches-NNNNNN.jsonl``: after a full one comes the next number. Files are never renamed, so a reader that
follows them never confuses them.
"""

import os
import threading
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from kodeks_exporter.domain import queries
from kodeks_exporter.domain.report import SearchEvent
from kodeks_exporter.settings.history import JournalSettings
from kodeks_exporter.store.database import StorageError
from kodeks_exporter.store.privacy import UserNames
from kodeks_exporter.store.report_tables import Part, Position
from kodeks_exporter.store.reports import ReportStore
from kodeks_exporter.store.snapshot import Explanation

FOLDER: Final = "journal"
_BATCH: Final = 10_000
"""Events of one write, one fsync and one transaction, at least."""


@lru_cache(maxsize=8192)
def why_empty(query: str) -> Explanation:
    """Why a search for ``query`` probably found nothing, and what it was looking for; takes a tenth of a
    millisecond."""
    return Explanation(queries.cause(query).value, queries.family(query))


class Journal:
    """Call ``run()`` after reports came in; from any thread, at any time."""

    def __init__(self, store: ReportStore, directory: Path, settings: JournalSettings, names: UserNames) -> None:
        """``directory``: of the storage."""
        self._store = store
        self._folder = directory / FOLDER
        self._settings = settings
        self._names = names
        self._lock = threading.Lock()
        self._position = store.position()

    def configure(self, settings: JournalSettings, names: UserNames) -> None:
        """After a reload; applies to everything written afterwards."""
        with self._lock:
            self._settings = settings
            self._names = names

    def run(self) -> int:
        """Writes and explains all new events; returns their number. Raises StorageError."""
        handled = 0
        with self._lock:
            while parts := self._store.parts_after(self._position.part, _BATCH):
                handled += self._batch(parts)
        return handled

    def _batch(self, parts: list[Part]) -> int:
        empty: defaultdict[str, Counter[Explanation]] = defaultdict(Counter)
        explanations: dict[str, Explanation] = {}
        lines = []
        for part in parts:
            oldest = self._oldest(part.installation)
            for event in part.events:
                explanation = None
                if event.status == "empty":
                    explanation = explanations[event.query] = why_empty(event.query)
                    empty[part.installation][explanation] += 1
                if event.time >= oldest:
                    lines.append(self._line(part.installation, event, explanation))
        position = replace(self._position, part=parts[-1].number)
        if self._settings.enabled:
            try:
                position = self._write(position, b"".join(lines))
            except OSError as error:
                raise StorageError(f"{self._folder}: {error}; check its disk, space and rights") from error
        self._store.followed(position, empty, explanations)
        self._position = position
        return len(lines)

    def _oldest(self, installation: str) -> float:
        snapshot = self._store.snapshot(installation)
        if snapshot is None or snapshot.report is None:
            return 0.0
        return snapshot.report.made - self._settings.max_age

    def _line(self, installation: str, event: SearchEvent, explanation: Explanation | None) -> bytes:
        record: dict[str, str | int | float | None] = {
            "time": datetime.fromtimestamp(event.time, UTC).isoformat().replace("+00:00", "Z"),
            "installation": installation,
            "user": self._names.label(installation, event.login),
            "catalog": event.catalog,
            "source": event.source,
            "type": event.type,
            "status": event.status,
            "query": event.query,
            "found": event.found,
            "duration": event.duration,
        }
        if explanation is not None:
            record["cause"] = explanation.cause
            record["family"] = explanation.family
        return msgspec.json.encode({key: value for key, value in record.items() if value not in (None, "")}) + b"\n"

    def _write(self, position: Position, data: bytes) -> Position:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(position.file)
        _cut(path, position.offset)
        if position.offset >= self._settings.file_size:
            # The new file is started in the same step that keeps its first lines; leftovers of a kill are cut off.
            position = Position(position.part, position.file + 1, 0)
            path = self._path(position.file)
            _cut(path, 0)
            self._remove_old(position.file)
        with path.open("ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            return replace(position, offset=file.tell())

    def _path(self, number: int) -> Path:
        return self._folder / f"searches-{number:06}.jsonl"

    def _remove_old(self, newest: int) -> None:
        for number in range(newest - self._settings.files, 0, -1):
            try:
                self._path(number).unlink()
            except FileNotFoundError:
                return


def _cut(path: Path, length: int) -> None:
    """Removes what was written after the last kept position. A file that someone shortened stays as it is."""
    if path.exists() and path.stat().st_size > length:
        os.truncate(path, length)

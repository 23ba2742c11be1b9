"""Records of handled alerts for 13 months, and the steps of their reviews, in ``reaction.sqlite``.

A record is written, under its own key, in the transaction of the poll that saw the end: once, however often that poll
is repeated. A step is only ever inserted, and is committed before its author gets an answer.
"""

import errno
import os
import sqlite3
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import msgspec

from kodeks_exporter.domain.handling import Kind, Record, ReviewStep
from kodeks_exporter.domain.reaction import End
from kodeks_exporter.store.database import Database

KEPT: Final = 396 * 86400.0
"""Seconds that a record is kept: 13 months."""
_MOST: Final = 200_000
_encoder: Final = msgspec.msgpack.Encoder()
_records: Final = msgspec.msgpack.Decoder(Record)
_steps: Final = msgspec.msgpack.Decoder(ReviewStep)
Rows = dict[Hashable, tuple[str, tuple[Any, ...]]]


class HandlingStore:
    """Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.revision = 0
        """Changes whenever anything here changes."""

    def rows(self, ends: Iterable[End], now: float) -> Rows:
        """Rows to write for alerts that are over."""
        found: Rows = {}
        for record in (_record(end) for end in ends if end.incident.told is not None):
            statement = "INSERT OR REPLACE INTO handled VALUES (?, ?, ?)"
            found["handled", record.id] = (statement, (record.id, record.told, _encoder.encode(record)))
        if found:
            self.revision += 1
            oldest = "coalesce((SELECT told FROM handled ORDER BY told DESC LIMIT 1 OFFSET ?), 0)"
            found["handled"] = (f"DELETE FROM handled WHERE told <= max(?, {oldest})", (now - KEPT, _MOST))  # noqa: S608
            found["steps"] = ("DELETE FROM handling_step WHERE record NOT IN (SELECT id FROM handled)", ())
        return found

    def records(self, since: float) -> list[Record]:
        """Records of alerts that people were notified about since then, oldest first."""
        with self._database.reading() as connection:
            found = connection.execute("SELECT record FROM handled WHERE told >= ? ORDER BY told", (since,)).fetchall()
        return [_records.decode(row[0]) for row in found]

    def record(self, id_: str) -> Record | None:
        with self._database.reading() as connection:
            found = connection.execute("SELECT record FROM handled WHERE id = ?", (id_,)).fetchone()
        return _records.decode(found[0]) if found else None

    def steps(self) -> Mapping[str, Mapping[Kind, ReviewStep]]:
        """By record."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT record, step FROM handling_step").fetchall()
        found: defaultdict[str, dict[Kind, ReviewStep]] = defaultdict(dict)
        for record, step in ((record, _steps.decode(encoded)) for record, encoded in rows):
            found[record][step.kind] = step
        return found

    def add(self, record: str, step: ReviewStep) -> bool:
        """False: somebody else has already taken that step."""
        try:
            with self._database.transaction() as connection:
                row = (record, step.kind.value, _encoder.encode(step))
                connection.execute("INSERT INTO handling_step VALUES (?, ?, ?)", row)
        except sqlite3.IntegrityError:
            return False
        self.revision += 1
        return True


def kept(file: Path) -> list[Record]:
    """All records of a ``reaction.sqlite`` that an exporter may be using. Raises OSError, ValueError."""
    if not file.is_file():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file))
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT record FROM handled ORDER BY told").fetchall()
    except sqlite3.Error as error:
        raise ValueError(f"{file}: {error}") from None
    return [_records.decode(row[0]) for row in found]


def _record(end: End) -> Record:
    incident = end.incident
    assert incident.told is not None
    labels, over = incident.labels, incident.over or incident.told
    return Record(
        id=f"{incident.identity}-{round(incident.started * 1000)}",
        alert=labels.get("alertname", ""),
        manager=incident.manager,
        branch=labels.get("branch", ""),
        client=labels.get("client", ""),
        subject=labels.get("installation") or labels.get("account") or labels.get("hosting", ""),
        priority=incident.priority,
        told=incident.told,
        over=over,
        outcome=end.ending,
        messages=end.messages,
        taken=incident.taken,
        extensions=incident.extensions,
    )

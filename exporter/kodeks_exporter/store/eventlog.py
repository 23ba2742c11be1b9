"""Events of reports, each kept exactly once: grouped by UTC day, a day's events encoded as one msgpack array.

Reports overlap: an hourly one repeats the days before. Events have no identity but their values, so a day is compared
as a multiset: what the report has more of is new (two identical searches in one second count as two). A day that has
not changed since it was last merged, the usual case, is recognised by its digest.

New events of a day are added as a *part*. Parts are numbered in order of arrival and never change, so a follower (the
journal) needs to remember only a number.
"""

import hashlib
import sqlite3
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import IO, Final, Generic, TypeVar

import msgspec
import zstandard

from kodeks_exporter.domain.report import Rejection, SearchEvent
from kodeks_exporter.domain.texts import login_and_domain, plain

DAY: Final = 86400
_LEVEL: Final = 1
_of_thread: Final = threading.local()
_BUFFERED: Final = 512
"""Events held as objects."""
_ENCODED: Final = 1024 * 1024
"""Bytes of encoded events held in memory; more goes to a temporary file."""


class EventKind(IntEnum):
    SEARCH = 1
    REJECTION = 2


E = TypeVar("E", bound=SearchEvent | Rejection)

_encoder: Final = msgspec.msgpack.Encoder()
_searches: Final = msgspec.msgpack.Decoder(list[SearchEvent])
_rejections: Final = msgspec.msgpack.Decoder(list[Rejection])


def encode(events: list[E]) -> bytes:
    """The elements of a msgpack array, without its header, so that pieces can be joined."""
    try:
        data = _encoder.encode(events)
    except UnicodeEncodeError:  # lone surrogates, which only broken SQLite text can contain
        data = _encoder.encode([_clean(event) for event in events])
    return data[1 if len(events) < 16 else 3 if len(events) < 65536 else 5 :]


def _clean(event: E) -> E:
    values = (value.encode(errors="replace").decode() if isinstance(value, str) else value for value in event)
    return type(event)(*values)  # type: ignore[arg-type]


def _pack(elements: bytes) -> bytes:
    """Searches are repetitive: compression saves four fifths of the space for a hundredth of the reading time."""
    packer: zstandard.ZstdCompressor | None = getattr(_of_thread, "packer", None)
    if packer is None:  # creating one costs as much as compressing a day
        packer = _of_thread.packer = zstandard.ZstdCompressor(level=_LEVEL)
    return packer.compress(elements)


def _unpacked(stored: bytes) -> bytes:
    # Parts of earlier versions are not compressed; an event begins with another byte.
    if not stored.startswith(zstandard.FRAME_HEADER):
        return stored
    try:
        return zstandard.ZstdDecompressor().decompress(stored)
    except zstandard.ZstdError as error:
        raise msgspec.DecodeError(f"damaged events: {error}") from error


def _array(count: int, stored: bytes) -> bytes:
    return b"\xdd" + count.to_bytes(4, "big") + _unpacked(stored)


def decode_searches(count: int, stored: bytes) -> list[SearchEvent]:
    """Raises ``msgspec.DecodeError``."""
    return _searches.decode(_array(count, stored))


def decode_rejections(count: int, stored: bytes) -> list[Rejection]:
    """Raises ``msgspec.DecodeError``."""
    return _rejections.decode(_array(count, stored))


@dataclass(slots=True)
class _Day:
    count: int = 0
    pieces: list[bytes] = field(default_factory=list)
    spilled: list[tuple[int, int]] = field(default_factory=list)
    """Positions and lengths of pieces in the temporary file."""


class DayCollector(Generic[E]):
    """Takes the events of one report, in any order and number, in bounded memory apart from a little per day.

    ``seen`` gets each day's events once as objects, in portions.
    """

    def __init__(self, seen: Callable[[int, list[E]], None]) -> None:
        self._seen = seen
        self._buffer: list[E] = []
        self.add = self._adder()
        self._days: dict[int, _Day] = {}
        self._held = 0
        self._file: IO[bytes] | None = None

    def _adder(self) -> Callable[[E], None]:
        """A closure, which is a third faster than a method: it runs a hundred thousand times a report."""
        buffer, flush = self._buffer, self.flush
        append = buffer.append

        def add(event: E) -> None:
            append(event)
            if len(buffer) >= _BUFFERED:
                flush()

        return add

    def add_many(self, events: list[E]) -> None:
        self._buffer.extend(events)
        if len(self._buffer) >= _BUFFERED:
            self.flush()

    def flush(self) -> None:
        by_day: defaultdict[int, list[E]] = defaultdict(list)
        start = end = 0.0
        append = self._buffer.append
        for event in self._buffer:
            time = event[0]
            if not start <= time < end:  # reports mostly go day by day
                number = int(time // DAY)
                start = number * DAY
                end = start + DAY
                append = by_day[number].append
            append(event)
        self._buffer.clear()
        for number, events in by_day.items():
            day = self._days.setdefault(number, _Day())
            elements = encode(events)
            day.count += len(events)
            day.pieces.append(elements)
            self._held += len(elements)
            self._seen(number, events)
        if self._held > _ENCODED:
            self._spill()

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="kodeks-report-")  # noqa: SIM115 - closed by close()
        offset = self._file.seek(0, 2)
        for day in self._days.values():
            if day.pieces:
                written = self._file.write(b"".join(day.pieces))
                day.spilled.append((offset, written))
                offset += written
                day.pieces.clear()
        self._held = 0

    def days(self) -> Iterator[tuple[int, int, bytes]]:
        """By day: its number, the count of its events and these encoded, in the order of the report."""
        self.flush()
        for number in sorted(self._days):
            day = self._days[number]
            pieces = []
            for offset, length in day.spilled:
                assert self._file is not None
                self._file.seek(offset)
                pieces.append(self._file.read(length))
            yield number, day.count, b"".join(pieces + day.pieces)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def known_days(connection: sqlite3.Connection, installation: str, kind: EventKind) -> frozenset[int]:
    rows = connection.execute("SELECT day FROM event_day WHERE installation = ? AND kind = ?", (installation, kind))
    return frozenset(day for (day,) in rows)


def merge_days(
    connection: sqlite3.Connection,
    installation: str,
    kind: EventKind,
    days: Iterator[tuple[int, int, bytes]],
    known: frozenset[int],
    horizon: int,
    decode: Callable[[int, bytes], list[E]],
    new: Callable[[list[E]], None],
) -> int:
    """Writes the events that the storage does not have; returns their number.

    ``known``: days that the storage had when reading of the report began. ``new`` gets the new events of those days;
    events of other days are all new, and the caller has seen them. Days before ``horizon`` were pruned and are skipped.
    """
    added_count = 0
    for day, count, elements in days:
        if day < horizon:
            continue
        digest = hashlib.sha256(elements).digest()
        key = (installation, kind, day)
        if day not in known:
            connection.execute("INSERT INTO event_day VALUES (?, ?, ?, ?)", (*key, digest))
            add_part(connection, key, count, elements)
            added_count += count
            continue
        row = connection.execute(
            "SELECT digest FROM event_day WHERE installation = ? AND kind = ? AND day = ?", key
        ).fetchone()
        if row is not None and row[0] == digest:
            continue
        added = _missing(connection, key, count, elements, decode)
        connection.execute("INSERT OR REPLACE INTO event_day VALUES (?, ?, ?, ?)", (*key, digest))
        if added:
            add_part(connection, key, len(added), encode(added))
            added_count += len(added)
            new(added)
    return added_count


def _missing(
    connection: sqlite3.Connection,
    key: tuple[str, EventKind, int],
    count: int,
    elements: bytes,
    decode: Callable[[int, bytes], list[E]],
) -> list[E]:
    """The day's events that the storage does not have, counting multiplicity, in the order of the report."""
    parts = connection.execute(
        "SELECT count, events FROM event_part WHERE installation = ? AND kind = ? AND day = ? ORDER BY id", key
    ).fetchall()
    known = b"".join(_unpacked(events) for _, events in parts)
    if elements.startswith(known):  # the usual hourly report: the same as an hour ago, and more
        return decode(count - sum(count for count, _ in parts), elements[len(known) :])
    stored: Counter[E] = Counter()
    for stored_count, events in parts:
        stored.update(map(_settled, decode(stored_count, events)))
    added = []
    for event in decode(count, elements):
        if stored[event] > 0:
            stored[event] -= 1
        else:
            added.append(event)
    return added


def _settled(event: E) -> E:
    """As it would be read today: earlier versions kept texts and logins as spelled in the report."""
    login, _ = login_and_domain(event.login, "")
    if isinstance(event, SearchEvent):
        return event._replace(login=login, catalog=plain(event.catalog), query=plain(event.query))
    return event._replace(login=login)


def add_part(
    connection: sqlite3.Connection,
    key: tuple[str, EventKind, int],
    count: int,
    elements: bytes,
    number: int | None = None,
) -> None:
    """``key``: installation, kind and day. ``number`` None: the next one."""
    connection.execute(
        "INSERT INTO event_part (id, installation, kind, day, count, events) VALUES (?, ?, ?, ?, ?, ?)",
        (number, *key, count, _pack(elements)),
    )


def delete_before(connection: sqlite3.Connection, installation: str, horizon: int) -> None:
    for table in ("event_day", "event_part"):
        connection.execute(f"DELETE FROM {table} WHERE installation = ? AND day < ?", (installation, horizon))  # noqa: S608 - fixed names


def cut(connection: sqlite3.Connection, installation: str, most: int) -> int:
    """Deletes the oldest days of an installation until its events take at most ``most`` bytes. Returns the first day
    kept, 0 when nothing was deleted."""
    total, horizon = 0, 0
    sizes: Counter[int] = Counter()  # not by GROUP BY, which would sort the events themselves
    for day, size in connection.execute(
        "SELECT day, length(events) FROM event_part WHERE installation = ?", (installation,)
    ):
        sizes[day] += size
    for day in sorted(sizes, reverse=True):
        total += sizes[day]
        if total > most:
            horizon = day + 1
            delete_before(connection, installation, horizon)
            break
    return horizon


def encoded_searches(connection: sqlite3.Connection, installation: str, first_day: int) -> list[tuple[int, bytes]]:
    """All searches since ``first_day``, by day, for ``decode_searches``."""
    return connection.execute(
        "SELECT count, events FROM event_part WHERE installation = ? AND kind = ? AND day >= ? ORDER BY day, id",
        (installation, EventKind.SEARCH, first_day),
    ).fetchall()

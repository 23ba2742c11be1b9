"""Reads a SQLite report by a profile.

Nothing in the file's schema is trusted. Only plain tables that the profile names are read, with our own statements;
views, virtual tables, generated columns, indexes and triggers are not used. Everything runs on a temporary read-only
copy, with limits on size and time.
"""

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Final

from kodeks_exporter.domain.report import Block, ReportSink, UnreadableReport, User, UserUsage
from kodeks_exporter.domain.texts import plain
from kodeks_exporter.sysinfo.container import WAL
from kodeks_exporter.sysinfo.fields import BLOCK_FIELDS
from kodeks_exporter.sysinfo.limits import ReadLimits
from kodeks_exporter.sysinfo.profile import BlockLayout, Layout
from kodeks_exporter.sysinfo.records import Builders, Reading, emitters
from kodeks_exporter.sysinfo.scalars import NO_SLOT, Joins, Values, Where, is_wanted, join_slots

_WAL_MODE: Final = b"\2\2"
_WITHOUT_WAL: Final = (
    "База SQLite скопирована без своего файла -wal, в нём последние записи: пришлите оба файла в одном ZIP или сначала"
    " закройте базу (PRAGMA journal_mode=DELETE)."
)
_TABLES: Final = 3000
_KEYS: Final = 5000
_STEPS: Final = 20_000  # virtual machine instructions between checks of the clock
_SCHEMA_STEP: Final = 500
_SCHEMA_STEPS: Final = 60
_LIMITS: Final = (
    # Not tighter: the whole schema is parsed, and a harmless long view must not make the file unreadable.
    (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 1_000_000),
    (sqlite3.SQLITE_LIMIT_COLUMN, 1000),
    (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 100),
    (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
    (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
    (sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1),
    (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
)


@contextmanager
def temporary_copy(stream: IO[bytes], head: bytes, limits: ReadLimits, wal: IO[bytes] | None = None) -> Iterator[Path]:
    """The stream as a temporary file, together with its ``-wal``, which must not be missing.

    A database without it may be incomplete: the last records are in it until SQLite closes the database.
    """
    if head[18:20] == _WAL_MODE and wal is None:
        raise UnreadableReport("broken_sqlite", "in WAL mode, without its -wal file", _WITHOUT_WAL)
    with tempfile.TemporaryDirectory(prefix="kodeks-report-", dir=limits.temp_dir) as folder:
        path = Path(folder) / "report.db"
        try:
            with path.open("wb") as file:
                file.write(head)
                shutil.copyfileobj(stream, file, 256 * 1024)
            if wal is not None:
                with path.with_name(path.name + WAL).open("wb") as file:
                    shutil.copyfileobj(wal, file, 256 * 1024)
        except OSError as error:
            raise UnreadableReport("io_error", error.strerror or type(error).__name__) from None
        if wal is not None:
            _put_together(path, limits)
        yield path


def _put_together(path: Path, limits: ReadLimits) -> None:
    beside = path.with_name(path.name + WAL)
    length = beside.stat().st_size
    deadline = time.monotonic() + limits.seconds
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
            connection.execute("PRAGMA trusted_schema=OFF")
            _, frames, _ = connection.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
            connection.execute("PRAGMA journal_mode=DELETE")
    except (sqlite3.Error, MemoryError, OverflowError, ValueError) as error:
        raise UnreadableReport("broken_sqlite", _detail(error)) from None
    if length and frames <= 0:
        raise UnreadableReport("broken_sqlite", "the -wal file is of another database or broken", _WITHOUT_WAL)


class ForeignDatabase:
    """An untrusted SQLite file, opened read-only. Methods raise UnreadableReport."""

    def __init__(self, path: Path, encoding: str, limits: ReadLimits) -> None:
        self._limits = limits
        self._deadline = time.monotonic() + limits.seconds
        self._readable: frozenset[str] = frozenset()
        self._schema_read = False
        with self._errors():
            self._connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
            try:
                self._harden(encoding)
                self.tables = self._list_tables()
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        self._connection.close()

    def _harden(self, encoding: str) -> None:
        connection = self._connection
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, self._limits.cell)
        for category, limit in _LIMITS:
            connection.setlimit(category, limit)
        # SQLite loads the whole schema first: one with a hundred thousand tables is refused.
        steps = iter(range(_SCHEMA_STEPS))
        connection.set_progress_handler(lambda: next(steps, None) is None, _SCHEMA_STEP)
        for pragma in (
            "trusted_schema=OFF",
            "query_only=ON",
            "cell_size_check=ON",
            "mmap_size=0",
            "cache_size=-4096",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")
        # Texts are decoded here, so that one bad byte does not lose the report.
        connection.text_factory = partial(str, encoding=encoding, errors="replace")

    def _list_tables(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Plain tables by lower-case name: the name itself and its ordinary columns."""
        rows = self._connection.execute(
            "SELECT CAST(name AS TEXT), CAST(sql AS TEXT) FROM sqlite_master WHERE type = 'table' LIMIT ?", (_TABLES,)
        ).fetchall()
        self._schema_read = True
        self._connection.set_progress_handler(lambda: time.monotonic() > self._deadline, _STEPS)
        tables: dict[str, tuple[str, tuple[str, ...]]] = {}
        for name, sql in rows:
            if not name or name.lower().startswith("sqlite_") or not _is_plain(sql):
                continue
            columns = self._connection.execute(f"PRAGMA table_xinfo({quoted(name)})").fetchall()
            tables[name.lower()] = name, tuple(str(row[1]) for row in columns if row[6] == 0)
        self._connection.set_authorizer(self._authorize)
        return tables

    def _authorize(self, action: int, table: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_SELECT:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ and table is not None and table.lower() in self._readable:
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

    def columns(self, table: str) -> tuple[str, ...] | None:
        """The columns of a table (any case), or None when there is no such plain table."""
        found = self.tables.get(table.lower())
        return None if found is None else found[1]

    def rows(self, table: str, columns: tuple[str, ...]) -> Iterator[tuple[str | None, ...]]:
        """All rows as texts."""
        name = self.tables[table.lower()][0]
        # CAST turns numbers and blobs into text, and is not a function that the authorizer has to allow.
        wanted = ", ".join(f"CAST({quoted(column)} AS TEXT)" for column in columns)
        with self._errors():
            self._readable = frozenset({name.lower()})
            yield from self._connection.execute(f"SELECT {wanted} FROM {quoted(name)} NOT INDEXED")  # noqa: S608

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if not self._schema_read and _detail(error) == "SQLITE_INTERRUPT":
                raise UnreadableReport("too_complex", "the database has too many tables") from None
            if time.monotonic() > self._deadline:
                raise UnreadableReport("too_slow", f"not read within {self._limits.seconds:g} s") from None
            raise UnreadableReport("broken_sqlite", _detail(error)) from None
        except (sqlite3.Error, MemoryError, OverflowError, UnicodeError, ValueError) as error:
            raise UnreadableReport("broken_sqlite", _detail(error)) from None


def quoted(name: str) -> str:
    """An identifier for a statement. ``[`` and backticks need no care inside double quotes."""
    return '"' + name.replace('"', '""').replace("\0", "") + '"'


def _detail(error: BaseException) -> str:
    # SQLite may quote names of the file's own schema: only the kind of error is reported.
    return getattr(error, "sqlite_errorname", None) or type(error).__name__


def _is_plain(sql: str | None) -> bool:
    """Whether a table is an ordinary one; a virtual table says so at the start of its definition."""
    words = (sql or "").split(None, 3)
    return len(words) >= 2 and words[0].upper() == "CREATE" and words[1].upper() == "TABLE"


def read_sqlite(path: Path, layout: Layout, builders: Builders, sink: ReportSink, limits: ReadLimits) -> Reading:
    """Feeds all records to the sink. Raises UnreadableReport."""
    with closing(ForeignDatabase(path, layout.encoding, limits)) as database:
        return _Reader(database, layout, builders, sink, limits).run()


class _Reader:
    def __init__(
        self, database: ForeignDatabase, layout: Layout, builders: Builders, sink: ReportSink, limits: ReadLimits
    ) -> None:
        self._database = database
        self._layout = layout
        self._builders = builders
        self._sink = sink
        self._limits = limits
        self._result = Reading()
        self._domains: dict[str, str] = {}

    def run(self) -> Reading:
        result = self._result
        result.header = self._header()
        created = self._builders.time(result.header.get("created"))
        if created is not None:
            self._sink.created(created)
        # Users come before their usage, whose rows have no domain in this form.
        for block in Block:
            spec = self._layout.blocks.get(block)
            if spec is not None:
                self._block(block, spec)
        return result

    def _header(self) -> dict[str, str | None]:
        places = {place for source in self._layout.header.values() for place in source.places}
        texts: dict[str, str] = {}
        keys = self._layout.keys
        if keys is not None and self._has(keys.of, (keys.key, keys.value)):
            for count, (key, value) in enumerate(self._database.rows(keys.of, (keys.key, keys.value))):
                if count >= _KEYS:
                    break
                if key is None or value is None:
                    continue
                name = plain(key)
                self._builders.named(name, value)
                if f"key:{name}" in places:
                    texts.setdefault(f"key:{name}", value[: self._limits.text])
        for place in places:
            table, dot, column = place.partition(".")
            if dot and not place.startswith("key:") and self._has(table, (column,)):
                for row in self._database.rows(table, (column,)):
                    if row[0] is not None:
                        texts[place] = row[0][: self._limits.text]
                    break
        header: dict[str, str | None] = {}
        for name, source in self._layout.header.items():
            parts = [texts[place] for place in source.places if place in texts]
            header[name] = " ".join(parts) if len(parts) == len(source.places) else None
        return header

    def _has(self, table: str, columns: tuple[str, ...]) -> bool:
        found = self._database.columns(table)
        return found is not None and {c.lower() for c in columns} <= {c.lower() for c in found}

    def _block(self, block: Block, spec: BlockLayout) -> None:
        there = self._database.columns(spec.of)
        if there is None:
            return
        known = {column.lower() for column in there}
        if not {column.lower() for column in spec.where} <= known:
            return
        self._result.present.add(block)
        slots: dict[str, str] = {}
        joins: list[tuple[str, tuple[str, ...]]] = []
        wanted: dict[str, None] = {}
        for name in BLOCK_FIELDS[block]:
            source = spec.fields.get(name)
            slots[name] = NO_SLOT
            if source is None or not {place.lower() for place in source.places} <= known:
                continue
            wanted.update(dict.fromkeys(source.places))
            slots[name] = source.places[0]
            if len(source.places) > 1:
                slots[name] = f"//joined/{name}"
                joins.append((slots[name], source.places))
        if not wanted:
            return
        wanted.update(dict.fromkeys(spec.where))
        self._rows(block, tuple(wanted), self._builders.builder(block, spec, slots), slots, tuple(joins))

    def _rows(
        self,
        block: Block,
        columns: tuple[str, ...],
        build: Callable[[Values], object],
        slots: dict[str, str],
        joins: Joins,
    ) -> None:
        emit: Callable[..., None] = emitters(self._sink)[block]
        count = skipped = 0
        lend = block is Block.USAGE and slots.get("domain", NO_SLOT) == NO_SLOT
        where: Where = tuple(self._layout.blocks[block].where.items())
        for row in self._database.rows(self._layout.blocks[block].of, columns):
            values: Values = dict(zip(columns, row, strict=True))
            if where and not is_wanted(values, where):
                continue
            if joins:
                values = join_slots(values, joins)
            record: object = build(values)
            if record is None:
                skipped += 1
                continue
            if isinstance(record, User) and record.domain:
                self._keep_domain(record.login, record.domain)
            if lend and isinstance(record, UserUsage) and not record.domain:
                record = record._replace(domain=self._domains.get(record.login, ""))
            count += 1
            emit(record)
        if count:
            self._result.counts[block] = count
        if skipped:
            self._result.skipped[block] = skipped

    def _keep_domain(self, login: str, domain: str) -> None:
        """For a login in several domains the first one is used (assumed): usage rows do not distinguish them."""
        if len(self._domains) >= self._limits.logins:
            raise UnreadableReport("too_complex", f"more than {self._limits.logins} users")
        self._domains.setdefault(login, domain)

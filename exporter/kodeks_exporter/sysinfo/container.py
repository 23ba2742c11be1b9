"""The container of a report: a zip, a gzip, or none. Returns its bytes as a guarded stream.

Names inside archives are only used to find the files of a database.
"""

import gzip
import io
import re
import zipfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.sysinfo import instead
from kodeks_exporter.sysinfo.limits import MIB, ReadLimits

SQLITE_MAGIC: Final = b"SQLite format 3\0"
WAL: Final = "-wal"
_JOURNAL: Final = "-journal"
_UNDER_WAY: Final = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
"""How SQLite's journal begins while a transaction is written."""
HEAD: Final = 4096
BLANKS: Final = b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"
"""What may precede an XML declaration: white space and byte order marks, in any order."""
_BLANKS_READ: Final = 64 * 1024
ZIP_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP_MAGIC: Final = b"\x1f\x8b"
_DIRECTORY_SIZE: Final = 256 * 1024  # of a zip: some thousand entries; a report has one
_ENTRIES_TRIED: Final = 50
_ELEMENT: Final = re.compile(rb"<([^\s<>/!?]+)")
_NEITHER: Final = "neither XML nor SQLite inside"
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # lzma would let the file choose how much memory it takes


class GuardedStream(io.RawIOBase):
    """Counts what is read, stops at the limits, and turns errors of unpacking into UnreadableReport."""

    def __init__(self, inner: IO[bytes], packed: int, broken: str, limits: ReadLimits) -> None:
        super().__init__()
        self._inner = inner
        self._packed = max(packed, 1)
        self._broken = broken
        self._limits = limits
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes; ``size`` is required. Raises UnreadableReport."""
        try:
            data = self._inner.read(size)
        except UnreadableReport:
            raise  # of the guard below
        except OSError as error:
            if isinstance(error, gzip.BadGzipFile):
                raise UnreadableReport(self._broken, str(error)[:200]) from None
            raise UnreadableReport("io_error", error.strerror or type(error).__name__) from None
        except Exception as error:
            # Any error of zipfile, gzip or zlib, which expect valid archives.
            raise UnreadableReport(self._broken, _in_short(error)) from None
        self.size += len(data)
        if self.size > self._limits.report_size:
            raise UnreadableReport("too_large", f"unpacks to more than {self._limits.report_size} bytes")
        if self.size > self._limits.ratio_floor and self.size > self._packed * self._limits.ratio:
            raise UnreadableReport("bomb", f"unpacks to more than {self._limits.ratio} times its size")
        return data

    def readable(self) -> bool:
        return True


@dataclass(slots=True)
class Opened:
    """``head``: the first bytes, already read from ``stream``. ``format``: xml or sqlite. ``wal``: SQLite's
    write-ahead log, if it is beside the database."""

    container: str
    format: str
    head: bytes
    stream: GuardedStream
    wal: GuardedStream | None = None


@contextmanager
def open_report(path: Path, limits: ReadLimits, roots: Collection[str] = ()) -> Iterator[Opened]:
    """Opens the report at ``path``, whatever its container. ``roots``: names of the outermost element, by which a
    report is told from other XML files in an archive. Raises UnreadableReport."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise UnreadableReport("io_error", error.strerror or type(error).__name__) from None
    with file:
        try:
            size = path.stat().st_size
            magic = file.read(4)
            file.seek(0)
        except OSError as error:
            raise UnreadableReport("io_error", error.strerror or type(error).__name__) from None
        if size == 0:
            raise UnreadableReport("empty", "the file has no bytes")
        if size > limits.file_size:
            raise UnreadableReport("too_large", f"{size} bytes, allowed are {limits.file_size}")
        if magic in ZIP_MAGIC:
            with _unzip(file, size, limits, roots) as opened:
                yield opened
        elif magic.startswith(_GZIP_MAGIC):
            with gzip.GzipFile(fileobj=file) as inner:
                yield _sniff("gzip", GuardedStream(cast(IO[bytes], inner), size, "broken_zip", limits))
        else:
            opened = _sniff("bare", GuardedStream(file, size, "io_error", limits))
            beside, journal = path.with_name(path.name + WAL), path.with_name(path.name + _JOURNAL)
            if opened.format == "sqlite" and journal.is_file():
                with journal.open("rb") as inner:
                    _refuse_if_under_way(inner.read(HEAD))
            if opened.format == "sqlite" and beside.is_file():
                with beside.open("rb") as wal:
                    opened.wal = GuardedStream(wal, beside.stat().st_size, "io_error", limits)
                    yield opened
            else:
                yield opened


def _sniff(container: str, stream: GuardedStream) -> Opened:
    head = stream.read(HEAD)
    while head and len(head) < _BLANKS_READ and not head.strip(BLANKS) and (more := stream.read(HEAD)):
        head += more
    form = sniff_format(head)
    if form is None:
        raise refusal(head)
    return Opened(container, form, head, stream)


def sniff_format(head: bytes) -> str | None:
    """``sqlite``, ``xml`` or None, by the first bytes. An HTML page is not XML, even if it claims to be."""
    if head.startswith(SQLITE_MAGIC):
        return "sqlite"
    return "xml" if head.lstrip(BLANKS).startswith(b"<") and instead.page(head) is None else None


def refusal(head: bytes) -> UnreadableReport:
    """Why a file that starts with ``head`` is not a report."""
    if not head.strip(BLANKS.replace(b"\0", b"")):
        return UnreadableReport("empty", "nothing but white space inside")
    if page := instead.page(head):
        return UnreadableReport(
            "not_a_report", f"a page ({page.kind}{page.code and ' ' + page.code})", page.text("отчёт")
        )
    if kind := instead.archive(head):
        text = f"Это архив {kind}: нужен обычный ZIP (deflate) или сам файл отчёта."
        return UnreadableReport("unsupported_zip", "an archive of another kind", text)
    if head.startswith(ZIP_MAGIC):
        return UnreadableReport(
            "unsupported_zip", "an archive in the archive", "В архиве лежит ещё один архив: нужен один."
        )
    return UnreadableReport("not_a_report", _NEITHER, instead.answer(head))


class _DirectoryGuard(io.RawIOBase):
    """Keeps zipfile from reading a central directory of any size into memory at once."""

    def __init__(self, inner: IO[bytes]) -> None:
        super().__init__()
        self._inner = inner

    def read(self, size: int = -1) -> bytes:
        if size > MIB or (size < 0 and self._rest() > _DIRECTORY_SIZE):
            raise UnreadableReport("unsupported_zip", "the archive's directory is too large for one report")
        return self._inner.read(size)

    def _rest(self) -> int:
        at = self._inner.tell()
        end = self._inner.seek(0, io.SEEK_END)
        self._inner.seek(at)
        return end - at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._inner.seek(offset, whence)

    def tell(self) -> int:
        return self._inner.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


@contextmanager
def _unzip(file: IO[bytes], size: int, limits: ReadLimits, roots: Collection[str]) -> Iterator[Opened]:
    archive = _open_zip(file)
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/") and entry.file_size]
        if not entries:
            raise UnreadableReport("empty", "the archive holds nothing")
        entries.sort(key=lambda entry: entry.file_size, reverse=True)
        entry = _likeliest(archive, entries[:_ENTRIES_TRIED], roots)
        if entry.file_size > limits.report_size:
            raise UnreadableReport("too_large", f"the archive claims {entry.file_size} bytes")
        # SQLite's own name for it; no other names in archives are used.
        beside = next((each for each in entries if each.filename == entry.filename + WAL), None)
        journal = next((each for each in entries if each.filename == entry.filename + _JOURNAL), None)
        if journal is not None:
            _refuse_if_under_way(_entry_head(archive, journal))
        with ExitStack() as stack:
            inner = stack.enter_context(_open_entry(archive, entry))
            opened = _sniff("zip", GuardedStream(inner, size, "broken_zip", limits))
            if beside is not None and opened.format == "sqlite":
                wal = stack.enter_context(_open_entry(archive, beside))
                opened.wal = GuardedStream(wal, size, "broken_zip", limits)
            yield opened


def _likeliest(archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo], roots: Collection[str]) -> zipfile.ZipInfo:
    """The largest XML file that begins as a report does; else the largest database, or XML file. What else is in the
    archive (logs, pages) does not matter. Raises UnreadableReport."""
    others: dict[str, zipfile.ZipInfo] = {}
    problem: UnreadableReport | None = None
    for entry in entries:
        try:
            head = _entry_head(archive, entry)
        except UnreadableReport as error:
            problem = problem or error
            continue
        form = sniff_format(head)
        outermost = _ELEMENT.search(head.replace(b"\0", b""))  # as it is in UTF-16, too
        if form == "xml" and outermost is not None and outermost[1].decode(errors="replace") in roots:
            return entry
        if form is not None:
            others.setdefault(form, entry)
        elif problem is None or problem.detail == _NEITHER:
            problem = refusal(head)  # an archive or a page in it tells more than a text beside it
    found = others.get("sqlite") or others.get("xml")
    if found is None:
        raise problem or UnreadableReport("not_a_report", "no XML or SQLite file in the archive")
    return found


def _refuse_if_under_way(journal: bytes) -> None:
    if journal.startswith(_UNDER_WAY):
        text = "База SQLite скопирована посреди записи: сделайте копию командой .backup или когда сервер не пишет."
        raise UnreadableReport("broken_sqlite", "a transaction was under way when it was copied", text)


def _open_zip(file: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(cast(IO[bytes], _DirectoryGuard(file)))
    except UnreadableReport:
        raise  # of the guard
    except Exception as error:
        raise UnreadableReport("broken_zip", _in_short(error)) from None


def _open_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> IO[bytes]:
    if entry.flag_bits & 0x1:
        raise UnreadableReport("encrypted_zip", "the entry is encrypted")
    if entry.compress_type not in _METHODS:
        raise UnreadableReport("unsupported_zip", f"compression method {entry.compress_type}")
    try:
        return archive.open(entry)
    except NotImplementedError as error:
        raise UnreadableReport("unsupported_zip", str(error)[:200]) from None
    except UnreadableReport:
        raise
    except Exception as error:
        raise UnreadableReport("broken_zip", _in_short(error)) from None


def _entry_head(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        with _open_entry(archive, entry) as inner:
            return inner.read(HEAD)
    except UnreadableReport:
        raise
    except Exception as error:
        raise UnreadableReport("broken_zip", _in_short(error)) from None


def _in_short(error: Exception) -> str:
    return str(error)[:200] or type(error).__name__

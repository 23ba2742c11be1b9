"""A store of reports that only remembers, files that look like reports, and a small fleet."""

from __future__ import annotations

import io
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.report import ReadSummary, ReportSink, UnreadableReport
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.intake.intake import Intake
from kodeks_exporter.intake.spool import Via
from kodeks_exporter.settings.fleet import Dealer, Fleet, Installation, Mode
from kodeks_exporter.sysinfo.profile import load_profile

TOKEN = "tоken-of-romashkin/%&?"  # its second letter is Cyrillic: any text may be a token
PROFILE = load_profile("default")
BROKEN = b"broken"
ODD = "A,B;(c)[2]~^-_.d"
"""A name with every character that the clients' scripts may have in it."""
STATUS = (
    b"date: Sat, 21 Nov 2026 23:28:55 GMT\r\n"
    b'kserver_main_page{service="kodweb",path="/docs"} 0\n'
    b'kserver_main_page{service="kodweb",path="/norms",status="update DB"} 1\n'
    b'kserver_product_control{service="kodweb",path="/docs"} 0\n'
)


@dataclass
class Ingested:
    installation: str
    data: bytes
    via: Via
    received: float


@dataclass
class FakeStore:
    """Implements ``intake.Reports``. ``hold``: ingesting waits for it. A file of ``BROKEN`` can't be read."""

    reports: list[Ingested] = field(default_factory=list)
    failure: Exception | None = None
    hold: threading.Event | None = None
    slowness: float = 0.0
    at_once: int = 0
    most_at_once: int = 0
    keep_data: bool = True
    errors: list[tuple[str, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ingest(
        self, installation: str, read: Callable[[ReportSink], ReadSummary], zone: ZoneInfo, via: Via, received: float
    ) -> Ingested:
        assert isinstance(read, partial)
        path: Path = read.args[0]
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.hold is not None:
                assert self.hold.wait(20)
            time.sleep(self.slowness)
            if self.failure is not None:
                raise self.failure
            with path.open("rb") as file:
                data = file.read() if self.keep_data else file.read(10)
            if data == BROKEN:
                self.record_error(installation, "not_a_report")
                raise UnreadableReport("not_a_report", "neither XML nor SQLite inside")
            report = Ingested(installation, data, via, received)
            with self._lock:
                self.reports.append(report)
            return report
        finally:
            with self._lock:
                self.at_once -= 1

    def record_error(self, installation: str, reason: str) -> None:
        self.errors.append((installation, reason))


def zipped(text: str = "<sysinfo/>") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("sysinfo.xml"), text)
    return buffer.getvalue()


def installation(name: str, mode: Mode = Mode.PUSH, url: str = "") -> Installation:
    return Installation(name, f"ООО «{name}»", "ivanova", mode=mode, url=url)


def fleet(*pushing: str) -> Fleet:
    """``romashka``, ``vasilek`` and ``pushing`` push; ``pulled`` is pulled. Dealer ``all`` has no list of its own."""
    installations = [installation(name) for name in ("romashka", "vasilek", "a.b", ODD, *pushing)]
    installations.append(installation("pulled", Mode.PULL, "http://127.0.0.1:1"))
    return Fleet(
        installations={each.name: each for each in installations},
        dealers={
            "0599romashkin": Dealer("0599romashkin", Secret(TOKEN), frozenset({"romashka", "a.b", ODD, "gone"})),
            "one": Dealer("one", Secret("t-one"), frozenset({"romashka"})),
            "all": Dealer("all", Secret("t-all")),
        },
    )


def intake(storage: Path, store: FakeStore, inventory: Fleet | None = None, concurrency: int = 2) -> Intake:
    known = inventory or fleet()
    return Intake(storage, lambda: known, store, lambda _: PROFILE, concurrency=concurrency)


def files(storage: Path) -> set[str]:
    """Everything that lies in the storage, folders apart."""
    return {str(path.relative_to(storage)) for path in storage.rglob("*") if path.is_file()}

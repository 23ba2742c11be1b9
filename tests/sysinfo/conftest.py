"""Ways to make reports, and a sink that keeps what it is given."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from kodeks_exporter.domain.report import (
    KassistDay,
    Module,
    OperUpFile,
    ReadSummary,
    Rejection,
    ReportHeader,
    SearchEvent,
    Session,
    User,
    UserUsage,
    Volume,
)
from kodeks_exporter.sysinfo.limits import ReadLimits
from kodeks_exporter.sysinfo.profile import Profile, load_profile
from kodeks_exporter.sysinfo.read import DEFAULT_LIMITS, read_report

DATA = Path(__file__).with_name("data")
SARATOV = ZoneInfo("Europe/Saratov")
DEFAULT = load_profile("default")
SAMPLE_XML = (DATA / "sysinfo.xml").read_text(encoding="utf-8")


@dataclass
class Collected:
    """A sink that keeps everything."""

    created_at: list[float] = field(default_factory=list)
    headers: list[ReportHeader] = field(default_factory=list)
    modules: list[Module] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    volumes: list[Volume] = field(default_factory=list)
    files: list[OperUpFile] = field(default_factory=list)
    users: list[User] = field(default_factory=list)
    usages: list[UserUsage] = field(default_factory=list)
    searches: list[SearchEvent] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    days: list[KassistDay] = field(default_factory=list)

    def created(self, time: float) -> None:
        self.created_at.append(time)

    def header(self, header: ReportHeader) -> None:
        self.headers.append(header)

    def module(self, module: Module) -> None:
        self.modules.append(module)

    def session(self, session: Session) -> None:
        self.sessions.append(session)

    def volume(self, volume: Volume) -> None:
        self.volumes.append(volume)

    def operup(self, file: OperUpFile) -> None:
        self.files.append(file)

    def user(self, user: User) -> None:
        self.users.append(user)

    def usage(self, usage: UserUsage) -> None:
        self.usages.append(usage)

    def search(self, event: SearchEvent) -> None:
        self.searches.append(event)

    def rejection(self, rejection: Rejection) -> None:
        self.rejections.append(rejection)

    def kassist_day(self, day: KassistDay) -> None:
        self.days.append(day)


@dataclass
class Reading:
    summary: ReadSummary
    got: Collected


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def read(
    content: bytes | str,
    folder: Path,
    profile: Profile = DEFAULT,
    zone: ZoneInfo = SARATOV,
    limits: ReadLimits = DEFAULT_LIMITS,
) -> Reading:
    """Reads bytes as a report. The file's name says nothing on purpose."""
    path = folder / "upload.tmp"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    sink = Collected()
    return Reading(read_report(path, profile, zone, sink, limits), sink)


def zipped(*entries: tuple[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


def database(script: str, folder: Path) -> bytes:
    """The bytes of a SQLite file that a script makes."""
    path = folder / "made.db"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.commit()
    connection.close()
    return path.read_bytes()


def sample_database(folder: Path) -> bytes:
    """The sample's figures in the SQLite layout of data/sysinfo.sql."""
    root = ET.fromstring(SAMPLE_XML)
    path = folder / "sample.db"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript((DATA / "sysinfo.sql").read_text(encoding="utf-8"))

    def attributes(path: str) -> dict[str, str]:
        element = root.find(path)
        assert element is not None
        return dict(element.attrib)

    registration, protection = attributes("registration"), attributes("registration/protection")
    server = attributes("server")
    info = {
        "sysinfo_version": root.attrib["version"],
        "created": root.attrib["created"],
        "server_version": server["version"],
        "os": server["os"],
        "started": server["started"],
        **registration,
        **{f"protection_{key}": value for key, value in protection.items()},
        "spp_status": attributes("spp")["status"],
    }
    connection.executemany("INSERT INTO info VALUES (?, ?)", info.items())
    tables = {
        "modules": ("modules/module", {}),
        "sessions": ("sessions/session", {}),
        "volumes": ("volumes/volume", {"update": "upd"}),
        "operup": ("operup/file", {}),
        "users": ("users/user", {}),
        "searches": ("searches/search", {}),
        "rejections": ("rejections/rejection", {}),
        "kassist": ("kassist/day", {"unique": "uniq"}),
    }
    for table, (place, names) in tables.items():
        for element in root.findall(place):
            row = {names.get(key, key): value for key, value in element.attrib.items()}
            if table == "searches":
                row["query"] = element.text or ""
            _insert(connection, table, row)
    for user in root.findall("users/user"):
        for usage in user.findall("usage"):
            _insert(connection, "usage", {"login": user.attrib["login"], **usage.attrib})
    connection.commit()
    connection.close()
    return path.read_bytes()


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, str]) -> None:
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(row.values()))

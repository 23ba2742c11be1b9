"""From bytes to a snapshot in the real store, by each way in and for each form of a report."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from werkzeug.test import Client

from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.intake.inbox import Inbox
from kodeks_exporter.intake.intake import Intake
from kodeks_exporter.settings.fleet import Dealer, Fleet, Installation, Mode
from kodeks_exporter.settings.history import HistorySettings
from kodeks_exporter.store.reports import ReportStore
from kodeks_exporter.sysinfo.profile import load_profile
from kodeks_exporter.web.app import Application
from kodeks_exporter.web.upload import Uploads
from tests.sysinfo.conftest import SAMPLE_XML, sample_database, zipped
from tests.web.fakes import FakeBackend

FLEET = Fleet(
    installations={
        "romashka": Installation(
            "romashka", "ООО «Ромашка»", "ivanova", mode=Mode.PUSH, time_zone=ZoneInfo("Europe/Saratov")
        )
    },
    dealers={"d": Dealer("d", Secret("t"))},
)


class Exporter:
    def __init__(self, storage: Path) -> None:
        self.store = ReportStore(storage, HistorySettings())
        self.intake = Intake(storage, lambda: FLEET, self.store, lambda each: load_profile(each.profile))
        self.client = Client(Application(FakeBackend(), Uploads(self.intake, lambda: FLEET, 10**7, 4).routes()))

    def upload(self, name: str, data: bytes) -> int:
        form = {"file": (io.BytesIO(data), name)}
        return self.client.post("/upload?token=t", headers={"dealer": "d"}, data=form).status_code

    def seats(self) -> int | None:
        snapshot = self.store.snapshot("romashka")
        assert snapshot is not None
        assert snapshot.report is not None
        return snapshot.report.header.seats


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[Exporter]:
    made = Exporter(tmp_path / "storage")
    yield made
    made.store.close()


def forms(tmp_path: Path) -> dict[str, bytes]:
    database = sample_database(tmp_path)
    windows = SAMPLE_XML.replace('encoding="utf-8"', 'encoding="windows-1251"').encode("cp1251", "xmlcharrefreplace")
    return {
        "romashka.xml": SAMPLE_XML.encode(),
        "romashka.db": database,
        "romashka.sqlite": database,
        "romashka.zip": zipped(("sysinfo.xml", SAMPLE_XML)),
        "romashka.ZIP": zipped(("sysinfo.db", database)),
        "romashka.XML": windows,
    }


def test_each_form_by_upload(exporter: Exporter, tmp_path: Path) -> None:
    seats = set()
    for name, data in forms(tmp_path).items():
        assert exporter.upload(name, data) == 200, name
        seats.add(exporter.seats())
    assert len(seats) == 1
    assert None not in seats


def test_by_hand(exporter: Exporter, tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox", exporter.intake, lambda: FLEET, 10**7)
    (tmp_path / "inbox" / "romashka.xml").write_text(SAMPLE_XML, encoding="utf-8")
    inbox.poll()
    assert inbox.poll() == 1
    snapshot = exporter.store.snapshot("romashka")
    assert snapshot is not None
    assert snapshot.report is not None
    assert snapshot.report.via == "hand"


def test_errors_are_counted_once(exporter: Exporter) -> None:
    assert exporter.upload("romashka.zip", b"PK\x03\x04 cut") == 422
    assert exporter.upload("romashka.status", b"") == 200  # it says that the server is silent
    exporter.intake.note_error("romashka", "timeout")
    snapshot = exporter.store.snapshot("romashka")
    assert snapshot is not None
    assert dict(snapshot.errors) == {"broken_zip": 1, "timeout": 1}
    assert exporter.intake.trails()["romashka"].errors == {"status_empty": 1}

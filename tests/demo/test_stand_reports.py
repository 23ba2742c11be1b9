"""The stand's reports are what the exporter, which shares no code with them, downloads and reads; pushes by curl."""

from __future__ import annotations

import re
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.push import Errand, Pusher, PushFailedError, push_report, push_status
from demo.stand import ServerSpec, Stand, StandSpec
from demo.stand.faults import Fault
from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.intake.download import Downloader
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.settings.checks import CheckSettings
from kodeks_exporter.settings.fleet import Credentials, Installation
from kodeks_exporter.settings.reports import ReportSettings
from tests.store.reporting import Bench
from tests.web.test_upload import Site

LOGIN = Credentials("smartlogin", Secret("smartpassword"))


@pytest.fixture(scope="module")
def office() -> Iterator[Stand]:
    spec = StandSpec(
        servers=(
            ServerSpec("plain", population=30),
            ServerSpec("cyrillic", population=30, report_charset="windows-1251", seats=25, users=2),
            ServerSpec("database", population=30, report_format="sqlite"),
            ServerSpec("cookie", population=30, report_cookie=True, seats=25, users=3),
        )
    )
    with Stand(spec) as stand:
        yield stand


@pytest.fixture
def reports(office: Stand) -> Iterator[Stand]:
    yield office
    office.clear()


def fetched(stand: Stand, name: str, target: Path, login: Credentials = LOGIN, patience: float = 30.0) -> Path:
    """The report as the exporter downloads it."""
    installation = Installation(name, "ООО «Ромашка»", "ivanova", url=stand.url(name), credentials=login)
    settings = ReportSettings(download_timeout=patience)
    pieces: list[bytes] = []
    Downloader(lambda host: (host,)).download(installation, settings, CheckSettings(), pieces.append)
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(b"".join(pieces))
    return target


def figures(stand: Stand, name: str, folder: Path) -> dict[str, float]:
    """What the exporter shows of the report that comes now, at this moment."""
    bench = Bench(folder)
    bench.take(fetched(stand, name, folder / "report"), received=time.time())
    found = bench.values(now=time.time())
    bench.store.close()
    return found


@pytest.mark.parametrize(
    ("name", "begins"),
    [("plain", b'"utf-8"?>'), ("cyrillic", b'"windows-1251"?>'), ("database", b"SQLite format 3"), ("cookie", b"?>")],
)
def test_every_form_is_downloaded_and_read(reports: Stand, tmp_path: Path, name: str, begins: bytes) -> None:
    used = reports.seats_used(name)
    found = figures(reports, name, tmp_path)
    assert found["kodeks_users"] > 10
    assert any('ООО \\"Ромашка\\"' in series for series in found if series.startswith("kodeks_registration_info"))
    assert reports.seats_used(name) == used
    with zipfile.ZipFile(tmp_path / "report") as archive:
        assert begins in archive.read(archive.namelist()[0])[:60]


@pytest.mark.parametrize(
    ("name", "fault", "options", "seen"),
    [
        ("plain", Fault.KEY_LOST, {"code": 4113}, r'kodeks_protection_error_code{source="sysinfo"} 4113'),
        ("plain", Fault.SPP_DOWN, {}, "kodeks_spp_up 0"),
        ("plain", Fault.VOLUME_ERROR, {}, r'kodeks_volume_error{volume=".*",code="2007"} 1'),
        ("cyrillic", Fault.OUT_OF_SEATS, {}, "kodeks_seats_used 25"),  # of 4, some mornings take all
        ("plain", Fault.REPORT_HUGE, {"size": 5}, r"kodeks_users \d+"),
        ("plain", Fault.REPORT_MISSING, {"block": "users,kassist"}, r"kodeks_seats \d+"),
    ],
)
def test_a_fault_of_the_content_is_read_and_ends_when_it_is_cleared(
    reports: Stand, tmp_path: Path, name: str, fault: Fault, options: dict[str, str | int], seen: str
) -> None:
    def found(folder: str) -> set[str]:
        return {f"{series} {value:g}" for series, value in figures(reports, name, tmp_path / folder).items()}

    reports.fault(name, fault, **options)
    broken = found("broken")
    assert any(re.fullmatch(seen.replace("{", r"\{"), each) for each in broken)
    assert any(each.startswith("kodeks_users ") for each in broken) == (fault is not Fault.REPORT_MISSING)
    assert (tmp_path / "broken" / "report").stat().st_size > (5 << 20 if fault is Fault.REPORT_HUGE else 0)
    reports.clear(name)
    whole = found("whole")
    assert any(re.fullmatch(seen.replace("{", r"\{"), each) for each in whole) == seen.endswith("+")


def test_what_is_no_report_is_refused(reports: Stand, tmp_path: Path) -> None:
    with pytest.raises(CheckError, match="login"):
        fetched(reports, "plain", tmp_path / "x", Credentials("smartlogin", Secret("other")))
    reports.fault("plain", Fault.REPORT_HTML)
    with pytest.raises(CheckError, match="not_a_report"):
        fetched(reports, "plain", tmp_path / "x")
    reports.clear("plain")
    reports.fault("plain", Fault.REPORT_BROKEN)
    with pytest.raises(UnreadableReport):
        figures(reports, "plain", tmp_path / "broken")
    reports.clear("plain")
    reports.fault("plain", Fault.REPORT_SLOW, rate=100)
    with pytest.raises(CheckError, match="timeout"):
        fetched(reports, "plain", tmp_path / "x", patience=1.0)


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [("plain", "zip", "0 "), ("plain", "xml", "0 chunked"), ("cookie", "zip", "1 ")],  # where the cookie is given first
)
def test_real_curl_gets_the_report(reports: Stand, name: str, kind: str, told: str, tmp_path: Path) -> None:
    target = tmp_path / "report"
    done = subprocess.run(
        ["curl", "-sfL", "-b", "", "-u", "smartlogin:smartpassword", "-d", f"type={kind}", "-o", str(target),
         "-w", "%{num_redirects} %header{transfer-encoding}", f"{reports.url(name)}/sysinfo/si_save_request"],
        check=True, timeout=20, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == told
    assert zipfile.is_zipfile(target) == (kind == "zip")


def test_a_search_on_command_stands_in_the_next_report(reports: Stand, tmp_path: Path) -> None:
    reports.search("plain", "novichok", "GYLA 14.1")
    found = figures(reports, "plain", tmp_path)
    assert found['kodeks_user_searches_total{user="novichok",domain="",type="empty"}'] == 1
    with pytest.raises(ValueError, match="status"):
        reports.search("plain", "novichok", "x", "lost")
    with pytest.raises(KeyError):
        reports.search("nobody", "novichok", "x")


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "storage")
    yield site
    site.server.stop()


@pytest.fixture
def errand(reports: Stand, exporter: Site) -> Errand:
    host = exporter.url.removeprefix("http://")
    return Errand("client-1", reports.url("plain"), "smartlogin", "smartpassword", host, "all", "t-all")


def test_script_pushes_report_and_status_with_curl(errand: Errand, exporter: Site, tmp_path: Path) -> None:
    push_report(errand, tmp_path)
    push_status(errand, tmp_path)
    assert exporter.counted() == {"ok": 2}
    assert zipfile.ZipFile(tmp_path / "client-1.zip").namelist() == ["sysinfo.xml"]


def test_pusher_goes_on_after_a_failure_and_comes_when_called(errand: Errand, exporter: Site, tmp_path: Path) -> None:
    complaints: list[str] = []
    wrong = Errand(errand.client, errand.server, errand.login, errand.password, errand.host, errand.dealer, "secret")
    with pytest.raises(PushFailedError, match="экспортёр не принял") as failure:
        push_report(wrong, tmp_path)
    assert "secret" not in str(failure.value)
    pusher = Pusher(wrong, tmp_path / "push", 60.0, complaints.append)
    pusher.start()
    try:
        _until(lambda: bool(complaints))
        pusher.errand = errand
        pusher.now()
        _until(lambda: pusher.pushed == 1)
        pusher.now()
        _until(lambda: pusher.pushed == 2)
    finally:
        pusher.stop()
    assert len(complaints) == 1


def _until(ready: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.02)

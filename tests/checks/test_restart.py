"""What was learnt of an installation outlives the exporter: a restart neither alarms nor excuses more than before."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kodeks_exporter.domain.check import CheckResult, Round
from kodeks_exporter.store.database import Database
from kodeks_exporter.store.live import LiveStore
from tests.checks.conftest import Clinic, failures
from tests.checks.site import answer

PORTAL = answer("<html><head><title>Портал</title></head><body>Добро пожаловать</body></html>", server="nginx")


@pytest.fixture
def restarted(tmp_path: Path) -> Restarted:
    return Restarted(tmp_path)


class Restarted:
    """An exporter that knew one round, and was started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def after(self, round_: Round) -> Mapping[str, CheckResult]:
        database = Database(self._folder)
        LiveStore(database).record(round_)
        database.close()
        again = Database(self._folder)
        known = LiveStore(again).previous(round_.installation)
        again.close()
        return known


def test_a_proxy_that_hides_kodeks_is_still_known(clinic: Clinic, restarted: Restarted) -> None:
    clinic.site.pages["/docs"] = PORTAL
    known = restarted.after(clinic.examine())
    clinic.site.pages = {"/docs": PORTAL}
    clinic.site.otherwise = answer("404 Not Found", 404, server="nginx")
    assert failures(clinic.examine(known)) == {}
    assert failures(clinic.examine()) == {"proxy": "not_kodeks"}, "it would not be known otherwise"


def test_a_login_that_worked_is_still_missed(clinic: Clinic, restarted: Restarted) -> None:
    known = restarted.after(clinic.examine())
    clinic.site.pages["/admin/title"] = answer("<form><input type='password'></form>")
    assert failures(clinic.examine(known)) == {"auth": "login_form"}
    assert failures(clinic.examine()) == {}


def test_an_announced_downtime_is_still_known(clinic: Clinic, restarted: Restarted) -> None:
    clinic.now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC).timestamp()
    known = restarted.after(clinic.examine(time_zone=ZoneInfo("UTC")))
    clinic.now = datetime(2026, 11, 21, 3, 1, tzinfo=UTC).timestamp()
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    url, zone = f"http://127.0.0.1:{port}", ZoneInfo("UTC")
    assert failures(clinic.examine(known, url=url, time_zone=zone)) == {}
    assert failures(clinic.examine(url=url, time_zone=zone)) == {"tcp": "refused"}

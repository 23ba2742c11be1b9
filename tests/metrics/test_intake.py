from __future__ import annotations

from kodeks_exporter.intake.status_file import parse_status
from kodeks_exporter.intake.statuses import PushedStatus
from kodeks_exporter.intake.tally import Tally
from kodeks_exporter.metrics import intake, pushed
from kodeks_exporter.metrics.exposition import render_families
from kodeks_exporter.settings.fleet import Installation, Mode
from tests.intake.fakes import STATUS

CLOSED = Installation("romashka", "ООО «Ромашка»", "ivanova", mode=Mode.PUSH)
OPEN = Installation("romashka", "ООО «Ромашка»", "ivanova", mode=Mode.PUSH, url="http://romashka.example")
PUSHED = PushedStatus("romashka", 1000.0, 2000.0, parse_status(STATUS).facts)


def lines(installation: Installation, *, fresh: bool) -> set[str]:
    text = render_families(pushed.families(installation, PUSHED, fresh=fresh)).decode()
    return {line for line in text.splitlines() if not line.startswith("#")}


TIMES = {
    'kodeks_status_received_timestamp_seconds{installation="romashka"} 2000.0',
    'kodeks_status_created_timestamp_seconds{installation="romashka"} 1000.0',
}


def test_catalogs_of_a_pushed_status() -> None:
    assert lines(CLOSED, fresh=True) - TIMES == {
        'kodeks_catalog_main_page_ok{installation="romashka",catalog="/docs",reason=""} 1.0',
        'kodeks_catalog_main_page_ok{installation="romashka",catalog="/norms",reason="update DB"} 0.0',
        'kodeks_catalog_products_ok{installation="romashka",catalog="/docs",reason=""} 1.0',
    }


def test_old_statuses_and_live_checked_installations_tell_only_when_it_came() -> None:
    assert lines(CLOSED, fresh=False) == TIMES
    assert lines(OPEN, fresh=True) == TIMES
    assert pushed.is_fresh(PUSHED, 2000.0 + pushed.FRESH)
    assert not pushed.is_fresh(PUSHED, 2001.0 + pushed.FRESH)


def test_uploads() -> None:
    uploads = Tally([("ok",), ("busy",)])
    uploads.count("ok")
    text = render_families(intake.families(uploads.totals())).decode()
    assert 'kodeks_exporter_uploads_total{result="ok"} 1.0' in text
    assert 'kodeks_exporter_uploads_total{result="busy"} 0.0' in text

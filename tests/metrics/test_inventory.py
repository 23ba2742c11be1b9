"""What rules are told of an installation's own calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from kodeks_exporter.metrics import inventory
from kodeks_exporter.metrics.exposition import render_families
from tests.store.reporting import ROMASHKA


@pytest.mark.parametrize(
    ("zone", "offset"),
    [("Europe/Saratov", 4), ("Asia/Kamchatka", 12), ("Europe/Kaliningrad", 2), ("UTC", 0), ("America/St_Johns", -3.5)],
)
def test_offset_gives_the_local_day(zone: str, offset: float) -> None:
    now = datetime(2026, 11, 30, 21, 30, tzinfo=UTC).timestamp()
    offsets = inventory.utc_offsets([replace(ROMASHKA, time_zone=ZoneInfo(zone))], now)
    text = render_families(inventory.offset_families(offsets)).decode()
    assert f'kodeks_installation_utc_offset_seconds{{installation="romashka"}} {offset * 3600:.1f}\n' in text
    local = datetime.fromtimestamp(now, ZoneInfo(zone))
    assert datetime.fromtimestamp(now + offsets["romashka"], UTC).day == local.day


def test_offset_follows_summer_time() -> None:
    berlin = replace(ROMASHKA, time_zone=ZoneInfo("Europe/Berlin"))
    seconds = [
        inventory.utc_offsets([berlin], datetime(2026, month, 15, tzinfo=UTC).timestamp())["romashka"]
        for month in (1, 7)
    ]
    assert seconds == [3600, 7200]

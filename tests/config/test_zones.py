"""Time zones as people write them, and what is said to them."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kodeks_exporter.config.load import load
from kodeks_exporter.settings.zones import zone


def advice(text: str) -> str:
    with pytest.raises(ValueError, match="unknown time zone; ") as caught:
        zone(text)
    return str(caught.value).removeprefix("unknown time zone; ")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("MSK", "UTC+3 is Europe/Moscow"),
        ("МСК", "UTC+3 is Europe/Moscow"),
        ("мск", "UTC+3 is Europe/Moscow"),
        ("МСК+1", "UTC+4 is Europe/Samara or Europe/Saratov"),
        ("MSK-1", "UTC+2 is Europe/Kaliningrad"),
        ("MSK+7", "UTC+10 is Asia/Vladivostok"),
        ("UTC+4", "UTC+4 is Europe/Samara or Europe/Saratov"),
        ("utc +5", "UTC+5 is Asia/Yekaterinburg"),
        ("GMT+3", "UTC+3 is Europe/Moscow"),
        ("+03:00", "UTC+3 is Europe/Moscow"),
        ("+0700", "UTC+7 is Asia/Krasnoyarsk or Asia/Novosibirsk"),
        ("UTC-5", "UTC-5 is Etc/GMT+5"),
        ("UTC+13", "UTC+13 is Etc/GMT-13"),
        ("UTC+0", "UTC+0 is UTC"),
        ("Moscow", "did you mean 'Europe/Moscow'?"),
        ("saratov", "did you mean 'Europe/Saratov'?"),
        ("Саратов", "did you mean 'Europe/Saratov'?"),
        ("Екатеринбург", "did you mean 'Asia/Yekaterinburg'?"),
        ("new york", "did you mean 'America/New_York'?"),
        ("europe/moscow", "did you mean 'Europe/Moscow'?"),
        ("Europe/Saratow", "did you mean 'Europe/Saratov'?"),
        ("UTC+40", "use an IANA name such as Europe/Moscow"),
        ("", "use an IANA name such as Europe/Moscow"),
        ("московское время", "use an IANA name such as Europe/Moscow"),
    ],
)
def test_what_people_write(text: str, named: str) -> None:
    assert advice(text) == named


@given(st.integers(-11, 14))
def test_a_zone_named_for_an_offset_has_it(hours: int) -> None:
    names = advice(f"UTC{hours:+}").partition(" is ")[2].split(" or ")
    for name in names:
        offset = datetime(2026, 1, 15, tzinfo=UTC).astimezone(ZoneInfo(name)).utcoffset()
        assert offset is not None
        assert offset.total_seconds() == hours * 3600


@given(st.text(max_size=80))
def test_no_text_crashes(text: str) -> None:
    with contextlib.suppress(ValueError):
        zone(text)


def test_where_nothing_is_set_it_is_moscow(tmp_path: Path) -> None:
    path = tmp_path / "kodeks.yml"
    path.write_text(
        "managers: [{name: ivanova}]\ninstallations: [{name: a, client: A, manager: ivanova, mode: push}]\n"
    )
    settings = load(path, {})
    found = (settings.fleet.managers["ivanova"], settings.fleet.installations["a"], settings.alertmanager.ops)
    assert {each.time_zone.key for each in found} == {"Europe/Moscow"}

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from kodeks_exporter.domain.check import InstallationState
from kodeks_exporter.web import words

MOSCOW = ZoneInfo("Europe/Moscow")


def unix(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW).timestamp()


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 установок"),
        (1, "1 установка"),
        (2, "2 установки"),
        (4, "4 установки"),
        (5, "5 установок"),
        (11, "11 установок"),
        (12, "12 установок"),
        (21, "21 установка"),
        (22, "22 установки"),
        (111, "111 установок"),
        (1001, "1\u202f001 установка"),
    ],
)
def test_plural(number: int, text: str) -> None:
    assert words.installations(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(1, "1 установки"), (2, "2 установок"), (11, "11 установок"), (21, "21 установки")]
)
def test_genitive(number: int, text: str) -> None:
    assert words.installations_genitive(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 с"),
        (59.9, "59 с"),
        (60, "1 мин"),
        (3599, "59 мин"),
        (3600, "1 ч"),
        (7500, "2 ч 05 мин"),
        (86400, "1 день"),
        (86400 * 2 + 3600 * 4, "2 дня 4 ч"),
        (86400 * 21 + 3600, "21 день"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("then", "text"),
    [
        ("2025-11-21 21:04", "с 21:04, 12 мин"),
        ("2025-11-21 21:15:30", "с 21:15, меньше минуты"),
        ("2025-11-21 00:00", "с 00:00, 21 ч 16 мин"),
        ("2025-11-20 23:59", "со вчера, 23:59 (21 ч 17 мин)"),
        ("2025-11-03 09:00", "с 3 ноября, 09:00 (18 дней)"),
        ("2024-12-31 09:00", "с 31 декабря 2024, 09:00 (325 дней)"),
    ],
)
def test_since(then: str, text: str) -> None:
    assert words.since(unix(then), unix("2025-11-21 21:16"), MOSCOW) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, ""), (0.0002, "1 мс"), (0.0424, "42 мс"), (1.25, "1,2 с"), (10, "10,0 с")]
)
def test_check_duration(seconds: float, text: str) -> None:
    assert words.check_duration(seconds) == text


def test_zone_names() -> None:
    assert words.zone_name(unix("2025-11-21 12:00"), MOSCOW) == "Europe/Moscow (UTC+3)"
    assert words.zone_name(0, UTC) == "UTC"
    assert words.offset(0, timezone(timedelta(hours=5, minutes=30))) == "UTC+5:30"
    assert words.offset(0, timezone(timedelta(hours=-3, minutes=-30))) == "UTC−3:30"


def test_every_state_has_a_word() -> None:
    assert set(words.STATES) == set(InstallationState)


def test_abbreviations_keep_their_letters_inside_a_sentence() -> None:
    assert words.check_name_inside("snmp") == "SNMP"
    assert words.check_name_inside("tcp") == "порт TCP"
    assert words.check_name_inside("some_new_check") == "some_new_check"

"""How long days and nights last, and what follows for repetition."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kodeks_exporter.render.hours import day_of
from kodeks_exporter.settings.fleet import Manager, WorkingHours
from tests.render import fleets

HOUR = 3600.0


def person(start: str, end: str, days: str) -> Manager:
    hours = WorkingHours(time.fromisoformat(start), time.fromisoformat(end), days)
    return Manager("x", working_hours=hours, time_zone=ZoneInfo("Asia/Omsk"))


@pytest.mark.parametrize(
    ("start", "end", "days", "shortest_day", "shortest_night"),
    [
        ("07:30", "20:00", "monday:friday", 12.5, 11.5),
        ("07:30", "20:00", "sunday:saturday", 12.5, 11.5),
        ("00:00", "23:59", "monday:friday", 5 * 24, 2 * 24),
        ("00:00", "12:00", "sunday:saturday", 12, 12),
        ("09:00", "18:00", "monday", 9, 6 * 24 + 15),
        ("00:00", "23:59", "saturday", 24, 6 * 24),
        ("00:01", "23:59", "sunday:saturday", 24 - 1 / 60, 1 / 60),
    ],
)
def test_spells(start: str, end: str, days: str, shortest_day: float, shortest_night: float) -> None:
    day = day_of(person(start, end, days))
    assert day is not None
    assert day.shortest_day == pytest.approx(shortest_day * HOUR)
    assert day.shortest_night == pytest.approx(shortest_night * HOUR)
    assert day.end == ("24:00" if end == "23:59" else end)
    assert day.zone == "Asia/Omsk"


def test_hours_that_fill_the_week_are_none() -> None:
    assert day_of(person("00:00", "23:59", "sunday:saturday")) is None
    assert day_of(Manager("x")) is None


@pytest.mark.parametrize(
    ("start", "end", "inner"),
    [
        ("07:30", "20:00", ("07:32", "19:58")),
        ("00:00", "12:00", ("00:02", "11:58")),
        ("08:00", "23:59", ("08:02", "23:58")),
        ("00:00", "23:59", ("00:00", "24:00")),  # days in a row, without an edge at midnight
        ("09:00", "09:05", ("09:00", "09:05")),
    ],
)
def test_day_and_night_overlap(start: str, end: str, inner: tuple[str, str]) -> None:
    """By more than a group_interval, so that the RESOLVED of an alert that ends there is sent by one of them."""
    day = day_of(person(start, end, "monday:friday"))
    assert day is not None
    assert day.inner == inner
    assert (day.inner_name == day.name) == (inner == (day.start, day.end))


def telegram(tmp_path: Path, hours: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Receiver and first matcher to the leaf."""
    result = fleets.rendered(
        tmp_path,
        managers=[{"name": "a", "email": "a@b.example", "telegram_chat_id": -1, "working_hours": hours}],
        alertmanager={"telegram": {"bot_token": "1:x"}},
    )
    route = next(each for each in fleets.product(result)["routes"] if each["receiver"] == "a-mail")
    return {
        f"{leaf['receiver']} {leaf['matchers'][0]}": leaf
        for leaf in route["routes"]
        if leaf["receiver"].startswith("a-telegram")
    }


def test_no_receiver_remembers_for_longer_than_the_hours_of_the_other_last(tmp_path: Path) -> None:
    leaves = telegram(tmp_path, {"start": "06:00", "end": "23:00", "days": "sunday:saturday"})
    assert leaves['a-telegram priority="K1"']["repeat_interval"] == "6h"
    assert leaves['a-telegram priority="K2"']["repeat_interval"] == "6h50m"  # the night lasts 7 hours
    assert leaves['a-telegram severity="critical"']["repeat_interval"] == "5d"
    assert leaves['a-telegram-night priority=~"K1|K2"']["repeat_interval"] == "12h"
    leaves = telegram(tmp_path, {"start": "10:00", "end": "14:00"})
    assert leaves['a-telegram-night priority=~"K1|K2"']["repeat_interval"] == "3h50m"


def test_people_with_the_same_hours_share_an_interval(tmp_path: Path) -> None:
    result = fleets.rendered(tmp_path, **fleets.large())
    document = fleets.alertmanager(result)
    names = [each["name"] for each in document["time_intervals"]]
    assert names == sorted(set(names))
    used: set[str] = set()

    def look(route: dict[str, Any]) -> None:
        used.update(route.get("active_time_intervals", []), route.get("mute_time_intervals", []))
        for child in route.get("routes", []):
            look(child)

    look(document["route"])
    assert used == set(names)
    zones = {each["time_intervals"][0]["location"] for each in document["time_intervals"]}
    # Whoever has no hours gets digests at eight in the usual zone.
    assert zones == {"Europe/Moscow"} | {
        manager["time_zone"] for manager in fleets.large()["managers"]
                     if "working_hours" in manager and {"telegram_chat_id", "email"} & manager.keys()}  # fmt: skip
    assert len(zones) > 1

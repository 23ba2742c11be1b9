"""Each reader's own time in messages, as Alertmanager's oldest version renders them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kodeks_exporter.render import zones
from tests.render import fleets

OPTIONS = {"mail": ("email_configs", ("html", "text")), "telegram": ("telegram_configs", ("message",))}
ZONES = ("Asia/Vladivostok", "Europe/Kaliningrad", "Europe/Saratov", "America/New_York", "Asia/Kolkata", "Etc/GMT+3")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    result = fleets.rendered(
        tmp_path_factory.mktemp("zones"),
        managers=[
            {"name": f"m{number}", "email": f"m{number}@dealer.example", "telegram_chat_id": -1, "time_zone": zone}
            for number, zone in enumerate(ZONES)
        ],
        alertmanager={"telegram": {"bot_token": "1:x"}, "ops": {"email": "ops@dealer.example"}},
    )
    return fleets.put(result, tmp_path_factory.mktemp("output"))


def shown(tool: str, folder: Path, text: str, start: datetime, end: datetime | None) -> str:
    alert = {
        "status": "resolved" if end else "firing",
        "labels": {"alertname": "KodeksTcpStatus", "severity": "critical", "priority": "K1", "client": "Ромашка"},
        "annotations": {"title": "Порт закрыт", "description": "Закрыт."},
        "startsAt": start.isoformat(),
        "endsAt": (end or start).isoformat(),
    }
    data = folder / "data.json"
    data.write_text(json.dumps({"status": alert["status"], "alerts": [alert], "groupLabels": {}, "commonLabels": {},
                                "commonAnnotations": {}, "receiver": "x", "externalURL": "http://x"}))  # fmt: skip
    return subprocess.run(
        [tool, "template", "render", f"--template.glob={folder}/templates/*.tmpl", f"--template.text={text}",
         f"--template.data={data}"],
        capture_output=True, text=True, check=True, env={"TZ": "America/Los_Angeles"},
    ).stdout  # fmt: skip


def options(folder: Path, receiver: str) -> list[str]:
    """What Alertmanager executes for a receiver."""
    document = yaml.safe_load((folder / "alertmanager.yml").read_text(encoding="utf-8"))
    (found,) = (each for each in document["receivers"] if each["name"] == receiver)
    kind, keys = OPTIONS["telegram" if "telegram" in receiver else "mail"]
    return [found[kind][0][key] for key in keys]


def test_times_are_those_of_the_reader(folder: Path, tool: Callable[[str], str]) -> None:
    people = [(f"m{number}-{way}", zone) for number, zone in enumerate(ZONES) for way in ("mail", "telegram")]
    for receiver, zone in [*people, ("ops", "Europe/Moscow")]:
        for start in (datetime(2026, 1, 31, 21, 30, tzinfo=UTC), datetime(2031, 7, 1, 2, 59, tzinfo=UTC)):
            end = start + timedelta(hours=5)
            begun, over = (f"{each.astimezone(ZoneInfo(zone)):%d.%m %H:%M}" for each in (start, end))
            name = start.astimezone(ZoneInfo(zone)).tzname()
            for text in options(folder, receiver):
                assert f"{begun} {name}" in shown(tool("amtool"), folder, text, start, None), (receiver, zone)
            told = shown(tool("amtool"), folder, options(folder, receiver)[-1], start, end)
            assert begun in told, (receiver, zone)
            assert f"{over[-5:]} {name}" in told, (receiver, zone)


def test_a_zone_without_people_has_no_templates(folder: Path) -> None:
    names = {path.name for path in (folder / "templates").iterdir()}
    assert len(names) == 3 * (1 + len(ZONES))
    assert "Asia-Vladivostok.mail.tmpl" in names


@given(st.sampled_from(["Europe/Moscow", "America/New_York", "Europe/Chisinau", "Africa/Casablanca", "Asia/Tehran"]),
       st.datetimes(datetime(2025, 1, 2), datetime(2037, 12, 30), timezones=st.just(UTC)))  # fmt: skip
def test_offsets_are_those_of_the_zone(key: str, moment: datetime) -> None:
    spans = zones._spans(key)
    offset, name = next((offset, name) for until, offset, name in spans if moment.timestamp() < until)
    local: Any = moment.astimezone(ZoneInfo(key))
    assert (offset, name) == (local.utcoffset().total_seconds(), local.tzname())

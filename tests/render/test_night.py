"""Nights, with a real Alertmanager and working hours that begin or end within the minute."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from demo.sinks.mail import MailSink
from demo.sinks.telegram import TelegramSink
from kodeks_exporter.render.hours import WINDOWS
from tests.render import fleets, server

MORNING, EVENING, ASLEEP, AWAKE, BOUNDLESS = range(-105, -100)
"""Chats: of managers whose hours begin soon, end soon, are far, last, and are not given."""
K1 = {"alertname": "KodeksTcpStatus", "product": "kodeks", "severity": "critical", "priority": "K1"}
K1_INFO = {"alertname": "KodeksDBOperUpToOldCount", "product": "kodeks", "severity": "info", "priority": "K1"}
K3 = {"alertname": "OnlineBillingDocsLeftZero", "product": "kodeks", "severity": "critical", "priority": "K3"}
K4_CRITICAL = {"alertname": "OnlineBillingDocsLeft50", "product": "kodeks", "severity": "critical", "priority": "K4"}
HOSTING = {"alertname": "KodeksHttp200StatusCount", "product": "kodeks", "severity": "critical", "priority": "K2"}


def zone_of_noon() -> ZoneInfo:
    """Where it is about noon, so that no span of the test crosses midnight. (Etc/GMT-3 is east of Greenwich.)"""
    hour = datetime.now(UTC).hour
    return ZoneInfo(f"Etc/GMT{hour - 12:+}" if hour != 12 else "Etc/GMT")


def of(manager: str, labels: dict[str, str]) -> dict[str, Any]:
    """Each kind at an installation of its own, so that none is muted as the consequence of another."""
    site = f"{manager}-{labels['alertname']}"
    return server.alert(labels, manager=manager, branch="saratov", client=f"ООО «{manager}»", installation=site)


def hurry(route: dict[str, Any], wait: str = "300ms") -> None:
    """Groups are looked at every second, and digests leave at any hour; all else stays as rendered."""
    route.update(group_wait=wait, group_interval="1s")
    if str(*route.get("active_time_intervals", ())).startswith(WINDOWS):
        del route["active_time_intervals"]
    for child in route.get("routes", []):
        hurry(child, wait)


@pytest.mark.timeout(240)
def test_a_night_and_the_morning_after(tool: Callable[[str], str], tmp_path: Path) -> None:
    # The edge is a whole minute (hours are given in minutes), far enough away to see what comes before it.
    edge = (datetime.now(UTC) + timedelta(seconds=100)).replace(second=0, microsecond=0)
    zone = zone_of_noon()

    def hours(begin: timedelta, end: timedelta) -> dict[str, str]:
        local = edge.astimezone(zone)
        return {"start": f"{local + begin:%H:%M}", "end": f"{local + end:%H:%M}", "days": "sunday:saturday"}

    hour = timedelta(hours=1)
    people: dict[str, tuple[int, dict[str, str] | None]] = {
        "morning": (MORNING, hours(0 * hour, 2 * hour)),
        "evening": (EVENING, hours(-2 * hour, 0 * hour)),
        "asleep": (ASLEEP, hours(2 * hour, 3 * hour)),
        "awake": (AWAKE, hours(-2 * hour, 2 * hour)),
        "boundless": (BOUNDLESS, None),
    }
    with MailSink() as mails, TelegramSink() as telegrams:
        fleet = fleets.rendered(
            tmp_path,
            managers=[
                {"name": name, "branch": "saratov", "email": f"{name}@dealer.example", "telegram_chat_id": chat,
                 "time_zone": zone.key} | ({"working_hours": working} if working else {})
                for name, (chat, working) in people.items()
            ],
            alertmanager={
                "smtp": {"smarthost": f"{mails.host}:{mails.port}", "sender": "k@dealer.example", "require_tls": False},
                "telegram": {"bot_token": telegrams.token, "api_url": telegrams.url},
                "ops": {"email": "ops@dealer.example"},
                "night": {"sound": [HOSTING["alertname"]]},
            },
        )  # fmt: skip
        folder = fleets.put(fleet, tmp_path / "output")
        document = yaml.safe_load((folder / "alertmanager.yml").read_text(encoding="utf-8"))
        hurry(document["route"])
        # Without edges, within which day and night both speak: they are longer than this test.
        spans = {each["name"]: each["time_intervals"] for each in document["time_intervals"]}
        for each in document["time_intervals"]:
            each["time_intervals"] = spans[each["name"].removesuffix(", without the edges")]
        (folder / "alertmanager.yml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")

        def told(chat: int, labels: dict[str, str]) -> list[tuple[str, bool]]:
            """Firing or resolved, and whether silent, in order."""
            return [
                ("over" if "RESOLVED" in message.text else "firing", message.silent)
                for message in telegrams.messages
                if message.chat_id == chat and labels["alertname"] in message.text
            ]

        def settle(chat: int, labels: dict[str, str], expected: list[tuple[str, bool]], seconds: float = 10) -> None:
            deadline = time.monotonic() + seconds
            while len(told(chat, labels)) < len(expected) and time.monotonic() < deadline:
                time.sleep(0.2)
            assert told(chat, labels) == expected, (chat, labels["alertname"])

        with server.running(folder / "alertmanager.yml", tmp_path) as url:
            lasting = [of(name, K1) for name in people]
            mended = of("asleep", K1_INFO)
            mended_in_the_day = of("awake", K1_INFO)
            over_before_morning = of("morning", K1_INFO)
            server.post(
                url,
                *lasting, mended, mended_in_the_day, over_before_morning,
                of("asleep", HOSTING), of("asleep", K3), of("morning", K3), of("boundless", K3),
                of("boundless", K4_CRITICAL),
            )  # fmt: skip
            settle(MORNING, K1, [("firing", True)])
            settle(MORNING, K1_INFO, [("firing", True)])
            settle(EVENING, K1, [("firing", False)])
            settle(ASLEEP, K1, [("firing", True)])
            settle(ASLEEP, K1_INFO, [("firing", True)])
            settle(ASLEEP, HOSTING, [("firing", False)])
            settle(AWAKE, K1, [("firing", False)])
            settle(BOUNDLESS, K1, [("firing", False)])
            settle(BOUNDLESS, K3, [("firing", False)])

            server.post(url, server.over(mended), server.over(mended_in_the_day), server.over(over_before_morning))
            settle(ASLEEP, K1_INFO, [("firing", True), ("over", True)])
            settle(AWAKE, K1_INFO, [("firing", False), ("over", False)])
            settle(MORNING, K1_INFO, [("firing", True), ("over", True)])
            assert datetime.now(UTC) < edge - timedelta(seconds=1), "too slow a machine: the edge is past"
            assert told(MORNING, K1) == [("firing", True)]
            assert told(MORNING, K3) == []

            time.sleep(max(0.0, (edge - datetime.now(UTC)).total_seconds()))
            # The working hours begin: what still fires sounds, what is over does not come again.
            settle(MORNING, K1, [("firing", True), ("firing", False)], 15)
            settle(MORNING, K3, [("firing", False)])
            # The working hours end: the silent receiver takes over what still fires, so that it can tell of the end.
            settle(EVENING, K1, [("firing", False), ("firing", True)])
            time.sleep(3)
            assert told(MORNING, K1_INFO) == [("firing", True), ("over", True)]

            server.post(url, *map(server.over, lasting))
            settle(MORNING, K1, [("firing", True), ("firing", False), ("over", False)])
            settle(EVENING, K1, [("firing", False), ("firing", True), ("over", True)])
            settle(ASLEEP, K1, [("firing", True), ("over", True)])
            settle(AWAKE, K1, [("firing", False), ("over", False)])
            assert told(ASLEEP, HOSTING) == [("firing", False)]
            assert told(ASLEEP, K3) == told(BOUNDLESS, K4_CRITICAL) == []
            assert_mail(mails, people)
        assert not telegrams.refusals


def assert_mail(mails: MailSink, people: dict[str, tuple[int, dict[str, str] | None]]) -> None:
    """Mail comes at any hour, once."""
    deadline = time.monotonic() + 10  # the last mails may still be on their way when Telegram has told all
    while time.monotonic() < deadline:
        ends = {mail.to for mail in mails.messages if K1["alertname"] in mail.subject and "RESOLVED" in mail.subject}
        if len(ends) >= len(people):
            break
        time.sleep(0.2)
    for name in people:
        mine = [mail.subject for mail in mails.messages if mail.to == (f"{name}@dealer.example",)]
        firing = [subject for subject in mine if K1["alertname"] in subject and "FIRING" in subject]
        assert len(firing) == 1, (name, mine)
        over = [subject for subject in mine if K1["alertname"] in subject and "RESOLVED" in subject]
        assert len(over) == 1, (name, mine)

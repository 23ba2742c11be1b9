"""Stories of real distributors, told to the whole stack: stand, exporter, Prometheus, Alertmanager, mail, Telegram.

All of them happen at once, each to clients of its own, as they would in a fleet: so each also shows that one incident
does not speak for another.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo

import pytest
import requests
from lxml import html

from demo import fleet
from demo.sinks import Mail, TelegramMessage
from demo.stack import Stack
from tests.cli.running import wait_for

HOSTED = ("Вега", "Альтаир", "Денеб", "Сириус")
TAKEN = "Вега"
"""Whose alert somebody takes by the link of its message: then no end is told."""
ABOUT_SEATS = {"KodeksLimitsUsers", "KodeksDetectOverUserError"}
"""What exhausted seats are told by; that users were refused is told for a while after there is room again."""
LONG_ENOUGH = 110.0
"""Seconds for a message to come: case 1 promises two minutes with waiting times three times as long."""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        # vostok announces its nightly restart for now; the exporter has to learn of it as it would the day before
        now = dt.datetime.now(ZoneInfo("Asia/Vladivostok"))
        stack.stand.set_times("vostok", restart=now.strftime("%H:%M"), backup="12:00")
        stack.stop_child("exporter")
        # what Prometheus has of the one before must not pass for what the new one has learned
        wait_for(lambda: checked(stack, "vostok", "schedule") is None, 60)
        stack.start_child("exporter")
        wait_for(lambda: checked(stack, "vostok", "schedule") == 1, 60)
        wait_for(lambda: checked(stack, "romashka", "auth") == 1, 60)
        stack.stand.fault("romashka", "key_lost", code=4111)
        stack.stand.fault(fleet.HOSTING, "dns_servfail")
        stack.stand.fault("vesna", "out_of_seats")
        stack.stand.fault("vostok", "port_closed")
        yield stack


def query(stack: Stack, expression: str) -> list[dict[str, object]]:
    try:
        answer = requests.get(f"{stack.prometheus_url}/api/v1/query", {"query": expression}, timeout=10)
    except requests.ConnectionError:
        return []
    return list(answer.json()["data"]["result"])


def checked(stack: Stack, installation: str, check: str) -> float | None:
    found = query(stack, f'kodeks_check_success{{installation="{installation}",check="{check}"}}')
    return float(found[0]["value"][1]) if found else None  # type: ignore[index]


def firing(stack: Stack, installation: str = ".*") -> set[str]:
    found = query(stack, f'ALERTS{{alertstate="firing",installation=~"{installation}",alertname!="KodeksWatchdog"}}')
    return {each["metric"]["alertname"] for each in found}  # type: ignore[index]


def mails(stack: Stack, words: str) -> list[Mail]:
    return [mail for mail in stack.mails.messages if re.search(words, f"{mail.subject}\n{mail.text}")]


def telegrams(stack: Stack, words: str) -> list[TelegramMessage]:
    return [message for message in stack.telegrams.messages if re.search(words, message.text)]


def one_of_each(stack: Stack, words: str) -> Callable[[], bool]:
    return lambda: bool(mails(stack, words)) and bool(telegrams(stack, words))


def test_key_lost_and_dns_failed_are_one_message_each(stack: Stack) -> None:
    wait_for(one_of_each(stack, "Ромашка"), LONG_ENOUGH)
    wait_for(one_of_each(stack, "DNS"), LONG_ENOUGH)
    time.sleep(20)  # more messages, were there any, would come now

    (about_key,) = mails(stack, "Ромашка")
    assert about_key.to == ("ivanova@dealer.example",)
    assert "4111" in about_key.text
    assert "не найден" in about_key.text
    assert "docs/errors/KodeksOnlineSensLockCheck" in about_key.text
    assert stack.stand.url("romashka").rpartition(":")[2] in about_key.text, "the address is named"
    (in_telegram,) = telegrams(stack, "Ромашка")
    assert in_telegram.chat_id == -1001000000002
    assert "4111" in in_telegram.text

    (about_dns,) = mails(stack, "DNS")
    assert all(client in about_dns.text for client in HOSTED)
    assert all(f"127.0.0.{number}" in about_dns.text for number in (29, 30, 31, 32)), "addresses that work are given"
    assert len(telegrams(stack, "DNS")) == 1


def test_consequences_fire_nothing(stack: Stack) -> None:
    assert firing(stack, "romashka") == {"KodeksOnlineSensLockCheck"}
    assert firing(stack, "vega|altair|deneb|sirius") == {"KodeksDnsFailure"}


def test_exhausted_seats_are_no_broken_login(stack: Stack) -> None:
    assert checked(stack, "vesna", "seats") == 0
    assert "KodeksAuthNotWork" not in firing(stack, "vesna")
    assert mails(stack, "Авторизация") == []


def test_announced_restart_alerts_nobody(stack: Stack) -> None:
    assert query(stack, 'kodeks_check_blocked{installation="vostok",check="tcp",by="restart"}')
    assert firing(stack, "vostok") == set()
    assert mails(stack, "Дальвосток") == []


def test_nothing_else_fires(stack: Stack) -> None:
    assert firing(stack) <= {"KodeksOnlineSensLockCheck", "KodeksDnsFailure", *ABOUT_SEATS}
    assert stack.telegrams.refusals == []


def test_the_link_of_a_message_takes_its_alert(stack: Stack) -> None:
    (in_telegram,) = telegrams(stack, "DNS")
    assert "Взять в работу" in in_telegram.text
    assert any(address.startswith(f"{stack.exporter_url}/acknowledge?") for _, address in in_telegram.links)
    (mail,) = mails(stack, "DNS")
    assert "/acknowledge?" in mail.text
    assert stack.silenced_clients() == set()
    addresses = (link.get("href", "") for link in html.fromstring(mail.html).iter("a"))
    (link,) = (each for each in addresses if "/acknowledge?" in each and TAKEN in unquote_plus(each))
    page = requests.get(link, timeout=10)
    assert page.status_code == 200, page.text
    assert TAKEN in page.text
    form = {"who": "Пётр Петров", "comment": "Звоню на площадку", "seconds": "7200"}
    done = requests.post(link, data=form, timeout=10)
    assert done.status_code == 200, done.text
    metrics = requests.get(f"{stack.exporter_url}/metrics", timeout=10).text
    found = re.search(r'kodeks_reaction_taken\{manager="(\w+)",priority="K\d"\} 1.0', metrics)
    assert found is not None
    assert requests.post(link, data=form, timeout=10).status_code == 409
    (silence,) = requests.get(f"{stack.alertmanager_url}/api/v2/silences", timeout=10).json()
    assert {each["name"]: each["value"] for each in silence["matchers"]}["manager"] == found[1]
    (client,) = stack.silenced_clients()
    assert TAKEN in client, "the tour waits for no RESOLVED of these"


def test_recovery_is_told_once(stack: Stack) -> None:
    stack.stand.clear()
    wait_for(one_of_each(stack, r"(?s)RESOLVED.*Ромашка"), LONG_ENOUGH + 60)
    wait_for(one_of_each(stack, r"(?s)RESOLVED.*DNS"), LONG_ENOUGH + 60)
    time.sleep(15)
    assert firing(stack) <= ABOUT_SEATS
    assert len(mails(stack, "Ромашка")) == len(telegrams(stack, "Ромашка")) == 2
    # All four come back at once, but not in one round of checks: their ends may stand in two messages.
    for texts in ([mail.text for mail in stack.mails.messages], [each.text for each in stack.telegrams.messages]):
        ends = [text.partition("RESOLVED")[2] for text in texts]
        assert [sum(client in end for end in ends) for client in HOSTED] == [int(client != TAKEN) for client in HOSTED]

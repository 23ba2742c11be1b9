"""Messages of the demonstration carry a link, and it works: from a fault to a silence, nothing between is made up."""

from __future__ import annotations

import re

import requests

from demo.sinks import TelegramMessage
from demo.stack import Part, Stack
from tests.cli.running import wait_for

LONG_ENOUGH = 110.0


def metrics(stack: Stack) -> str:
    return requests.get(f"{stack.exporter_url}/metrics", timeout=10).text


def test_the_link_of_a_message_takes_its_alert() -> None:
    with Stack({Part.EXPORTER, Part.ALERTMANAGER, Part.PROMETHEUS}) as stack:
        wait_for(lambda: 'kodeks_check_success{installation="vesna",check="key"} 1.0' in metrics(stack), 60)
        stack.stand.fault("vesna", "key_lost", code=4111)

        def about_vesna(message: TelegramMessage) -> bool:
            return "Весна" in message.text and "Взять в работу" in message.text

        message = stack.telegrams.wait_for(about_vesna, LONG_ENOUGH)
        links = dict(message.links)
        (link,) = (address for label, address in links.items() if "/acknowledge?" in address)
        assert link.startswith(stack.exporter_url)
        mail = stack.mails.wait_for(lambda each: "Весна" in each.subject, LONG_ENOUGH)
        assert "/acknowledge?" in mail.html
        assert "/acknowledge?" in mail.text

        assert stack.silenced_clients() == set()
        page = requests.get(link, timeout=10)
        assert page.status_code == 200, page.text
        assert "Весна" in page.text
        form = {"who": "Пётр Петров", "comment": "Еду с новым ключом", "seconds": "7200"}
        done = requests.post(link, data=form, timeout=10)
        assert done.status_code == 200, done.text
        found = re.search(r'kodeks_reaction_taken\{manager="(\w+)",priority="K\d"\} 1.0', metrics(stack))
        assert found is not None
        assert requests.post(link, data=form, timeout=10).status_code == 409
        (silence,) = requests.get(f"{stack.alertmanager_url}/api/v2/silences", timeout=10).json()
        matchers = {each["name"]: each["value"] for each in silence["matchers"]}
        assert matchers["installation"] == "vesna"
        assert matchers["manager"] == found[1]
        assert stack.silenced_clients() == {"АО «Весна»"}, "the tour waits for no RESOLVED of these"

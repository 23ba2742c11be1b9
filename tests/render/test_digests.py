"""Alerts that tell what happened: one mail, no RESOLVED, no Telegram; with a real Alertmanager."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.sinks.mail import MailSink
from demo.sinks.telegram import TelegramSink
from kodeks_exporter.render import example
from tests.render import fleets, server
from tests.render.test_night import hurry
from tests.render.test_routes import amtool_test

OWN = {"alertname": "KodeksDBerrorsCode2007", "product": "kodeks", "severity": "info", "priority": "K4"}
"""An ordinary alert, which has an end."""


def test_every_mail_address_has_a_receiver_that_tells_of_no_end(tmp_path: Path) -> None:
    receivers = {
        each["name"]: each for each in fleets.alertmanager(fleets.rendered(tmp_path, **fleets.large()))["receivers"]
    }
    own = yaml.load((fleets.ROOT / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    example = next(each for each in own["receivers"] if each["name"] == "ivanova-digest")["email_configs"][0]
    digests = {name for name in receivers if name.endswith("digest")}
    assert digests == {"ops/digest", *(f"manager{number}-digest" for number in range(40) if number % 10 != 9)}
    for name in digests:
        ordinary = receivers[name.replace("/digest", "").replace("-digest", "-mail")]
        (mail,) = receivers[name]["email_configs"]
        assert "telegram_configs" not in receivers[name]
        assert mail == {**ordinary["email_configs"][0], "send_resolved": False}
        mail = {key: re.sub(r"(template \"[\w.]+) [^\"]+", r"\1", text) if isinstance(text, str) else text
                for key, text in mail.items()}  # fmt: skip
        assert {**mail, "to": ""} == {**example, "to": ""}, "but for the time zone"


def test_digests_wait_as_in_the_projects_own_file(tmp_path: Path) -> None:
    routes = fleets.product(fleets.rendered(tmp_path, **fleets.large()))["routes"]
    own = yaml.load((fleets.ROOT / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    times = ("group_by", "group_wait", "group_interval", "repeat_interval")

    def of(leaves: list[dict[str, Any]]) -> dict[frozenset[str], dict[str, Any]]:
        return {
            frozenset(leaf["matchers"][0].split('"')[1].split("|")): {key: leaf[key] for key in times if key in leaf}
            for leaf in leaves
            if leaf.get("receiver", "").endswith("digest")
        }

    expected = of(next(each for each in fleets.product_of(own)["routes"] if each["receiver"] == "ivanova")["routes"])
    assert set().union(*expected) == set(fleets.DIGESTS)
    for route in (each for each in routes if "routes" in each):
        assert of(route["routes"][0]["routes"]) == expected


def test_the_month_of_reviews_goes_to_the_heads_of_a_branch_and_else_to_ops(
    tool: Callable[[str], str], tmp_path: Path
) -> None:
    chief: dict[str, Any] = {"user": "chief", "everything": True}
    head = {"user": "a", "branches": "saratov", "email": "a@dealer.example"}
    sections: dict[str, Any] = {
        "managers": [{"name": "i", "branch": "saratov"}, {"name": "p", "branch": "самара"}, {"name": "s"}],
        "reaction": {"alertmanagers": "http://127.0.0.1:9093", "key": "0123456789abcdef"},
        "handling": {"reviewers": [chief, head]},
    }
    labels = {"product": "kodeks", "alertname": "KodeksHandlingMonth", "manager": "ops", "severity": "info"}
    branches = {"saratov", "самара", ""}
    for mail, headed in (("", {"saratov"}), ("b@dealer.example", branches)):
        chief |= {"email": mail} if mail else {}
        folder = fleets.put(fleets.rendered(tmp_path, **sections), tmp_path / "output")
        for branch in branches:
            found = amtool_test(tool("amtool"), folder, labels | ({"branch": branch} if branch else {}))
            assert found == {f"heads/{branch}-digest" if branch in headed else "ops/digest"}
    receivers = fleets.alertmanager(fleets.rendered(tmp_path, **sections))["receivers"]
    told = {each["name"]: each["email_configs"][0]["to"] for each in receivers if each["name"].startswith("heads/")}
    mails = {"saratov": "b@dealer.example, a@dealer.example"}
    assert told == {f"heads/{each}-digest": mails.get(each, "b@dealer.example") for each in branches}


def wait(mails: MailSink, to: str, words: str) -> None:
    mails.wait_for(lambda mail: mail.to == (to,) and (words in mail.subject or words in mail.text), 60)


@pytest.mark.timeout(240)
def test_a_digest_is_one_mail_and_has_no_end(tool: Callable[[str], str], tmp_path: Path) -> None:
    with MailSink() as mails, TelegramSink() as telegrams:
        fleet = fleets.rendered(
            tmp_path,
            managers=[{"name": "ivanova", "branch": "saratov", "email": "i@dealer.example", "telegram_chat_id": -1},
                      {"name": "petrov", "branch": "saratov", "telegram_chat_id": -2}],
            alertmanager={
                "smtp": {"smarthost": f"{mails.host}:{mails.port}", "sender": "k@dealer.example", "require_tls": False},
                "telegram": {"bot_token": telegrams.token, "api_url": telegrams.url},
                "ops": {"email": "ops@dealer.example"},
            },
        )  # fmt: skip
        folder = fleets.put(fleet, tmp_path / "output")
        document = yaml.load((folder / "alertmanager.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)
        hurry(document["route"], "3s")  # a list is complete when all alerts that were posted are there
        (folder / "alertmanager.yml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        # Of three that mute each other the last speaks, another client's report mutes others, and one is for ops alone.
        told = set(fleets.DIGESTS) - {"OnlineUserActivityIsLow10", "OnlineUserActivityIsLow20", "KodeksHandlingMonth"}
        told -= {"KodeksReportOfAnother"}
        kinds = [labels for labels in fleets.of_clients() if labels["alertname"] in told]
        alerts = [
            server.alert(labels, manager=manager, branch="saratov", client="ООО «Ромашка»", installation="romashka")
            for manager in ("ivanova", "petrov")
            for labels in [*{each["alertname"]: each for each in kinds}.values(), OWN]
        ]
        with server.running(folder / "alertmanager.yml", tmp_path) as url:
            server.post(url, *alerts)
            for labels in (each["labels"] for each in alerts):
                to = {"ivanova": "i@dealer.example", "petrov": "ops@dealer.example"}[labels["manager"]]
                wait(mails, to, labels["alertname"])
            server.post(url, *map(server.over, alerts))
            for to in ("i@dealer.example", "ops@dealer.example"):
                wait(mails, to, "RESOLVED")
            time.sleep(2.5)  # more than two intervals of the groups
        over = [mail.subject for mail in mails.messages if "RESOLVED" in mail.subject]
        assert len(over) == 2, over
        assert all(OWN["alertname"] in subject for subject in over)
        kinds_of_mail = sum(not each.ends for each in example.read(fleets.ROOT).digests)
        assert len(mails.messages) == 2 * (kinds_of_mail + 1) + 2
        names = "KodeksDetectOverUserError, KodeksNewUser, KodeksSearchError, KodeksVersionChanged"
        together = [mail.subject for mail in mails.messages if names in mail.subject]
        assert together == 2 * [f"🟡 ООО «Ромашка»: утренняя сводка [FIRING, {names}, K4]"]
        assert not telegrams.messages

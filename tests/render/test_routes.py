"""Who gets what: proved with the real Alertmanager and its amtool over a large fleet."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from kodeks_exporter.render import example
from kodeks_exporter.render.files import Rendered
from tests.render import fleets, server

FLEET = fleets.large()
MANAGERS: list[dict[str, Any]] = FLEET["managers"]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    return fleets.rendered(tmp_path_factory.mktemp("fleet"), **FLEET)


@pytest.fixture(scope="module")
def folder(result: Rendered, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fleets.put(result, tmp_path_factory.mktemp("output"))


@pytest.fixture(scope="module")
def alertmanager(tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """With the routes of the fleet, but receivers that send nowhere."""
    folder = tmp_path_factory.mktemp("alertmanager")
    document = fleets.alertmanager(fleets.rendered(folder, **FLEET))
    document["receivers"] = [{"name": receiver["name"]} for receiver in document["receivers"]]
    del document["templates"], document["inhibit_rules"]
    config = folder / "alertmanager.yml"
    config.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    with server.running(config, folder) as url:
        yield url


def reached(url: str, alerts: list[dict[str, Any]], key: Callable[[dict[str, str]], Any]) -> dict[Any, set[str]]:
    for start in range(0, len(alerts), 1000):
        server.post(url, *alerts[start : start + 1000])
    mine = {key(each["labels"]) for each in alerts}
    there = requests.get(f"{url}/api/v2/alerts", timeout=60).json()
    found = {key(each["labels"]): {receiver["name"] for receiver in each["receivers"]} for each in there}
    return {each: found[each] for each in mine}


def amtool_test(tool: str, folder: Path, labels: dict[str, str]) -> set[str]:
    arguments = [f"{name}={matched(value)}" for name, value in labels.items()]
    found = subprocess.run(
        [tool, "config", "routes", "test", f"--config.file={folder / 'alertmanager.yml'}", *arguments],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(found.stdout.strip().split(","))


def matched(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def test_amtool_accepts_the_fleet(folder: Path, tool: Callable[[str], str]) -> None:
    found = subprocess.run(
        [tool("amtool"), "check-config", str(folder / "alertmanager.yml")], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert len(FLEET["installations"]) == 500
    assert len(MANAGERS) == 40
    assert len({manager.get("branch") for manager in MANAGERS}) == 6


def test_every_alert_of_every_manager_reaches_him_and_nobody_else(alertmanager: str) -> None:
    alerts = [
        server.alert(labels, manager=manager["name"], branch=manager.get("branch", ""), installation="site")
        for manager in MANAGERS
        for labels in fleets.of_clients()
    ]

    def key(labels: dict[str, str]) -> tuple[str, ...]:
        return tuple(labels.get(name, "") for name in ("manager", "alertname", "severity", "priority"))

    found = reached(alertmanager, alerts, key)
    by_name = {manager["name"]: manager for manager in MANAGERS}
    assert len(found) == len(alerts) == 40 * len(fleets.of_clients())
    wrong = {
        each: receivers
        for each, receivers in found.items()
        if receivers
        != fleets.expected(by_name[each[0]], dict(zip(("alertname", "severity", "priority"), each[1:], strict=True)))
    }
    assert wrong == {}


def test_no_branch_gets_an_alert_of_another(alertmanager: str) -> None:
    """Even where the manager is right: while a reload moves him, his old clients' alerts go to ops."""
    alerts = [
        server.alert(labels, manager=manager["name"], branch=branch, installation="elsewhere")
        for manager in MANAGERS
        for branch in {*fleets.BRANCHES, "nowhere", "volga", "aXb"} - {manager.get("branch", ""), ""}
        for labels in fleets.of_clients()
        if labels["alertname"] in fleets.DIGESTS or labels["priority"] in ("K1", "K5")
    ]

    def key(labels: dict[str, str]) -> tuple[str, ...]:
        return tuple(labels.get(name, "") for name in ("manager", "branch", "alertname", "priority", "installation"))

    for each, receivers in reached(alertmanager, alerts, key).items():
        if each[2] in fleets.DIGESTS:
            assert receivers == {"ops/digest"}, each
        else:
            assert receivers <= {"ops", "ops/telegram"}, each
            assert "ops" in receivers, each


def test_nobody_falls_past_ops(alertmanager: str) -> None:
    base = {"alertname": "Unheard", "installation": "x"}
    alerts = [
        server.alert(base, **labels)
        for labels in (
            {},
            {"severity": "critical"},
            {"severity": "info", "priority": "K2"},
            {"manager": "nobody", "priority": "K5", "severity": "info"},
            {"manager": "ops", "priority": "K9", "severity": "strange"},
            {"manager": "manager", "branch": "saratov"},
            {"manager": "manager01"},
            {"manager": "nobody", "severity": "critical", "product": ""},  # of the site's own rules
            {"severity": "critical", "priority": "K1", "product": "other"},
        )
    ]
    alerts = [{**each, "labels": {key: value for key, value in each["labels"].items() if value}} for each in alerts]
    found = reached(alertmanager, alerts, lambda labels: tuple(sorted(labels.items())))
    assert len(found) == len(alerts)
    for labels, receivers in found.items():
        ours = dict(labels).get("product", "kodeks") == "kodeks"
        loud = ours and (dict(labels).get("severity") == "critical" or dict(labels).get("priority") == "K2")
        assert receivers == ({"ops", "ops/telegram"} if loud else {"ops"}), labels


def test_an_alert_without_branch_belongs_to_the_manager_it_names(alertmanager: str) -> None:
    labels = {"alertname": "NoBranch", "severity": "info", "priority": "K5", "manager": "manager1", "product": ""}
    found = reached(alertmanager, [server.alert(labels)], lambda labels: labels["alertname"])
    assert found == {"NoBranch": {"manager1-mail"}}


def test_the_monitoring_itself_belongs_to_ops_and_the_watchdog_to_nobody(alertmanager: str) -> None:
    alerts = [labels for labels in fleets.alert_labels() if labels.get("manager") == "ops"]
    assert {"KodeksExporterDown", "KodeksWatchdog"} <= {labels["alertname"] for labels in alerts}
    found = reached(alertmanager, [server.alert(labels) for labels in alerts], lambda labels: labels["alertname"])
    assert found["KodeksWatchdog"] == {"dead-man"}
    assert found["KodeksExporterDown"] == {"ops", "ops/telegram"}


@pytest.mark.parametrize(
    ("ops", "by_mail", "by_telegram"),
    [
        ({"email": "o@d.example", "telegram_chat_id": -1}, "ops", "ops/telegram"),
        ({"email": "o@d.example"}, "ops", "ops"),  # there is but one way
        ({"telegram_chat_id": -1}, "ops", "ops/telegram"),
    ],
)
def test_what_does_not_get_through_is_told_by_another_way(
    ops: dict[str, Any], by_mail: str, by_telegram: str, tmp_path: Path
) -> None:
    """Else the news would fail the same way, and keep itself alive by failing."""
    rendered = fleets.rendered(tmp_path, alertmanager={"ops": ops, "telegram": {"bot_token": "1:x"}})
    routes = fleets.product(rendered)["routes"]
    found = {route["matchers"][1]: route["receiver"] for route in routes if len(route.get("matchers", ())) == 2}
    assert found['integration="telegram"'] == by_mail
    assert found['integration="email"'] == by_telegram


def test_routes_look_at_nothing_but_what_the_next_test_varies(result: Rendered) -> None:
    """So alerts that neither are named by a route nor differ in severity and priority go the same way."""
    seen: set[str] = set()

    def look(route: dict[str, Any]) -> None:
        for matcher in route.get("matchers", ()):
            label, value = re.fullmatch(r"(\w+)[=!]~?(.*)", matcher, re.DOTALL).groups()  # type: ignore[union-attr]
            seen.add(label)
            assert label != "product" or matcher == 'product=~"|kodeks"'
            if label == "alertname":
                assert set(re.findall(r"\w+", value)) <= {
                    *fleets.DIGESTS,
                    *fleets.FOR_OPS,
                    "KodeksMaintenance",
                    "KodeksWatchdog",
                    "KodeksNotificationsFailing",
                }
        for child in route.get("routes", ()):
            look(child)

    look(fleets.alertmanager(result)["route"])
    assert seen == {"product", "alertname", "manager", "branch", "severity", "priority", "integration"}


def test_amtool_agrees(folder: Path, tool: Callable[[str], str]) -> None:
    """Every manager, every way that an alert can go, every alert of the rules. Alertmanager itself was asked above for
    all of them together."""
    alerts = fleets.of_clients()
    named = [each for each in alerts if each["alertname"] in (*fleets.DIGESTS[::4], fleets.FOR_OPS[0])]
    unnamed = [each for each in alerts if each["alertname"] not in (*fleets.DIGESTS, *fleets.FOR_OPS)]
    ways = [*{(each["severity"], each["priority"]): each for each in unnamed}.values(), *named]
    assert len(named) == 9
    jobs = [(manager, ways[number % len(ways)]) for number, manager in enumerate(MANAGERS)]
    jobs += [(MANAGERS[number % len(MANAGERS)], labels) for number, labels in enumerate(alerts)]
    program = tool("amtool")

    def receivers(job: tuple[dict[str, Any], dict[str, str]]) -> set[str]:
        manager, labels = job
        return amtool_test(program, folder, labels | {"manager": manager["name"], "branch": manager.get("branch", "")})

    with ThreadPoolExecutor(2) as pool:
        for job, found in zip(jobs, pool.map(receivers, jobs), strict=True):
            assert found == fleets.expected(*job), job


def test_intervals_of_repetition_follow_the_priority(result: Rendered) -> None:
    """Mail comes twice a day at most, whenever somebody works."""

    def times(manager: str) -> dict[str, str]:
        route = next(each for each in fleets.product(result)["routes"] if each["receiver"] == f"{manager}-mail")
        mail = route["routes"][0]
        assert mail["receiver"] == f"{manager}-mail"
        return {leaf["matchers"][0]: leaf["repeat_interval"] for leaf in mail["routes"]}

    own = example.read(fleets.ROOT).digests
    digests = {f'alertname=~"{"|".join(each.alerts)}"': each.times["repeat_interval"] for each in own}
    # K5, yet the mails list a day; the others last as long as Alertmanager remembers.
    assert digests['alertname=~"KodeksSearchIsEmpty"'] == "23h"
    daily = "KodeksDetectOverUserError|KodeksNewUser|KodeksSearchError|KodeksVersionChanged"
    assert digests[f'alertname=~"{daily}"'] == "20h"
    rare = {'priority="K3"': "5d", 'priority="K4"': "5d", 'priority="K5"': "5d"}
    for manager in ("manager0", "manager1"):
        assert times(manager) == digests | rare | {'priority="K1"': "12h", 'priority="K2"': "12h"}


def test_grouping_waiting_and_inhibitions_are_those_of_the_project(result: Rendered) -> None:
    own = yaml.load((fleets.ROOT / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    site = fleets.alertmanager(result)
    assert site["inhibit_rules"] == own["inhibit_rules"]
    for key in ("group_by", "group_wait", "group_interval"):
        assert fleets.product(result)[key] == fleets.product_of(own)[key]

"""The configuration file: clean, complete, and nobody falls past the last receiver."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.render import fleets

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "alertmanager" / "alertmanager.yml"
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def document() -> Any:
    return yaml.load(CONFIG.read_text(encoding="utf-8"), yaml.CSafeLoader)


def alerts() -> set[str]:
    found = set()
    for path in (ROOT / "rules").glob("*.yml"):
        for group in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)["groups"]:
            found |= {rule["alert"] for rule in group["rules"] if "alert" in rule}
    return found


def test_amtool_finds_nothing(tool: Callable[[str], str]) -> None:
    found = subprocess.run([tool("amtool"), "check-config", str(CONFIG)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("manager=ivanova branch=saratov severity=critical priority=K2", "ivanova-urgent"),
        ("manager=ivanova branch=saratov severity=info priority=K1", "ivanova-urgent"),
        ("manager=ivanova branch=saratov severity=info priority=K4", "ivanova"),
        ("manager=ivanova branch=moscow severity=info priority=K4", "ops"),
        ("manager=petrov severity=critical priority=K3", "petrov-urgent"),
        ("manager=petrov severity=critical priority=K4", "petrov"),
        ("alertname=KodeksDiskSpaceLow manager=petrov severity=info priority=K4", "petrov-digest"),
        ("manager=petrov severity=info priority=K5", "petrov"),
        ("alertname=KodeksSearchIsEmpty manager=ivanova branch=saratov severity=info priority=K5", "ivanova-digest"),
        ("alertname=KodeksSearchError manager=petrov severity=info priority=K4", "petrov-digest"),
        ("alertname=KodeksNewUser manager=nobody severity=info priority=K5", "ops-digest"),
        ("alertname=KodeksLicenseExpiring90day manager=petrov severity=info priority=K5", "petrov-digest"),
        ("alertname=KodeksMaintenance manager=petrov severity=info priority=K4", "petrov"),
        ("alertname=KodeksCheckStale manager=petrov severity=critical priority=K2", "ops-urgent"),
        ("alertname=KodeksDBLicensesZero manager=petrov severity=info priority=K4", "ops"),
        ("manager=nobody severity=critical priority=K1", "ops-urgent"),
        ("manager=nobody severity=info priority=K2", "ops-urgent"),
        ("manager=nobody severity=info priority=K5", "ops"),
        ("severity=warning", "ops"),
        ("alertname=KodeksExporterDown manager=ops severity=critical priority=K1", "ops-urgent"),
        ("alertname=KodeksVersionChanged manager=petrov severity=info priority=K5", "petrov-digest"),
        ("alertname=KodeksNotificationsFailing integration=telegram manager=ops severity=critical priority=K1", "ops"),
        ("alertname=KodeksNotificationsFailing integration=email manager=ops severity=critical", "ops-telegram"),
        ("alertname=KodeksNotificationsFailing integration=webhook manager=ops priority=K1", "ops-urgent"),
        ("alertname=KodeksWatchdog manager=ops severity=none priority=K5", "dead-man"),
    ],
)
def test_route(labels: str, receiver: str, tool: Callable[[str], str]) -> None:
    found = subprocess.run(
        [tool("amtool"), "config", "routes", "test", "--config.file", str(CONFIG), "product=kodeks", *labels.split()],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout.strip() == receiver


def test_every_person_gets_mail_and_hears_of_the_end() -> None:
    for receiver in document()["receivers"]:
        if receiver["name"] in ("dead-man", "ops-telegram"):  # the latter is for when mail does not get through
            continue
        assert receiver["email_configs"], receiver["name"]
        for config in receiver["email_configs"] + receiver.get("telegram_configs", []):
            assert config["send_resolved"] is not receiver["name"].endswith("-digest"), "what happened has no end"
        assert ("telegram_configs" in receiver) == receiver["name"].endswith("-urgent")


def test_inhibitions_name_alerts_that_exist() -> None:
    known = alerts()
    for rule in document()["inhibit_rules"]:
        for matchers in (rule["source_matchers"], rule["target_matchers"]):
            names = re.fullmatch(r'alertname=~?"([\w|]+)"', matchers[0])
            assert names, matchers
            assert set(names[1].split("|")) <= known, matchers


def test_no_repetition_is_due_before_the_group_is_looked_at_again(tmp_path: Path) -> None:
    """Alertmanager from 0.28 on warns of it at each load."""
    seen = 0

    def look(route: Any, above: dict[str, str]) -> None:
        nonlocal seen
        times = above | {key: route[key] for key in above if key in route}
        seconds = {key: sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)([a-z]+)", value))
                   for key, value in times.items()}  # fmt: skip
        assert seconds["group_interval"] <= seconds["repeat_interval"], route
        seen += 1
        for child in route.get("routes", ()):
            look(child, times)

    for made in (document(), fleets.alertmanager(fleets.rendered(tmp_path, **fleets.large()))):
        look(made["route"], {"group_interval": "5m", "repeat_interval": "4h"})
    assert seen > 200


def test_every_count_alert_mutes_its_single_one() -> None:
    muted = {
        (rule["source_matchers"][0], rule["target_matchers"][0]): rule.get("equal")
        for rule in document()["inhibit_rules"]
    }
    for name in alerts():
        if name.endswith("Count"):
            pair = (f'alertname="{name}"', f'alertname="{name.removesuffix("Count")}"')
            assert muted[pair] == ["manager", "branch"]


def test_nothing_mutes_itself_or_in_a_circle() -> None:
    causes: dict[str, set[str]] = {}
    for rule in document()["inhibit_rules"]:
        names = [re.findall(r"\w+", rule[key][0].split("=", 1)[1]) for key in ("source_matchers", "target_matchers")]
        for source in names[0]:
            causes.setdefault(source, set()).update(names[1])

    def reached(name: str, seen: frozenset[str] = frozenset()) -> set[str]:
        assert name not in seen, name
        return set().union(*({target} | reached(target, seen | {name}) for target in causes.get(name, ())), set())

    for name in causes:
        assert name not in reached(name)

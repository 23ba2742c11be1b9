"""Online accesses in the demonstration's stack: off by default; when on, all of them are read and can be used up."""

from __future__ import annotations

import re
import time
import urllib.request
from pathlib import Path

import pytest
import yaml

from demo import configs, fleet, tools
from demo.narrator import LONGEST, Narrator
from demo.sinks import Mail
from demo.stack import Part, Stack
from demo.tour_online import about_accesses, why_no_forecast
from demo.vendor import Vendor
from demo.vendor import fleet as vendor_fleet

DOCS = tools.ROOT / "docs" / "metrics.md"
RULES = tools.ROOT / "rules" / "online.yml"


def _metrics(stack: Stack) -> str:
    with urllib.request.urlopen(f"{stack.exporter_url}/metrics", timeout=30) as answer:
        return str(answer.read().decode())


def _left(text: str) -> dict[str, float]:
    found = re.findall(r'^kodeks_online_left\{account="([^"]+)",resource="documents"\} (\S+)$', text, re.MULTILINE)
    return {account: float(value) for account, value in found}


def test_all_accesses_are_read_soon_and_are_documented() -> None:
    with Stack({Part.EXPORTER}, online=True) as stack:
        deadline = time.monotonic() + 60
        while len(_left(text := _metrics(stack))) < vendor_fleet.COUNT and time.monotonic() < deadline:
            time.sleep(0.5)
        left = _left(text)
        assert len(left) == vendor_fleet.COUNT
        assert left[fleet.spent_access(stack.vendor).name] > 150
        assert sorted({name.partition("-")[0] for name in left}) == ["nps1", "nps2", "nps3"]
        for server in stack.vendor.servers.values():
            assert server.max_sessions <= 2
            assert not server.refusals
            assert not server.strange
        documented = DOCS.read_text(encoding="utf-8")
        for family in re.findall(r"^# TYPE (kodeks_online_\w+)", text, re.MULTILINE):
            assert f"`{family}`" in documented, family
        vendor = stack.vendor
    assert not stack.has_vendor
    assert not any(vendor.servers["nps1"].sessions), "every visitor has logged out"


def test_the_access_of_the_tour_belongs_to_a_manager_of_its_own() -> None:
    with Stack(set(), online=True) as stack:
        assert "online_accesses" not in fleet.document(fleet.World(stack.stand)), "nor where there is no vendor"
        document = fleet.document(fleet.World(stack.stand, vendor=stack.vendor))
        spent = fleet.spent_access(stack.vendor).name
    managers = {each["name"]: each["manager"] for each in document["online_accesses"]}
    assert [name for name, manager in managers.items() if manager == "ivanova"] == [spent]
    assert len(managers) == vendor_fleet.COUNT


def test_hurried_rules_differ_in_waiting_times_alone() -> None:
    original = RULES.read_text(encoding="utf-8")
    hurried = yaml.safe_load(configs.hurried_rules(original))
    kept = yaml.safe_load(original)
    assert {each["interval"] for each in hurried["groups"]} == {"5s"}
    waits = {rule["for"] for group in hurried["groups"] for rule in group["rules"] if "for" in rule}
    assert waits == {"15s"}
    for document in (hurried, kept):
        for group in document["groups"]:
            group.pop("interval")
            for rule in group["rules"]:
                rule.pop("for", None)
    assert hurried == kept


def test_for_the_story_only_short_waits_are_shortened() -> None:
    original = (RULES.parent / "senselock.yml").read_text(encoding="utf-8")
    hurried = yaml.safe_load(configs.hurried_rules(original, "5s", longest=60))
    waits = {rule["alert"]: (rule["for"], rule["keep_firing_for"])
             for group in hurried["groups"] for rule in group["rules"] if "for" in rule}  # fmt: skip
    assert waits["KodeksOnlineSensLockCheck"] == ("5s", "5s")
    assert waits["KodeksXmlSensLockStatus"] == ("5m", "5m"), "of reports, which come hourly"


def test_prometheus_gets_the_hurried_copy() -> None:
    with Stack({Part.EXPORTER, Part.PROMETHEUS}, online=True) as stack:
        files = yaml.safe_load((stack.directory / "prometheus.yml").read_text(encoding="utf-8"))["rule_files"]
        assert [each for each in files if Path(each).name == "online.yml"] == [
            str(stack.directory / "rules" / "online.yml")
        ]
        assert "for: 15s" in Path(files[0]).with_name("online.yml").read_text(encoding="utf-8")
        assert len(files) == len(list(RULES.parent.glob("*.yml")))


def test_spending_leaves_what_was_wanted() -> None:
    with Vendor(vendor_fleet.specs()) as vendor:
        access = fleet.spent_access(vendor)
        server = vendor.servers[access.server]
        known = next(each for each in server.spec.accesses if each.login == access.login)
        vendor.spend(access.server, access.login, "documents", server.left(known, "documents") - 20)
        assert 18 <= server.left(known, "documents") <= 20  # a client works on meanwhile
        vendor.spend(access.server, access.login, "documents", 20)
        assert server.left(known, "documents") == 0


def test_mails_of_accesses_are_told_from_others() -> None:
    def mail(subject: str) -> Mail:
        return Mail("", (), subject, "", "", b"")

    assert about_accesses(mail("🟠 Лютик: лимит на документы исчерпан [FIRING, OnlineBillingDocsLeftZero, K3]"))
    assert not about_accesses(mail("🔴 Ромашка: ключ не найден [FIRING, KodeksOnlineSensLockCheck, K1]"))


def test_days_on_which_the_forecast_is_silent_are_explained() -> None:
    assert "нужно больше дней" in why_no_forecast(4, 21, 0.93)
    assert why_no_forecast(5, 21, 0.93) == ""
    assert why_no_forecast(15, 21, 0.93) == ""
    assert "до конца месяца 1," in why_no_forecast(20, 21, 0.93)
    assert "до конца месяца 0," in why_no_forecast(21, 21, 0.93)


def test_a_long_message_is_shown_in_part(capsys: pytest.CaptureFixture[str]) -> None:
    Narrator().show("письмо", "\n".join(f"строка {number}" for number in range(LONGEST + 7)))
    shown = capsys.readouterr().out
    assert "ещё строк: 7" in shown
    assert f"строка {LONGEST - 1}" in shown
    assert f"строка {LONGEST}" not in shown

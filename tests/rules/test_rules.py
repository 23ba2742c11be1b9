"""The rule files: valid, complete against the catalogue, each alert tested both ways and with a page of its own."""

from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.alerts import with_numbers
from kodeks_exporter.domain.protection import PROTECTION_ERRORS
from replay import clock

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "rules"
PAGES = ROOT / "docs" / "errors"
RULE_FILES = sorted(RULES.glob("*.yml"))
TEST_FILES = sorted((RULES / "tests").glob("*.test.yml"))
RUNBOOKS = "/docs/errors"

HEADINGS = [
    "## Менеджеру (1 минута)",
    "## Технику",
    "### Что это значит",
    "### Как проверить",
    "### Как исправить",
]
FOR_MANAGERS = ["Что видят пользователи", "Посмотрите", "Кого звать", "Что сказать"]
A_MINUTE = 1000
"""Characters that are read in it, Russian and aloud."""

OURS = {"KodeksClientScoreFell", "OnlineServerDown"}
"""Alerts that the catalogue does not have."""
CONTRADICTED = ("KodeksOfflineSensLockCheck", "KodeksXmlSensLockStatus")
"""What a report says of the key; where the live check sees it, ops hear of the report."""

OF_CLIENTS = {"KodeksClientScoreFell"}
"""Alerts about a client with all that he has."""


@functools.cache
def load(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)


def alert_rules() -> list[dict[str, Any]]:
    return [rule for path in RULE_FILES for group in load(path)["groups"] for rule in group["rules"] if "alert" in rule]


def catalogue() -> dict[str, dict[str, Any]]:
    """Every alert with its severity and priority; Count variants too."""
    book = load(Path(__file__).with_name("catalogue.yml"))
    found: dict[str, dict[str, Any]] = {}
    for entry in book["known"] + book["beyond"]:
        name = entry["alert"]
        found[name] = entry
        if entry.get("count"):
            found[f"{name}Count"] = {**entry, "priority": entry.get("count_priority", entry["priority"])}
    return found


RULE_LIST = alert_rules()
NAMES = sorted({rule["alert"] for rule in RULE_LIST})


def ids(rule: dict[str, Any]) -> str:
    return str(rule["alert"])


def test_rule_files_are_valid(tool: Callable[[str], str]) -> None:
    found = subprocess.run(
        [tool("promtool"), "check", "rules", *map(str, RULE_FILES)], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "FAILED" not in found.stdout
    assert "duplicate" not in found.stdout + found.stderr


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.name)
def test_promtool_cases(path: Path, tool: Callable[[str], str]) -> None:
    found = subprocess.run([tool("promtool"), "test", "rules", str(path)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_alerts_about_checks_are_tested_beside_all_others_of_the_kind() -> None:
    """One may disturb another. Tests in coarser steps load only what they need: all, over days, would take minutes."""
    fine = [path for path in TEST_FILES if load(path)["evaluation_interval"] == "15s"]
    assert len(fine) > len(TEST_FILES) / 4
    others = {"database", "history", "online", "score", "sysinfo", "usage"}
    wanted = {found.resolve() for found in RULE_FILES if found.stem not in others}
    for path in fine:
        patterns = [pattern.replace("[^", "[!") for pattern in load(path)["rule_files"]]  # Go's and Python's globs
        assert {found.resolve() for pattern in patterns for found in path.parent.glob(pattern)} == wanted, path.name


def test_figures_for_long_ranges_are_kept_once_an_hour() -> None:
    assert {group["interval"] for group in load(RULES / "history.yml")["groups"]} == {"1h"}


def hourly() -> dict[str, str]:
    """Names that are recorded once an hour, and their groups; the score is computed within one evaluation."""
    return {
        rule["record"]: group["name"]
        for path in RULE_FILES
        for group in load(path)["groups"]
        if group.get("interval") == "1h" and group["name"] != "kodeks-score"
        for rule in group["rules"]
        if "record" in rule
    }


def test_what_is_recorded_hourly_is_looked_back_for() -> None:
    """vmalert records a little later than it evaluates (docs/alerts.md, «VictoriaMetrics»), and nobody looks back for
    more than five minutes unless told to. It records with the time of the full hour before, so that another group may
    see the newest sample two hours later."""
    groups = hourly()
    for path in RULE_FILES:
        for group in load(path)["groups"]:
            for rule in group["rules"]:
                ranges = re.findall(r"([\w:]+)(?:\{[^}]*\})?\[(\w+)[]:]", rule["expr"])
                bare = re.sub(r"[\w:]+(\{[^}]*\})?\[[^]]+\]", "", rule["expr"])
                assert not set(re.findall(r"[\w:]+", bare)) & set(groups), (group["name"], rule)
                for name, length in ranges:
                    least = 3600 if groups.get(name) == group["name"] else 7200
                    assert name not in groups or clock.seconds(length) > least, (group["name"], rule)


def contradicted(rule: dict[str, Any]) -> bool:
    return rule["alert"] in CONTRADICTED and rule["labels"].get("manager") == "ops"


def test_the_alerts_are_those_of_the_catalogue() -> None:
    assert set(NAMES) == set(catalogue()) | OURS


@pytest.mark.parametrize("rule", [rule for rule in RULE_LIST if rule["alert"] not in OURS], ids=ids)
def test_severity_priority_and_words_are_the_catalogues(rule: dict[str, Any]) -> None:
    entry = catalogue()[rule["alert"]]
    if contradicted(rule):
        assert (rule["labels"]["severity"], rule["labels"]["priority"]) == ("info", "K5")
        return
    assert rule["labels"]["severity"] == entry["severity"]
    assert rule["labels"]["priority"] == entry["priority"]
    # A title is in a person's words, and follows the reason.
    if not rule["alert"].endswith("Count") and rule["alert"] != "KodeksExporterDown":
        assert entry["summary_ru"] in with_numbers(rule["annotations"]["summary"])


def test_every_alert_names_the_product() -> None:
    """A shared Alertmanager routes and inhibits by it, and leaves the alerts of others alone."""
    assert {rule["labels"].get("product") for rule in RULE_LIST} == {"kodeks"}


@pytest.mark.parametrize("rule", RULE_LIST, ids=ids)
def test_annotations_are_complete(rule: dict[str, Any]) -> None:
    annotations = rule["annotations"]
    assert {"title", "summary", "description", "runbook_url", "dashboard"} <= set(annotations)
    assert annotations["runbook_url"] == f"{RUNBOOKS}/{rule['alert']}.md"
    assert annotations["dashboard"].startswith("/d/")
    assert "\n" not in annotations["summary"].strip()
    assert "Сначала: " in annotations["description"]


def expected_alerts() -> list[tuple[str, str, dict[str, Any]]]:
    """File, alert name and expectation of every check of an alert in the promtool tests."""
    return [
        (path.name, check["alertname"], check)
        for path in TEST_FILES
        for case in load(path)["tests"]
        for check in case.get("alert_rule_test", [])
    ]


def seen_silent() -> set[str]:
    """Alerts that are expected not to fire, or not yet or no more in a case that makes them fire."""
    silent = {alert for _, alert, check in expected_alerts() if not check["exp_alerts"]}
    for path in TEST_FILES:
        for case in load(path)["tests"]:
            tables = [
                set(re.findall(r'alertname="(\w+)"', str(check["exp_samples"])))
                for check in case.get("promql_expr_test", [])
                if check["expr"].startswith("count by (alertname") and 'alertname="' not in check["expr"]
            ]
            fire = {check["alertname"] for check in case.get("alert_rule_test", []) if check["exp_alerts"]}
            fire.update(*tables)
            silent.update(*(fire - table for table in tables))
    return silent


def test_each_alert_is_tested_firing_and_silent() -> None:
    firing = {alert for _, alert, check in expected_alerts() if check["exp_alerts"]}
    assert set(NAMES) - firing == set(), "never seen firing"
    assert set(NAMES) - seen_silent() == {"KodeksWatchdog"}, "never seen silent"


def test_firing_alerts_carry_the_contracts_labels_and_annotations() -> None:
    for file, name, check in expected_alerts():
        for alert in check["exp_alerts"]:
            where = f"{file} {name} at {check['eval_time']}"
            labels = set(alert["exp_labels"])
            assert {"severity", "priority", "manager", "client"} <= labels, where
            assert labels & {"installation", "account"} or name in OF_CLIENTS, where
            annotations = alert["exp_annotations"]
            assert len(annotations["description"]) <= 700, where
            for text in (text for key, text in annotations.items() if key != "searches"):
                assert "{{" not in text, where
                assert "<no value>" not in text, where
                assert "  " not in text, where


@pytest.mark.parametrize("name", NAMES)
def test_each_alert_has_a_page_with_the_fixed_headings(name: str) -> None:
    text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {name}\n")
    assert [line for line in text.splitlines() if line.startswith(("## ", "### "))] == HEADINGS
    manager, technician, *parts = re.split(r"^##+ .*$", text, flags=re.MULTILINE)[1:]
    assert not technician.strip(), "a technician's half has its text below the three headings"
    assert all(part.strip() for part in parts), "an empty part"
    told = re.findall(r"^- \*\*(.+?)\.\*\* (.+)$", manager, flags=re.MULTILINE)
    assert [heading for heading, _ in told] == FOR_MANAGERS
    assert len(manager.strip().splitlines()) == len(told), "nothing else: it is to be read in a minute"
    assert len(manager) <= A_MINUTE
    assert "`" not in manager, "no commands and no metrics for managers"


def test_each_page_has_an_alert() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} - {"README"} == set(NAMES)


def test_the_index_lists_every_page_once_under_its_group() -> None:
    text = (PAGES / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^- \[(\w+)\]\(\1\.md\)", text, flags=re.MULTILINE)) == NAMES
    listed = {
        name: number
        for number, part in enumerate(re.split(r"^## ", text, flags=re.MULTILINE))
        for name in re.findall(r"^- \[(\w+)\]", part, flags=re.MULTILINE)
    }
    for path in RULE_FILES:
        for group in load(path)["groups"]:
            places = {listed[rule["alert"]] for rule in group["rules"] if "alert" in rule}
            assert len(places) <= 1, f"{group['name']} is spread over several headings"


def test_links_of_the_pages_lead_somewhere() -> None:
    for page in [*PAGES.glob("*.md"), ROOT / "docs" / "alerts.md"]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_key_page_explains_every_protection_code() -> None:
    text = (PAGES / "KodeksOnlineSensLockCheck.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    for code, error in PROTECTION_ERRORS.items():
        assert any(re.search(rf"\b{code}\b", row.split("|")[1]) and error.meaning in row for row in rows), code


def test_the_table_of_alerts_is_complete() -> None:
    text = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    rows = {
        found[1]: found[0]
        for line in text.splitlines()
        if (found := re.match(r"\| \[(\w+)\]\(errors/\1\.md\) \| .* \|$", line))
    }
    assert sorted(rows) == NAMES
    for rule in (rule for rule in RULE_LIST if not contradicted(rule)):
        cells = [cell.strip() for cell in rows[rule["alert"]].split("|")]
        assert rule["labels"]["priority"] in cells
        assert rule["labels"]["severity"] in cells


def test_the_table_tells_what_mutes_what() -> None:
    config = load(ROOT / "alertmanager" / "alertmanager.yml")
    muted: dict[str, set[str]] = {name: set() for name in NAMES}
    for rule in config["inhibit_rules"]:
        sources, targets = (
            re.findall(r"\w+", rule[key][0].split("=", 1)[1]) for key in ("source_matchers", "target_matchers")
        )
        for target in targets:
            muted[target].update(sources)
    text = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    for name in NAMES:
        row = next(line for line in text.splitlines() if line.startswith(f"| [{name}]"))
        assert set(re.findall(r"\w+", row.split("|")[-2])) == muted[name], name

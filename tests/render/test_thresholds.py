"""Each threshold changes one number of the rules, in the expression and where words name it, and nothing else."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from kodeks_exporter import assets
from kodeks_exporter.assets import AssetsError
from kodeks_exporter.config.problems import ConfigError
from kodeks_exporter.render import rules, thresholds
from kodeks_exporter.settings.alerting import THRESHOLDS
from kodeks_exporter.store.snapshot import DURATION_BUCKETS
from tests.render import fleets

OWN = rules.read(assets.find())


def each_rule(texts: dict[str, str]) -> dict[tuple[str, int, int], dict[str, Any]]:
    return {
        (file, group, number): rule
        for file, text in texts.items()
        for group, content in enumerate(yaml.safe_load(text)["groups"])
        for number, rule in enumerate(content["rules"])
    }


@pytest.mark.parametrize("name", THRESHOLDS)
def test_a_threshold_changes_its_number_and_nothing_else(name: str) -> None:
    default = f"{THRESHOLDS[name].default:g}"
    changed = thresholds.replaced(OWN, {name: 777})
    words = r"( час| дн)\w*"
    before, after = each_rule(OWN), each_rule(changed)
    expressions = 0
    for place, rule in before.items():
        if rule == after[place]:
            continue
        # Back with the number (and the form of the Russian word that follows it), everything is as it was.
        back = re.sub(f"777{words}", rf"{default}\1", yaml.safe_dump(after[place], allow_unicode=True, width=10**6))
        was = re.sub(rf"\b{default}{words}", rf"{default}\1", yaml.safe_dump(rule, allow_unicode=True, width=10**6))
        was = was.replace("двух дней", "2 дн")
        assert back.replace("777", default) == was
        if rule["expr"] != after[place]["expr"]:
            expressions += 1
            assert f"{default}" in rule["expr"]
        same = {"expr": "", "annotations": {}}
        assert {**rule, **same} == {**after[place], **same}
    assert expressions >= 1
    for file, text in OWN.items():
        assert len(text.splitlines()) == len(changed[file].splitlines())


@pytest.mark.parametrize("name", THRESHOLDS)
def test_the_default_changes_nothing(name: str) -> None:
    assert thresholds.replaced(OWN, {name: THRESHOLDS[name].default}) == OWN


def test_thresholds_do_not_disturb_each_other() -> None:
    values = {name: 100.0 + number for number, name in enumerate(sorted(THRESHOLDS))}
    together = thresholds.replaced(OWN, values)
    one_by_one = OWN
    for name in sorted(values, reverse=True):
        one_by_one = thresholds.replaced(one_by_one, {name: values[name]})
    assert together == one_by_one
    for value in values.values():
        assert any(f"{value:g}" in text for text in together.values())


def test_every_name_has_its_places() -> None:
    assert set(thresholds.PLACES) == set(THRESHOLDS)


def test_all_count_alerts_follow_one_threshold() -> None:
    changed = each_rule(thresholds.replaced(OWN, {"many_at_manager": 8}))
    counts = {rule["alert"]: rule["expr"] for rule in changed.values() if rule.get("alert", "").endswith("Count")}
    assert len(counts) >= 5
    for name, expression in counts.items():
        assert re.search(r"} > 8 \* 0.6", expression) or name == "KodeksMaintenanceCount", name


def test_a_rule_that_lost_its_number_is_an_error() -> None:
    broken = {file: text.replace("/ 2^30 < 10", "/ 2^30 < 1e1") for file, text in OWN.items()}
    with pytest.raises(AssetsError, match="disk_free_gib"):
        thresholds.replaced(broken, {"disk_free_gib": 20})


def test_promtool_accepts_the_rules_with_all_thresholds(tool: Callable[[str], str], tmp_path: Path) -> None:
    result = fleets.rendered(tmp_path, thresholds=dict.fromkeys(THRESHOLDS, "2.5"))
    fleets.put(result, tmp_path)
    found = subprocess.run(
        [tool("promtool"), "check", "config", str(tmp_path / "prometheus.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_words_follow_the_number(tmp_path: Path) -> None:
    text = fleets.text(fleets.rendered(tmp_path, thresholds={"maintenance_hours": "1"}), "rules/state.yml")
    assert "дольше 1 часа:" in text
    assert "Через 1 час придёт" in text
    text = fleets.text(fleets.rendered(tmp_path, thresholds={"maintenance_hours": "2.5"}), "rules/state.yml")
    assert "дольше 2,5 часа:" in text
    assert "/ 3600 > 2.5)" in text
    text = fleets.text(fleets.rendered(tmp_path, thresholds={"maintenance_hours": "12"}), "rules/state.yml")
    assert "Через 12 часов придёт" in text


def test_slow_searches_can_only_be_told_where_the_histogram_has_a_bound(tmp_path: Path) -> None:
    assert THRESHOLDS["search_slow_seconds"].choices == DURATION_BUCKETS
    with pytest.raises(ConfigError, match=r"must be one of 0\.1, .* 60"):
        fleets.rendered(tmp_path, thresholds={"search_slow_seconds": "7"})


def test_documentation_lists_every_threshold_with_its_default() -> None:
    text = (fleets.ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    for name, threshold in THRESHOLDS.items():
        assert f"| `{name}` | {threshold.default:g} | {threshold.meaning}" in text

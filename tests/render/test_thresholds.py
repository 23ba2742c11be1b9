"""Thresholds of a site: recorded by rules/site.yml, read by the rules, named by the messages."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from kodeks_exporter import assets
from kodeks_exporter.config.problems import ConfigError
from kodeks_exporter.render import rules, site
from kodeks_exporter.settings.alerting import THRESHOLDS
from kodeks_exporter.store.snapshot import DURATION_BUCKETS
from tests.render import fleets

OWN = rules.read(assets.find())
CASE = """\
rule_files: [{folder}/rules/site.yml, {folder}/rules/inventory.yml, {folder}/state.yml]
evaluation_interval: 30s
group_eval_order: [kodeks-site, kodeks-defaults, kodeks-inventory, kodeks-state]
tests:
  - interval: 30s
    input_series:
      - series: 'kodeks_installation_info{{installation="a",client="A",manager="m",branch="b",supported="true"}}'
        values: '1x100'
      - {{series: 'kodeks_check_success{{installation="a",check="maintenance"}}', values: '0x100'}}
      - {{series: 'kodeks_maintenance_start_timestamp_seconds{{installation="a"}}', values: '-3600x100'}}
    promql_expr_test:
      - {{expr: 'count(ALERTS{{alertname="KodeksMaintenanceToLong"}})', eval_time: {before}}}
    alert_rule_test:
      - eval_time: {after}
        alertname: KodeksMaintenanceToLong
        exp_alerts:
          - exp_labels:
              {{installation: a, client: A, manager: m, branch: b, severity: critical, priority: K2, product: kodeks}}
            exp_annotations: {{title: 'Режим обслуживания дольше {words}'}}
"""


@pytest.mark.parametrize(
    ("hours", "words", "before", "after"), [("1", "1 часа", "0m", "2m"), ("1.5", "1,5 часа", "29m", "32m")]
)
def test_a_rule_compares_with_the_sites_number_and_its_message_names_it(
    hours: str, words: str, before: str, after: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    fleets.put(fleets.rendered(tmp_path, thresholds={"maintenance_hours": hours}), tmp_path)
    groups = yaml.load((tmp_path / "rules" / "state.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    for rule in (rule for group in groups["groups"] for rule in group["rules"]):
        if "alert" in rule:
            rule["annotations"] = {"title": rule["annotations"]["title"]}
    (tmp_path / "state.yml").write_text(yaml.safe_dump(groups, allow_unicode=True), encoding="utf-8")
    case = tmp_path / "case.yml"
    case.write_text(CASE.format(folder=tmp_path, words=words, before=before, after=after), encoding="utf-8")
    found = subprocess.run([tool("promtool"), "test", "rules", str(case)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_rules_read_each_threshold_and_no_other() -> None:
    read = {name for text in OWN.values() for name in re.findall(r'kodeks:threshold\{name=\\?"(\w+)', text)}
    assert read == set(THRESHOLDS)


def test_an_empty_threshold_is_no_vector_to_match() -> None:
    """``x < on () group_left () kodeks:threshold`` is silent without it, and fails when Prometheus remembers two."""
    for file, text in OWN.items():
        for group in yaml.load(text, yaml.CSafeLoader)["groups"]:
            for rule in group["rules"]:
                bare = re.sub(r'(scalar\(|count_values\("le", )max\(kodeks:threshold\{name="\w+"\}\)', "", rule["expr"])
                assert 'kodeks:threshold{name="' not in bare, (file, rule)


def test_only_the_file_of_numbers_follows_the_site(tmp_path: Path) -> None:
    usual = fleets.rendered(tmp_path)
    changed = fleets.rendered(tmp_path, thresholds={name: f"{each.default * 2:g}" for name, each in THRESHOLDS.items()})
    differ = {was.path for was, now in zip(usual.files, changed.files, strict=True) if was.content != now.content}
    assert differ == {"rules/site.yml"}
    for name, each in THRESHOLDS.items():
        assert f"vector({each.default * 2:g}), labels: {{name: {name}," in fleets.text(changed, "rules/site.yml")


def test_the_defaults_are_recorded_where_the_file_is_not_loaded() -> None:
    assert "\n".join(f"      {row.strip()}" for row in site.defaults()) in OWN["inventory.yml"]


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


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("maintenance_hours", 1, "1 часа"),
        ("maintenance_hours", 2.5, "2,5 часа"),
        ("maintenance_hours", 11, "11 часов"),
        ("maintenance_hours", 12, "12 часов"),
        ("operup_age_days", 21, "21 рабочего дня"),
        ("operup_age_days", 111, "111 рабочих дней"),
        ("disk_free_gib", 0.5, "0,5 ГБ"),
        ("involvement_percent", 60, "60 %"),
        ("activity", 20, "20"),
    ],
)
def test_words_follow_the_number(name: str, value: float, words: str) -> None:
    assert THRESHOLDS[name].words(value) == words


def test_slow_searches_can_only_be_told_where_the_histogram_has_a_bound(tmp_path: Path) -> None:
    assert THRESHOLDS["search_slow_seconds"].choices == DURATION_BUCKETS
    with pytest.raises(ConfigError, match=r"must be one of 0\.1, .* 60"):
        fleets.rendered(tmp_path, thresholds={"search_slow_seconds": "7"})


def test_documentation_lists_every_threshold_with_its_default() -> None:
    text = (fleets.ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    for name, threshold in THRESHOLDS.items():
        assert f"| `{name}` | {threshold.default:g} | {threshold.meaning}" in text

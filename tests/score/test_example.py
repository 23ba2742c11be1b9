"""The example that docs/score.md counts by hand comes out of the rules, and its tables are those of the rules."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tests.score.engine import ROOT, RULES, Series, constant, evaluate, of

PAGE = (ROOT / "docs" / "score.md").read_text(encoding="utf-8")
DAYS = 31
WHO = {"client": "ООО «Ромашка»", "manager": "ivanova", "branch": "saratov"}


def table(first_header: str, after: str) -> list[list[str]]:
    """The cells of the first table behind ``after`` whose first header is that one."""
    text = PAGE[PAGE.index(after) :]
    text = text[text.index(f"| {first_header} |") :]
    rows = []
    for line in text.splitlines():
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows[2:]


def number(text: str) -> float:
    """The last number of a text, with a decimal comma."""
    return float(re.findall(r"-?\d+(?:,\d+)?", text)[-1].replace(",", "."))


def example() -> list[Series]:
    mine = {"installation": "romashka"}
    month = {**mine, "domain": "", "month": "1970-01"}
    series = [
        # Counters of 30 days ago are known, but the client is watched for less: no earlier use to compare with.
        Series("kodeks:installation:info", {"url": "", "hosting": "", **mine, **WHO}, [None] * 2 + [1] * (DAYS - 1)),
        constant("installation:kodeks_licence_expiry_days:min", 40, DAYS, **mine),
        constant("installation:kodeks_interface_up:avg30d", 0.96, DAYS, **mine),
        Series(
            "kodeks_operup_timestamp_seconds", {**mine, "file": "a"}, [(day - 1) * 86400 for day in range(DAYS + 1)]
        ),
        constant("installation:kodeks_month_seats:daily", 12, DAYS, month="1970-01", **mine),
        constant("installation:kodeks_month_users:daily", 6, DAYS, kind="active", **month),
        constant("installation:kodeks_month_users:daily", 15, DAYS, kind="all", **month),
        constant("kodeks_users", 15, DAYS, **mine),
        constant("kodeks_silent_users", 3, DAYS, **mine),
        counter("installation:kodeks_searches:daily", 20, 200, status="ok", **mine),
        counter("installation:kodeks_searches:daily", 0, 20, status="empty", **mine),
        counter("installation:kodeks_empty_searches:daily", 3, 9, cause="absent", family="ГОСТ", **mine),
        counter("installation:kodeks_empty_searches:daily", 0, 9, cause="typo", family="ГОСТ", **mine),
        counter("installation:kodeks_search_duration:daily", 20, 191, status="ok", le="10.0", **mine),
        counter("installation:kodeks_search_duration:daily", 20, 200, status="ok", le="+Inf", **mine),
        counter("installation:kodeks_search_duration:daily", 0, 50, status="empty", le="+Inf", **mine),
    ]
    # A month that began before the 30 days and the one that runs, two domains.
    for kind, before, then, now in (("documents", 40, 140, 30), ("searches_intellectual", 0, 0, 50),
                                    ("services", 8, 15, 5), ("kassist", 0, 30, 0), ("prints", 0, 70, 70)):  # fmt: skip
        usage = "installation:kodeks_usage:daily"
        series.append(Series(usage, {**month, "kind": kind}, [before] * 2 + [then] * 24))
        running = {**month, "domain": "OFFICE", "month": "1970-02", "kind": kind}
        series.append(Series(usage, running, [None] * 20 + [now] * 12))
    return series


def counter(name: str, before: float, now: float, **labels: str) -> Series:
    """A counter that is ``before`` 30 days ago and ``now`` at the end."""
    return Series(name, labels, [before] * 2 + [now] * (DAYS - 1))


def test_the_example_comes_out_of_the_rules() -> None:
    names = ("client:kodeks_score_figure:ratio", "client:kodeks_score:stage", "client:kodeks_score:total",
             "client:kodeks_score_step:gain")  # fmt: skip
    figures, stages, totals, gains = (got for got in evaluate(example(), DAYS, names).values())
    told = table("стадия", "## Пример")
    assert len(figures) == len(told)
    for stage, figure, _, share in told:
        assert round(of(figures, stage=stage, figure=figure, **WHO) or 0, 2) == number(share), figure
    told = table("стадия", "| leaving | not_silent")
    assert len(stages) == len(told)
    for stage, _, value, _ in told:
        assert round(of(stages, stage=stage, **WHO) or 0, 2) == number(value), stage
    total = re.search(r"Оценка: .* = \*\*([\d,]+)\*\*", PAGE)
    assert total
    assert round(of(totals, **WHO) or 0, 2) == number(total[1])
    steps = {step: number(gain) for step, gain in table("шаг", "## Пример")}
    assert {dict(labels)["step"]: round(value, 2) for labels, value in gains.items()} == steps


def rules(group: str, record: str) -> list[dict[str, Any]]:
    files = (RULES, RULES.with_name("site.yml"))
    found = [each for file in files for each in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]]
    groups = {each["name"]: each["rules"] for each in found}
    return [rule for rule in groups[group] if rule.get("record") == record]


def constant_of(rule: dict[str, Any]) -> float:
    found = re.fullmatch(r"vector\((.*)\)", rule["expr"])
    assert found, rule
    return float(found[1])


def test_the_page_lists_every_figure_with_the_limits_and_words_of_the_rules() -> None:
    limits = {
        (rule["labels"]["figure"], rule["labels"]["at"]): constant_of(rule)
        for rule in rules("kodeks-score-settings", "kodeks:score_limit")
    }
    stages = {
        rule["labels"]["figure"]: rule["labels"]["stage"]
        for rule in rules("kodeks-score", "client:kodeks_score_value:daily")
    }
    weights = {
        rule["labels"]["stage"]: constant_of(rule) for rule in rules("kodeks-score-settings", "kodeks:score_weight")
    }
    words = {rule["labels"]["step"]: rule["labels"] for rule in rules("kodeks-score-words", "kodeks:score_step:info")}
    assert set(stages) == {figure for figure, _ in limits} == set(words)
    assert set(stages.values()) == set(weights)
    headings = re.findall(r"^### (\w+) \(`(\w+)`\), вес (\d+)$", PAGE, flags=re.MULTILINE)
    assert {stage: float(weight) for _, stage, weight in headings} == weights
    listed = {}
    for russian, stage, _ in headings:
        rows = table("показатель", f"### {russian} (")
        assert len(rows) >= 2, stage
        for title, figure, how, zero, full in rows:
            listed[figure.strip("`")] = stage
            assert how
            assert words[figure.strip("`")]["title"] == title
            assert words[figure.strip("`")]["stage"] == stage
            assert words[figure.strip("`")]["stage_title"] == russian
            assert (number(zero), number(full)) == (
                limits[figure.strip("`"), "zero"],
                limits[figure.strip("`"), "full"],
            )
    assert listed == stages

"""A site's weights and limits in the rendered rules, and the same defaults in the code and in the rules."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from kodeks_exporter.config.load import load
from kodeks_exporter.render import site
from kodeks_exporter.render.files import render
from kodeks_exporter.settings.score import LIMITS, WEIGHTS, Limit, ScoreSettings
from tests.score.engine import constant, evaluate, of


def settings_of(text: str) -> tuple[dict[str, float], dict[tuple[str, str], float]]:
    """Weights by stage, limits by figure and end."""
    groups: list[dict[str, Any]] = yaml.safe_load(text)["groups"]
    weights, limits = {}, {}
    for rule in next(group for group in groups if group["name"] == "kodeks-score-settings")["rules"]:
        value, labels = float(rule["expr"].removeprefix("vector(").removesuffix(")")), rule["labels"]
        if rule["record"] == "kodeks:score_weight":
            weights[labels["stage"]] = value
        else:
            limits[labels["figure"], labels["at"]] = value
    return weights, limits


def both(limits: dict[str, Limit]) -> dict[tuple[str, str], float]:
    return {(figure, at): value for figure, limit in limits.items() for at, value in asdict(limit).items()}


def test_every_weight_and_limit_can_be_set_and_nothing_else_changes() -> None:
    weights = {stage: 10.0 + place for place, stage in enumerate(WEIGHTS)}
    limits = {figure: Limit(-place - 1.5, place + 0.25) for place, figure in enumerate(LIMITS)}
    text = site.rendered({}, ScoreSettings(weights, limits))
    assert settings_of(text) == (weights, both(limits))
    numbers = re.compile(r"vector\([^)]*\)")
    assert numbers.sub("", text) == numbers.sub("", site.rendered({}, ScoreSettings()))


def test_kodeks_yml_decides_what_comes_out(tmp_path: Path) -> None:
    config = tmp_path / "kodeks.yml"
    config.write_text(
        "score:\n  weights: {solution: 3, leaving: 1}\n  limits: {availability: {full: 1}}\n", encoding="utf-8"
    )
    files = {file.path: file.content.decode() for file in render(load(config)).files}
    who = {"client": "c", "manager": "m", "branch": "b"}
    series = [
        constant("kodeks:installation:info", 1, 1, installation="i", **who),
        constant("installation:kodeks_interface_up:avg30d", 0.95, 1, installation="i"),
        constant("installation:kodeks_licence_expiry_days:min", 60, 1, installation="i"),
    ]
    total = "client:kodeks_score:total"
    # solution 3,125 or 2,5; sale and leaving 5.
    own = evaluate(series, 1, [total])[total]
    assert of(own, **who) == pytest.approx((3.125 * 2 + 5 * 1 + 5 * 2) / 5)
    site = evaluate(series, 1, [total], files["rules/site.yml"])[total]
    assert of(site, **who) == pytest.approx((2.5 * 3 + 5 * 1 + 5 * 1) / 5)

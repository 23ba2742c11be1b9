"""Planted clients in a year of history: samples, recording rules, scores, all through a real Prometheus."""

from __future__ import annotations

import functools
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from demo.history.accesses import online
from demo.history.families import write_all
from demo.history.life import live
from demo.history.model import History
from demo.history.openmetrics import Writer
from demo.history.planted import BAD, GOOD, MIDDLING, PLANTS, WEAK, Planting
from demo.history.sites import sites
from demo.year import build, serve
from demo.year.build import END, Size
from demo.year.client import Client
from kodeks_exporter.settings.score import WEIGHTS

pytestmark = pytest.mark.timeout(900)  # the year is built once, for some minutes on a busy machine


@dataclass(frozen=True)
class Scores:
    """By client; ``stages`` and ``gains`` (by step and stage) further."""

    totals: dict[str, float]
    places: dict[str, float]
    stages: dict[str, dict[str, float]]
    gains: dict[str, dict[tuple[str, str], float]]
    words: dict[str, str]


@functools.cache
def scores() -> Scores:
    built = build(Size(installations=4, accesses=6, planted=True))
    with serve(built.blocks) as url:
        prometheus = Client(url)

        def ask(expression: str) -> Iterator[tuple[dict[str, str], float]]:
            for labels, _, value in prometheus.vector(expression, built.end):
                yield labels, float(value)

        stages: dict[str, dict[str, float]] = {}
        gains: dict[str, dict[tuple[str, str], float]] = {}
        for labels, value in ask("last_over_time(client:kodeks_score:stage[2d])"):
            stages.setdefault(labels["client"], {})[labels["stage"]] = value
        for labels, value in ask("last_over_time(client:kodeks_score_step:gain[1d])"):
            gains.setdefault(labels["client"], {})[labels["stage"], labels["step"]] = value
        return Scores(
            {labels["client"]: value for labels, value in ask("last_over_time(client:kodeks_score:total[2d])")},
            {labels["client"]: value for labels, value in ask("last_over_time(client:kodeks_score:place[2d])")},
            stages,
            gains,
            {labels["step"]: labels["text"] for labels, _ in ask("last_over_time(kodeks:score_step:info[2d])")},
        )


def test_good_middling_and_bad_are_ranked_rightly() -> None:
    told = scores()
    good, middling, bad = (plant.client for plant in (GOOD, MIDDLING, BAD))
    assert told.totals[good] > 4.8
    assert 3 < told.totals[middling] < 4
    assert told.totals[bad] < 1
    assert told.places[good] == 1
    assert told.places[good] < told.places[middling] < told.places[bad] == len(told.totals)
    for plant in WEAK.values():
        assert told.places[good] < told.places[plant.client] < told.places[bad]


def test_every_client_has_a_score_within_bounds() -> None:
    told = scores()
    assert set(told.totals) == set(told.places) == set(told.stages)
    assert len(told.totals) == 4 + 6 + len({plant.client for plant in PLANTS})
    for client, stages in told.stages.items():
        assert set(stages) <= set(WEIGHTS)
        assert all(0 <= value <= 5 for value in stages.values()), client
        assert not math.isnan(told.totals[client])


@pytest.mark.parametrize("stage", WEAK)
def test_a_planted_weakness_shows_in_its_own_stage_and_among_the_steps(stage: str) -> None:
    told, client = scores(), WEAK[stage].client
    stages = dict(told.stages[client])
    weakest = stages.pop(stage)
    assert weakest < 2
    assert all(weakest + 1 < other for other in stages.values()), stages
    gains = told.gains[client]
    (first, _), _ = max(gains.items(), key=lambda each: each[1])
    assert first == stage
    # Three to five, as far as there is something to gain: the good client's other stages are full.
    advised = [step for of_stage, step in gains if of_stage == stage]
    assert 2 <= len(advised) <= len(gains) <= 5
    assert all(told.words[step] for _, step in gains)


def test_the_good_one_is_full_and_the_bad_one_gets_five_steps() -> None:
    told = scores()
    assert GOOD.client not in told.gains
    assert len(told.gains[BAD.client]) == 5


def test_planted_series_stand_with_their_families() -> None:
    lives = [live(0, site, END.replace(day=1), 20) for site in sites(0, 1, 3, END.replace(day=1), END)]
    history = History(lives, online(0, 1, END.replace(day=1), 20), 3600)
    file = io.StringIO()
    writer = Writer(file)
    write_all(history, Planting(writer, history))
    assert writer.samples
    seen: list[str] = []
    installations = set()
    for line in file.getvalue().splitlines():
        if line.startswith("# TYPE"):
            seen.append(line.split()[2])
        elif not line.startswith("#"):
            name, _, rest = line.partition("{")
            assert name.startswith(seen[-1]), f"{name} stands in {seen[-1]}"
            if rest.startswith('installation="'):
                installations.add(rest.split('"')[1])
    assert len(seen) == len(set(seen))
    assert {plant.name for plant in PLANTS} <= installations

"""The client score as the dashboard tells it: beside what the history's model knows, and retraced by hand."""

from __future__ import annotations

import functools
from collections import defaultdict
from statistics import mean, median
from typing import Any

import pytest

from tests.dashboards.test_truth import accesses, by, figures, installations, one, target, view
from tests.year import year

pytestmark = pytest.mark.timeout(900)  # the first one may have to build the year

BOARD, TABLE, STAGES, FIGURES = "client-score", "Оценки клиентов", "Этапы клиента", "Показатели клиента"
NAMES = ("Привлечение", "Подбор", "Продажа", "Внедрение", "Решение", "Развитие", "Лояльность", "Уход")
WEIGHTS = {"Решение": 2, "Лояльность": 2, "Уход": 2}
UNSTEADY = "Развитие"
"""Volumes of half a year ago are there once a week in the stand, and its Prometheus looks back for a day: what was
measured yesterday may still be counted today."""
DAY = 86400
SHOWN = 4
"""Clients of each kind that are looked at one by one."""


def close(value: float, precision: float = 1e-6) -> Any:
    return pytest.approx(value, abs=precision)


@functools.cache
def column(title: str) -> dict[str, float]:
    """Of the table of clients, by client."""
    return by("client", figures(BOARD, TABLE, title))


@functools.cache
def figure(client: str, title: str) -> dict[str, float]:
    """Of the table of one client's figures, by the figure's name in the rules."""
    return by("step", figures(BOARD, FIGURES, title, client=client))


def of_installations() -> dict[str, list[Any]]:
    """What the model knows of the installations, by client."""
    found = defaultdict(list)
    for each in installations().values():
        found[each["client"]].append(each)
    return found


def of_accesses() -> dict[str, list[Any]]:
    found = defaultdict(list)
    for each in accesses().values():
        found[each["client"]].append(each)
    return found


def some(clients: Any) -> list[str]:
    return sorted(clients & column("Оценка").keys())[:SHOWN]


def both_kinds() -> list[str]:
    return some(of_installations().keys() - of_accesses().keys()) + some(of_accesses().keys())


def stages(client: str) -> dict[str, float]:
    return {name: column(name)[client] for name in NAMES if client in column(name)}


def test_every_client_has_a_score() -> None:
    known = of_installations().keys() | of_accesses().keys()
    assert known <= column("Оценка").keys()
    assert all(0 <= score <= 5 for score in column("Оценка").values())
    assert max(column("Оценка").values()) - min(column("Оценка").values()) > 1


def test_total_is_the_weighted_mean_of_the_stages_that_are_there() -> None:
    for client, total in column("Оценка").items():
        there = stages(client)
        assert there, client
        assert all(0 <= score <= 5 for score in there.values()), client
        weight = sum(WEIGHTS.get(name, 1) for name in there)
        assert total == close(sum(WEIGHTS.get(name, 1) * score for name, score in there.items()) / weight), client
    for name in NAMES:
        assert column(name), name
    assert column("Привлечение").keys() < column("Оценка").keys()  # most never had a trial: no data, and not 0


def test_places_follow_the_totals() -> None:
    totals = column("Оценка")
    places = column("Место")
    assert places.keys() == totals.keys()
    assert set(column("Из").values()) == {len(totals)}
    assert min(places.values()) == 1
    # To the hundredth; two that are closer than that may stand either way.
    for client, total in totals.items():
        above = sum(other > total + 0.01 for other in totals.values())
        not_below = sum(other > total - 0.01 for other in totals.values())
        assert above < places[client] <= not_below, client


def test_one_client_is_shown_as_in_the_table_beside_all() -> None:
    totals = column("Оценка")
    for client in both_kinds():
        assert one(figures(BOARD, "Общая оценка", client=client)) == close(totals[client])
        assert one(figures(BOARD, "Место среди всех", client=client)) == column("Место")[client]
        told = by("order", figures(BOARD, STAGES, "Клиент", client=client))
        assert {name.partition(". ")[2]: value for name, value in told.items()} == pytest.approx(stages(client))
    assert one(figures(BOARD, "Клиентов с оценкой")) == len(totals)
    assert one(figures(BOARD, "Обычная оценка")) == close(median(totals.values()))
    assert one(figures(BOARD, "Средняя оценка")) == close(mean(totals.values()))
    medians = by("order", figures(BOARD, STAGES, "Медиана"))
    assert medians == {
        f"{number}. {name}": close(median(column(name).values())) for number, name in enumerate(NAMES, start=1)
    }
    weights = by("order", figures(BOARD, STAGES, "Вес"))
    assert list(map(weights.get, sorted(weights))) == [WEIGHTS.get(name, 1) for name in NAMES]


def test_stages_and_steps_can_be_retraced_from_the_figures() -> None:
    for client in both_kinds():
        worth, measured = figure(client, "Оценка"), figure(client, "Измерено")
        zero, full = figure(client, "0 при"), figure(client, "5 при")
        # What is not measured has its row (its limits are there), and no number in it.
        assert measured.keys() <= worth.keys() < zero.keys() == full.keys()
        for name, value in measured.items():
            way = (value - zero[name]) / (full[name] - zero[name])
            assert worth[name] == close(5 * min(1, max(0, way))), (client, name)
        stage_of = {
            labels["step"]: labels["order"].partition(". ")[2]
            for labels, _ in figures(BOARD, FIGURES, "A", client=client)
        }
        sums = defaultdict(list)
        for name, value in worth.items():
            if stage_of[name] != UNSTEADY:
                assert name in measured, (client, name)
                sums[stage_of[name]].append(value)
        there = stages(client)
        assert {name: mean(each) for name, each in sums.items()} == pytest.approx(
            {name: score for name, score in there.items() if name != UNSTEADY}
        ), client
        weight = sum(WEIGHTS.get(name, 1) for name in there)
        gains = {
            name: (5 - value) * WEIGHTS.get(stage_of[name], 1) / len(sums[stage_of[name]]) / weight
            for name, value in worth.items()
            if stage_of[name] != UNSTEADY
        }
        steps = figures(BOARD, "Точки роста", "Прибавит", client=client)
        told = by("step", steps)
        assert len(told) <= 5
        least = min(told.values()) if len(told) == 5 else 0.005
        assert {name for name, gain in gains.items() if gain > least + 1e-6} <= told.keys(), client
        for name in told.keys() & gains.keys():
            assert told[name] == close(gains[name]), (client, name)
        for labels, _ in steps:
            assert labels["text"], client
            assert labels["stage_title"] == stage_of[labels["step"]]


def test_figures_of_installations_are_the_truth() -> None:
    checked = 0
    midnight = year().end // DAY * DAY
    for client in some(of_installations().keys() - of_accesses().keys()):
        known, measured = of_installations()[client], figure(client, "Измерено")
        soonest = min(each["licence_expiry"] for each in known)
        assert measured["expiry"] == close((soonest - midnight) / DAY, 1.01), client
        if looked := [each["availability_30d"]["http"] for each in known if each["availability_30d"]]:
            assert measured["availability"] == close(mean(looked), 0.03), client
            checked += 1
        assert not {name for name in measured if name.startswith("online_")}, client
    assert checked > 0


def test_figures_of_online_accesses_are_the_truth() -> None:
    shares = set()
    for client in some(of_accesses().keys() - of_installations().keys()):
        known, measured = of_accesses()[client], figure(client, "Измерено")
        judged = [each["class"] for each in known if each["class"] not in ("", "new", None)]
        assert measured["online_living"] == close(mean(each not in ("never", "low") for each in judged)), client
        assert measured["online_login"] == close(mean(not each["login_refused"] for each in known)), client
        assert "operup" not in measured, client
        shares.add(measured["online_living"])
    assert shares


def test_the_year_ends_where_the_table_is() -> None:
    client = both_kinds()[0]
    opened = view(BOARD, client=client)
    query = opened.query(target(BOARD, "Общая оценка за год", "{{client}}"))
    ((labels, samples),) = year().matrix(query.expression, query.start, query.end, query.step)
    assert labels["client"] == client
    assert float(samples[-1][1]) == close(column("Оценка")[client])
    assert len(samples) > 100
    told = {at: float(value) for at, value in samples}
    last = samples[-1][0]
    change = one(figures(BOARD, "Изменение за 28 дней", client=client))
    assert change == close(told[last] - told[last - 28 * DAY])

"""What must hold of every client: bounds, more of a good thing never lowers, nothing measured is not zero."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kodeks_exporter.render import site
from kodeks_exporter.settings.score import LIMITS, WEIGHTS, ScoreSettings
from tests.score.clients import DAY, STEP, Client, series
from tests.score.engine import evaluate

FIGURES, STAGES, TOTAL, GAINS, PLACE, COUNT = QUERIES = (
    "client:kodeks_score_figure:ratio", "client:kodeks_score:stage", "client:kodeks_score:total",
    "client:kodeks_score_step:gain", "client:kodeks_score:place", "kodeks:score_clients:count",
)  # fmt: skip
EPSILON = 1e-9
RUNS = settings(
    max_examples=5,  # each holds dozens of clients
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Scored:
    """What came out for one client; ``total`` None: nothing is known of it. ``gains`` by step."""

    figures: Mapping[str, float]
    stages: Mapping[str, float]
    total: float | None
    gains: Mapping[str, float]
    place: float | None


def scored(clients: Mapping[str, Client], text: str = "") -> tuple[dict[str, Scored], float]:
    """By name, and how many have a place."""
    given = [each for name, client in clients.items() for each in series(name, client)]
    got = evaluate(given, DAY, QUERIES, text, sampled=STEP, evaluated=10)
    by: dict[str, dict[str, dict[str, float]]] = {query: {} for query in QUERIES}
    for query, key in ((FIGURES, "figure"), (STAGES, "stage"), (TOTAL, "client"), (GAINS, "step"), (PLACE, "client")):
        for labels, value in got[query].items():
            found = dict(labels)
            by[query].setdefault(found["client"], {})[found[key]] = value
    told = {
        name: Scored(
            by[FIGURES].get(name, {}),
            by[STAGES].get(name, {}),
            by[TOTAL].get(name, {}).get(name),
            by[GAINS].get(name, {}),
            by[PLACE].get(name, {}).get(name),
        )
        for name in clients
    }
    return told, next(iter(got[COUNT].values()), 0)


counts = st.integers(0, 400)
shares = st.floats(0, 1)


@st.composite
def client(draw: st.DrawFn) -> Client:
    def maybe(strategy: st.SearchStrategy[float]) -> float | None:
        return draw(strategy) if draw(st.integers(0, 3)) else None

    def whole(low: int, high: int) -> int | None:
        value = maybe(st.integers(low, high))
        return None if value is None else int(value)

    found, searches, users = whole(20, 500), whole(20, 500), whole(1, 60)
    online, new = whole(20, 300), whole(1, 9)
    expiry = maybe(st.floats(-20, 90))
    return Client(
        availability=maybe(shares),
        operup_days=maybe(st.floats(0, 12)),
        found=found,
        fast=draw(st.integers(0, found)) if found is not None else 0,
        catalogs=tuple(draw(st.lists(st.booleans(), max_size=3))),
        seats=whole(1, 50),
        seats_then=draw(st.integers(1, 50)),
        active=whole(0, 40),
        active_then=draw(st.integers(0, 40)),
        users=users,
        silent=draw(st.integers(0, users)) if users is not None and draw(st.booleans()) else None,
        documents=whole(0, 900),
        documents_then=draw(counts),
        services=whole(0, 90),
        kassist=whole(0, 200),
        searches=searches,
        absent=draw(st.integers(0, searches)) if searches is not None else 0,
        absent_then=draw(st.integers(0, 20)),
        expiry_days=expiry,
        renewal_lead=maybe(st.floats(-25, 40)) if expiry is not None and expiry > 30 else None,
        new_users=new,
        new_searched=draw(st.integers(0, new)) if new is not None else 0,
        new_opened=draw(st.integers(0, new)) if new is not None else 0,
        new_filled=draw(st.integers(0, new)) if new is not None else 0,
        trial_days=maybe(st.floats(1, 150)),
        contract=draw(st.booleans()),
        volumes=whole(1, 6),
        volumes_then=draw(st.integers(1, 6)),
        online_up=maybe(shares),
        online_login=draw(st.sampled_from((None, True, False))),
        online_used=maybe(shares),
        online_used_then=draw(shares),
        online_limit=draw(st.integers(100, 500)),
        online_limit_then=draw(st.integers(100, 500)),
        online_searches=online,
        online_found=draw(st.integers(0, online)) if online is not None else 0,
        online_class=draw(st.sampled_from(("", "new", "never", "low", "normal", "high"))),
        online_silent=draw(st.booleans()),
    )


Better = Callable[[Client], Client]


def more(field: str, amount: float = 1, *along: str) -> Better:
    """So much more of a knob that is measured, and as much of those that hold it (all searches hold the fast ones)."""

    def better(client: Client) -> Client:
        if getattr(client, field) is None or any(getattr(client, name) is None for name in along):
            return client
        return replace(client, **{name: getattr(client, name) + amount for name in (field, *along)})

    return better


def at_most(field: str, amount: float, bound: Callable[[Client], float | None]) -> Better:
    """More of a part, up to the whole."""

    def better(client: Client) -> Client:
        whole, part = bound(client), getattr(client, field)
        if whole is None or part is None:
            return client
        return replace(client, **{field: max(part, min(whole, part + amount))})

    return better


GOOD: dict[str, Better] = {
    "available": at_most("availability", 0.03, lambda _: 1.0),
    "fresh updates": lambda c: c if c.operup_days is None else replace(c, operup_days=max(0, c.operup_days - 2)),
    "faster searches": at_most("fast", 30, lambda c: c.found),
    "more fast searches": more("fast", 30, "found"),
    "catalogs mended": lambda c: replace(c, catalogs=(True,) * len(c.catalogs)),
    "seats": more("seats", 7),
    "active users": more("active", 3),
    "active users who are new": more("active", 3, "users"),
    "new users come back": at_most("new_searched", 2, lambda c: c.new_users),
    "new users read": at_most("new_opened", 2, lambda c: c.new_users),
    "new users tell who they are": at_most("new_filled", 2, lambda c: c.new_users),
    "silent users come": lambda c: c if c.silent is None else replace(c, silent=max(0, c.silent - 2)),
    "documents": more("documents", 60),
    "services": more("services", 20),
    "kassist": more("kassist", 40),
    "searches that find": more("searches", 50),
    "less is absent": lambda c: c if c.searches is None else replace(c, absent=max(0, c.absent - 5)),
    "renewed": more("expiry_days", 30),
    "renewed earlier": more("renewal_lead", 10),
    "shorter trial": lambda c: c if c.trial_days is None else replace(c, trial_days=max(1, c.trial_days - 20)),
    "volumes": more("volumes", 1),
    "vendor available": at_most("online_up", 0.02, lambda _: 1.0),
    "login mended": lambda c: c if c.online_login is None else replace(c, online_login=True),
    "documents online": at_most("online_used", 0.2, lambda _: 1.0),
    "larger limit": lambda c: replace(c, online_limit=c.online_limit + 50),
    "searches online": at_most("online_found", 20, lambda c: c.online_searches),
    "online in use": lambda c: replace(c, online_class="high") if c.online_class not in ("", "new") else c,
    "not silent any more": lambda c: replace(c, online_silent=False),
}


def pairs(base: Client, name: str) -> Iterator[tuple[str, Client]]:
    yield name, base
    for what, better in GOOD.items():
        yield f"{name} {what}", better(base)
    everything = base
    for better in GOOD.values():
        everything = better(everything)
    yield f"{name} all of it", everything


@RUNS
@given(client())
def test_more_of_a_good_thing_never_lowers(base: Client) -> None:
    """Only where the same is measured: a figure that comes into being may be a bad one."""
    got, _ = scored(dict(pairs(base, "base")))
    before = got.pop("base")
    for key, better in got.items():
        if set(before.figures) == set(better.figures):
            for figure, value in before.figures.items():
                assert better.figures[figure] >= value - EPSILON, f"{key}: {figure}"
            for stage, value in before.stages.items():
                assert better.stages[stage] >= value - EPSILON, f"{key}: {stage}"
            assert (better.total or 0) >= (before.total or 0) - EPSILON, key


@RUNS
@given(
    st.lists(client(), min_size=2, max_size=14),
    st.lists(st.integers(0, 5), min_size=len(WEIGHTS), max_size=len(WEIGHTS)).filter(any),
)
def test_stages_totals_gains_and_places_are_as_documented(drawn: list[Client], weights: list[int]) -> None:
    counted = dict(zip(WEIGHTS, weights, strict=True))
    text = site.rendered({}, ScoreSettings(weights=counted))
    got, count = scored({f"client {number}": each for number, each in enumerate(drawn)}, text)
    stage_of = {
        figure: stage for figure, stage in ((f, s) for s in WEIGHTS for f in LIMITS) if figure in FIGURES_OF[stage]
    }
    totals = {name: each.total for name, each in got.items() if each.total is not None}
    assert count == len(totals)
    for name, each in got.items():
        assert all(0 <= value <= 1 for value in each.figures.values()), name
        assert all(0 <= value <= 5 + EPSILON for value in each.stages.values()), name
        assert set(each.stages) == {stage_of[figure] for figure in each.figures}, name
        for stage, value in each.stages.items():
            own = [share for figure, share in each.figures.items() if stage_of[figure] == stage]
            assert value == pytest.approx(5 * sum(own) / len(own)), f"{name}: {stage}"
        weight = sum(counted[stage] for stage in each.stages)
        if weight == 0:
            assert each.total is None, name
            continue
        assert each.total == pytest.approx(
            sum(counted[stage] * value for stage, value in each.stages.items()) / weight
        ), name
        gains = {}
        for figure, share in each.figures.items():
            stage = stage_of[figure]
            many = sum(stage_of[other] == stage for other in each.figures)
            gains[figure] = 5 * (1 - share) * counted[stage] / many / weight
        expected = sorted((gain for gain in gains.values() if gain >= 0.005), reverse=True)[:5]
        assert sorted(each.gains.values(), reverse=True) == pytest.approx(expected), name
        for step, gain in each.gains.items():
            assert gain == pytest.approx(gains[step]), f"{name}: {step}"
        shown = {other: math.floor(value * 100 + 0.5 + EPSILON) for other, value in totals.items()}
        assert each.place == 1 + sum(value > shown[name] for value in shown.values()), name


FIGURES_OF = {
    "attraction": {"trial_users", "trial_seats", "trial_activity"},
    "selection": {"absent", "absent_trend", "online_found"},
    "sale": {"trial_won", "trial_days", "renewal_lead", "overdue"},
    "onboarding": {"new_searched", "new_opened", "new_filled"},
    "solution": {"availability", "operup", "search_speed", "catalogs", "online_up", "online_login"},
    "evolution": {"seats_growth", "users_growth", "volumes_growth", "services", "kassist", "online_limits",
                  "online_breadth"},
    "loyalty": {"activity", "involvement", "steady", "online_used", "online_living"},
    "leaving": {"not_silent", "use_kept", "expiry", "online_kept", "online_not_silent"},
}  # fmt: skip

RICH = Client(
    availability=0.99, operup_days=1, found=100, fast=100, catalogs=(True,), seats=20, seats_then=15, active=18,
    active_then=16, users=20, silent=0, documents=500, documents_then=400, services=50, kassist=100, searches=200,
    expiry_days=200, renewal_lead=40, new_users=2, new_searched=2, new_opened=2, new_filled=2, trial_days=20,
    volumes=6, volumes_then=4, online_up=1, online_login=True, online_used=0.6, online_used_then=0.6, online_limit=400,
    online_searches=100, online_found=100, online_class="high",
)  # fmt: skip


def test_a_client_with_everything_has_every_figure_and_no_advice() -> None:
    # A trial has no contract, and a contract no attraction.
    got, _ = scored({"trial": RICH, "contract": replace(RICH, contract=True), "nothing": Client()})
    trial, contract, nothing = got.values()
    assert set(trial.figures) | set(contract.figures) == set().union(*FIGURES_OF.values())
    assert set(contract.stages) == set(WEIGHTS) - {"attraction"}
    assert set(trial.stages) == set(WEIGHTS)
    assert contract.total == 5
    assert (contract.gains, contract.place) == ({}, 1)
    assert (nothing.figures, nothing.stages, nothing.total, nothing.gains, nothing.place) == ({}, {}, None, {}, None)


def test_nothing_measured_is_not_zero() -> None:
    zero = replace(
        RICH, contract=True, availability=0.0, operup_days=30, found=100, fast=0, catalogs=(False,), online_up=0.0,
        online_login=False,
    )  # fmt: skip
    silent = replace(zero, availability=None, operup_days=None, found=None, catalogs=(), online_up=None,
                     online_login=None)  # fmt: skip
    one = replace(silent, availability=0.98)
    got, _ = scored({"zero": zero, "silent": silent, "one": one})
    assert got["zero"].stages["solution"] == 0
    assert "solution" not in got["silent"].stages
    assert got["silent"].total == 5
    assert got["zero"].total == pytest.approx(4), "2 of 10 parts of the weight"
    assert got["one"].stages["solution"] == pytest.approx(5), "the mean of what is there"


@pytest.mark.parametrize(
    ("before", "after", "figure"),
    [
        (Client(searches=19, absent=1), Client(searches=20, absent=1), "absent"),
        (Client(found=19, fast=1), Client(found=20, fast=1), "search_speed"),
        (Client(online_searches=19, online_found=1), Client(online_searches=20, online_found=1), "online_found"),
        (Client(trial_days=50), Client(trial_days=70), "trial_won"),
        (Client(new_users=0), Client(new_users=1), "new_searched"),
        (Client(expiry_days=90), Client(expiry_days=90, renewal_lead=20), "renewal_lead"),
    ],
)
def test_too_little_tells_nothing(before: Client, after: Client, figure: str) -> None:
    got, _ = scored({"before": before, "after": after})
    assert figure not in got["before"].figures
    assert figure in got["after"].figures

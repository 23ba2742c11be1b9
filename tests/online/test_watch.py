"""When accesses are visited: politely, all in time, never into a lock-out, and a dead server by one at a time."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest

from demo.vendor import Access, ServerSpec, VendorFault
from kodeks_exporter.domain.online import OnlineReading, Quota, Resource
from kodeks_exporter.online.reader import OnlineTools
from kodeks_exporter.online.watch import OnlineWatch
from kodeks_exporter.settings.online import OnlineLimits, OnlineSpread
from kodeks_exporter.settings.settings import PollSettings
from tests.online.conftest import PASSWORD, QUICK, Numbers, World, WorldMaker, moment, one


def many(name: str, count: int) -> ServerSpec:
    return ServerSpec(name, tuple(Access(f"{name}-u{number:03}", PASSWORD) for number in range(count)))


def visits(world: World) -> Counter[str]:
    return sum((server.visitors for server in world.vendor.servers.values()), Counter())


def test_five_hundred_accesses_of_three_servers_within_the_hour(make_world: WorldMaker) -> None:
    world = make_world([many("nps1", 167), many("nps2", 167), many("nps3", 166)])
    servers = world.vendor.servers.values()
    for server in servers:
        server.faults.add(VendorFault.SLOW)  # so that visits overlap when they may
        server.slow = 0.002
    world.clock.now += 60  # the first visits are all due by now
    begin, cpu = time.monotonic(), time.process_time()
    world.run_at_once()
    took, cpu = time.monotonic() - begin, time.process_time() - cpu
    assert visits(world) == {access: 1 for server in servers for access in [a.login for a in server.spec.accesses]}
    assert all(world.store.state(name).quotas for name in world.accesses())
    assert [server.max_sessions for server in servers] == [2, 2, 2]
    assert all(not server.sessions and not server.strange for server in servers)
    print(f"500 visits took {took:.1f} s and {cpu * 2:.1f} ms of CPU each, the vendor's servers included")
    assert cpu / 3600 < 0.02
    # And the gap between visits, which this test leaves out, leaves time enough:
    assert 167 * OnlineLimits().gap < 3600


@pytest.mark.parametrize("number", [1, 3])
def test_never_more_at_once_than_configured(make_world: WorldMaker, number: int) -> None:
    world = make_world([many("nps1", 12)], settings=replace(QUICK, limits=OnlineLimits(number, 0.0)))
    server = world.vendor.servers["nps1"]
    server.faults.add(VendorFault.SLOW)
    world.clock.now += 60
    world.run_at_once()
    assert server.max_sessions == number
    assert sum(server.visitors.values()) == 12


def test_visits_are_spread_over_the_interval_and_come_once_in_it(make_world: WorldMaker) -> None:
    world = make_world([many("nps1", 60)])
    world.run(2)
    before, per_minute = visits(world), []
    for _ in range(180):
        seen = visits(world).total()
        world.run(1 / 60)
        per_minute.append(visits(world).total() - seen)
    assert all(2 <= count <= 4 for count in (visits(world) - before).values())
    assert (visits(world) - before).total() == pytest.approx(180, abs=6)
    assert max(per_minute) <= 6


def test_the_gap_between_visits(make_world: WorldMaker) -> None:
    settings = replace(QUICK, limits=OnlineLimits(gap=0.05), spread=OnlineSpread(start=0.0))
    world = make_world([many("nps1", 9)], settings=settings)
    world.watch = OnlineWatch(world.store, OnlineTools(Numbers().resolve, time.time))
    world.apply()
    begin = time.monotonic()
    world.run_at_once()
    assert visits(world).total() == 9
    assert time.monotonic() - begin >= 8 * 0.05


def test_a_refused_login_is_not_hammered_and_no_account_gets_locked(make_world: WorldMaker) -> None:
    world = make_world([one("nps1", "u1", "u2")])
    world.passwords["u1"] = "wrong"
    world.apply()
    server = world.vendor.servers["nps1"]
    world.run(5.9)
    assert server.refusals == {"u1": 1}
    assert world.store.state("u1").login is False
    for _ in range(5):  # restarts and reloads do not start anew
        world.restart()
        world.run(0.1)
        world.apply()
    assert server.refusals == {"u1": 2}
    world.run(72, step=300)
    assert server.refusals["u1"] <= 5
    assert server.locked == set()
    assert server.visitors["u2"] > 70
    assert world.store.state("u1").errors == {"refused": server.refusals["u1"]}


def test_a_changed_password_is_tried_at_once(make_world: WorldMaker) -> None:
    world = make_world([one()])
    server = world.vendor.servers["nps1"]
    server.passwords["u1"] = "new"
    world.run(1)
    assert server.refusals == {"u1": 1}
    world.passwords["u1"] = "new"
    world.apply()
    world.run(1 / 60)
    assert server.visitors == {"u1": 1}
    assert world.store.state("u1").login is True
    assert world.store.state("u1").refusal is None


def test_a_password_that_the_vendor_mends_is_found_by_itself(make_world: WorldMaker) -> None:
    world = make_world([one()])
    world.vendor.fault("nps1", VendorFault.REFUSED, "u1")
    world.run(1)
    world.vendor.clear("nps1")
    world.run(4)
    assert world.store.state("u1").login is False
    world.run(1.5)
    assert world.store.state("u1").login is True


def test_a_dead_server_is_asked_by_one_at_a_time_and_told_once(make_world: WorldMaker) -> None:
    world = make_world([many("nps1", 40), one("nps2", "other")])
    world.run(2)
    assert set(world.watch.servers().values()) == {True}
    good = {name: world.store.state(name) for name in world.accesses()}
    world.vendor.fault("nps1", VendorFault.ERROR_500)
    server = world.vendor.servers["nps1"]
    server.requests.clear()
    world.run(3)
    dead, alive = sorted(world.watch.servers().items(), key=lambda item: str(item[1]))
    assert (dead[1], alive[1]) == (False, True)
    # 40 accesses would have come 120 times.
    assert server.requests["/profile"] <= 25
    errors = sum((Counter(world.store.state(name).errors) for name in world.accesses()), Counter())
    assert errors["http_500"] == server.requests["/profile"]
    for name, before in good.items():
        if name != "other":
            after = world.store.state(name)
            assert (after.read, after.quotas, after.login) == (before.read, before.quotas, True)
    world.vendor.clear("nps1")
    world.run(0.3)
    assert set(world.watch.servers().values()) == {True}
    ages = [world.clock.now - (world.store.state(name).read or 0) for name in good if name != "other"]
    assert max(ages) <= 0.3 * 3600


def test_a_dead_server_is_found_within_minutes(make_world: WorldMaker) -> None:
    world = make_world([many("nps1", 3)])
    world.run(2)
    world.vendor.fault("nps1", VendorFault.CLOSED)
    minutes = 0
    while set(world.watch.servers().values()) != {False}:
        world.run(1 / 60)
        minutes += 1
    assert minutes <= 60  # the three come once an hour; the second is asked a minute after the first
    reasons = [world.store.state(name).reason for name in world.accesses()]
    assert sorted(reasons) == ["", "connection", "connection"]


def test_one_broken_access_does_not_make_its_server_dead(make_world: WorldMaker) -> None:
    world = make_world([many("nps1", 5)])
    world.vendor.fault("nps1", VendorFault.ERROR_500, "nps1-u003")
    world.run(24)
    assert world.store.state("nps1-u003").errors["http_500"] <= 12  # ever more seldom
    assert set(world.watch.servers().values()) == {True}
    assert visits(world)["nps1-u001"] >= 20


def test_changed_markup_is_asked_ever_more_seldom(make_world: WorldMaker) -> None:
    world = make_world([many("nps1", 2)])
    world.vendor.fault("nps1", VendorFault.MARKUP)
    world.run(24)
    state = world.store.state("nps1-u000")
    assert 5 <= state.errors["markup"] <= 12
    assert state.up is True
    assert set(world.watch.servers().values()) == {True}


def test_the_history_is_read_once_a_night_and_each_search_once(make_world: WorldMaker) -> None:
    world = make_world([many("nps1", 5)], at="2026-11-17 18:00")
    server = world.vendor.servers["nps1"]
    world.run(8.9)
    first_night = server.requests["/history"]
    assert first_night == 5 * 7  # it was past 03:00 when it started, so the week was read at once
    world.run(1.2)
    assert server.requests["/history"] == first_night + 5
    world.run(21)
    assert server.requests["/history"] == first_night + 5
    totals = dict(world.store.state("nps1-u001").searches)
    assert sum(totals.values()) == len(world.store.searches("nps1-u001", date(2026, 1, 1)))
    world.restart()
    world.run(48)
    assert server.requests["/history"] == first_night + 15
    assert world.store.state("nps1-u001").searches != totals


def test_the_nightly_visits_are_spread(make_world: WorldMaker) -> None:
    world = make_world([many("nps1", 60)], at="2026-11-18 01:00")
    server = world.vendor.servers["nps1"]
    world.run(2)
    assert server.requests["/history"] == 0
    counts = []
    for _ in range(60):
        before = server.requests["/history"]
        world.run(1 / 60)
        counts.append(server.requests["/history"] - before)
    assert sum(counts) == 60 * 7
    assert max(counts) <= 6 * 7


def test_a_history_that_fails_waits_for_the_next_night(make_world: WorldMaker) -> None:
    world = make_world([many("nps1", 1)], at="2026-11-18 12:00")
    world.vendor.fault("nps1", VendorFault.HISTORY_500)
    world.run(12)
    assert world.vendor.servers["nps1"].requests["/history"] == 1
    world.vendor.clear("nps1")
    world.run(24)
    assert world.store.state("nps1-u000").history_day is not None
    assert world.store.state("nps1-u000").errors == {"http_500": 1}


def test_a_year_missed_is_not_read_back(make_world: WorldMaker) -> None:
    world = make_world([many("nps1", 1)], at="2026-11-18 12:00")
    world.run(1)
    world.clock.now = moment("2027-03-18 12:00")
    world.vendor.servers["nps1"].requests.clear()
    world.run(2)
    assert world.vendor.servers["nps1"].requests["/history"] == 7


def test_the_class_is_computed_once_a_day_from_the_access_own_history(make_world: WorldMaker) -> None:
    world = make_world([many("nps1", 1)], at="2026-11-18 12:00")
    for number in range(395, 0, -1):
        day = date(2026, 11, 18) - timedelta(days=number)
        used = 150 if day.month in (3, 6, 9, 12) else 0
        quotas = {Resource.DOCUMENTS: Quota(300 - used, 300)}
        world.store.record(OnlineReading("nps1-u000", 1.0, 0.1, "", True, quotas), day, QUICK)
    world.run(2)
    use_pattern = world.store.state("nps1-u000").use_pattern
    assert use_pattern is not None
    assert (use_pattern.day, use_pattern.season) == (date(2026, 11, 18), 3)
    world.run(12)
    again = world.store.state("nps1-u000").use_pattern
    assert again is not None
    assert again.day == date(2026, 11, 19)


def test_an_access_that_is_gone_is_not_visited(make_world: WorldMaker) -> None:
    world = make_world([many("nps1", 3)])
    world.run(1)
    left = {name: access for name, access in world.accesses().items() if name != "nps1-u001"}
    world.watch.apply(left, QUICK, PollSettings())
    before = visits(world)
    world.run(3)
    assert set(visits(world) - before) == {"nps1-u000", "nps1-u002"}
    world.watch.apply({}, QUICK, PollSettings())
    assert world.watch.slots() == ()
    world.watch.run("nps1#0")


def test_the_limit_is_learnt_and_restored_with_the_month(make_world: WorldMaker) -> None:
    spec = replace(many("nps1", 1), limits_told=False)
    world = make_world([spec], at="2026-10-20 12:00")
    world.run(1)
    state = world.store.state("nps1-u000")
    documents = state.quotas[Resource.DOCUMENTS]
    assert documents.limit == documents.left < 300
    assert Resource.DOCUMENTS in state.uncertain
    world.clock.now = moment("2026-11-01 00:10")
    world.run(2)
    state = world.store.state("nps1-u000")
    assert state.quotas[Resource.DOCUMENTS] == (300, 300)
    assert state.uncertain == frozenset()
    world.clock.now = moment("2026-11-20 12:00")
    world.run(2)
    left, limit = world.store.state("nps1-u000").quotas[Resource.DOCUMENTS]
    assert (left < 250, limit) == (True, 300)
    assert world.store.state("nps1-u000").uncertain == frozenset()


def test_the_watch_survives_what_should_not_happen(make_world: WorldMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world([many("nps1", 2)])

    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("kodeks_exporter.online.watch.read_access", crash)
    world.run(1)
    assert world.store.state("nps1-u000").reason == "crash"
    monkeypatch.undo()
    world.run(4)
    assert world.store.state("nps1-u000").reason == ""

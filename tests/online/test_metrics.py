"""What an online access looks like to Prometheus."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from prometheus_client.parser import text_string_to_metric_families

from demo.vendor import VendorFault
from kodeks_exporter.domain.online import Advice, Deviation, UseClass, UsePattern
from kodeks_exporter.metrics.exposition import render_families
from kodeks_exporter.metrics.online import AccessFigures, families, server_families
from kodeks_exporter.online.watch import server_of
from kodeks_exporter.store.access_state import AccessState
from tests.online.conftest import PASSWORD, World, WorldMaker, moment, one

Samples = dict[str, dict[tuple[str, ...], float]]


def view(world: World, state: AccessState | None = None) -> AccessFigures:
    access = world.accesses()["u1"]
    server = server_of(access)
    known = world.store.state("u1") if state is None else state
    return AccessFigures(access, server, world.watch.servers()[server], known, world.settings)


def text_of(world: World, state: AccessState | None = None) -> str:
    return render_families(families(view(world, state), world.clock.now)).decode()


def samples(text: str) -> Samples:
    """By name and by the values of labels, in order of the labels' names, the account left out."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = tuple(value for label, value in sorted(sample.labels.items()) if label != "account")
            found.setdefault(sample.name.removeprefix("kodeks_online_"), {})[key] = sample.value
            assert sample.labels["account"] == "u1"
    return found


def test_a_good_access(make_world: WorldMaker) -> None:
    world = make_world([one()], at="2026-11-18 02:55")
    world.run(2)
    text = text_of(world)
    found = samples(text)
    server = world.vendor.url("nps1").split("/")[2]
    assert found["access_info"] == {("", "Клиент u1", "u1", "ivanova", server): 1}
    assert found["up"] == {(): 1}
    assert found["login_success"] == {(): 1}
    assert found["limit"] == {("documents",): 300, ("searches",): 3000, ("prints",): 3000, ("uploads",): 3000}
    assert set(found["left"]) == set(found["limit"])
    assert 0 < found["left"][("documents",)] < 300
    assert 0 <= world.clock.now - found["read_timestamp_seconds"][()] < 5400
    assert found["searches_total"][("empty", "attribute")] > 0
    events = found["search_event_info"]
    assert any(key == ("layout", "ПНД Ф", "GYLA 14.1", "empty", key[4], "intellectual") for key in events)
    assert any(key[2:4] == ("ТУ 14-1-476-72", "empty") and key[:2] == ("absent", "ТУ") for key in events)
    assert all(len(key[4]) == len("2026-11-17T09:00:00") for key in events)
    assert found["class"] == {(each.value,): float(each is UseClass.NEW) for each in UseClass}
    assert "limit_uncertain" not in found
    assert PASSWORD not in text


def test_last_month_is_shown_on_the_first_seven_days(make_world: WorldMaker) -> None:
    world = make_world([one()], at="2026-11-18 02:55")
    world.run(1)
    state = world.store.state("u1")
    assert {key[0] for key in samples(text_of(world))["month_left"]} == {"2026-11"}
    old = dict.fromkeys(state.quotas, 7)
    new = dict.fromkeys(state.quotas, 300)
    turned = replace(state, months={"2026-11": old, "2026-12": new})
    for now, shown in (("2026-12-07 23:59", {"2026-11", "2026-12"}), ("2026-12-08 00:01", {"2026-12"})):
        text = render_families(families(view(world, turned), moment(now))).decode()
        left = samples(text)["month_left"]
        assert {key[0] for key in left} == shown
        assert left["2026-12", "documents"] == 300
        assert left.get(("2026-11", "documents"), 7) == 7


def test_before_the_first_visit_nothing_is_claimed(make_world: WorldMaker) -> None:
    world = make_world([one()])
    assert set(samples(text_of(world))) == {"access_info"}
    assert render_families(server_families(world.watch.servers())) == b""


def test_failures_are_told_and_figures_stay(make_world: WorldMaker) -> None:
    world = make_world([one()])
    world.run(1.2)
    before = samples(text_of(world))
    world.vendor.fault("nps1", VendorFault.MAINTENANCE)
    world.run(3)
    after = samples(text_of(world))
    assert after["up"] == {(): 0}
    assert after["errors_total"][("maintenance",)] > 1
    assert after["login_success"] == {(): 1}
    for name in ("left", "limit", "read_timestamp_seconds"):
        assert after[name] == before[name]
    servers = render_families(server_families(world.watch.servers())).decode()
    assert servers.splitlines()[-1].endswith("} 0.0")


def test_a_refused_login(make_world: WorldMaker) -> None:
    world = make_world([one()])
    world.vendor.fault("nps1", VendorFault.REFUSED)
    world.run(1)
    found = samples(text_of(world))
    assert (found["up"], found["login_success"]) == ({(): 1}, {(): 0})
    assert found["errors_total"] == {("refused",): 1}


def test_searches_age_away(make_world: WorldMaker) -> None:
    world = make_world([one()], at="2026-11-18 12:00")
    world.run(1)
    assert any(key[3] == "ok" for key in samples(text_of(world))["search_event_info"])
    world.clock.now += 3 * 86400
    assert {key[3] for key in samples(text_of(world))["search_event_info"]} == {"empty"}
    world.clock.now += 14 * 86400
    assert "search_event_info" not in samples(text_of(world))


def test_the_profile(make_world: WorldMaker) -> None:
    world = make_world([one()])
    world.run(1)
    use_pattern = UsePattern(
        date(2026, 11, 18), UseClass.SEASONAL, 3, date(2026, 12, 1), 12.5, Deviation.SILENT, Advice.CALL, "silent"
    )
    found = samples(text_of(world, replace(world.store.state("u1"), use_pattern=use_pattern)))
    assert found["class"][("seasonal",)] == 1
    assert sum(found["class"].values()) == 1
    assert found["season_months"] == {(): 3}
    assert found["next_busy_timestamp_seconds"] == {(): moment("2026-12-01 00:00")}
    assert found["documents_expected"] == {(): 12.5}
    assert found["deviation"] == {("silent",): 1}
    assert found["advice"] == {("call", "silent"): 1}

"""A report of another client, one that lost its inside, the same again, another version."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.reporting import Bench

HOUR = 3600.0


def report(
    hour: int = 9,
    *,
    regnum: str | None = "0599_1",
    users: int | None = 20,
    volumes: int | None = 3,
    server: str = "6.4.5.127",
    kassist: str = "",
    day: int = 20,
) -> str:
    inside = "" if regnum is None else f'<registration regnum="{regnum}" client="ООО {regnum}" seats="25"/>'
    if server:
        inside += f'<server version="{server}"/>'
    if kassist:
        inside += f'<modules><module name="kAssist" version="{kassist}"/></modules>'
    if users is not None:
        inside += "<users>" + "".join(f'<user login="u{number}"/>' for number in range(users)) + "</users>"
    if volumes is not None:
        inside += "<volumes>" + "".join(f'<volume file="v{number}.vol"/>' for number in range(volumes)) + "</volumes>"
    return f'<sysinfo version="2.0.6.15" created="2026-11-{day:02}T{hour:02}:00:00">{inside}</sysinfo>'


def changes(bench: Bench, prefix: str) -> dict[str, float]:
    return {series: value for series, value in bench.values().items() if series.startswith(prefix)}


def test_reports_of_two_registrations_under_one_name(bench: Bench) -> None:
    bench.take(report(1), 1000.0)
    assert changes(bench, "kodeks_registration_change") == {"kodeks_registration_changes_total": 0}
    bench.take(report(2), 2000.0)
    bench.take(report(3, regnum=None), 2500.0)  # says nothing of it
    assert changes(bench, "kodeks_registration_change") == {"kodeks_registration_changes_total": 0}
    bench.take(report(4, regnum="0599_2", server="6.4.4.194"), 3000.0)
    assert changes(bench, "kodeks_registration_change") == {
        "kodeks_registration_changes_total": 1,
        "kodeks_registration_changed_timestamp_seconds": 3000,
    }
    assert changes(bench, "kodeks_registration_before") == {
        'kodeks_registration_before_info{regnum="0599_1",legal_entity="ООО 0599_1"}': 1
    }
    bench.take(report(1, regnum="0599_1"), 4000.0)  # an older one, never in force
    bench.restart()
    assert changes(bench, "kodeks_registration_changed") == {"kodeks_registration_changed_timestamp_seconds": 4000}
    assert changes(bench, "kodeks_version_changed") == {}  # another client's versions


@pytest.mark.parametrize(
    ("poor", "lost"),
    [
        ({"users": None}, {"users": 20}), ({"users": 0}, {"users": 20}), ({"users": 1}, {"users": 20}),
        ({"users": 2}, {}), ({"volumes": None}, {"volumes": 3}), ({"volumes": 1}, {}),
        ({"regnum": None}, {"registration": 1}),
        ({"users": 0, "volumes": None, "regnum": None}, {"users": 20, "volumes": 3, "registration": 1}),
    ],
)  # fmt: skip
def test_a_report_that_lost_its_inside(bench: Bench, poor: dict[str, int | None], lost: dict[str, float]) -> None:
    bench.take(report(8))
    assert changes(bench, "kodeks_sysinfo_lost") == {}
    expected = {f'kodeks_sysinfo_lost{{subject="{subject}"}}': had for subject, had in lost.items()}
    for hour in (9, 10):
        bench.take(report(hour, **poor))  # type: ignore[arg-type]
        bench.restart()
        assert changes(bench, "kodeks_sysinfo_lost") == expected
    bench.take(report(11))
    assert changes(bench, "kodeks_sysinfo_lost") == {}


def test_what_is_missing_for_a_week_is_gone_for_good(bench: Bench) -> None:
    for day in (10, 11, 17):
        bench.take(report(day=day, users=100 if day == 10 else 3), bench.now)
        assert bool(changes(bench, "kodeks_sysinfo_lost")) == (day == 11 or day == 17)
    bench.take(report(day=18, users=3))
    assert changes(bench, "kodeks_sysinfo_lost") == {}
    bench.take(report(day=19, users=0))
    assert list(changes(bench, "kodeks_sysinfo_lost").values()) == [3]


def test_versions(bench: Bench) -> None:
    bench.take(report(1, kassist="5.1"))
    bench.take(report(2, server=""))  # tells no versions
    bench.take(report(3, server="6.4.6.10", kassist="5.1"))
    server = 'kodeks_version_changed_timestamp_seconds{part="server",before="6.4.5.127",after="6.4.6.10"}'
    assert changes(bench, "kodeks_version_changed") == {server: bench.now - 7 * HOUR}
    bench.take(report(2, server="6.0"))  # an older report
    bench.take(report(5, server="6.4.6.10", kassist="5.2"))
    assert {series.partition(",")[0] for series in changes(bench, "kodeks_version_changed")} == {
        'kodeks_version_changed_timestamp_seconds{part="server"',
        'kodeks_version_changed_timestamp_seconds{part="kassist"',
    }


def test_the_same_report_again_and_again(bench: Bench) -> None:
    for hour, repeats in ((1, 0), (1, 1), (1, 2), (2, 0), (1, 0), (2, 1)):
        bench.take(report(hour))
        assert changes(bench, "kodeks_sysinfo_repeats") == {"kodeks_sysinfo_repeats": repeats}


def test_without_a_readable_report_nothing_is_said(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.store.record_error("romashka", "empty")
    assert set(bench.values()) == {'kodeks_sysinfo_errors_total{reason="empty"}'}

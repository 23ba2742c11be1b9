"""Sums of calendar months: each only grows, last month stays with its final figures, and nothing counts twice."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import quoteattr

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kodeks_exporter.settings.history import HistorySettings
from kodeks_exporter.store.reports import FILE_NAME
from tests.store.reporting import Bench, report, unix

OCTOBER, NOVEMBER, DECEMBER = "2026-10", "2026-11", "2026-12"


def person(login: str, domain: str = "D", **months: dict[str, int]) -> str:
    """``months``: counters by month, such as ``m2026_11={"requests": 3}``."""
    rows = ""
    for name, row in months.items():
        counters = " ".join(f'{key}="{value}"' for key, value in row.items())
        rows += f'<usage month="{name[1:].replace("_", "-")}" {counters}/>'
    return f"<user login={quoteattr(login)} domain={quoteattr(domain)}>{rows}</user>"


def take(bench: Bench, created: str, **blocks: Iterable[object]) -> None:
    bench.now = max(bench.now, unix(created) + 60)  # a report that was made earlier comes late, not in the past
    bench.take(report(created, **blocks), bench.now)  # type: ignore[arg-type]


def usage(bench: Bench, kind: str, month: str) -> dict[str, float]:
    """By domain."""
    end = f'",month="{month}",kind="{kind}"}}'
    begin = 'kodeks_usage_total{domain="'
    return {
        series.removeprefix(begin).removesuffix(end): value
        for series, value in bench.values().items()
        if series.startswith(begin) and series.endswith(end)
    }


def seats(number: int) -> str:
    return f'<registration regnum="1" client="x" seats="{number}" expires="2027-01-31"/>'


def test_a_month_is_the_sum_of_its_users_by_domain(bench: Bench) -> None:
    now = {"requests": 5, "documents": 3, "services": 1, "links": 2, "searches_intellectual": 4,
           "searches_attribute": 2, "searches_empty": 1, "printed": 7, "saved": 8, "kassist": 9}  # fmt: skip
    sums = {
        "prints" if name == "printed" else "saves" if name == "saved" else name: 2 * each for name, each in now.items()
    }
    people = [person("a", m2026_11=now), person("b", m2026_11=now), person("c", "E", m2026_11={"requests": 0}),
              person("d", "E")]  # fmt: skip
    take(bench, "2026-11-20T09:55:00", users=people, rejections=(), more=seats(25))
    for kind, total in sums.items():
        found = usage(bench, kind, NOVEMBER)
        assert found["D"] == total, kind
    assert usage(bench, "requests", NOVEMBER) == {"D": 10, "E": 0}
    assert usage(bench, "rejections", NOVEMBER) == {"D": 0, "E": 0}
    values = bench.values()
    for domain, kind, count in (("D", "all", 2), ("D", "active", 2), ("E", "all", 2), ("E", "active", 0)):
        assert values[f'kodeks_month_users{{domain="{domain}",month="{NOVEMBER}",kind="{kind}"}}'] == count
    assert values[f'kodeks_month_seats{{month="{NOVEMBER}"}}'] == 25


def test_last_month_is_shown_with_its_final_figures_for_seven_days(bench: Bench) -> None:
    take(bench, "2026-11-30T22:00:00", users=[person("a", m2026_11={"requests": 50})], more=seats(10))
    people = [person("a", m2026_11={"requests": 50}), person("b")]
    take(bench, "2026-12-01T00:05:00", users=people, more=seats(12))
    for _ in range(2):
        assert usage(bench, "requests", NOVEMBER) == {"D": 50}
        assert usage(bench, "requests", DECEMBER) == {"D": 0}  # so that its increase counts from 0
        values = bench.values()
        assert [values[f'kodeks_month_seats{{month="{month}"}}'] for month in (NOVEMBER, DECEMBER)] == [10, 12]
        users = [
            values[f'kodeks_month_users{{domain="D",month="{month}",kind="all"}}'] for month in (NOVEMBER, DECEMBER)
        ]
        assert users == [1, 2]
        bench.restart()
    take(bench, "2026-12-07T23:50:00", users=[person("a", m2026_12={"requests": 4})])
    assert usage(bench, "requests", NOVEMBER) == {"D": 50}
    take(bench, "2026-12-08T00:10:00", users=[person("a", m2026_12={"requests": 5})])
    assert usage(bench, "requests", NOVEMBER) == {}
    assert usage(bench, "requests", DECEMBER) == {"D": 5}


def test_late_reports_correct_last_month(bench: Bench) -> None:
    take(bench, "2026-11-30T20:00:00", users=[person("a", m2026_11={"requests": 50})], more=seats(10))
    take(bench, "2026-12-01T09:00:00", users=[person("a", m2026_11={"requests": 52}, m2026_12={"requests": 1})])
    assert usage(bench, "requests", NOVEMBER) == {"D": 52}
    late = [person("a", m2026_11={"requests": 55}), person("b", m2026_11={"requests": 2})]
    take(bench, "2026-11-30T23:58:00", users=late, rejections=[("2026-11-30T23:57:00", "a")], more=seats(11))
    assert usage(bench, "requests", NOVEMBER) == {"D": 57}
    assert usage(bench, "requests", DECEMBER) == {"D": 1}
    assert usage(bench, "rejections", NOVEMBER) == {"D": 1}
    values = bench.values()
    assert values[f'kodeks_month_seats{{month="{NOVEMBER}"}}'] == 11
    assert values[f'kodeks_month_users{{domain="D",month="{NOVEMBER}",kind="active"}}'] == 2
    # An even older one tells nothing newer.
    take(bench, "2026-11-29T12:00:00", users=[person("a", m2026_11={"requests": 40})], more=seats(9))
    assert usage(bench, "requests", NOVEMBER) == {"D": 57}
    assert bench.values()[f'kodeks_month_seats{{month="{NOVEMBER}"}}'] == 11


def test_refusals_count_in_the_local_month_of_the_event_and_once(bench: Bench) -> None:
    # 23:59:59 and 00:00 in Saratov are 19:59:59 and 20:00 UTC of the same day.
    events = [("2026-11-30T23:59:59", "a"), ("2026-12-01T00:00:00", "a"), ("2026-12-01T00:00:00", "a")]
    people = [person("a"), person("c", "E"), person("c", "F")]
    for minute in range(5, 8):
        take(bench, f"2026-12-01T00:{minute:02}:00", users=people, rejections=events)
    assert usage(bench, "rejections", NOVEMBER) == {"D": 1}
    assert usage(bench, "rejections", DECEMBER) == {"D": 2, "E": 0, "F": 0}
    more = [*events, ("2026-12-01T00:08:00", "c"), ("2026-12-01T00:08:00", "nobody")]
    take(bench, "2026-12-01T00:09:00", users=people, rejections=more)
    # Whose domain is not known, or not certain, has none.
    assert usage(bench, "rejections", DECEMBER) == {"": 2, "D": 2, "E": 0, "F": 0}


def test_twenty_domains_have_names_and_keep_them(bench: Bench) -> None:
    people = [person(f"{number}-{each}", f"D{number}", m2026_11={"requests": 1}) for number in range(30)
              for each in range(1 + (number >= 20))]  # fmt: skip
    take(bench, "2026-11-20T09:00:00", users=people, rejections=[("2026-11-20T08:00:00", "29-0")])
    named = usage(bench, "requests", NOVEMBER)
    assert len(named) == 21
    assert sum(named.values()) == 40
    assert {f"D{number}" for number in range(20, 30)} <= set(named), "those with most users"
    assert usage(bench, "rejections", NOVEMBER)["D29"] == 1
    gone = named["other"]
    grown = [person(f"9-{each}", "D9", m2026_11={"requests": 5}) for each in range(50)]
    take(bench, "2026-11-20T10:00:00", users=[*people, *grown])
    after = usage(bench, "requests", NOVEMBER)
    assert set(after) == set(named), "no sum ever falls because another domain has grown"
    assert after["other"] >= gone
    assert sum(after.values()) == 289


def test_without_user_labels_there_is_one_sum(bench: Bench) -> None:
    people = [person("a", "D", m2026_11={"requests": 3}), person("b", "E", m2026_11={"requests": 4})]
    take(bench, "2026-11-20T09:00:00", users=people)
    values = bench.values("off")
    assert values[f'kodeks_usage_total{{domain="",month="{NOVEMBER}",kind="requests"}}'] == 7
    assert values[f'kodeks_month_users{{domain="",month="{NOVEMBER}",kind="active"}}'] == 2
    assert not any('domain="D"' in series for series in values)


def test_what_is_not_told_is_absent(bench: Bench) -> None:
    take(bench, "2026-11-20T09:00:00", users=[person("a", m2026_11={"requests": 3})])
    assert usage(bench, "kassist", NOVEMBER) == {}
    assert usage(bench, "rejections", NOVEMBER) == {}
    assert not any(series.startswith("kodeks_month_seats") for series in bench.values())
    # A report without users leaves the month as it was.
    take(bench, "2026-11-20T10:00:00", searches=())
    assert usage(bench, "requests", NOVEMBER) == {"D": 3}


def _forget_months(folder: Path) -> None:
    """Makes the storage what a version before the sums of months wrote."""
    connection = sqlite3.connect(folder / "storage" / FILE_NAME)
    for name, state in connection.execute("SELECT installation, state FROM report_state").fetchall():
        stored = msgspec.msgpack.decode(state, strict=False)
        assert stored.pop("months")
        connection.execute(
            "UPDATE report_state SET state = ? WHERE installation = ?", (msgspec.msgpack.encode(stored), name)
        )
    connection.commit()
    connection.close()


def test_a_storage_of_before_learns_its_months_from_what_it_has(tmp_path: Path) -> None:
    benches = []
    for name in ("always", "updated"):
        (tmp_path / name).mkdir()
        bench = Bench(tmp_path / name)
        refused = [("2026-11-28T10:00:00", "a"), ("2026-12-02T10:00:00", "a"), ("2026-12-02T10:00:00", "x")]
        people = [person("a", m2026_11={"requests": 9}), person("b", m2026_11={"requests": 2})]
        take(bench, "2026-11-30T22:00:00", users=people, rejections=refused[:1], more=seats(10))
        people = [person("a", m2026_12={"requests": 3}), person("b")]
        take(bench, "2026-12-02T11:00:00", users=people, rejections=refused, more=seats(10))
        benches.append(bench)
        if name == "updated":
            bench.store.close()
            _forget_months(bench.folder)
            bench._open()
            assert bench.values()["kodeks_users"] == 2
        refused.append(("2026-12-02T11:30:00", "b"))
        people = [person("a", m2026_12={"requests": 4}), person("b", m2026_12={"requests": 1})]
        take(bench, "2026-12-02T12:00:00", users=people, rejections=refused, more=seats(10))
    always, updated = benches
    for month in (NOVEMBER, DECEMBER):
        for kind in ("requests", "rejections"):
            assert usage(updated, kind, month) == usage(always, kind, month) != {}, (kind, month)
    assert usage(updated, "rejections", DECEMBER) == {"": 1, "D": 2}
    for bench in benches:
        bench.store.close()


def test_pruning_and_errors_leave_the_months_alone(tmp_path: Path) -> None:
    bench = Bench(tmp_path, replace(HistorySettings(), retention=10 * 86400.0))
    take(bench, "2026-12-02T11:00:00", users=[person("a", m2026_11={"requests": 9}, m2026_12={"requests": 3})],
         rejections=[("2026-11-20T10:00:00", "a")])  # fmt: skip
    before = {key: value for key, value in bench.values().items() if "month=" in key}
    bench.store.prune(unix("2026-12-06T00:00:00"), {"romashka"})
    bench.store.record_error("romashka", "timeout")
    take(bench, "2026-12-06T11:00:00", users=[person("a", m2026_11={"requests": 9}, m2026_12={"requests": 3})],
         rejections=[("2026-11-20T10:00:00", "a")])  # fmt: skip
    assert {key: value for key, value in bench.values().items() if "month=" in key} == before
    bench.store.close()


DAYS = st.sampled_from(
    [
        "2026-10-31T23",
        "2026-11-01T00",
        "2026-11-07T12",
        "2026-11-08T12",
        "2026-11-30T23",
        "2026-12-01T00",
        "2026-12-05T12",
    ]
)
LOGINS = st.sampled_from("abx")
PEOPLE = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["D", "E", ""])), st.integers(0, 9), max_size=4
)


class Months(RuleBasedStateMachine):
    """Reports in any order, overlapping, with restarts in between."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.bench = Bench(Path(self.folder.name))
        self.refused: Counter[tuple[str, str]] = Counter()
        self.requests: dict[tuple[str, str, str], int] = {}
        self.newest: dict[str, tuple[str, int, int]] = {}
        """By month: when its newest report was made, its users, its seats."""
        self.taken = 0
        self.seen: dict[str, float] = {}

    def teardown(self) -> None:
        self.bench.store.close()
        self.folder.cleanup()

    @rule(
        day=DAYS,
        people=PEOPLE,
        last=st.booleans(),
        refused=st.lists(st.tuples(DAYS, LOGINS), max_size=4),
        again=st.integers(0, 5),
        seats_told=st.integers(1, 9),
    )
    def comes(
        self,
        day: str,
        people: dict[tuple[str, str], int],
        last: bool,
        refused: list[tuple[str, str]],
        again: int,
        seats_told: int,
    ) -> None:
        """``last``: usage is told of the month before, too. ``again``: refusals that earlier reports had."""
        self.taken += 1
        made = f"{day}:30:{self.taken:02}"
        month = day[:7]
        before = f"2026-{int(month[5:]) - 1:02}"
        events = [(f"{hour}:10:00", login) for hour, login in refused if f"{hour}:10:00" < made]
        events += [each for each in self.refused.elements() if each[0] < made][:again]
        self.refused |= Counter(events)
        told = []
        for (login, domain), count in people.items():
            rows = {
                f"m{name.replace('-', '_')}": {"requests": count} for name in ((month, before) if last else (month,))
            }
            told.append(person(login, domain, **rows))
            for name in rows:
                key = (name[1:].replace("_", "-"), login, domain)
                self.requests[key] = max(self.requests.get(key, 0), count)
        if made > self.newest.get(month, ("", 0, 0))[0]:
            self.newest[month] = (made, len(people), seats_told)
        take(self.bench, made, users=told, rejections=events, more=seats(seats_told))

    @rule()
    def restarts(self) -> None:
        if self.newest:
            before = self.bench.text()
            self.bench.restart()
            assert self.bench.text() == before

    @precondition(lambda self: self.newest)
    @invariant()
    def months_are_exact(self) -> None:
        values = self.bench.values()
        newest = max(self.newest.values())[0]
        current = newest[:7]
        before = f"2026-{int(current[5:]) - 1:02}"
        shown = {series.split('month="')[1][:7] for series in values if 'month="' in series}
        assert current in shown <= ({current, before} if newest[8:10] <= "07" else {current})
        for month in {current, before} & shown:
            of_month = {key: count for key, count in self.requests.items() if key[0] == month}
            for domain in ("D", "E", ""):
                mine = {key: count for key, count in of_month.items() if key[2] == domain}
                labels = f'domain="{domain}",month="{month}"'
                assert values.get(f'kodeks_usage_total{{{labels},kind="requests"}}', 0) == sum(mine.values())
                assert values.get(f'kodeks_month_users{{{labels},kind="active"}}', 0) == sum(map(bool, mine.values()))
            refused = sum(value for key, value in values.items() if f'month="{month}",kind="rejections"' in key)
            assert refused == sum(count for (time, _), count in self.refused.items() if time[:7] == month)
            if month in self.newest:
                _, users, seats_told = self.newest[month]
                told = sum(value for key, value in values.items() if f'month="{month}",kind="all"' in key)
                assert (told, values[f'kodeks_month_seats{{month="{month}"}}']) == (users, seats_told)
        counters = {key: value for key, value in values.items() if key.startswith("kodeks_usage_total")}
        for key, value in counters.items():
            assert value >= self.seen.get(key, 0), f"{key} fell"
        self.seen |= counters


TestMonths = Months.TestCase
TestMonths.settings = settings(max_examples=60, stateful_step_count=15, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("month", [OCTOBER, "2026-01"])
def test_the_turn_of_a_year(bench: Bench, month: str) -> None:
    first = {OCTOBER: "2026-10-01", "2026-01": "2026-01-01"}[month]
    take(bench, f"{first}T05:00:00", users=[person("a")], rejections=[(f"{first}T00:00:00", "a")])
    assert usage(bench, "rejections", month) == {"D": 1}
    last = {OCTOBER: ("2026-09-30", "2026-09"), "2026-01": ("2025-12-31", "2025-12")}[month]
    take(bench, f"{last[0]}T23:00:00", users=[person("a")], rejections=[(f"{last[0]}T22:00:00", "a")])
    assert usage(bench, "rejections", last[1]) == {"D": 1}

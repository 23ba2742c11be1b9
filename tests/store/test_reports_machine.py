"""Reports in any order, overlapping, repeated, cut, with restarts in between, against a simple model."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.settings.history import HistorySettings, JournalSettings
from tests.store.reporting import Bench, Search, report, unix, user

TIMES = st.builds(
    lambda day, hour, second: f"2026-11-{day:02}T{hour:02}:59:{second:02}",
    st.integers(15, 18),
    st.sampled_from([0, 3, 4, 23]),  # around midnight of UTC and of the installation
    st.integers(0, 2),
)
SEARCHES = st.lists(
    st.builds(
        Search,
        TIMES,
        query=st.sampled_from(["ГОСТ 1", "гсот 2", 'a "b" \\ <c>']),
        login=st.sampled_from(["ivanova", "petrov"]),
        status=st.sampled_from(["ok", "empty", "error"]),
        duration=st.sampled_from(["0.10", "0.11", "12.3", "70"]),
    ),
    max_size=12,
)
REJECTIONS = st.lists(st.tuples(TIMES, st.sampled_from(["x", "y"])), max_size=5)
USERS = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 50), max_size=4)
MINUTES = st.integers(0, 59)


class Reports(RuleBasedStateMachine):
    """The model: an event counts as often as the report that has it most often."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.bench = Bench(Path(self.folder.name), HistorySettings(journal=JournalSettings(file_size=700, files=10**6)))
        self.searches: Counter[Search] = Counter()
        self.rejections: Counter[tuple[str, str]] = Counter()
        self.users: set[str] = set()
        self.usage: dict[str, int] = {}
        self.newest: tuple[tuple[int, int], dict[str, int]] | None = None
        self.taken = 0
        self.errors = 0

    def teardown(self) -> None:
        self.bench.store.close()
        self.folder.cleanup()

    @rule(searches=SEARCHES, rejections=REJECTIONS, users=USERS, minute=MINUTES, repeat=st.integers(0, 3))
    def comes(
        self,
        searches: list[Search],
        rejections: list[tuple[str, str]],
        users: dict[str, int],
        minute: int,
        repeat: int,
    ) -> None:
        # A report often has again what earlier ones had.
        searches = [*searches, *list(self.searches.elements())[: repeat * 5]]
        before = self.searches.total(), self.rejections.total(), len(self.users)
        self.searches |= Counter(searches)
        self.rejections |= Counter(rejections)
        self.users |= set(users)
        for login, requests in users.items():
            self.usage[login] = max(self.usage.get(login, 0), requests)
        self.taken += 1
        made = (minute, self.taken)  # no two reports are of the same second
        if self.newest is None or made > self.newest[0]:
            self.newest = (made, users)
        found = self.bench.take(
            report(
                f"2026-11-20T09:{minute:02}:{self.taken:02}",
                searches=searches,
                rejections=rejections,
                users=[user(login, "2026-11", requests=requests) for login, requests in users.items()],
            )
        )
        assert found.new_searches == self.searches.total() - before[0]
        assert found.new_rejections == self.rejections.total() - before[1]
        assert found.new_users == len(self.users) - before[2]

    @rule(searches=SEARCHES, minute=MINUTES, cut=st.integers(1, 200))
    def comes_cut(self, searches: list[Search], minute: int, cut: int) -> None:
        whole = report(f"2026-11-20T09:{minute:02}:00", searches=searches, users=[user("cut")]).encode()
        with pytest.raises(UnreadableReport):
            self.bench.take(whole[:-cut])
        self.errors += 1

    @rule()
    def follows(self) -> None:
        self.bench.journal.run()

    @rule()
    def restarts(self) -> None:
        if self.newest is None:
            self.bench.restart()
            return
        before = self.bench.text()
        self.bench.restart()
        assert self.bench.text() == before

    @precondition(lambda self: self.newest is not None)
    @invariant()
    def counters_are_exact(self) -> None:
        values = self.bench.values(now=unix("2026-11-20T10:00:00"))
        for status in ("ok", "empty", "error"):
            of_status = [each for each in self.searches.elements() if each.status == status]
            series = f'kodeks_searches_total{{catalog="/docs",source="ksrv",type="intellectual",status="{status}"}}'
            assert values.get(series, 0) == len(of_status)
            for bound in (0.1, 0.25, 10.0, 20.0, 60.0):
                series = f'kodeks_search_duration_seconds_bucket{{status="{status}",le="{bound}"}}'
                assert values.get(series, 0) == sum(float(each.duration) <= bound for each in of_status)
            total = values.get(f'kodeks_search_duration_seconds_sum{{status="{status}"}}', 0)
            assert total == pytest.approx(sum(float(each.duration) for each in of_status), abs=1e-9)
        refused = Counter(login for _, login in self.rejections.elements())
        for login in "xy":
            assert (
                values.get(f'kodeks_connections_rejected_total{{user="{login}",reason="seats"}}', 0) == refused[login]
            )
        assert self.newest is not None
        assert values["kodeks_users"] == len(self.newest[1])
        for login in self.newest[1]:
            assert values[f'kodeks_user_requests_total{{user="{login}",domain="D"}}'] == self.usage[login]
        errors = sum(value for key, value in values.items() if key.startswith("kodeks_sysinfo_errors_total"))
        assert errors == self.errors

    @precondition(lambda self: self.newest is not None)
    @invariant()
    def the_log_has_every_event_once(self) -> None:
        stored = Counter(
            (event.time, event.query, event.login, event.status) for event in self.bench.store.searches("romashka", 0)
        )
        assert stored == Counter(
            (unix(each.time), each.query, each.login, each.status) for each in self.searches.elements()
        )

    @precondition(lambda self: self.newest is not None)
    @rule()
    def the_journal_has_every_event_once(self) -> None:
        self.bench.journal.run()
        lines = Counter((line["query"], line["user"], line["status"]) for line in map(json.loads, self.bench.lines()))
        assert lines == Counter((each.query, each.login, each.status) for each in self.searches.elements())
        empty = sum(
            value for key, value in self.bench.values().items() if key.startswith("kodeks_empty_searches_total")
        )
        assert empty == sum(each.status == "empty" for each in self.searches.elements())


TestReports = Reports.TestCase
TestReports.settings = settings(max_examples=80, stateful_step_count=20, suppress_health_check=list(HealthCheck))

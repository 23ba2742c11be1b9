"""What breaks and recovers has a line in the log, and a thousand at once have one more."""

from __future__ import annotations

import logging
from itertools import pairwise
from types import MappingProxyType

import pytest

from kodeks_exporter.domain.check import CheckResult, Impairment, InstallationState, Outcome, Round
from kodeks_exporter.service.changes import ChangeLog


def seen(name: str, check: str = "", reason: str = "timeout") -> Round:
    """A round in which ``check`` fails, or none."""
    results = {check: CheckResult(check, Outcome.FAILED, reason, "порт 8080: нет ответа")} if check else {}
    return Round(name, 0.0, 0.1, MappingProxyType(results), InstallationState.OK)


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, object]]:
    return [(r.message, getattr(r, "installation", getattr(r, "causes", ""))) for r in caplog.records]


@pytest.fixture(autouse=True)
def all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_a_line_when_it_breaks_changes_its_cause_and_recovers(caplog: pytest.LogCaptureFixture) -> None:
    changes = ChangeLog()
    changes.note(None, seen("a"))
    steps = [("",), ("tcp",), ("tcp",), ("http",), ("http", "closed"), ("",)]
    for before, now in pairwise(seen("a", *step) for step in steps):
        changes.note(before, now)
    told = ["installation broken"] * 3 + ["installation recovered"]
    assert lines(caplog) == [(message, "a") for message in told]
    assert (caplog.records[0].check, caplog.records[0].reason) == ("tcp", "timeout")  # type: ignore[attr-defined]


def test_a_thousand_at_once(caplog: pytest.LogCaptureFixture) -> None:
    changes = ChangeLog()
    for number in range(1000):
        changes.note(seen(f"c{number}"), seen(f"c{number}", "dns" if number % 4 else "tcp"))
    changes.sum_up()
    assert len(caplog.records) == 21
    assert lines(caplog)[-1] == ("more installations broken", "dns/timeout 735, tcp/timeout 245")
    changes.sum_up()
    changes.note(seen("a", "tcp"), seen("a"))
    assert len(caplog.records) == 22, "then each has its own line again"


def test_a_blind_monitor_says_nothing_of_the_client(caplog: pytest.LogCaptureFixture) -> None:
    blind = CheckResult("tcp", Outcome.SKIPPED, own=Impairment.ROUTE)
    ChangeLog().note(seen("a", "tcp"), Round("a", 0.0, 0.1, MappingProxyType({"tcp": blind}), None))
    assert lines(caplog) == []

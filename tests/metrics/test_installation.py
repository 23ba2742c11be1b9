"""A scrape shows every change of a round, though most of its lines are written once and kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kodeks_exporter.domain.check import (
    CatalogFacts,
    CatalogState,
    CheckResult,
    Disk,
    HttpFacts,
    Impairment,
    InstallationState,
    Outcome,
    Round,
    SnmpFacts,
)
from kodeks_exporter.metrics import installation as metrics
from kodeks_exporter.metrics.exposition import Exposition
from kodeks_exporter.store.live import LiveStatus
from tests.store.reporting import ROMASHKA

RESULTS = (
    CheckResult("tcp", Outcome.OK, started=5.0, duration=0.1),
    CheckResult("http", Outcome.FAILED, "http_500", started=5.0, duration=0.2, facts=HttpFacts(500)),
    CheckResult("page", Outcome.BLOCKED, by="http", started=5.0),
    CheckResult("snmp", Outcome.OK, started=5.0, facts=SnmpFacts((Disk("C:", 100, 50),), {"kodweb": True})),
)
STATUS = LiveStatus(
    Round("romashka", 5.0, 1.0, {each.check: each for each in RESULTS}, InstallationState.SERVER_ERROR), 0.0, None
)


def lines(exposition: Exposition, status: LiveStatus) -> list[bytes]:
    return exposition.render(metrics.sources(ROMASHKA, status)).splitlines()


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("tcp", {"started": 35.0}),
        ("tcp", {"duration": 0.3}),
        ("tcp", {"outcome": Outcome.FAILED, "reason": "refused"}),
        ("tcp", {"outcome": Outcome.SKIPPED, "own": Impairment.ROUTE}),
        ("http", {"reason": "http_404"}),
        ("http", {"facts": HttpFacts(404)}),
        ("page", {"by": "tcp"}),
        ("snmp", {"facts": SnmpFacts((Disk("C:", 100, 40),), {"kodweb": True})}),
        ("snmp", {"facts": SnmpFacts((Disk("C:", 100, 50),), {"kodweb": False})}),
        ("catalog", {"facts": CatalogFacts((CatalogState("/docs", True, "", None, ""),))}),
        ("", {"state": InstallationState.OK}),
        ("", {"planned": "backup"}),
    ],
)
def test_every_change_shows_at_once(check: str, change: dict[str, Any]) -> None:
    kept, round_ = Exposition(), STATUS.round
    before = lines(kept, STATUS)
    if check:
        result = replace(round_.results.get(check) or CheckResult(check, Outcome.OK), **change)
        changed = replace(round_, results={**round_.results, check: result})
    else:
        changed = replace(round_, **change)
    after = lines(kept, replace(STATUS, round=changed))
    assert after == lines(Exposition(), replace(STATUS, round=changed))
    assert after != before


def test_all_of_it_is_what_is_written_at_once() -> None:
    everything = {metric.name for metric in metrics.families(ROMASHKA, STATUS)}
    listed = {metric.name for source in metrics.sources(ROMASHKA, STATUS) for metric in source.families()}
    assert listed == everything


def test_another_round_of_the_same_writes_only_when_and_how_long() -> None:
    later = replace(STATUS, round=replace(STATUS.round, started=35.0, duration=2.0), since=1.0)
    versions = [
        {source.key: source.version for source in metrics.sources(ROMASHKA, status)} for status in (STATUS, later)
    ]
    assert {key for key, version in versions[0].items() if versions[1][key] != version} == {("looks", "romashka")}

"""Every alert can fire, wherever it may stand, and neither begins nor ends because scrapes are lost."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from bench.life import BLINKS, SAMPLE, faults
from bench.life_cases import FLEET, covered
from tests.rules.test_rules import NAMES

ELSEWHERE = {
    # They look at days or weeks: rules/tests.
    "KodeksNewUser", "KodeksUsageDrop", "KodeksUserActivityIsLow", "KodeksUserAInvolvementIsLow", "KodeksSearchIsEmpty",
    "KodeksSearchSlow", "KodeksSeatsForecast", "KodeksClientScoreFell", "KodeksHandlingMonth", "OnlineBillingForecast",
    "OnlineUserActivityIsLow10", "OnlineUserActivityIsLow20", "OnlineUserActivityIsLow30",
    # Events of reports and of files that are pushed: reports.test.yml.
    "KodeksStatusSilent", "KodeksReportOfAnother", "KodeksReportShrunk", "KodeksVersionChanged",
    # The monitor's own trouble.
    "KodeksSnmpFailed", "KodeksMonitorImpaired",
}  # fmt: skip
AT_ONCE = {
    # Dates and events, which are never taken back; many cases at once, which confirm each other.
    "KodeksLicenseExpiring2day", "KodeksLicenseExpiring7day", "KodeksLicenseExpiring90day", "KodeksSearchError",
    "KodeksDetectOverUserError", "KodeksDBOperUpToOldCount", "KodeksHostingOutage",
    # They look back an hour for the peak, and three days for use.
    "KodeksLimitsUsers", "KodeksUnsupportedButUsed",
}  # fmt: skip


def test_the_table_has_every_alert() -> None:
    assert set(NAMES) <= covered() | FLEET | ELSEWHERE


@pytest.mark.parametrize(("topology", "life"), [("one", "lossy"), ("two", "nan"), ("hashmod", "renamed")])
def test_each_alert_fires_and_goes_on_and_nothing_else_begins(
    topology: str, life: str, tool: Callable[[str], str]
) -> None:
    tool("promtool")
    assert not faults(topology, life, scale=SAMPLE)


def test_what_only_one_scrape_shows_alerts_nobody(tool: Callable[[str], str]) -> None:
    tool("promtool")
    begun = faults("one", BLINKS, scale=SAMPLE)
    assert set(re.findall(r'alertname="(\w+)"', begun)) == AT_ONCE

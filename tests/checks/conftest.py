from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from kodeks_exporter.checks.chain import run_round
from kodeks_exporter.checks.conclusions import Conclusions
from kodeks_exporter.checks.context import SnmpReader, Tools
from kodeks_exporter.domain.check import CheckResult, Outcome, Round, SnmpFacts
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.net.pinger import Pinger
from kodeks_exporter.net.resolver import Resolver
from kodeks_exporter.settings.checks import CheckSettings, CheckTimeouts
from kodeks_exporter.settings.fleet import Credentials, Installation, Snmp
from tests.checks.site import Site, kodeks_pages, running

LOGIN = Credentials("smartlogin", Secret("s3cret"))


class NoSnmp:
    def read(self, target: Snmp, timeout: float) -> SnmpFacts:
        raise AssertionError("no installation of these tests has SNMP")

    def close(self) -> None: ...


QUICK = CheckTimeouts(connect=1.0, http=1.0, icmp=0.3)


@dataclass
class Clinic:
    """Runs rounds against a site, with short limits."""

    site: Site
    timeouts: CheckTimeouts = QUICK
    resolver: Resolver = field(default_factory=Resolver)
    now: float = 1_790_000_000.0
    conclusions: Conclusions = field(default_factory=Conclusions)
    snmp: SnmpReader = field(default_factory=NoSnmp)

    def examine(self, previous: Mapping[str, CheckResult] | None = None, **changes: Any) -> Round:
        installation = Installation(
            "romashka", "ООО «Ромашка»", "ivanova", url=self.site.url, credentials=LOGIN, catalogs=("/docs",)
        )
        installation = replace(installation, **changes)
        tools = Tools(self.resolver, Pinger(), self.snmp, lambda: self.now, self.conclusions)
        return run_round(installation, CheckSettings(timeouts=self.timeouts), tools, previous or {})


def failures(round_: Round) -> dict[str, str]:
    """Failed checks with their reasons."""
    return {r.check: r.reason for r in round_.results.values() if r.outcome is Outcome.FAILED}


def blocked(round_: Round) -> dict[str, str]:
    return {r.check: r.by for r in round_.results.values() if r.outcome is Outcome.BLOCKED}


@pytest.fixture
def clinic() -> Iterator[Clinic]:
    with running(Site(kodeks_pages())) as site:
        yield Clinic(site)

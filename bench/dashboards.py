"""What it costs Prometheus to open each dashboard cold, over a year of 200 installations and 150 online accesses, and
over a year of 1000.

For every dashboard in grafana-dashboards/ a new Prometheus is started (the page cache stays as it is) and gets all the
queries that Grafana would send: the variables, then every target, one after another, with all clients selected. This
prints the seconds until the last byte of each response, worst first. The aim: under 1 s for each panel with 200
installations.

The year has hourly or daily samples of what a real exporter exposes every 15 s. That is realistic for instant queries
and for recorded series, which are all that panels over more than a week may read (tests/dashboards checks that). But
panels over the last day or the last week look faster than they are.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from dataclasses import dataclass

from bench.rows import bounded
from demo.grafana import Board, View, boards
from demo.tools import ROOT
from demo.year import Year, build, serve
from demo.year.build import Size
from demo.year.client import Client

SIZES = (Size(installations=200, accesses=150), Size(installations=1000, accesses=750))
"""Building the year for the second takes about half an hour and 10 GB, once."""
BOUNDS = dict(zip(SIZES, (1.0, 2.0), strict=True))
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A dashboard, and the seconds that its variables and each of its panels took."""

    board: Board
    variables: float
    panels: dict[str, float]
    received: int
    """Bytes."""

    @property
    def seconds(self) -> float:
        return self.variables + sum(self.panels.values())


def main() -> int:
    """0: every panel for the first size meets the aim."""
    worst = [measured(size) for size in SIZES]
    return 0 if worst[0] <= BOUNDS[SIZES[0]] else 1


def measured(size: Size) -> float:
    """Prints what each dashboard costs over a year of that size; returns the seconds of the slowest panel."""
    year = build(size, say=lambda text: print(text, file=sys.stderr, flush=True))
    opened = [measure(board, year) for board in boards(ROOT / "grafana-dashboards")]
    opened.sort(key=lambda each: -max(each.panels.values()))
    print(f"{len(opened)} dashboards over a year of {size.installations} installations, {size.accesses} accesses")
    for each in opened:
        panel, slowest = max(each.panels.items(), key=lambda told: told[1])
        print(
            f"  {each.board.name:26} {each.seconds:6.3f} s, {len(each.panels):3} panels, {each.received / 1e6:5.2f} MB;"
            f" slowest {slowest:.3f} s: {panel}"
        )
    worst = max(opened[0].panels.values())
    bounded(f"slowest panel, a year of {size.installations}", worst, BOUNDS[size], "s")
    return worst


def measure(board: Board, year: Year) -> Opened:
    """Opens ``board`` in a Prometheus that has just started."""
    with serve(year.blocks) as url:
        client = Client(url)
        begun = time.perf_counter()
        view = View(board, client, year.end)
        variables = time.perf_counter() - begun
        panels: defaultdict[str, float] = defaultdict(float)
        received = 0
        for target in board.targets():
            query = view.query(target)
            taken, size = client.taken(query.expression, query.start, query.end, query.step)
            panels[query.panel] += taken
            received += size
    return Opened(board, variables, panels, received)


if __name__ == "__main__":
    sys.exit(main())

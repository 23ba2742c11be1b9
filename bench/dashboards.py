"""What it costs Prometheus to open each dashboard cold, over a year of 200 installations and 150 online accesses.

For every dashboard of grafana-dashboards/ a Prometheus is started anew (the page cache is as it is), and asked all that
Grafana would ask: the variables, then every target, one after another, with all clients chosen. Printed is the sum of
the seconds until the last byte of each answer, worst first; the aim: under 3 s a dashboard.

The year has a sample an hour or a day of what a real exporter tells every 15 s. That is as good as the real thing for
instant queries and for recorded figures, all that panels over more than a week may read (tests/dashboards holds them to
that), but it flatters panels over the last day or the last week.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

from demo.grafana import Board, Query, View, boards
from demo.tools import ROOT
from demo.year import Year, build, serve
from demo.year.build import Size
from demo.year.client import Client

MAX_SECONDS = 3.0
SIZE = Size(installations=200, accesses=150)


@dataclass(frozen=True, slots=True)
class Opened:
    """A dashboard, its queries and what they took, in seconds."""

    board: Board
    variables: float
    targets: list[tuple[float, Query]]
    received: int
    """Bytes."""

    @property
    def seconds(self) -> float:
        return self.variables + sum(taken for taken, _ in self.targets)


def main() -> int:
    year = build(SIZE, say=lambda text: print(text, file=sys.stderr, flush=True))
    opened = [measure(board, year) for board in boards(ROOT / "grafana-dashboards")]
    opened.sort(key=lambda each: -each.seconds)
    print(f"{len(opened)} dashboards over a year of {SIZE.installations} installations, {SIZE.accesses} accesses")
    for each in opened:
        slowest, query = max(each.targets, key=lambda target: target[0], default=(0.0, None))
        print(
            f"  {each.board.name:26} {each.seconds:6.3f} s, ratio {each.seconds / MAX_SECONDS:.2f};"
            f" {len(each.targets):3} targets, {each.received / 1e6:5.2f} MB;"
            f" slowest {slowest:.3f} s: {query.panel if query else '-'}"
        )
    worst = opened[0].seconds
    print(f"slowest dashboard: {worst:.2f} s (aim: under {MAX_SECONDS:g} s; ratio {worst / MAX_SECONDS:.2f})")
    return 0 if worst <= MAX_SECONDS else 1


def measure(board: Board, year: Year) -> Opened:
    """Open ``board`` in a Prometheus that was just started."""
    with serve(year.blocks) as url:
        client = Client(url)
        begun = time.perf_counter()
        view = View(board, client, year.end)
        variables = time.perf_counter() - begun
        targets, received = [], 0
        for target in board.targets():
            query = view.query(target)
            taken, size = client.taken(query.expression, query.start, query.end, query.step)
            targets.append((taken, query))
            received += size
    return Opened(board, variables, targets, received)


if __name__ == "__main__":
    sys.exit(main())

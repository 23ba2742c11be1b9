"""Speed and memory of turning a report's bytes into a stored snapshot: ``python bench/ingest.py [MEGABYTES ...]``.

For each size (20 and 200 by default) an empty store takes in a report from ``bench/sysinfo.py``, so that every event is
new. Then the same report comes again with another hour's events, as hourly reports do. The time is compared with a bare
``lxml.etree.parse`` of the same file. The bounds: under 1.7 times lxml, and growth of the process under 32 MB.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from lxml import etree

from bench.process import best
from bench.rows import bounded, row
from bench.sysinfo import MAX_GROWTH_MIB, MIB, ZONE, forget_peak, memory, write_report
from kodeks_exporter.settings.history import HistorySettings
from kodeks_exporter.store.reports import ReportStore
from kodeks_exporter.sysinfo.profile import load_profile
from kodeks_exporter.sysinfo.read import read_report

RECEIVED = 1795154400.0
ROUNDS = 7
AIM = 1.5
MAX_RATIO = 1.7
EVENT = (
    '    <search time="2026-11-20T09:{:02}:{:02}" login="user1" catalog="/docs" source="ksrv" type="intellectual"'
    ' status="ok" found="37" duration="0.84">ГОСТ {}</search>\n'
)


def write_next_hour(path: Path, later: Path) -> None:
    """The next report: the same with a hundred more searches."""
    text = path.read_text(encoding="utf-8")
    more = "".join(EVENT.format(number // 60, number % 60, number) for number in range(100))
    later.write_text(text.replace("  </searches>", more + "  </searches>"), encoding="utf-8")


class Store:
    """A store that is open all the time, as in the exporter."""

    def __init__(self, folder: Path) -> None:
        self._store = ReportStore(folder, HistorySettings())
        self._profile = load_profile("default")
        self._installations = 0

    def ingest(self, path: Path, installation: str = "") -> int:
        """As a report of a new installation, unless one is given. Returns how many searches were new."""
        self._installations += 1
        name = installation or f"installation{self._installations}"
        read = partial(read_report, path, self._profile, ZONE)
        return self._store.ingest(name, read, ZONE, "push", RECEIVED).new_searches

    def close(self) -> None:
        self._store.close()


def measure(path: Path, later: Path, answer: Connection) -> None:
    """In its own process, so that its memory is only what the store takes."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        before = memory("VmRSS")
        forget_peak()
        searches = store.ingest(path, "bench")
        added = store.ingest(later, "bench")
        growth = memory("VmHWM") - before
        first = best(lambda: store.ingest(path), ROUNDS)
        again = best(lambda: store.ingest(later, "bench"), ROUNDS)
        store.close()
    # Last, because the heap that its tree leaves behind would slow down whatever runs after it.
    bare = best(lambda: etree.parse(path), ROUNDS)
    answer.send((first, again, bare, growth, searches, added))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("megabytes", nargs="*", type=int)
    sizes = parser.parse_args().megabytes if __name__ == "__main__" else []
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        path, later = Path(folder) / "report.xml", Path(folder) / "later.xml"
        for megabytes in sizes or (20, 200):
            with path.open("w", encoding="utf-8") as file:
                write_report(file, megabytes * MIB)
            write_next_hour(path, later)
            here, there = multiprocessing.Pipe()
            child = multiprocessing.get_context("spawn").Process(target=measure, args=(path, later, there))
            child.start()
            there.close()
            first, again, bare, growth, searches, added = here.recv()  # fails when the process dies
            child.join()
            failed = failed or first / bare >= MAX_RATIO or growth >= MAX_GROWTH_MIB
            row(f"report of {megabytes} MB, all new", f"{first:.2f} s", f"{bare:.2f} s of lxml", first / bare, AIM)
            bounded(f"growth with {megabytes} MB", growth, MAX_GROWTH_MIB, "MiB")
            print(
                f"report of {megabytes} MB to stored snapshot: all {searches} searches new {first:.2f} s, ratio"
                f" {first / bare:.2f}; {added} new {again:.2f} s, ratio {again / bare:.2f}; lxml.etree.parse"
                f" {bare:.2f} s (under {MAX_RATIO:g}); grew by {growth:.1f} MiB (under {MAX_GROWTH_MIB:g})"
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

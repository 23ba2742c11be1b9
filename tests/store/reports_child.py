"""Takes in all reports of a folder, in the order of their names, and follows them with the journal. To be killed."""

from __future__ import annotations

import sys
import threading
from functools import partial
from pathlib import Path

from kodeks_exporter.settings.history import HistorySettings, JournalSettings
from kodeks_exporter.store.journal import Journal
from kodeks_exporter.store.reports import ReportStore
from kodeks_exporter.sysinfo.read import read_report
from tests.store.reporting import PROFILE, ZONE, unix

SETTINGS = HistorySettings(journal=JournalSettings(file_size=40_000, files=10**6))


def main() -> None:
    folder = Path(sys.argv[1])
    store = ReportStore(folder / "storage", SETTINGS)
    journal = Journal(store, folder / "storage", SETTINGS.journal, store.names("plain"))
    done = threading.Event()

    def follow() -> None:
        while not done.wait(0.005):
            journal.run()

    follower = threading.Thread(target=follow)
    follower.start()
    print("ready", flush=True)
    for path in sorted((folder / "reports").iterdir()):
        store.ingest("romashka", partial(read_report, path, PROFILE, ZONE), ZONE, "push", unix("2026-11-20T10:00:00"))
        path.unlink()
    done.set()
    follower.join()
    journal.run()
    store.close()


if __name__ == "__main__":
    main()

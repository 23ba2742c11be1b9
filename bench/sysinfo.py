"""Speed and memory of reading a sysinfo report: ``python bench/sysinfo.py [MEGABYTES ...]`` (20 and 200 by default).

For each size a realistic report in the default layout is made and read, and compared with a bare ``lxml.etree.parse``
of the same file. Exits with 1 if reading takes twice as long as lxml or more, or the process grows by 32 MB or more.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from lxml import etree

from bench.process import best
from kodeks_exporter.domain.report import (
    KassistDay,
    Module,
    OperUpFile,
    Rejection,
    ReportHeader,
    SearchEvent,
    Session,
    User,
    UserUsage,
    Volume,
)
from kodeks_exporter.sysinfo.profile import load_profile
from kodeks_exporter.sysinfo.read import read_report

MIB = 1024 * 1024
MAX_RATIO = 2.0
MAX_GROWTH_MIB = 32.0
ROUNDS = 5
ZONE = ZoneInfo("Europe/Saratov")
TITLES = ("", "трубы стальные", "правила приёмки и испытаний бетонных смесей", "пожарная безопасность")
FAMILIES = ("ГОСТ", "ГОСТ Р", "СП", "ТУ", "РД", "СНиП", "приказ Ростехнадзора")


class CountingSink:
    """Accepts every record and stores none."""

    def __init__(self) -> None:
        self.searches = 0
        self.others = 0

    def created(self, time: float) -> None: ...
    def header(self, header: ReportHeader) -> None: ...

    def search(self, event: SearchEvent) -> None:
        self.searches += 1 if event else 0

    def _other(self, record: object) -> None:
        self.others += 1 if record else 0

    def module(self, module: Module) -> None:
        self._other(module)

    def session(self, session: Session) -> None:
        self._other(session)

    def volume(self, volume: Volume) -> None:
        self._other(volume)

    def operup(self, file: OperUpFile) -> None:
        self._other(file)

    def user(self, user: User) -> None:
        self._other(user)

    def usage(self, usage: UserUsage) -> None:
        self._other(usage)

    def rejection(self, rejection: Rejection) -> None:
        self._other(rejection)

    def kassist_day(self, day: KassistDay) -> None:
        self._other(day)


def write_report(file: TextIO, size: int, seed: int = 1, users: int = 0) -> None:
    """A report of about ``size`` bytes in UTF-8: 100 ``users`` per megabyte, the rest half a year of searches."""
    pick = random.Random(seed)
    users = users or max(3, size // MIB * 100)
    written = file.write(
        '<?xml version="1.0" encoding="UTF-8"?>\n<sysinfo version="2.0.6.15" created="2026-11-20T09:55:00">\n'
        '  <server version="6.4.5.127 (x64)" os="Windows Server 2019" started="2026-11-20T03:10:00"/>\n'
        '  <registration regnum="0599_123456" client="ООО &quot;Ромашка&quot;" seats="25" expires="2027-01-31">\n'
        '    <protection binding="SenseLock" status="ok" code="0" message=""/>\n  </registration>\n'
        '  <modules><module name="ksrv" version="6.4.5.127"/></modules>\n  <spp status="ok"/>\n  <users>\n'
    )
    for user in range(users):
        written += 60 + file.write(
            f'    <user login="user{user}" domain="ROMASHKA" fullname="Иванова Анна Петровна" position="Инженер ПТО"'
            f' department="ПТО" phone="+7 000 000-00-01" email="user{user}@example.org" registered="2025-02-10"'
            f' last_seen="2026-11-20T09:50:00">\n      <usage month="2026-11" requests="{pick.randrange(900)}"'
            f' documents="{pick.randrange(200)}" services="14" links="151" searches_intellectual="88"'
            ' searches_attribute="12" searches_empty="3" printed="4" saved="21" kassist="9"/>\n    </user>\n'
        )
    file.write("  </users>\n  <searches>\n")
    # Searches are in order of time, several in each working hour from June on.
    hours = [(month, day, hour) for month in range(6, 12) for day in range(1, 29) for hour in range(8, 19)]
    hourly = max(1, (size - written) // 210 // len(hours))
    when = (slot for slot in hours for _ in range(hourly))
    second = 0.0
    while written < size:
        month, day, hour = next(when, hours[-1])
        second = (second + 3600 / hourly) % 3600
        empty = pick.random() < 0.1
        query = f"{pick.choice(FAMILIES)} {pick.randint(1, 60000)}-{pick.randint(1970, 2025)} {pick.choice(TITLES)}"
        line = (
            f'    <search time="2026-{month:02}-{day:02}T{hour:02}:{int(second) // 60:02}:{int(second) % 60:02}"'
            f' login="user{pick.randrange(users)}" catalog="/docs"'
            f' source="ksrv" type="{pick.choice(("intellectual", "attribute"))}"'
            f' status="{"empty" if empty else "ok"}" found="{0 if empty else pick.randint(1, 400)}"'
            f' duration="{pick.random() * 10:.2f}">{query}</search>\n'
        )
        file.write(line)
        written += len(line.encode())
    file.write("  </searches>\n</sysinfo>\n")


def forget_peak() -> None:
    """Resets the kernel's record of this process's peak memory."""
    Path("/proc/self/clear_refs").write_text("5")


def memory(line: str) -> float:
    """A line of ``/proc/self/status`` in MiB: VmRSS is the current memory, VmHWM the peak."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{line}:")[1].split()[0]) / 1024


def measure(path: Path, answer: Connection) -> None:
    """Runs in its own process, so that its memory is only the reader's."""
    profile = load_profile("default")
    before = memory("VmRSS")
    forget_peak()
    read_report(path, profile, ZONE, CountingSink())
    growth = memory("VmHWM") - before
    # lxml last, because the heap that its tree leaves behind would slow down whatever runs after it.
    own = best(lambda: read_report(path, profile, ZONE, CountingSink()), ROUNDS)
    bare = best(lambda: etree.parse(path), ROUNDS)
    sink = CountingSink()
    read_report(path, profile, ZONE, sink)
    answer.send((own, bare, growth, sink.searches, sink.others))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("megabytes", nargs="*", type=int, default=[20, 200])
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for megabytes in parser.parse_args().megabytes:
            path = Path(folder) / "report.xml"
            with path.open("w", encoding="utf-8") as file:
                write_report(file, megabytes * MIB)
            here, there = multiprocessing.Pipe()
            child = multiprocessing.get_context("spawn").Process(target=measure, args=(path, there))
            child.start()
            own, bare, growth, searches, others = here.recv()
            child.join()
            failed = failed or own / bare >= MAX_RATIO or growth >= MAX_GROWTH_MIB
            print(
                f"sysinfo {megabytes} MB: read in {own:.2f} s, lxml.etree.parse {bare:.2f} s, ratio {own / bare:.2f}"
                f" (under {MAX_RATIO:g}); grew by {growth:.1f} MiB (under {MAX_GROWTH_MIB:g});"
                f" {searches} searches, {others} other records"
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""``./run fuzz [INPUTS] [SEED]``: mutated inputs for everything that reads data from outside.

A fault is an exception that is not the reader's own, more than 2 s of CPU time, or more than 200 MB. Its input is kept
in ``.cache/fuzz``. ``tests/sysinfo/test_fuzz.py`` runs a small part of it.
"""

from __future__ import annotations

import gzip
import io
import random
import re
import resource
import shutil
import sqlite3
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from kodeks_exporter.checks.sysmon_metrics import parse_sysmon
from kodeks_exporter.config.csvrows import InventoryError
from kodeks_exporter.config.inventories import import_inventories
from kodeks_exporter.config.load import load
from kodeks_exporter.config.problems import ConfigError
from kodeks_exporter.config.show import masked_yaml
from kodeks_exporter.config.webfile import load_web_config
from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.intake.status_file import UnreadableStatus, parse_status
from kodeks_exporter.metrics.exposition import render_families
from kodeks_exporter.metrics.sysmon import sysmon_families
from kodeks_exporter.net.reading import visible_text
from kodeks_exporter.online.account_page import read_quotas
from kodeks_exporter.online.history_page import read_history
from kodeks_exporter.online.markup import login_form
from kodeks_exporter.settings.checks import SysmonSettings
from kodeks_exporter.settings.history import SearchEventSettings
from kodeks_exporter.settings.online import OnlinePatterns
from kodeks_exporter.store.sink import ReportCollector
from kodeks_exporter.sysinfo import inspect as inspection
from kodeks_exporter.sysinfo.profile import BadProfile, load_profile, parse_profile
from kodeks_exporter.sysinfo.read import read_report

ROOT: Final = Path(__file__).resolve().parent.parent
FAULTS: Final = ROOT / ".cache" / "fuzz"
LONGEST: Final = 2.0
LARGEST: Final = 200
"""Megabytes by which all inputs together may grow the process, per reader."""
_MOST: Final = 100_000
_MEMORY: Final = Path("/dev/shm")
_ZONE: Final = ZoneInfo("Europe/Samara")
_PIECES: Final = (
    b"", b"0", b"-1", b"1e999", b"nan", b"inf", b"9" * 400, b"0001-01-01", b"9999-12-31T23:59:59", b"2026-02-30",
    b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"&#0;", b"&#xD800;", b"&#x110000;",
    b"]]>", b"<!--", b"<![CDATA[", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b'"', b"'", b"\\", b"<", b">", b"{",
    b"}", b"a" * 5000, b"\xd9\xa1", b"%s", b"$", b"${X}", b"*", b"&a", b"!!python/object:os.system x", b"? ", b"- ",
    b": ", b"\t", b"~", b"10000-01", b"1 000", b"1,5", b"\r\n\r\n", b"=cmd", b";;;;", b"(a+)+$", b"../../x",
    b"\xd0\xbf",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reader:
    """``read`` raises one of ``own`` for bad input."""

    name: str
    seeds: Sequence[bytes]
    read: Callable[[bytes], object]
    own: tuple[type[Exception], ...] = ()


@dataclass(slots=True)
class Result:
    inputs: int = 0
    taken: int = 0
    slowest: float = 0.0
    grown: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        return not self.faults and self.slowest <= LONGEST and self.grown <= LARGEST


def mutated(data: bytes, pick: random.Random) -> bytes:
    """``data`` with one to eight changes, such as happen to files by accident or are made on purpose."""
    result = bytearray(data)
    for _ in range(pick.choice((1, 1, 2, 3, 8))):
        place = pick.randrange(len(result) + 1)
        match pick.randrange(7):
            case 0 if result:
                result[pick.randrange(len(result))] = pick.randrange(256)
            case 1:
                result[place:place] = pick.choice(_PIECES)
            case 2:
                del result[place : place + pick.choice((1, 2, 10, 100))]
            case 3:
                other = pick.randrange(len(result) + 1)
                result[place:place] = result[other : other + pick.randrange(400)]
            case 4:
                words = list(re.finditer(rb'"[^"\n]{0,60}"|>[^<\n]{1,60}<|: [^\n]{1,60}|[A-Za-z_]{2,20}', result))
                if words:
                    found = pick.choice(words)
                    result[found.start() + 1 : found.end() - 1] = pick.choice(_PIECES)
            case 5:
                lines = result.split(b"\n")
                pick.shuffle(lines) if pick.random() < 0.1 else lines.insert(0, lines.pop(pick.randrange(len(lines))))
                result = bytearray(b"\n".join(lines))
            case _ if pick.random() < 0.2:
                del result[place:]
    return bytes(result[:_MOST])


def run(reader: Reader, inputs: int, seed: int, keep: Path | None = FAULTS) -> Result:
    pick, result = random.Random(f"{reader.name} {seed}"), Result()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(inputs):
        data = mutated(pick.choice(reader.seeds), pick)
        began = time.process_time()  # a busy machine is not the reader's fault
        fault = ""
        try:
            reader.read(data)
            result.taken += 1
        except reader.own:
            pass
        except Exception as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace is not None else "?"
            fault = f"{type(error).__name__} at {where}: {str(error)[:60]}"
        took = time.process_time() - began
        result.inputs += 1
        result.slowest = max(result.slowest, took)
        if keep is not None and (fault or took > LONGEST) and fault not in result.faults:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{reader.name.replace(' ', '-')}-{seed}-{result.inputs}.bin").write_bytes(data)
        if fault:
            result.faults[fault] += 1
    result.grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    return result


def readers(folder: Path) -> list[Reader]:
    """``folder``: for the files that readers need."""
    sample = (ROOT / "tests/sysinfo/data/sysinfo.xml").read_bytes()
    profile = load_profile("default")
    status = b'date: Fri, 20 Nov 2026 09:55:00 GMT\nkserver_main_page{path="/docs",status="ok"} 0\nmem{a="b"} 1.5\n'
    everything = SysmonSettings(("*",))
    page = (
        "<table><tr><th>Ресурс</th><th>Осталось</th><th>Лимит</th></tr><tr><td>Документы</td><td>216 из 300</td>"
        "<td>300</td></tr></table><table><tr><th>Дата</th><th>Пользователь</th><th>Запрос</th><th>Найдено</th></tr>"
        "<tr><td>19.11.2026 10:11:12</td><td>login</td><td>ГОСТ 1</td><td>12</td></tr></table>"
        '<form action="/x" method="post"><input type="password" name="p"></form>'
    )

    def file(data: bytes, name: str) -> Path:
        path = folder / name
        path.write_bytes(data)
        return path

    def report(data: bytes) -> None:
        collector = ReportCollector(1.8e9, SearchEventSettings(), frozenset(), frozenset(), 0, _ZONE)
        try:
            read_report(file(data, "report"), profile, _ZONE, collector)
        finally:
            collector.close()

    def pages(data: bytes) -> None:
        source = data.decode("utf-8", "replace")
        read_quotas(source, OnlinePatterns())
        read_history(source, visible_text(source), date(2026, 11, 19), "login", OnlinePatterns(), _ZONE)
        login_form(source)

    def sysmon(data: bytes) -> None:
        facts = parse_sysmon(data.decode("utf-8", "replace"), everything)
        render_families(sysmon_families("romashka", facts))

    def inventories(data: bytes) -> None:
        out = folder / "out"
        shutil.rmtree(out, ignore_errors=True)  # a mutated login is the name of one more file
        import_inventories(file(data, "managers.csv"), file(data, "online.csv"), out / "kodeks.yml")

    def profiles(data: bytes) -> None:
        import yaml

        try:
            document = yaml.safe_load(data)
        except (yaml.YAMLError, ValueError, RecursionError):
            return
        parse_profile("x", document)

    full = ROOT / "tests/config/testdata/good"
    for path in full.iterdir():
        file(path.read_bytes(), path.name)
    rows = (
        "10.0.0.5:8080,ivanova,ivanova@dealer.example,http,download,upload,process,ping,-1,3600,604800\r\n"
        "0599client,petrov,petrov@dealer.example,smartupload,download,upload,process,donotping,2,3600,604800\r\n"
        '"ООО ""Ромашка"", филиал",u123,pass-one,nps2.example,kodeks02,https,ivanova,ivanova@dealer.example\r\n'
    )
    web = b"basic_auth_users:\n  a: $2b$04$vFu0yote9/S8jOGkw5EafefgAnK/02.4bnCXQBwlZvxD/bJi1uBrW\n"
    own_profile = (ROOT / "tests/sysinfo/data/other.yml").read_bytes()
    return [
        Reader("report xml", [sample, sample.decode().encode("utf-16")], report, (UnreadableReport,)),
        Reader("report sqlite", [_database()], report, (UnreadableReport,)),
        Reader("report archive", [_zipped(sample), gzip.compress(sample)], report, (UnreadableReport,)),
        Reader(
            "inspect",
            [sample, (ROOT / "tests/sysinfo/data/other.xml").read_bytes(), _database()],
            lambda data: inspection.render(inspection.inspect(file(data, "inspected"), profile)),
            (UnreadableReport,),
        ),
        Reader("status", [status], lambda data: parse_status(data, everything), (UnreadableStatus,)),
        Reader("sysmon", [status], sysmon, (ValueError,)),
        Reader("online pages", [page.encode()], pages),
        Reader(
            "kodeks.yml",
            [(full / "full.yml").read_bytes()],
            lambda data: masked_yaml(load(file(data, "kodeks.yml"), {"SNMP_COMMUNITY": "x"})),
            (ConfigError,),
        ),
        Reader("web.yml", [web], lambda data: load_web_config(file(data, "web.yml")), (ConfigError,)),
        Reader("profile", [own_profile], profiles, (BadProfile,)),
        Reader("inventories", [rows.encode(), rows.encode("cp1251")], inventories, (InventoryError, ConfigError)),
    ]


def _database() -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript((ROOT / "tests/sysinfo/data/sysinfo.sql").read_text(encoding="utf-8"))
        return connection.serialize()


def _zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sysinfo.xml", data)
        archive.writestr("log.txt", b"x" * 100)
    return buffer.getvalue()


def main() -> int:
    inputs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    bad = 0
    # In memory where there is such a place: files of inventories took four times longer than reading them.
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        all_readers = readers(Path(folder))
        for reader in all_readers:
            result = run(reader, max(1, inputs // len(all_readers)), seed)
            bad += not result.good
            print(
                f"{reader.name}: {result.inputs} inputs, {result.taken} taken, slowest {result.slowest:.2f} s,"
                f" +{result.grown} MB, faults: {dict(result.faults) or 'none'}",
                flush=True,
            )
    print(f"{bad} of {len(all_readers)} readers have faults" if bad else "no faults")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())

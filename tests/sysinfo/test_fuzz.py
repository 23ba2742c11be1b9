"""A small share of ``./run fuzz``: whatever is done to an input, its reader raises nothing but its own exception."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pytest

from bench.fuzz import Reader, mutated, readers, run
from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.sysinfo.container import open_report
from kodeks_exporter.sysinfo.read import DEFAULT_LIMITS

INPUTS = 40


def test_every_reader_survives_what_others_write(tmp_path: Path) -> None:
    results = {reader.name: run(reader, INPUTS, 3, keep=None) for reader in readers(tmp_path)}
    assert {name: dict(each.faults) for name, each in results.items() if not each.good} == {}
    assert all(each.inputs == INPUTS for each in results.values())
    assert sum(each.taken for each in results.values()) > INPUTS  # not all is refused at the door


@pytest.mark.parametrize("seed", range(3))
def test_a_fault_is_found_and_named(seed: int) -> None:
    def fragile(data: bytes) -> int:
        return data.index(b"</sysinfo>")

    result = run(Reader("fragile", [b"<sysinfo>" * 20 + b"</sysinfo>"], fragile), 60, seed, keep=None)
    assert not result.good
    assert any(fault.startswith("ValueError at test_fuzz.py:") for fault in result.faults)


def test_inputs_are_the_same_for_the_same_seed() -> None:
    assert [mutated(b"abc", random.Random(5)) for _ in range(2)] == [mutated(b"abc", random.Random(5))] * 2


def test_an_archive_whose_entry_has_no_name(tmp_path: Path) -> None:
    """Found by ./run fuzz: zipfile looks at the last letter of the name without asking whether there is one."""
    archive = tmp_path / "report.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("x", b"<sysinfo/>")
        made.filelist[0].filename = ""
    with pytest.raises(UnreadableReport), open_report(archive, DEFAULT_LIMITS):
        pass

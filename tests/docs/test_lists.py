"""Lists of the documentation that must be whole: reasons of failures, fields of reports."""

from __future__ import annotations

import re
from pathlib import Path

from kodeks_exporter.sysinfo.fields import BLOCK_FIELDS, HEADER_FIELDS

ROOT = Path(__file__).resolve().parents[2]
CHECKS = ROOT / "exporter" / "kodeks_exporter" / "checks"


def test_every_reason_that_a_check_gives_is_in_the_table() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    table = text[text.index("### Reasons") : text.index("## Reports")]
    given = {
        reason
        for path in CHECKS.glob("*.py")
        for reason in re.findall(r"\bfailed\(\s*\"(\w+)\"", path.read_text(encoding="utf-8"))
    }
    assert len(given) >= 8
    assert {reason for reason in given if f"`{reason}`" not in table} == set()


def test_every_field_of_a_profile_is_in_the_table() -> None:
    text = (ROOT / "docs" / "profiles.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| (\w+) \| (.+) \|$", text[text.index("### Поля") :], flags=re.MULTILINE))
    fields = {"header": HEADER_FIELDS} | {block.value: fields for block, fields in BLOCK_FIELDS.items()}
    for block, wanted in fields.items():
        assert set(table[block].replace("*", "").split(", ")) == set(wanted), block

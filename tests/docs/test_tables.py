"""Tables of the documentation say what the code says; ``./run tables`` writes them."""

from __future__ import annotations

import re

import pytest

from kodeks_exporter.settings.fleet import Ops
from tools.tables import ROOT, attribute_docs, section_keys, sections, stale_pages, written


def test_the_pages_are_written_from_the_code() -> None:
    assert [str(path.relative_to(ROOT)) for path in stale_pages()] == [], "run ./run tables"


def test_every_section_has_its_table() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert [name for name in sorted(sections()) if not re.search(rf"<!-- table: (keys )?{name} -->", text)] == []


def test_a_changed_table_is_found() -> None:
    page = "x\n<!-- table: keys poll -->\n| old |\n<!-- end -->\ny\n"
    assert "| `checks` | `30s` |" in written(page)
    assert written(written(page)) == written(page)
    assert written(page).endswith("<!-- end -->\ny\n")


@pytest.mark.parametrize(
    ("section", "row"),
    [
        ("reaction", "| `interval` | `15s` | How often each member is read. 5s to 5m. |"),
        ("installations", "| `tls.verify` | `true` | `false` accepts any certificate. |"),
        ("alertmanager", "| `smtp.password` | | A secret. |"),
    ],
)
def test_a_row(section: str, row: str) -> None:
    assert row in list(section_keys(section))


def test_keys_that_are_inherited_keep_their_sentence() -> None:
    assert attribute_docs(Ops)["email"].startswith("Addresses")


@pytest.mark.parametrize("page", ["README.md", "README.ru.md"])
def test_the_front_door_stays_short(page: str) -> None:
    assert len((ROOT / page).read_text(encoding="utf-8").splitlines()) <= 200

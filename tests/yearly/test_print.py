"""The report in a real browser: as it prints, and as it is seen on a screen."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from demo import browser
from kodeks_exporter.cli.main import main
from tests.web.test_page_chromium import show
from tests.yearly.fake import serving
from tests.yearly.stories import NAME, romashka

WHITE = (255, 255, 255)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "report.html"
    with serving(romashka().answer) as url:
        given = ["report", "--year=2025", f"--client={NAME}", f"--prometheus.url={url}", f"--output={file}"]
        assert main(given) == 0
    return file


def pages(pdf: bytes) -> list[bytes]:
    """The page objects of Chromium's PDF."""
    return re.findall(rb"/Type\s*/Page\b[^s].*?endobj", pdf, re.DOTALL)


def test_it_prints_to_a4(report: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "report.pdf"
    command = browser.command(tmp_path / "profile", "--no-pdf-header-footer", f"--print-to-pdf={pdf}", report.as_uri())
    subprocess.run(command, capture_output=True, timeout=60, check=True)
    told = pages(pdf.read_bytes())
    assert 4 <= len(told) <= 5
    for page in told:
        box = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", page)
        assert box is not None
        assert (round(float(box[1]) / 72 * 25.4), round(float(box[2]) / 72 * 25.4)) == (210, 297)


def test_the_stylesheet_passes_the_policy_and_nothing_is_cut_off(report: Path, tmp_path: Path) -> None:
    shown = show(report.as_uri(), (794, 4200), tmp_path)
    assert shown.text("//h1") == [NAME]
    colours = {pixel for row in shown.picture[::7] for pixel in row[::3]}
    assert (0x24, 0x52, 0x7F) in colours, "columns are drawn in the stylesheet's colour"
    for row in shown.picture:  # 15 mm of margin on either side
        assert {*row[2:50], *row[-50:-2]} <= {WHITE, (0xE7, 0xEA, 0xEE)}

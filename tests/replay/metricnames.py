"""The metrics that docs/metrics.md describes."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"


@cache
def documented() -> frozenset[str]:
    return frozenset(re.findall(r"\bkodeks_\w+", PAGE.read_text(encoding="utf-8")))

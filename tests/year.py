"""The year of history in a Prometheus: one for all tests of a worker, over blocks that all workers share."""

from __future__ import annotations

import atexit
import functools
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from demo.year import build, serve
from demo.year.build import Size
from demo.year.client import Client

SIZE = Size(installations=31, accesses=50, fine_days=8)
"""As few as have one of each kind: the 31st is the one whose reports stopped (demo/history/facts.py). What is shown
over more than a week shows days."""


@dataclass(frozen=True)
class Year(Client):
    """``end``: Unix seconds, "now" of whoever looks. ``truth``: see demo/history/truth.py."""

    truth: dict[str, Any]
    start: float
    end: float


@functools.cache
def year() -> Year:
    """Built or found under .cache/year, then served until the process ends."""
    built = build(SIZE)
    stack = ExitStack()
    url = stack.enter_context(serve(built.blocks))
    atexit.register(stack.close)
    return Year(url, built.truth, built.start, built.end)

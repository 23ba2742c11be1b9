"""The year of history in a Prometheus: one for all tests of a worker, over blocks that all workers share."""

from __future__ import annotations

import atexit
import datetime as dt
import functools
import json
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import requests

from demo.year import build, serve
from demo.year.build import Size

SIZE = Size(installations=60, accesses=60)
"""Small enough to be built in about a minute."""


@dataclass(frozen=True)
class Year:
    """``url``: of the Prometheus. ``end``: Unix seconds, "now" of whoever looks. ``truth``: demo/history/truth.py."""

    url: str
    truth: dict[str, Any]
    start: float
    end: float

    @property
    def now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.end, dt.UTC)

    @functools.cached_property
    def session(self) -> requests.Session:
        return requests.Session()

    def vector(self, expression: str, at: float) -> list[tuple[dict[str, str], float, str]]:
        """An instant query: labels, time and value of each series; a scalar has no labels."""
        answer = self.ask("query", query=expression, time=str(at))
        found = answer["data"]["result"]
        if answer["data"]["resultType"] == "scalar":
            return [({}, float(found[0]), str(found[1]))]
        return [(each["metric"], float(each["value"][0]), str(each["value"][1])) for each in found]

    def matrix(
        self, expression: str, start: float, end: float, step: float
    ) -> list[tuple[dict[str, str], list[tuple[float, str]]]]:
        """A range query: labels and samples of each series."""
        answer = self.ask("query_range", query=expression, start=str(start), end=str(end), step=str(step))
        return [
            (each["metric"], [(float(at), str(value)) for at, value in each["values"]])
            for each in answer["data"]["result"]
        ]

    def label_values(self, label: str, match: str, start: float, end: float) -> list[str]:
        asked = {"start": str(start), "end": str(end)} | ({"match[]": match} if match else {})
        values: list[str] = self.ask(f"label/{label}/values", **asked)["data"]
        return values

    def ask(self, what: str, **asked: str) -> dict[str, Any]:
        """Prometheus' answer. RuntimeError with its words when it refuses."""
        method, key = ("GET", "params") if what.startswith("label/") else ("POST", "data")
        request = requests.Request(method, f"{self.url}/api/v1/{what}", **{key: asked})
        answer = json.loads(self.session.send(self.session.prepare_request(request), timeout=60).content)
        if answer["status"] != "success":
            raise RuntimeError(answer["error"])
        return dict(answer)


@functools.cache
def year() -> Year:
    """Built or found under .cache/year, then served until the process ends."""
    built = build(SIZE)
    stack = ExitStack()
    url = stack.enter_context(serve(built.blocks))
    atexit.register(stack.close)
    return Year(url, built.truth, built.start, built.end)

"""Asking a Prometheus over HTTP."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from typing import Any

import msgspec
import requests

Labels = dict[str, str]


@dataclass(frozen=True)
class Client:
    """All calls raise RuntimeError with Prometheus' words when it refuses. Times are Unix seconds."""

    url: str

    def vector(self, expression: str, at: float) -> list[tuple[Labels, float, str]]:
        """An instant query: labels, time and value of each series; a scalar has no labels."""
        data = self._ask("query", query=expression, time=str(at))
        found = data["result"]
        if data["resultType"] == "scalar":
            return [({}, float(found[0]), str(found[1]))]
        return [(each["metric"], float(each["value"][0]), str(each["value"][1])) for each in found]

    def matrix(
        self, expression: str, start: float, end: float, step: float
    ) -> list[tuple[Labels, list[tuple[float, str]]]]:
        """A range query: labels and samples (time, value) of each series."""
        data = self._ask("query_range", query=expression, start=str(start), end=str(end), step=str(step))
        return [(each["metric"], [(float(at), str(value)) for at, value in each["values"]]) for each in data["result"]]

    def label_values(self, label: str, match: str, start: float, end: float) -> list[str]:
        """Values of ``label``, of all series or of those that ``match`` selects."""
        asked = {"start": str(start), "end": str(end)} | ({"match[]": match} if match else {})
        values: list[str] = self._ask(f"label/{label}/values", **asked)
        return values

    def taken(self, expression: str, start: float, end: float, step: float) -> tuple[float, int]:
        """Seconds until the last byte of an answer, and how many bytes; ``step`` 0: an instant query at ``end``."""
        asked = {"query": expression, "time": str(end)}
        if step:
            asked = {"query": expression, "start": str(start), "end": str(end), "step": str(step)}
        begun = time.perf_counter()
        answer = self._session.post(f"{self.url}/api/v1/query{'_range' if step else ''}", data=asked, timeout=120)
        return time.perf_counter() - begun, len(answer.content)

    @functools.cached_property
    def _session(self) -> requests.Session:
        return requests.Session()

    def _ask(self, what: str, **asked: str) -> Any:
        url = f"{self.url}/api/v1/{what}"
        if what.startswith("label/"):
            answer = self._session.get(url, params=asked, timeout=60)
        else:
            answer = self._session.post(url, data=asked, timeout=60)
        told = msgspec.json.decode(answer.content)
        if told["status"] != "success":
            raise RuntimeError(told["error"])
        return told["data"]

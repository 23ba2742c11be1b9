"""A server that answers like Prometheus' HTTP API, from figures made by hand; or answers whatever a test wants."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests import answering

KINDS = (
    "requests", "documents", "services", "links", "prints", "saves", "kassist", "searches_intellectual",
    "searches_attribute", "searches_empty", "rejections",
)  # fmt: skip


@dataclass(slots=True)
class Request:
    """What was asked: ``fields`` of the address or the body."""

    path: str
    fields: Mapping[str, list[str]]
    headers: Mapping[str, str]

    @property
    def query(self) -> str:
        return self.fields.get("query", [""])[0]


Answer = Callable[[Request, BaseHTTPRequestHandler], None]


@contextlib.contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """The address of a server that answers so."""

    def told(to: BaseHTTPRequestHandler, asked: answering.Asked) -> None:
        address = urlsplit(asked.path)
        answer(Request(address.path, parse_qs(asked.body.decode() or address.query), asked.headers), to)

    with answering.serving(told) as server:
        yield server.url


def send(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    answering.reply(handler, status, body, **headers)


def success(data: Any, **more: Any) -> bytes:
    return json.dumps({"status": "success", "data": data, **more}, ensure_ascii=False).encode()


def vector(*series: tuple[Mapping[str, str], float]) -> dict[str, Any]:
    return {
        "resultType": "vector",
        "result": [{"metric": dict(labels), "value": [1.0, str(value)]} for labels, value in series],
    }


def matrix(*series: tuple[Mapping[str, str], list[tuple[float, float]]]) -> dict[str, Any]:
    return {
        "resultType": "matrix",
        "result": [
            {"metric": dict(labels), "values": [[at, str(value)] for at, value in samples]}
            for labels, samples in series
        ],
    }


@dataclass(slots=True)
class Told:
    """What this Prometheus knows. Keys are label values in the order that the name of the field tells."""

    clients: dict[str, dict[str, str]] = field(default_factory=dict)
    """By installation: client, manager, branch, url."""
    accounts: dict[str, dict[str, str]] = field(default_factory=dict)
    """By account: client, manager, login, server."""
    usage: dict[tuple[str, str, str, str], float] = field(default_factory=dict)
    """By installation, domain, month, kind."""
    users: dict[tuple[str, str, str], float] = field(default_factory=dict)
    """By installation, month, kind."""
    seats: dict[tuple[str, str], float] = field(default_factory=dict)
    """By installation, month; so are the next ones."""
    peak: dict[tuple[str, str], float] = field(default_factory=dict)
    up: dict[tuple[str, str], float] = field(default_factory=dict)
    """Hours up of 700."""
    reported: dict[tuple[str, str], float] = field(default_factory=dict)
    empty: dict[tuple[str, str, str], list[tuple[float, float]]] = field(default_factory=dict)
    """By installation, family, cause."""
    registration: dict[str, dict[str, str]] = field(default_factory=dict)
    """By installation: regnum, legal_entity."""
    expiry: dict[str, float] = field(default_factory=dict)
    hourly: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """By installation: (Unix seconds, share of the hour before in which the main page opened)."""
    versions: dict[str, list[str]] = field(default_factory=dict)
    """By installation: of the server, in the order they came."""
    updates: dict[str, float] = field(default_factory=dict)
    left: dict[tuple[str, str, str], float] = field(default_factory=dict)
    """By account, resource, month; so are limits."""
    limits: dict[tuple[str, str, str], float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)

    def answer(self, request: Request, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(request)
        data = self._values(request) if "/label/" in request.path else self._query(request.query)
        send(handler, success(data, warnings=self.warnings))

    def _values(self, request: Request) -> list[str]:
        label = request.path.split("/")[-2]
        wanted = re.search(r'manager="([^"]*)"', request.fields["match[]"][0])
        everything = (*self.clients.values(), *self.accounts.values())
        return sorted({each[label] for each in everything if not wanted or each["manager"] == wanted[1]})

    def _query(self, query: str) -> dict[str, Any]:
        year = re.search(r'month=~"(\d{4})', query)
        for name, answer in self._answers(query, year[1] if year else ""):
            if name in query:
                return answer()
        raise AssertionError(f"no answer to {query}")

    def _answers(self, query: str, year: str) -> list[tuple[str, Callable[[], dict[str, Any]]]]:
        def of(found: Mapping[str, Mapping[str, str]], key: str) -> dict[str, Any]:
            return vector(*[({key: name, **labels}, 1.0) for name, labels in found.items()
                            if json.dumps(labels["client"], ensure_ascii=False) in query])  # fmt: skip

        def figures(found: Mapping[Any, float], *labels: str, months: bool = False) -> dict[str, Any]:
            rows = [(dict(zip(labels, key if isinstance(key, tuple) else (key,), strict=True)), value)
                    for key, value in found.items()]  # fmt: skip
            if months:
                rows = [(row, value) for row, value in rows if f'"{row["month"]}"' in query]
            elif year:
                rows = [(row, value) for row, value in rows if row["month"].startswith(year)]
            # Names are quoted twice: for the regular expression, and for the string literal.
            names = (row.get("account", row.get("installation", "")).replace("-", "\\\\-") for row, _ in rows)
            return vector(*[row for row, name in zip(rows, list(names), strict=True) if name in query])

        def empty() -> dict[str, Any]:
            return matrix(*[({"installation": one, "family": family, "cause": cause}, samples)
                            for (one, family, cause), samples in self.empty.items()])  # fmt: skip

        def hours() -> dict[str, Any]:
            return figures(dict.fromkeys(self.up, 700.0), "installation", "month", months=True)

        def outages() -> dict[str, Any]:
            return matrix(*[({"installation": one}, samples) for one, samples in self.hourly.items() if one in query])

        def versions() -> dict[str, Any]:
            return vector(*[({"server": version}, float(place)) for one, told in self.versions.items() if one in query
                            for place, version in enumerate(told)])  # fmt: skip

        place = ("installation", "month")
        return [
            ("timestamp(kodeks_build_info", versions),
            ("changes(", lambda: figures(self.updates, "installation")),
            ("kodeks:installation:info", lambda: of(self.clients, "installation")),
            ("kodeks_online_access_info", lambda: of(self.accounts, "account")),
            ("kodeks_usage_total", lambda: figures(self.usage, "installation", "domain", "month", "kind")),
            ("kodeks_month_users", lambda: figures(self.users, "installation", "month", "kind")),
            ("kodeks_month_seats", lambda: figures(self.seats, *place)),
            ("kodeks_sysinfo_created", lambda: figures(self.reported, *place, months=True)),
            ("kodeks_seats_used:hourly", lambda: figures(self.peak, *place, months=True)),
            ("sum_over_time(installation:kodeks_", lambda: figures(self.up, *place, months=True)),
            ("count_over_time(installation:kodeks_", hours),
            ("installation:kodeks_interface_up:hourly", outages),
            ("kodeks_empty_searches:daily", empty),
            ("kodeks_registration_info",
             lambda: vector(*[({"installation": name, **labels}, 1.0) for name, labels in self.registration.items()])),
            ("kodeks_registration_expiry", lambda: figures(self.expiry, "installation")),
            ("kodeks_licence_expiry_days", matrix),
            ("kodeks_online_month_left", lambda: figures(self.left, "account", "resource", "month")),
            ("kodeks_online_limit", lambda: figures(self.limits, "account", "resource", "month", months=True)),
        ]  # fmt: skip

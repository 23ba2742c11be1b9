"""The stand's control interface over HTTP.

``GET /servers``, ``GET /faults``, ``POST /fault {"server": NAME, "fault": FAULT, "options": {}}``,
``POST /clear {"server": NAME, "fault": FAULT}`` (both optional),
``POST /search {"server": NAME, "login": LOGIN, "query": TEXT, "status": "empty"}``. NAME is a server, a licence manager
or a hosting.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from demo.stand.faults import DESCRIPTIONS, Fault, Options
from demo.stand.wire import Reply, Request

_HELP = """Stand control. GET /servers, GET /faults, POST /fault, POST /clear, POST /search. For example:
curl -d '{"server": "romashka", "fault": "key_lost", "options": {"code": 4113}}' URL/fault
curl -d '{"server": "romashka"}' URL/clear
curl -d '{"server": "romashka", "login": "ivanova.a", "query": "GYLA 14.1"}' URL/search
"""


@dataclass(frozen=True)
class Orders:
    """What the stand does when it is told to; all but ``describe`` return work for its loop."""

    describe: Callable[[], Any]
    search: Callable[[str, str, str, str], Coroutine[Any, Any, None]]
    clear: Callable[[str | None, Fault | None], Coroutine[Any, Any, None]]
    fault: Callable[[str, Fault, dict[str, Any]], Coroutine[Any, Any, None]]


class ControlSite:
    """Answers the control interface. It runs in the stand's loop."""

    banner = "stand-control"

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._tasks: set[asyncio.Task[None]] = set()

    def manner(self) -> tuple[Fault, Options] | None:
        return None

    def answer(self, request: Request) -> Reply:
        match request.method, request.path:
            case "GET" | "HEAD", "/":
                return Reply(200, _HELP.encode(), "text/plain; charset=utf-8")
            case "GET" | "HEAD", "/servers":
                return _json(200, self._orders.describe())
            case "GET" | "HEAD", "/faults":
                return _json(200, {str(fault): DESCRIPTIONS[fault] for fault in Fault})
            case "POST", "/fault" | "/clear" | "/search":
                return self._change(request)
            case _:
                return _json(404, {"error": "no such address"})

    def _change(self, request: Request) -> Reply:
        try:
            order = json.loads(request.body or b"{}")
            if not isinstance(order, dict) or not isinstance(order.get("options", {}), dict):
                raise ValueError("a JSON object is expected")
            target, fault = order.get("server"), order.get("fault")
            known = Fault(fault) if fault is not None else None
            if request.path == "/search":
                login, query = str(order["login"]), str(order["query"])
                work = self._orders.search(str(target), login, query, str(order.get("status", "empty")))
            elif request.path == "/clear":
                work = self._orders.clear(target, known)
            elif target is None or known is None:
                raise ValueError("server and fault are needed")
            else:
                work = self._orders.fault(target, known, order.get("options", {}))
        except KeyError as error:
            return _json(404, {"error": f"no server, licence manager or hosting {error}"})
        except ValueError as error:
            return _json(400, {"error": str(error)})
        # The listener of the target may be closed by this, never the one that answers here.
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return _json(200, {"ok": True})


def _json(status: int, document: Any) -> Reply:
    body = json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"
    return Reply(status, body, "application/json")

"""The stand's control interface over HTTP, and a small client of it for the shell.

``GET /servers``, ``GET /faults``, ``POST /fault {"server": NAME, "fault": FAULT, "options": {}}``,
``POST /clear {"server": NAME, "fault": FAULT}`` (both optional),
``POST /search {"server": NAME, "login": LOGIN, "query": TEXT, "status": "empty"}``. NAME is a server, a licence manager
or a hosting.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from demo.stand.faults import DESCRIPTIONS, Fault, Options
from demo.stand.wire import Reply, Request

if TYPE_CHECKING:
    from demo.stand.stand import Stand

ENVIRONMENT = "KODEKS_STAND"
"""Where the shell client finds the control interface's address, unless --url says so."""

_HELP = """Stand control. GET /servers, GET /faults, POST /fault, POST /clear, POST /search. For example:
curl -d '{"server": "romashka", "fault": "key_lost", "options": {"code": 4113}}' URL/fault
curl -d '{"server": "romashka"}' URL/clear
curl -d '{"server": "romashka", "login": "ivanova.a", "query": "GYLA 14.1"}' URL/search
"""


class ControlSite:
    """Answers the control interface. It runs in the stand's loop, so it calls the stand's coroutines there."""

    banner = "stand-control"

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._tasks: set[asyncio.Task[None]] = set()

    def manner(self) -> tuple[Fault, Options] | None:
        return None

    def answer(self, request: Request) -> Reply:
        match request.method, request.path:
            case "GET" | "HEAD", "/":
                return Reply(200, _HELP.encode(), "text/plain; charset=utf-8")
            case "GET" | "HEAD", "/servers":
                return _json(200, self._stand.describe())
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
                work = self._stand.search_soon(str(target), login, query, str(order.get("status", "empty")))
            elif request.path == "/clear":
                work = self._stand.clear_soon(target, known)
            elif target is None or known is None:
                raise ValueError("server and fault are needed")
            else:
                work = self._stand.fault_soon(target, known, order.get("options", {}))
        except KeyError as error:
            return _json(404, {"error": f"no server, licence manager or hosting {error}"})
        except ValueError as error:
            return _json(400, {"error": str(error)})
        # The listener of the target may be closed by this, never the one that answers here.
        self._tasks.add(work)
        work.add_done_callback(self._tasks.discard)
        return _json(200, {"ok": True})


def _json(status: int, document: Any) -> Reply:
    body = json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"
    return Reply(status, body, "application/json")


def _ask(url: str, order: dict[str, Any] | None = None) -> str:
    data = json.dumps(order).encode() if order is not None else None
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=10) as answer:
        return str(answer.read().decode())


def main(arguments: Sequence[str] | None = None) -> int:
    """The shell client: servers, faults, fault NAME FAULT [KEY=VALUE ...], clear [NAME [FAULT]]."""
    parser = argparse.ArgumentParser(prog="python -m demo.stand.control", description="Break and mend the stand.")
    parser.add_argument("--url", default=os.environ.get(ENVIRONMENT, ""), help=f"control address (or ${ENVIRONMENT})")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("servers", help="who is there and what is broken")
    commands.add_parser("faults", help="what can be broken")
    breaking = commands.add_parser("fault", help="break")
    breaking.add_argument("server", help="server, licence manager or hosting")
    breaking.add_argument("fault", choices=[str(fault) for fault in Fault])
    breaking.add_argument("options", nargs="*", metavar="KEY=VALUE")
    searching = commands.add_parser("search", help="let a user search; it stands in the next sysinfo report")
    searching.add_argument("server")
    searching.add_argument("login")
    searching.add_argument("query")
    searching.add_argument("--status", default="empty", choices=["ok", "empty", "error"])
    mending = commands.add_parser("clear", help="mend")
    mending.add_argument("server", nargs="?")
    mending.add_argument("fault", nargs="?", choices=[str(fault) for fault in Fault])
    given = parser.parse_args(arguments)
    if not given.url:
        parser.error(f"--url or ${ENVIRONMENT} is needed")
    url = given.url.rstrip("/")
    try:
        match given.command:
            case "fault":
                options = dict(option.partition("=")[::2] for option in given.options)
                print(_ask(f"{url}/fault", {"server": given.server, "fault": given.fault, "options": options}), end="")
            case "clear":
                print(_ask(f"{url}/clear", {"server": given.server, "fault": given.fault}), end="")
            case "search":
                order = {name: getattr(given, name) for name in ("server", "login", "query", "status")}
                print(_ask(f"{url}/search", order), end="")
            case command:
                print(_ask(f"{url}/{command}"), end="")
    except urllib.error.HTTPError as error:
        print(error.read().decode(), end="", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"the stand does not answer at {url}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A small client of the stand's control interface, for the shell.

Apart from the site, which the package imports: ``python -m`` would warn of a module that is there twice.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from demo.stand.faults import Fault

ENVIRONMENT = "KODEKS_STAND"
"""Where the shell client finds the control interface's address, unless --url says so."""


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

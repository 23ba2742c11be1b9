"""``kodeks-exporter probe --config.file kodeks.yml NAME``: a table for the person who looks into a fault."""

from __future__ import annotations

import argparse
import difflib
import sys
import unicodedata

from kodeks_exporter.checks.chain import has_checks, run_round
from kodeks_exporter.checks.shown import as_lines, shown
from kodeks_exporter.config.load import load
from kodeks_exporter.domain.check import CheckResult, Outcome, Round
from kodeks_exporter.net.resolver import PATIENT
from kodeks_exporter.net.trace import Exchange
from kodeks_exporter.service.exporter import make_tools

_SIGNS = {Outcome.OK: "ok", Outcome.FAILED: "FAILED", Outcome.BLOCKED: "blocked", Outcome.SKIPPED: "skipped"}


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", help="name of the installation in the inventory")
    command.add_argument(
        "--verbose", action="store_true", help="also show requests, answers and what was found in them"
    )


def run(options: argparse.Namespace) -> int:
    settings = load(options.config)
    installation = settings.fleet.installations.get(options.name)
    if installation is None:
        near = difflib.get_close_matches(options.name, settings.fleet.installations, 3)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        print(f"kodeks-exporter probe: {options.config} names no installation {options.name!r}{hint}", file=sys.stderr)
        return 2
    if not has_checks(installation):
        print(f"{installation.name}: nothing to check: it has neither url, licence_manager nor snmp")
        return 0
    tools = make_tools(settings, PATIENT)
    trace: list[Exchange] = []
    try:
        round_ = run_round(installation, settings.checks, tools, trace=trace)
    finally:
        tools.snmp.close()
        tools.resolver.close()
    print(f"{installation.name}  {installation.client}  {installation.url}")
    print(table(round_))
    if options.verbose:
        print("\n" + "\n".join(as_lines(shown(trace, installation.asked_by(settings.checks).patterns))))
    return 1 if any(result.outcome is Outcome.FAILED for result in round_.results.values()) else 0


def table(round_: Round) -> str:
    """The round as aligned text: check, outcome, milliseconds, and what there is to say."""
    rows = [("CHECK", "RESULT", "MS", "DETAILS")]
    rows += [
        (result.check, _SIGNS[result.outcome], _milliseconds(result), _details(result))
        for result in round_.results.values()
    ]
    widths = [max(_width(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join([*map(_padded, row[:3], widths), row[3]]).rstrip() for row in rows]
    root = round_.root_cause
    summary = f"state: {round_.state.value if round_.state is not None else 'unknown'}"
    if root is not None:
        summary += f"; cause: {root.check}: {root.text or root.reason}"
    elif round_.planned:
        summary += f"; announced nightly {round_.planned}"
    return "\n".join([*lines, summary])


def _details(result: CheckResult) -> str:
    if result.outcome is Outcome.BLOCKED:
        return f"by {result.by}" + (f": {result.text}" if result.text else "")
    return f"{result.reason}: {result.text}" if result.reason else result.text


def _milliseconds(result: CheckResult) -> str:
    return "" if result.outcome is Outcome.BLOCKED else f"{result.duration * 1000:.0f}"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))

"""``kodeks-exporter probe --config.file kodeks.yml NAME``: a table for whoever investigates a fault."""

import argparse
import difflib
import unicodedata
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from kodeks_exporter.checks.chain import has_checks, run_round
from kodeks_exporter.checks.shown import ENGLISH, RUSSIAN, as_lines, shown
from kodeks_exporter.cli.language import russian, say
from kodeks_exporter.config.load import load
from kodeks_exporter.domain.check import CheckResult, InstallationState, Outcome, Round
from kodeks_exporter.domain.refusal import UsageError
from kodeks_exporter.net.resolver import PATIENT
from kodeks_exporter.net.trace import Exchange
from kodeks_exporter.service.rounds import make_tools
from kodeks_exporter.web import words

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
        raise no_such(options.config, options.name, settings.fleet.installations)
    if not has_checks(installation):
        text = "{name}: nothing to check: it has neither url, licence_manager nor snmp"
        print(say(text, name=installation.name))
        return 0
    trace: list[Exchange] = []
    with closing(make_tools(settings, PATIENT)) as tools:
        round_ = run_round(installation, settings.checks, tools, trace=trace)
    print(f"{installation.name}  {installation.client}  {installation.url}")
    print(table(round_))
    if options.verbose:
        patterns = installation.asked_by(settings.checks).patterns
        print("\n" + "\n".join(as_lines(shown(trace, patterns, RUSSIAN if russian() else ENGLISH))))
    return 1 if any(result.outcome is Outcome.FAILED for result in round_.results.values()) else 0


def no_such(config: Path, name: str, known: Iterable[str]) -> UsageError:
    """An unknown name, with what may have been meant."""
    near = difflib.get_close_matches(name, list(known), 3)
    text = "{config} names no {name}; did you mean {near}?" if near else "{config} names no {name}"
    return UsageError(say(text, config=config, name=repr(name), near=", ".join(near)))


def table(round_: Round) -> str:
    """The round as aligned text: check, outcome, milliseconds, and what there is to say."""
    rows = [(say("CHECK"), say("RESULT"), say("MS"), say("DETAILS"))]
    rows += [
        (result.check, say(_SIGNS[result.outcome]), _milliseconds(result), _details(result))
        for result in round_.results.values()
    ]
    widths = [max(_width(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join([*map(_padded, row[:3], widths), row[3]]).rstrip() for row in rows]
    root = round_.root_cause
    summary = say("state: {state}", state=_state(round_.state))
    if root is not None:
        summary += say("; cause: {cause}", cause=f"{root.check}: {_why(root)}")
    elif round_.planned:
        planned = words.PLANNED.get(round_.planned, "") if russian() else round_.planned
        summary += say("; announced nightly {planned}", planned=planned)
    return "\n".join([*lines, summary])


def _details(result: CheckResult) -> str:
    if result.outcome is Outcome.BLOCKED:
        return say("by {check}", check=result.by)
    return _why(result)


def _why(result: CheckResult) -> str:
    """The check's own sentence is Russian; an English reader has the reason, which docs/checks.md explains."""
    return (result.text or result.reason) if russian() else result.reason


def _state(state: InstallationState | None) -> str:
    if state is None:
        return say("unknown")
    return words.STATES[state] if russian() else state.value


def _milliseconds(result: CheckResult) -> str:
    return "" if result.outcome is Outcome.BLOCKED else f"{result.duration * 1000:.0f}"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))

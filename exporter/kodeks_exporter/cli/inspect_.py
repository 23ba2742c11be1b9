"""``kodeks-exporter sysinfo inspect FILE [--profile P]``."""

import argparse
import sys
from pathlib import Path

from kodeks_exporter.cli import logs
from kodeks_exporter.cli.language import sentence
from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.sysinfo.inspect import inspect, render
from kodeks_exporter.sysinfo.profile import BadProfile, load_profile


def add_arguments(command: argparse.ArgumentParser) -> None:
    reports = command.add_subparsers(title="commands", required=True, metavar="COMMAND")
    text = "show what a report holds and what a profile makes of it"
    parser = reports.add_parser("inspect", help=text, description=sentence(text), allow_abbrev=False)
    parser.add_argument("file", type=Path)
    parser.add_argument("--profile", default="default", help="name of a profile, or its file; default %(default)s")
    logs.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    try:
        print(render(inspect(options.file, load_profile(options.profile, [Path.cwd()]))))
    except UnreadableReport as error:
        print(f"kodeks-exporter sysinfo inspect: {options.file}: {error.text} ({error})", file=sys.stderr)
        return 1
    except BadProfile as error:
        print(f"kodeks-exporter sysinfo inspect: --profile {options.profile}: {error}", file=sys.stderr)
        return 1
    return 0

"""``kodeks-exporter import --managers … --online … --output kodeks.yml``."""

import argparse
import shutil
from pathlib import Path

from kodeks_exporter.cli.language import say
from kodeks_exporter.config.again import import_again, memory_of
from kodeks_exporter.config.inventories import import_inventories
from kodeks_exporter.domain.refusal import UsageError


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--managers", type=Path, metavar="FILE", help="managers.csv")
    command.add_argument("--online", type=Path, metavar="FILE", help="online.csv")
    command.add_argument("--output", type=Path, required=True, metavar="FILE", help="the configuration to write")
    command.add_argument(
        "--update", action="store_true", help="put what is new or changed into an existing one; edits by hand are kept"
    )
    command.add_argument("--force", action="store_true", help="overwrite an existing configuration")


def run(options: argparse.Namespace) -> int:
    if options.managers is None and options.online is None:
        raise UsageError(say("give --managers, --online or both"))
    if options.output.exists() and not options.force:
        return _again(options)
    print(import_inventories(options.managers, options.online, options.output, force=options.force))
    shutil.copyfile(options.output, memory_of(options.output))
    return 0


def _again(options: argparse.Namespace) -> int:
    lines = import_again(options.managers, options.online, options.output, update=options.update)
    print("\n".join(lines) or say("{path} agrees with the inventories", path=options.output))
    if lines and not options.update:
        text = "{path} exists and is as it was: --update puts what is new or changed into it"
        print("\n" + say(text, path=options.output))
    return 0 if options.update or not lines else 1

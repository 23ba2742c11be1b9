"""``kodeks-exporter import --managers … --online … --output kodeks.yml``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kodeks_exporter.config.inventories import InventoryError, import_inventories


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--managers", type=Path, metavar="FILE", help="managers.csv")
    command.add_argument("--online", type=Path, metavar="FILE", help="online.csv")
    command.add_argument("--output", type=Path, required=True, metavar="FILE", help="the configuration to write")
    command.add_argument("--force", action="store_true", help="overwrite an existing configuration")


def run(options: argparse.Namespace) -> int:
    if options.managers is None and options.online is None:
        print("kodeks-exporter import: give --managers, --online or both", file=sys.stderr)
        return 2
    try:
        print(import_inventories(options.managers, options.online, options.output, force=options.force))
    except InventoryError as error:
        print(f"kodeks-exporter import: {error}", file=sys.stderr)
        return 1
    return 0

"""``kodeks-exporter import --managers … --online … --output kodeks.yml``."""

from __future__ import annotations

import argparse
import sys

from kodeks_exporter.config.inventories import InventoryError, import_inventories


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

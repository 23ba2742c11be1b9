"""``kodeks-exporter import --managers … --online … --output kodeks.yml``."""

from __future__ import annotations

import argparse
import sys

from kodeks_exporter.config.inventories import import_inventories


def run(options: argparse.Namespace) -> int:
    if options.managers is None and options.online is None:
        print("kodeks-exporter import: give --managers, --online or both", file=sys.stderr)
        return 2
    print(import_inventories(options.managers, options.online, options.output, force=options.force))
    return 0

"""``kodeks-exporter files --output DIR``: rules, routes, pages, dashboards and the unit, as they are shipped."""

import argparse
from pathlib import Path

from kodeks_exporter import assets
from kodeks_exporter.cli.language import say


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder that they are written to")


def run(options: argparse.Namespace) -> int:
    root = assets.find()
    paths = assets.files(root)
    for path in paths:
        target = options.output / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((root / path).read_bytes())
    for folder in assets.FOLDERS:
        count = sum(path.is_relative_to(folder) for path in paths)
        print(say("written    {path}  ({number} files)", path=options.output / folder, number=count))
    return 0

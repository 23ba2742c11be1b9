"""``kodeks-exporter check-config FILE``."""

from __future__ import annotations

import argparse
from pathlib import Path

from kodeks_exporter.config.load import load
from kodeks_exporter.config.problems import ConfigError
from kodeks_exporter.service.reports import load_profiles
from kodeks_exporter.settings.fleet import SHORTEST_TOKEN, short_tokens


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", type=Path)


def run(options: argparse.Namespace) -> int:
    try:
        settings = load(options.file)
        load_profiles(settings)
    except ConfigError as error:
        for problem in error.problems:
            print(problem)
        return 1
    fleet = settings.fleet
    short = short_tokens(fleet)
    for name in short:
        print(f"{options.file}: token of dealer {name}: use at least {SHORTEST_TOKEN} characters: openssl rand -hex 16")
    if short:
        return 1
    print(
        f"{options.file}: fine: {len(fleet.installations)} installations, {len(fleet.online_accesses)} online accesses,"
        f" {len(fleet.managers)} managers, {len(fleet.dealers)} dealers"
    )
    return 0

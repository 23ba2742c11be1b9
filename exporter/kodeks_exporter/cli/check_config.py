"""``kodeks-exporter check-config FILE``."""

import argparse
from pathlib import Path

from kodeks_exporter.cli.language import say
from kodeks_exporter.config.load import load
from kodeks_exporter.config.problems import ConfigError
from kodeks_exporter.service.reports import load_profiles
from kodeks_exporter.settings.fleet import SHORTEST_TOKEN, may_write, short_tokens


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
        text = "{file}: token of dealer {name}: use at least {number} characters: openssl rand -hex 16"
        print(say(text, file=options.file, name=name, number=SHORTEST_TOKEN))
    if short:
        return 1
    for name, dealer in fleet.dealers.items():
        if dealer.installations is None and (number := len(may_write(fleet, dealer))) > 1:
            text = (
                "{file}: note: the token of dealer {name} may send reports of all {number} installations that push:"
                " list its installations, and give each client a dealer of its own"
            )
            print(say(text, file=options.file, name=name, number=number))
    text = "{file}: fine: {sites} installations, {accesses} online accesses, {managers} managers, {dealers} dealers"
    numbers = {
        "sites": len(fleet.installations),
        "accesses": len(fleet.online_accesses),
        "managers": len(fleet.managers),
        "dealers": len(fleet.dealers),
    }
    print(say(text, file=options.file, **numbers))
    return 0

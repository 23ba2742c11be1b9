"""``kodeks-exporter survey NAME``: the first contact with a real server or online access."""

import argparse
from pathlib import Path

from kodeks_exporter.cli.language import russian, say
from kodeks_exporter.cli.probe import no_such, table
from kodeks_exporter.config.edit import put
from kodeks_exporter.config.load import load
from kodeks_exporter.service.survey import survey
from kodeks_exporter.survey.bundle import write_bundle
from kodeks_exporter.survey.findings import Survey, as_text, proposal


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", help="name of the installation or online access in the inventory")
    command.add_argument(
        "--output", type=Path, metavar="FILE", help="also write a zip without personal data, to show it to others"
    )
    command.add_argument("--apply", action="store_true", help="put the proposal into the configuration file")


def _apply(config: Path, result: Survey) -> None:
    if result.profile:
        profile = config.parent / f"{result.profile_name}.yml"
        profile.write_text(result.profile, encoding="utf-8")
        print("\n" + say("written    {path}", path=profile))
    if changes := proposal(result):
        kept = put(config, changes)
        print(say("changed    {path}  (as it was: {kept})", path=config, kept=kept))


def run(options: argparse.Namespace) -> int:
    settings = load(options.config)
    fleet = settings.fleet
    known = [*fleet.installations, *fleet.online_accesses]
    if options.name not in known:
        raise no_such(options.config, options.name, known)
    result = survey(settings, options.name)
    print(as_text(result, english=not russian()), end="")
    if result.round is not None:
        print("\n" + say("Checks" if result.fits else "Checks with this proposal"))
        print(table(result.round))
    if options.apply and not result.fits:
        _apply(options.config, result)
    if options.output is not None:
        site = fleet.installations.get(options.name) or fleet.online_accesses[options.name]
        write_bundle(options.output, result, site)
        text = "written    {path}  (names and numbers replaced; look at it before you send it)"
        print("\n" + say(text, path=options.output))
    return 0 if result.fits else 1

"""``kodeks-exporter client-script NAME --system windows|linux --output DIR``: the client's side of pushing."""

import argparse
import sys
from pathlib import Path

from kodeks_exporter.cli.language import say
from kodeks_exporter.config.load import load
from kodeks_exporter.domain.refusal import CommandError
from kodeks_exporter.render.client import PAGE, SYSTEMS, PushClient, files
from kodeks_exporter.render.write import write
from kodeks_exporter.settings.fleet import Dealer, Installation, may_write
from kodeks_exporter.settings.settings import Settings


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", help="name of the installation in the inventory")
    command.add_argument("--system", choices=SYSTEMS, required=True, help="of the client's server")
    command.add_argument("--output", type=Path, required=True, metavar="DIR", help="new folder for the client")
    command.add_argument("--server", required=True, metavar="URL", help="where clients reach this exporter")
    command.add_argument("--dealer", metavar="NAME", help="whose token is used, where several may upload")
    command.add_argument(
        "--kodeks-url",
        metavar="URL",
        help="of Kodeks as its own machine sees it; default the installation's url, else http://127.0.0.1",
    )
    command.add_argument("--proxy", default="", metavar="URL", help="the client's way out")
    command.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="PEM of the authority that signed our certificate"
    )


def run(options: argparse.Namespace) -> int:
    settings = load(options.config)
    client = _client(settings, options)
    made = files(client, options.system)
    write(made, options.output, looked_at=())
    for file in made:
        path = options.output / file.path
        print(say("written    {path}  (holds a password or token)" if file.secret else "written    {path}", path=path))
    others = may_write(settings.fleet, settings.fleet.dealers[client.dealer]) - {client.name}
    if others:
        text = (
            "BEWARE     the token of dealer {name} may send reports of {number} other installations: give the client"
            " a dealer of its own with installations: [{installation}]"
        )
        print(say(text, name=client.dealer, number=len(others), installation=client.name), file=sys.stderr)
    print(say("next       give the folder to the technician; {page} says what to do", page=PAGE))
    return 0


def _client(settings: Settings, options: argparse.Namespace) -> PushClient:
    installation = settings.fleet.installations.get(options.name)
    if installation is None:
        raise CommandError(
            say("there is no installation {name} in {config}", name=repr(options.name), config=options.config)
        )
    if not options.server.startswith(("http://", "https://")):
        raise CommandError(say("--server {url}: an address begins with https:// or http://", url=options.server))
    dealer = _dealer(settings, installation, options.dealer)
    credentials, manager = installation.credentials, settings.fleet.managers[installation.manager]
    return PushClient(
        name=installation.name,
        client=installation.client,
        kodeks=(options.kodeks_url or installation.url or "http://127.0.0.1").rstrip("/"),
        server=options.server.rstrip("/"),
        dealer=dealer.name,
        token=dealer.token.reveal(),
        report_path=installation.report_path or settings.reports.download_path,
        logout_path=installation.asked_by(settings.checks).paths.logout,
        credentials=f"{credentials.username}:{credentials.password.reveal()}" if credentials else "",
        proxy=options.proxy,
        contact=", ".join(filter(None, (manager.full_name, manager.phone))),
        ca=options.ca_file.read_text(encoding="utf-8") if options.ca_file else "",
    )


def _dealer(settings: Settings, installation: Installation, name: str | None) -> Dealer:
    fleet = settings.fleet
    allowed = [each for each in fleet.dealers.values() if installation.name in may_write(fleet, each)]
    if name is not None:
        allowed = [each for each in allowed if each.name == name]
    if not allowed:
        text = "no dealer is there who may upload for {name}: see dealers: in the configuration"
        if name is not None:
            text = "the dealer {dealer} is not there or may not upload for {name}: see dealers: in the configuration"
        raise CommandError(say(text, dealer=repr(name), name=installation.name))
    if len(allowed) > 1:
        names = ", ".join(each.name for each in allowed)
        text = "several dealers may upload for {name}: choose by --dealer one of {names}"
        raise CommandError(say(text, name=installation.name, names=names))
    return allowed[0]

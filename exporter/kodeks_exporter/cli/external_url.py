"""The flag that says how people reach the exporter, for the commands that want it."""

import argparse

from kodeks_exporter.config.document import Plain
from kodeks_exporter.settings import values


def add_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--web.external-url",
        dest="external_url",
        type=_url,
        metavar="URL",
        help="how people reach the exporter, base of links in messages; wins over web.external_url",
    )


def changes(options: argparse.Namespace) -> Plain:
    """What the flag puts over kodeks.yml."""
    return {"web": {"external_url": options.external_url}} if options.external_url else None


def _url(text: str) -> str:
    try:
        return values.url(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None

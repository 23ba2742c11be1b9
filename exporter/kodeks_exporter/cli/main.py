"""The command ``kodeks-exporter``.

A command is a module with ``add_arguments(parser)`` and ``run(options)``. Only the requested one is imported, to start
fast.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from kodeks_exporter import __version__, assets
from kodeks_exporter.cli import language, logs
from kodeks_exporter.config.problems import ConfigError
from kodeks_exporter.domain.refusal import CommandError
from kodeks_exporter.store.database import StorageError

USAGE_ERROR: Final = 2
_ABOUT_LANGUAGE: Final = "language of what is printed; default that of the locale"


class _Command(NamedTuple):
    """``module``: within ``kodeks_exporter.cli``. ``config``: it has --config.file."""

    module: str
    config: bool
    text: str


COMMANDS: Final = {
    "serve": _Command("serve", True, "run the exporter"),
    "check-config": _Command("check_config", False, "print every problem of a configuration"),
    "probe": _Command("probe", True, "run all checks of one installation now"),
    "add": _Command("add", True, "add an installation or online access to the configuration"),
    "survey": _Command("survey", True, "see what of a server fits the settings, and propose what would"),
    "sysinfo": _Command("inspect_", False, "sysinfo reports: inspect"),
    "import": _Command("import_", False, "build a configuration from existing inventories"),
    "render": _Command("render", True, "write what Prometheus and Alertmanager need for this fleet"),
    "client-script": _Command("client_script", True, "write the scripts by which a client pushes"),
    "files": _Command("files", False, "write out the rules, pages, dashboards and unit of this version"),
    "report": _Command("report", False, "write the yearly report for a client's decision maker"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code: 0 fine, 1 what was asked about is not, 2 wrong use."""
    try:
        rest = language.choose(sys.argv[1:] if arguments is None else arguments, os.environ)
    except ValueError as error:
        print(f"kodeks-exporter: {error}", file=sys.stderr)
        return USAGE_ERROR
    options = parse(rest)
    logs.set_up(options.log_level, options.log_format)
    try:
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # a reader such as `head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ConfigError, StorageError) as error:
        print(f"kodeks-exporter: {error}", file=sys.stderr)
        return 1
    except CommandError as error:
        print(f"kodeks-exporter {options.command}: {error}", file=sys.stderr)
        return error.code
    except OSError as error:
        where = error.filename or vars(options).get("output") or vars(options).get("into")
        if where is None:
            raise
        print(f"kodeks-exporter {options.command}: {where}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The parsed arguments; ``run`` is the command. Ends the process when they make no sense."""
    asked = next((each for each in arguments if not each.startswith("-")), "")
    parser = _parser(asked)
    language.translate(parser)
    return parser.parse_args(arguments)


def _parser(asked: str) -> argparse.ArgumentParser:
    """``asked``: the command whose arguments are added; of the others only names and texts."""
    parser = argparse.ArgumentParser(
        prog="kodeks-exporter",
        description="Prometheus exporter for Kodeks/Техэксперт installations and online accesses.",
        epilog="First steps: add (a client), survey --apply NAME (finds out the rest), check-config, serve; then"
        " render, for Prometheus and Alertmanager. COMMAND --help tells more.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=_version())
    parser.add_argument("--lang", choices=language.LANGUAGES, help=_ABOUT_LANGUAGE)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, about in COMMANDS.items():
        command = commands.add_parser(
            name, help=about.text, description=language.sentence(about.text), allow_abbrev=False
        )
        if name != asked:
            continue
        if about.config:
            command.add_argument(
                "--config.file",
                dest="config",
                type=Path,
                default=Path("kodeks.yml"),
                metavar="FILE",
                help="default %(default)s",
            )
        module = importlib.import_module(f"kodeks_exporter.cli.{about.module}")
        command.set_defaults(command=name, run=module.run)
        module.add_arguments(command)
        command.add_argument("--lang", choices=language.LANGUAGES, help=_ABOUT_LANGUAGE)
        logs.add_arguments(command)
    return parser


def _version() -> str:
    revision = assets.revision()
    return f"kodeks-exporter {__version__}" + (f" ({revision})" if revision else "")


if __name__ == "__main__":
    sys.exit(main())

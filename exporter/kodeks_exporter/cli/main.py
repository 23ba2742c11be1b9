"""The command ``kodeks-exporter``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kodeks_exporter import __version__, assets
from kodeks_exporter.cli import (
    check_config,
    client_script,
    files,
    import_,
    inspect_,
    logs,
    probe,
    render,
    report,
    serve,
    survey,
)
from kodeks_exporter.config.problems import ConfigError
from kodeks_exporter.store.database import StorageError

USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code: 0 fine, 1 what was asked about is not, 2 wrong use."""
    options = _parser().parse_args(arguments)
    logs.set_up(options.log_level, options.log_format)
    try:
        return int(options.run(options))
    except (ConfigError, StorageError) as error:
        print(f"kodeks-exporter: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kodeks-exporter",
        description="Prometheus exporter for Kodeks/Техэксперт installations and online accesses.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    command = _command(commands, "serve", serve.run, "run the exporter")
    _config_file(command)
    command.add_argument(
        "--web.listen-address", dest="listen_address", default=":9877", metavar="HOST:PORT", help="default %(default)s"
    )
    command.add_argument(
        "--web.config.file", dest="web_config", type=Path, metavar="FILE", help="TLS and basic auth, exporters' format"
    )
    command.add_argument(
        "--storage.path", dest="storage", type=Path, default=Path("data"), metavar="DIR", help="default %(default)s"
    )

    command = _command(commands, "check-config", check_config.run, "print every problem of a configuration")
    command.add_argument("file", type=Path)

    command = _command(commands, "probe", probe.run, "run all checks of one installation now")
    _config_file(command)
    command.add_argument("name", help="name of the installation in the inventory")

    sysinfo = commands.add_parser("sysinfo", help="sysinfo reports: inspect", description="Sysinfo reports.")
    reports = sysinfo.add_subparsers(title="commands", required=True, metavar="COMMAND")
    command = _command(reports, "inspect", inspect_.run, "show what a report holds and what a profile makes of it")
    command.add_argument("file", type=Path)
    command.add_argument("--profile", default="default", help="name of a profile, or its file; default %(default)s")

    command = _command(commands, "import", import_.run, "build a configuration from existing inventories")
    command.add_argument("--managers", type=Path, metavar="FILE", help="managers.csv")
    command.add_argument("--online", type=Path, metavar="FILE", help="online.csv")
    command.add_argument("--output", type=Path, required=True, metavar="FILE", help="the configuration to write")
    command.add_argument("--force", action="store_true", help="overwrite an existing configuration")

    command = _command(commands, "render", render.run, "write what Prometheus and Alertmanager need for this fleet")
    _config_file(command)
    render.add_arguments(command)

    command = _command(commands, "client-script", client_script.run, "write the scripts by which a client pushes")
    _config_file(command)
    client_script.add_arguments(command)

    command = _command(commands, "survey", survey.run, "see what of a server fits the settings, and propose what would")
    _config_file(command)
    survey.add_arguments(command)

    command = _command(commands, "files", files.run, "write out the rules, pages, dashboards and unit of this version")
    command.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder that they are written to")

    command = _command(commands, "report", report.run, "write the yearly report for a client's decision maker")
    report.add_arguments(command)
    return parser


def _version() -> str:
    revision = assets.revision()
    return f"kodeks-exporter {__version__}" + (f" ({revision})" if revision else "")


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, run: object, text: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False)
    command.add_argument("--log.level", dest="log_level", choices=tuple(logs.LEVELS), default="info")
    command.add_argument("--log.format", dest="log_format", choices=("logfmt", "json"), default="logfmt")
    command.set_defaults(run=run)
    return command


def _config_file(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--config.file",
        dest="config",
        type=Path,
        default=Path("kodeks.yml"),
        metavar="FILE",
        help="default %(default)s",
    )


if __name__ == "__main__":
    sys.exit(main())

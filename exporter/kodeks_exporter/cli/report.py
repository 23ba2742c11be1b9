"""``kodeks-exporter report``: the yearly report for a client's decision maker, from Prometheus alone."""

import argparse
import datetime as dt
import sys
import time
from pathlib import Path

from kodeks_exporter.cli.language import say
from kodeks_exporter.config.files import write_whole
from kodeks_exporter.config.load import load
from kodeks_exporter.domain.refusal import UsageError
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.settings.fleet import Credentials
from kodeks_exporter.store.handling import kept
from kodeks_exporter.store.reaction import FILE_NAME
from kodeks_exporter.yearly import sender as senders
from kodeks_exporter.yearly.prometheus import Prometheus, Server
from kodeks_exporter.yearly.promql import DAY, moment
from kodeks_exporter.yearly.write import Wanted, file_names, make


def add_arguments(command: argparse.ArgumentParser) -> None:
    who = command.add_mutually_exclusive_group(required=True)
    who.add_argument("--client", action="append", default=[], metavar="NAME", help="as in kodeks.yml; may be repeated")
    who.add_argument("--manager", metavar="NAME", help="all clients of a manager, as in kodeks.yml")
    command.add_argument("--year", type=_year, required=True, help="calendar year")
    command.add_argument(
        "--until", type=dt.date.fromisoformat, metavar="YYYY-MM-DD", help="last day that counts; default: today"
    )
    command.add_argument(
        "--output", type=Path, required=True, metavar="FILE|DIR", help="HTML file; a folder for several clients"
    )
    command.add_argument(
        "--config.file",
        dest="config",
        type=Path,
        metavar="FILE",
        help="kodeks.yml: who hands it over",
    )
    command.add_argument(
        "--storage.path",
        dest="storage",
        type=Path,
        metavar="DIR",
        help="of the exporter on this machine: what managers took in hand",
    )
    command.add_argument("--contact", default="", metavar="TEXT", help="who hands it over; default: the manager's name")
    url = "http://127.0.0.1:9090"
    command.add_argument("--prometheus.url", dest="url", default=url, metavar="URL", help="default %(default)s")
    command.add_argument("--prometheus.username", dest="username", default="", metavar="NAME", help="of basic auth")
    command.add_argument("--prometheus.password-file", dest="password", type=Path, metavar="FILE", help="of basic auth")
    command.add_argument("--prometheus.bearer-token-file", dest="bearer", type=Path, metavar="FILE")
    command.add_argument(
        "--prometheus.ca-file", dest="ca_file", default="", metavar="FILE", help="trusted certificates"
    )
    command.add_argument(
        "--prometheus.timeout", dest="timeout", type=_seconds, default=60.0, metavar="SECONDS",
        help="for one answer; default 60",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    server = _server(options)
    sender = senders.of(load(options.config) if options.config is not None else None, options.contact)
    records = kept(options.storage / FILE_NAME) if options.storage is not None else []
    until = time.time()
    if options.until is not None:
        until = min(until, moment(options.until) + DAY)
    if until <= moment(dt.date(options.year, 1, 1)):
        raise UsageError(say("{year} has not begun by the end of the period", year=options.year))
    wanted = Wanted(options.year, until, tuple(options.client), options.manager, options.until, sender, records)
    with Prometheus(server) as prometheus:
        code = _write(prometheus, wanted, options.output)
        for warning in prometheus.warnings:
            print("kodeks-exporter report: " + say("Prometheus warns: {text}", text=warning), file=sys.stderr)
        return code


def _write(prometheus: Prometheus, wanted: Wanted, output: Path) -> int:
    single = len(wanted.clients) == 1 and not output.is_dir()
    code, seen = 0, list[str]()
    for made in make(prometheus, wanted, dt.datetime.now(dt.UTC)):
        if made.problem:
            print(f"kodeks-exporter report: {made.client}: {made.problem}", file=sys.stderr)
            code = 1
            continue
        seen.append(made.client)
        if made.doubts:
            doubts = "; ".join(made.doubts)
            print(f"kodeks-exporter report: {made.client}: прежде чем отдать: {doubts}", file=sys.stderr)
        path = output if single else output / file_names(seen, wanted.year)[made.client]
        write_whole(path, made.html.encode())
        print(say("written    {path}", path=path) + f"  {made.client}")
    return code


def _server(options: argparse.Namespace) -> Server:
    """Raises UsageError, whose text names files but never their content."""
    if bool(options.username) != (options.password is not None):
        raise UsageError("--prometheus.username and --prometheus.password-file go together")
    if options.username and options.bearer is not None:
        raise UsageError("give either basic auth or a bearer token")
    credentials = Credentials(options.username, _secret(options.password)) if options.username else None
    bearer = _secret(options.bearer) if options.bearer is not None else None
    return Server(options.url, credentials, bearer, options.ca_file, options.timeout)


def _secret(path: Path) -> Secret:
    try:
        text = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {getattr(error, 'strerror', None) or 'is not text'}") from None
    if not text or not text.isprintable():
        raise UsageError(f"{path}: one line of text is expected")
    return Secret(text)


def _year(text: str) -> int:
    year = int(text)
    if not 2000 <= year <= 2999:
        raise argparse.ArgumentTypeError("a year such as 2026 is expected")
    return year


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError("between 0 and 3600 seconds")
    return seconds

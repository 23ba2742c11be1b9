"""``kodeks-exporter serve``: runs until SIGTERM or Ctrl-C; SIGHUP reloads."""

import argparse
import logging
import os
import queue
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from kodeks_exporter import __version__
from kodeks_exporter.cli import external_url
from kodeks_exporter.cli.notify import ALIVE, READY, STOPPING, notify, watchdog_interval
from kodeks_exporter.config.problems import ConfigError, Problem
from kodeks_exporter.config.webfile import load_web_config
from kodeks_exporter.service.exporter import Service
from kodeks_exporter.store.database import StorageError, in_words
from kodeks_exporter.web import acknowledge, handling, upload
from kodeks_exporter.web.app import Application
from kodeks_exporter.web.server import WebServer

log = logging.getLogger(__name__)

_LOOK = 10.0
"""Seconds between two checks that the exporter is alive and the clock has not jumped."""
_PATIENCE = 5.0
MISCONFIGURED = 78
"""Exit code where another start would fail the same way (EX_CONFIG); packaging/kodeks-exporter.service waits then."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--web.listen-address", dest="listen_address", default=":9877", metavar="HOST:PORT", help="default %(default)s"
    )
    command.add_argument(
        "--web.config.file", dest="web_config", type=Path, metavar="FILE", help="TLS and basic auth, exporters' format"
    )
    external_url.add_argument(command)
    command.add_argument(
        "--storage.path", dest="storage", type=Path, default=Path("data"), metavar="DIR", help="default %(default)s"
    )


def run(options: argparse.Namespace) -> int:
    try:
        return _serve(options)
    except ConfigError as error:
        print(f"kodeks-exporter: {error}", file=sys.stderr)
        return MISCONFIGURED


def _serve(options: argparse.Namespace) -> int:
    signals: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: signals.put(received))
    security = load_web_config(options.web_config) if options.web_config else None
    try:
        service = Service(options.config, options.storage, external_url.changes(options))
    except OSError as error:
        raise StorageError(f"{error.filename or options.storage}: {in_words(error)}") from error
    try:
        application = Application(service, service.routes())
        open_paths = upload.OPEN_PATHS + acknowledge.OPEN_PATHS + handling.OPEN_PATHS
        server = WebServer(options.listen_address, application, security, service.server_options(), open_paths)
        server.start()
    except (OSError, ValueError) as error:
        print(f"kodeks-exporter: --web.listen-address {options.listen_address}: {error}", file=sys.stderr)
        return 1
    if options.web_config:
        service.reload_also(lambda: _web_configuration(server, options.web_config))
    service.start()
    log.info("started", extra={"version": __version__, "address": server.url})
    notify(READY)
    try:
        while (received := _next(signals, service, server)) in (0, signal.SIGHUP):
            if received == signal.SIGHUP:
                for problem in service.reload():
                    log.error(problem)
    finally:
        log.info("stopping")
        notify(STOPPING)
        server.stop()
        left = service.stop()
    if left:
        # Python would wait for their threads, which may take minutes. Whatever is kept is safe even if we are killed.
        log.info("stopped without waiting for runs that hang", extra={"runs": left})
        logging.shutdown()
        os._exit(0)
    return 0


def _next(signals: queue.SimpleQueue[int], service: Service, server: WebServer) -> int:
    """The next signal; 0 when none came for a while, after checking that the exporter is alive."""
    try:
        return signals.get(timeout=watchdog_interval(_LOOK))
    except queue.Empty:
        # A server that does not answer is not reported as alive, so systemd restarts the exporter.
        if server.alive(_PATIENCE) and service.alive():
            notify(ALIVE)
        return 0


def _web_configuration(server: WebServer, file: Path) -> Callable[[], None]:
    """Reads web.yml again; returns a function that puts it in force. Raises ``ConfigError``."""
    try:
        return server.prepare(load_web_config(file))
    except (OSError, ValueError) as error:
        raise ConfigError([Problem(str(file), 0, "", str(error))]) from None

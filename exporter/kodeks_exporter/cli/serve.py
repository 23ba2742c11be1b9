"""``kodeks-exporter serve``: runs until SIGTERM or Ctrl-C; SIGHUP reloads."""

from __future__ import annotations

import argparse
import logging
import queue
import signal
import sys

from kodeks_exporter import __version__
from kodeks_exporter.config.webfile import load_web_config
from kodeks_exporter.service import Service
from kodeks_exporter.web.app import Application
from kodeks_exporter.web.server import WebServer

log = logging.getLogger(__name__)


def run(options: argparse.Namespace) -> int:
    signals: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: signals.put(received))
    security = load_web_config(options.web_config) if options.web_config else None
    service = Service(options.config, options.storage)
    try:
        server = WebServer(options.listen_address, Application(service), security)
        server.start()
    except (OSError, ValueError) as error:
        print(f"kodeks-exporter: --web.listen-address {options.listen_address}: {error}", file=sys.stderr)
        return 1
    service.start()
    log.info("started", extra={"version": __version__, "address": server.url})
    try:
        while signals.get() == signal.SIGHUP:
            for problem in service.reload():
                log.error(problem)
    finally:
        log.info("stopping")
        server.stop()
        service.stop()
    return 0

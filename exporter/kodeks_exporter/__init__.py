"""Prometheus exporter for the Russian reference system Kodeks/Техэксперт."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 (a checkout that is run as it is; pip says so itself)
    raise SystemExit("kodeks-exporter needs Python 3.11 or newer, this is {}.{}".format(*sys.version_info[:2]))

__version__ = "0.2.0"

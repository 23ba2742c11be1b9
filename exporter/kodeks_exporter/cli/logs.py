"""Log lines in logfmt or JSON, as the Prometheus exporters write them."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final

LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
_LEVEL_NAMES = {logging.WARNING: "warn", logging.CRITICAL: "error"}
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--log.level", dest="log_level", choices=tuple(LEVELS), default="info")
    command.add_argument("--log.format", dest="log_format", choices=("logfmt", "json"), default="logfmt")


def set_up(level: str, log_format: str) -> None:
    """``level``: debug, info, warn or error; ``log_format``: logfmt or json. Writes to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if log_format == "json" else _Logfmt())
    logging.basicConfig(level=LEVELS[level], handlers=[handler], force=True)
    logging.getLogger("pysnmp").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.WARNING)


def _fields(record: logging.LogRecord, formatter: logging.Formatter) -> dict[str, object]:
    fields: dict[str, object] = {
        "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": _LEVEL_NAMES.get(record.levelno, record.levelname.lower()),
        "logger": record.name.removeprefix("kodeks_exporter."),
        "msg": record.getMessage(),
    }
    fields.update({key: value for key, value in record.__dict__.items() if key not in _STANDARD})
    if record.exc_info:
        fields["exception"] = formatter.formatException(record.exc_info)
    return fields


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_fields(record, self), ensure_ascii=False, default=str)


class _Logfmt(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return " ".join(f"{key}={_quoted(str(value))}" for key, value in _fields(record, self).items())


def _quoted(text: str) -> str:
    if text and text.isprintable() and not any(character in text for character in ' "='):
        return text
    return json.dumps(text, ensure_ascii=False)

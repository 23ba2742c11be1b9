"""Log lines in logfmt or JSON, as the Prometheus exporters write them."""

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

_MINUTE: Final = 60.0
_AT_ONCE: Final = 20
"""Lines of one kind in a minute."""
_KINDS: Final = 1000
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
    handler.addFilter(Summed())
    logging.basicConfig(level=LEVELS[level], handlers=[handler], force=True)
    logging.getLogger("pysnmp").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.WARNING)


class Summed(logging.Filter):
    """Lets the first warnings of a kind through, and reports once a minute how many more there were, so that
    repeated refusals do not fill the disk. A kind is a logger and its message, whatever the details."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        now, kind = self._clock(), (record.name, str(record.msg))
        began, number = self._seen.get(kind, (now, 0))
        if now - began < _MINUTE:
            self._seen[kind] = (began, number + 1)
            return number < _AT_ONCE
        if number > _AT_ONCE:
            record.similar = number - _AT_ONCE
        self._seen[kind] = (now, 1)
        if len(self._seen) > _KINDS:
            self._seen = {kind: each for kind, each in self._seen.items() if now - each[0] < _MINUTE}
        return True


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

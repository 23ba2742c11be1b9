"""The newest pushed status of each installation."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kodeks_exporter.domain.check import CatalogFacts
from kodeks_exporter.sysinfo.status_file import MAX_SIZE, UnreadableStatus, parse_status

log = logging.getLogger(__name__)

SUFFIX: Final = ".status"


@dataclass(frozen=True, slots=True)
class PushedStatus:
    """``created``: by the server's clock; ``received``: by ours. Unix seconds both."""

    installation: str
    created: float
    received: float
    facts: CatalogFacts


class StatusBook:
    """Knows again after a restart what the kept files say. Safe to use from many threads."""

    def __init__(self, directory: Path) -> None:
        self._lock = threading.Lock()
        self._statuses: dict[str, PushedStatus] = {}
        for path in directory.glob(f"*{SUFFIX}"):
            name = path.name.removesuffix(SUFFIX)
            try:
                self._statuses[name] = read_status(name, path, path.stat().st_mtime)
            except (OSError, UnreadableStatus) as error:
                log.warning("kept status can't be read", extra={"file": path.name, "reason": str(error)})

    def put(self, status: PushedStatus) -> None:
        with self._lock:
            self._statuses[status.installation] = status

    def all(self) -> Mapping[str, PushedStatus]:
        with self._lock:
            return dict(self._statuses)


def read_status(installation: str, path: Path, received: float) -> PushedStatus:
    """Raises UnreadableStatus and OSError."""
    with path.open("rb") as file:
        status = parse_status(file.read(MAX_SIZE + 1))
    return PushedStatus(installation, status.created, received, status.facts)

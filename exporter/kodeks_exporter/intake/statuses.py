"""The newest pushed status of each installation."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kodeks_exporter.domain.check import CatalogFacts, SysmonFacts
from kodeks_exporter.domain.settings import SysmonSettings
from kodeks_exporter.intake.status_file import MAX_SIZE, UnreadableStatus, parse_status

log = logging.getLogger(__name__)

SUFFIX: Final = ".status"


@dataclass(frozen=True, slots=True)
class PushedStatus:
    """``created``: by the server's clock; ``received``: by ours. Unix seconds both."""

    installation: str
    created: float
    received: float
    facts: CatalogFacts
    sysmon: SysmonFacts | None = None


class StatusBook:
    """Knows again after a restart what the kept files say. Safe to use from many threads."""

    def __init__(self, directory: Path, sysmon: SysmonSettings) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._statuses: dict[str, PushedStatus] = {}
        self.read(sysmon)

    def read(self, sysmon: SysmonSettings) -> None:
        """Takes the figures from the kept files, anew when others are let through than before."""
        for path in self._directory.glob(f"*{SUFFIX}"):
            name = path.name.removesuffix(SUFFIX)
            try:
                status = read_status(name, path, path.stat().st_mtime, sysmon)
            except (OSError, UnreadableStatus) as error:
                log.warning("kept status can't be read", extra={"file": path.name, "reason": str(error)})
                continue
            with self._lock:
                known = self._statuses.get(name)
                # Else a newer one is just coming. File systems keep times more coarsely than we do.
                if known is None or known.received < status.received + 1:
                    self._statuses[name] = status

    def put(self, status: PushedStatus) -> None:
        with self._lock:
            self._statuses[status.installation] = status

    def all(self) -> Mapping[str, PushedStatus]:
        with self._lock:
            return dict(self._statuses)


def read_status(installation: str, path: Path, received: float, sysmon: SysmonSettings) -> PushedStatus:
    """Raises UnreadableStatus and OSError."""
    with path.open("rb") as file:
        status = parse_status(file.read(MAX_SIZE + 1), sysmon)
    return PushedStatus(installation, status.created, received, status.facts, status.sysmon)

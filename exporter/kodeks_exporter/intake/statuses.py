"""The newest pushed status of each installation, and how its status files came."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from kodeks_exporter.domain.check import CatalogFacts, SysmonFacts
from kodeks_exporter.intake.filed import Filed
from kodeks_exporter.intake.status_file import EMPTY, MAX_SIZE, UnreadableStatus, parse_status
from kodeks_exporter.settings.checks import SysmonSettings

log = logging.getLogger(__name__)

SUFFIX: Final = ".status"


@dataclass(frozen=True, slots=True)
class PushedStatus:
    """``created``: by the server's clock, None where the script does not send it; ``received``: by ours. Unix
    seconds."""

    installation: str
    created: float | None
    received: float
    facts: CatalogFacts
    sysmon: SysmonFacts | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """How an installation's status files came, readable or not.

    ``arrived``: when the last one of any kind came; ``fresh``: when the last one came that the server had just made
    (the same file again is not). Unix seconds, 0: never. ``empty``: how many were empty in a row, up to the last one.
    ``errors``: those that were not taken, by reason.
    """

    arrived: float = 0.0
    fresh: float = 0.0
    empty: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)


class StatusBook:
    """After a restart it reads the kept files again. Safe to use from many threads."""

    def __init__(self, directory: Path, trails: Path, sysmon: SysmonSettings) -> None:
        """``directory``: of the newest status files; ``trails``: where to keep how they came. Raises OSError."""
        self._directory = directory
        self._lock = threading.Lock()
        self._statuses: dict[str, PushedStatus] = {}
        self._trails = Filed(trails, Trail, durable=False)
        self.read(sysmon)

    def read(self, sysmon: SysmonSettings) -> None:
        """Reads the kept files, again whenever the allowed series change. Raises OSError."""
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
                    trail = self._trails.get(name)
                    if trail is None:
                        trail = Trail(status.received, status.received)
                        self._trails.put(name, trail)
                    self._statuses[name] = replace(status, received=min(status.received, trail.fresh))

    def put(self, status: PushedStatus) -> None:
        """A status that was taken. Raises OSError."""
        name = status.installation
        with self._lock:
            known, trail = self._statuses.get(name), self._trails.get(name) or Trail()
            again = known is not None and known.created is not None and known.created == status.created
            fresh = trail.fresh if again else status.received
            self._statuses[name] = replace(status, received=fresh)
            self._trails.put(name, replace(trail, arrived=status.received, fresh=fresh, empty=0))

    def refused(self, installation: str, received: float, reason: str) -> None:
        """A status file that was not taken, for a reason of ``status_file.REASONS``. Raises OSError."""
        with self._lock:
            trail = self._trails.get(installation) or Trail()
            errors = {**trail.errors, reason: trail.errors.get(reason, 0) + 1}
            empty = trail.empty + 1 if reason == EMPTY else 0
            self._trails.put(installation, replace(trail, arrived=received, empty=empty, errors=errors))

    def all(self) -> Mapping[str, PushedStatus]:
        with self._lock:
            return dict(self._statuses)

    def trails(self) -> Mapping[str, Trail]:
        return self._trails.all()


def read_status(installation: str, path: Path, received: float, sysmon: SysmonSettings) -> PushedStatus:
    """Raises UnreadableStatus and OSError."""
    with path.open("rb") as file:
        status = parse_status(file.read(MAX_SIZE + 1), sysmon)
    return PushedStatus(installation, status.created, received, status.facts, status.sysmon)

"""The newest pushed status of each installation, and how its status files arrived."""

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
    """``created``: by the server's clock, None if the script does not send it; ``received``: by ours. Unix seconds."""

    installation: str
    created: float | None
    received: float
    facts: CatalogFacts
    sysmon: SysmonFacts | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """How an installation's status files arrived, readable or not.

    ``arrived``: when the last one came; ``fresh``: when the last new one came (not the same file again). Unix seconds,
    0: never. ``empty``: how many in a row were empty, including the last one. ``errors``: refused ones, by reason.
    """

    arrived: float = 0.0
    fresh: float = 0.0
    empty: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)


class StatusBook:
    """After a restart it reads the kept files again. Safe to use from many threads."""

    def __init__(self, directory: Path, trails: Path, sysmon: SysmonSettings) -> None:
        """``directory``: of the newest status files; ``trails``: where their history is stored. Raises OSError."""
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
                log.warning("stored status can't be read", extra={"file": path.name, "reason": str(error)})
                continue
            with self._lock:
                known = self._statuses.get(name)
                # Otherwise a newer one is just arriving. File systems store times less precisely than we do.
                if known is None or known.received < status.received + 1:
                    trail = self._trails.get(name)
                    if trail is None:
                        trail = Trail(status.received, status.received)
                        self._trails.put(name, trail)
                    self._statuses[name] = replace(status, received=min(status.received, trail.fresh))

    def put(self, status: PushedStatus) -> None:
        """Records an accepted status. Raises OSError."""
        name = status.installation
        with self._lock:
            known, trail = self._statuses.get(name), self._trails.get(name) or Trail()
            again = known is not None and known.created is not None and known.created == status.created
            fresh = trail.fresh if again else status.received
            self._statuses[name] = replace(status, received=fresh)
            self._trails.put(name, replace(trail, arrived=status.received, fresh=fresh, empty=0))

    def refused(self, installation: str, received: float, reason: str) -> None:
        """Records a refused status file, with a reason of ``status_file.REASONS``. Raises OSError."""
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

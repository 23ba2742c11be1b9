"""The common input and helpers of report metrics."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kodeks_exporter.domain.report import Block
from kodeks_exporter.metrics.families import Of
from kodeks_exporter.settings.fleet import Installation
from kodeks_exporter.settings.history import HistorySettings
from kodeks_exporter.store.privacy import OFF, UserNames
from kodeks_exporter.store.snapshot import LastReport, ReportSnapshot

LABEL: Final = 120
"""The most characters of a label value from a report."""


@dataclass(frozen=True, slots=True)
class ReportView:
    installation: Installation
    snapshot: ReportSnapshot
    settings: HistorySettings
    names: UserNames

    @property
    def name(self) -> str:
        return self.installation.name

    @property
    def of(self) -> Of:
        return Of(self.name)

    @property
    def per_user(self) -> bool:
        """Whether there are series for single users."""
        return self.names.mode != OFF

    def block(self, block: Block) -> LastReport | None:
        """The report in force, if it has that block: a missing block is not an empty one."""
        report = self.snapshot.report
        return report if report is not None and block in report.blocks else None

    def local(self, time: float) -> str:
        """ISO 8601 in the installation's local time, seconds, no offset."""
        return datetime.fromtimestamp(time, self.installation.time_zone).isoformat()[:19]


def short(text: str, length: int = LABEL) -> str:
    return text[:length]


def base_names(paths: Sequence[str]) -> list[str]:
    """The last part of each path (with ``\\`` or ``/``); if two are the same, also the part before it."""
    parts = [path.replace("\\", "/").rstrip("/").split("/") for path in paths]
    last = Counter(part[-1] for part in parts)
    return [short(part[-1] if last[part[-1]] == 1 else "/".join(part[-2:])) for part in parts]

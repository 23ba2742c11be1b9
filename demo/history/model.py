"""All that the history is written from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from demo.history.accesses import Accesses
from demo.history.life import Life
from demo.history.openmetrics import labels

DETAILED_HOURS = 48


@dataclass(frozen=True, slots=True)
class History:
    """``lives``: at least one."""

    lives: Sequence[Life]
    online: Accesses
    step: int
    """Seconds between the frequent samples."""

    @property
    def start(self) -> int:
        """Unix seconds; a UTC midnight."""
        return self.lives[0].start

    @property
    def end(self) -> int:
        """Unix seconds; the first moment that is over."""
        return self.lives[0].start + self.lives[0].hours * 3600

    @property
    def last_hours(self) -> range:
        """Full hours (Unix seconds) at the history's end, for what is only asked about now."""
        return range(max(self.start, self.end - DETAILED_HOURS * 3600), self.end, 3600)

    @property
    def days(self) -> range:
        """Midnights UTC (Unix seconds)."""
        return range(self.start, self.end, 86400)


def head(name: str, life: Life, **more: str) -> str:
    """A series of an installation."""
    return name + labels(installation=life.site.name, **more)

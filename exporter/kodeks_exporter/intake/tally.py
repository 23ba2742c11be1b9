"""Thread-safe counters."""

import threading
from collections.abc import Iterable, Mapping


class Tally:
    """Counts events by label values. Label values come from fixed lists and the inventory, so it stays small."""

    def __init__(self, start: Iterable[tuple[str, ...]] = ()) -> None:
        """``start``: label values that start at 0, so that the first event is an increase."""
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(start, 0)

    def count(self, *labels: str) -> None:
        with self._lock:
            self._counts[labels] = self._counts.get(labels, 0) + 1

    def totals(self) -> Mapping[tuple[str, ...], int]:
        """Label values to number, as of now."""
        with self._lock:
            return dict(self._counts)

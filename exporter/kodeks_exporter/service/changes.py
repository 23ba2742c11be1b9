"""Logs what breaks and recovers: a line each with its cause, and one summary line when there are many."""

import logging
import threading
from collections import Counter

from kodeks_exporter.domain.check import CheckResult, Round

log = logging.getLogger(__name__)

SUMMED_UP_AFTER = 10.0
"""Seconds; within each such period only the first changes get their own line."""
_SINGLY = 20


class ChangeLog:
    """Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._logged = 0
        self._broken: Counter[str] = Counter()
        self._recovered: Counter[str] = Counter()

    def note(self, before: Round | None, now: Round) -> None:
        """Logs the change from the previously published round (None: none) to the new one."""
        was = before.root_cause if before is not None else None
        cause = now.root_cause
        if _name(was) == _name(cause) or (now.state is None and cause is None):
            return
        with self._lock:
            singly = self._logged < _SINGLY
            self._logged += 1
            if not singly:
                (self._recovered if cause is None else self._broken)[_name(cause or was)] += 1
        if not singly:
            return
        if cause is not None:
            extra = {"installation": now.installation, "check": cause.check, "reason": cause.reason, "text": cause.text}
            log.warning("installation broken", extra=extra)
        elif was is not None:
            log.info("installation recovered", extra={"installation": now.installation, "check": was.check})

    def sum_up(self) -> None:
        """Logs a summary of the changes without a line of their own. Call it every ``SUMMED_UP_AFTER`` seconds."""
        with self._lock:
            broken, recovered = self._broken, self._recovered
            self._broken, self._recovered, self._logged = Counter(), Counter(), 0
        if broken:
            log.warning("more installations broken", extra={"count": broken.total(), "causes": _words(broken)})
        if recovered:
            log.info("more installations recovered", extra={"count": recovered.total(), "causes": _words(recovered)})


def _name(cause: CheckResult | None) -> str:
    return f"{cause.check}/{cause.reason}" if cause is not None else ""


def _words(causes: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in causes.most_common(10))

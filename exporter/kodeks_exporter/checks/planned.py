"""Is the server in its announced downtime?"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.check import ScheduleFacts
from kodeks_exporter.settings.checks import PlannedDowntime


def planned_downtime(schedule: ScheduleFacts, zone: ZoneInfo, now: float, settings: PlannedDowntime) -> str:
    """``restart``, ``backup`` or empty. ``now`` is Unix seconds; announced times are the server's local time."""
    for kind, start, length in (
        ("restart", schedule.restart, settings.restart),
        ("backup", schedule.backup, settings.backup),
    ):
        if start is not None and _within(start, zone, now, settings.before, length):
            return kind
    return ""


def _within(start: time, zone: ZoneInfo, now: float, before: float, length: float) -> bool:
    today = datetime.fromtimestamp(now, zone).date()
    for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
        begin = datetime.combine(day, start, zone).timestamp()
        if begin - before <= now <= begin + length:
            return True
    return False

"""Bounds on what is kept of one installation, whatever a hostile or broken client sends. Pure.

With these a year of the worst reports costs an installation about 25 MB of memory and ``EVENT_BYTES`` of disk. Real
ones have some thousand users and a few MB.
"""

from collections.abc import Mapping
from typing import Final

from kodeks_exporter.domain.report import UserUsage
from kodeks_exporter.store.months import after as month_after
from kodeks_exporter.store.snapshot import KnownUser, UserKey

USERS: Final = 20_000
"""Users that are remembered; those unseen the longest are dropped first."""
REASONS: Final = 20
"""Reasons of refused connections, which servers may word freely; further ones count as ``other``."""
EVENT_BYTES: Final = 512 * 1024 * 1024
"""Encoded size of stored events; the oldest days are deleted first."""
MANY_EVENTS: Final = 20_000
"""If one report brings more new events, the size is checked at once and not at the daily prune."""


def newest_users(users: Mapping[UserKey, KnownUser]) -> tuple[Mapping[UserKey, KnownUser], int]:
    """The users that are remembered, and how many are not."""
    extra = len(users) - USERS
    if extra <= 0:
        return users, 0
    oldest = sorted(users.values(), key=lambda user: (user.last_report, user.last_seen or 0.0))[:extra]
    forgotten = {(user.login, user.domain) for user in oldest}
    return {key: user for key, user in users.items() if key not in forgotten}, extra


def usage_of(rows: Mapping[UserKey, UserUsage], users: Mapping[UserKey, KnownUser]) -> Mapping[UserKey, UserUsage]:
    """Usage of a month without that of forgotten users, where there is too much of it."""
    if len(rows) <= USERS:
        return rows
    known = [(key, row) for key, row in rows.items() if key in users]
    others = [(key, row) for key, row in rows.items() if key not in users]
    return dict([*others, *known][-USERS:])


def is_month_of(month: str, report: str) -> bool:
    """Whether a report of one month may contain ``month``: clocks and zones may be one off, but not years."""
    return month <= month_after(report)

"""New users: who they are, and what they did in their first 30 days. Pure.

Counters restart each month, so a newcomer's actions are kept in their record.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from kodeks_exporter.domain.report import UserUsage
from kodeks_exporter.store.snapshot import KnownUser, UserKey

NEW: Final = 30 * 86400.0
"""Seconds from the first appearance."""
SILENT: Final = 60 * 86400.0
"""Seconds without a visit."""
SEARCHED: Final = 1
OPENED: Final = 2


def remember(
    users: Mapping[UserKey, KnownUser], usage: Iterable[Mapping[UserKey, UserUsage]], made: float
) -> Mapping[UserKey, KnownUser]:
    """``usage``: of every month that a report mentions. ``made``: when the report was made, Unix seconds."""
    changed: dict[UserKey, KnownUser] = {}
    for rows in usage:
        for key, row in rows.items():
            user = changed.get(key) or users.get(key)
            if user is None or made - user.first_seen > NEW:
                continue
            searched = (row.searches_intellectual or 0) + (row.searches_attribute or 0) > 0
            did = user.did | SEARCHED * searched | OPENED * ((row.documents or 0) > 0)
            if did != user.did:
                changed[key] = user._replace(did=did)
    return {**users, **changed} if changed else users


def newcomers(users: Mapping[UserKey, KnownUser], current: Iterable[KnownUser], made: float) -> list[KnownUser]:
    """Those of ``current`` who first came within 30 days. A user in an installation's first report without a
    registration date may have been there for years. ``users``: all ever known."""
    begin = min((user.first_report for user in users.values()), default=made)
    return [
        user
        for user in current
        if made - user.first_seen <= NEW and (user.registered is not None or user.first_report > begin)
    ]


def silent(current: Iterable[KnownUser], made: float) -> int | None:
    """How many have been absent for 60 days, counted from the first appearance for those who never came. None: not
    known."""
    users = list(current)
    if not any(user.last_seen is not None for user in users):
        return None
    return sum(made - (user.first_seen if user.last_seen is None else user.last_seen) > SILENT for user in users)

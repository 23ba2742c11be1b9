"""Users: totals of the installation, each user's actions this month, filled card fields."""

from collections.abc import Iterator

from prometheus_client import Metric

from kodeks_exporter.domain.report import Block, UserUsage
from kodeks_exporter.metrics.reportview import ReportView, short
from kodeks_exporter.store.snapshot import KnownUser, UserKey

_COUNTERS = (
    ("requests", "Requests to the database"),
    ("documents", "Documents opened"),
    ("services", "Services used"),
    ("links", "Links followed"),
    ("prints", "Documents printed"),
    ("saves", "Documents saved"),
    ("kassist", "Uses of kAssist"),
)
_FIELDS = {"prints": "printed", "saves": "saved"}
_SEARCH_TYPES = ("intellectual", "attribute", "empty")


def families(view: ReportView) -> Iterator[Metric]:
    yield from _sums(view)
    if view.per_user:
        shown = shown_users(view)
        yield from _usage(view, shown)
        yield from _cards(view, shown)


def shown_users(view: ReportView) -> list[UserKey]:
    """Users of the newest report, most recently seen first, up to the limit; without a block of users, those with
    usage."""
    if view.block(Block.USERS) is not None:
        users = sorted(view.snapshot.current_users, key=_last_seen, reverse=True)
        keys = [(user.login, user.domain) for user in users]
    else:
        keys = list(view.snapshot.usage)
    return keys[: view.settings.series.users]


def _last_seen(user: KnownUser) -> tuple[float, str, str]:
    return (0.0 if user.last_seen is None else user.last_seen, user.login, user.domain)


def _sums(view: ReportView) -> Iterator[Metric]:
    of = view.of
    if view.block(Block.USERS) is not None:
        yield of.figure("kodeks_users", "Users in the newest report.", len(view.snapshot.current_users))
    report = view.block(Block.USAGE)
    if report is None:
        return
    rows = view.snapshot.usage.values()
    if "requests" in report.usage_fields:
        active = sum(1 for row in rows if row.requests)
        yield of.figure("kodeks_active_users", "Users with requests to the database this month.", active)
    if {"documents", "searches_intellectual"} <= report.usage_fields:
        activity = sum((row.documents or 0) + (row.searches_intellectual or 0) for row in rows)
        yield of.figure("kodeks_activity", "Intellectual searches and opened documents this month.", activity)


def _usage(view: ReportView, shown: list[UserKey]) -> Iterator[Metric]:
    report = view.block(Block.USAGE)
    if report is None:
        return
    rows = [(_labels(view, key), view.snapshot.usage.get(key)) for key in shown]
    for name, text in _COUNTERS:
        field = _FIELDS.get(name, name)
        if field in report.usage_fields:
            text = f"{text} by a user this month; starts again each month."
            counts = ((labels, _count(row, field)) for labels, row in rows)
            yield view.of.counter(f"kodeks_user_{name}", text, "user domain", counts)
    yield view.of.counter(
        "kodeks_user_searches",
        "Searches by a user this month, empty ones also counted by their type; starts again each month.",
        "user domain type",
        (
            ((*labels, kind), _count(row, f"searches_{kind}"))
            for kind in _SEARCH_TYPES
            if f"searches_{kind}" in report.usage_fields
            for labels, row in rows
        ),
    )


def _count(row: UserUsage | None, field: str) -> int | None:
    """A user without a row this month has done nothing yet; a row without the field says nothing."""
    return 0 if row is None else getattr(row, field)


def _cards(view: ReportView, shown: list[UserKey]) -> Iterator[Metric]:
    if view.block(Block.USERS) is None:
        return
    users = [(_labels(view, key), view.snapshot.users[key]) for key in shown]
    seen = ((labels, user.last_seen) for labels, user in users)
    yield view.of.gauge("kodeks_user_last_seen_timestamp_seconds", "When a user was last seen.", "user domain", seen)
    first = ((labels, user.first_seen) for labels, user in users)
    text = "When a user was registered or, where that is not known, first appeared in a report."
    yield view.of.gauge("kodeks_user_first_seen_timestamp_seconds", text, "user domain", first)
    fields = (((*labels, field), filled) for labels, user in users for field, filled in user.card().items())
    text = "Whether a field of a user's card is filled."
    yield view.of.gauge("kodeks_user_card_field_filled", text, "user domain field", fields)


def _labels(view: ReportView, key: UserKey) -> tuple[str, str]:
    login, domain = key
    return short(view.names.label(view.name, login), 200), short(domain, 200)

"""Users: totals of the installation, each user's actions this month, filled card fields."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily

from kodeks_exporter.domain.report import Block, UserUsage
from kodeks_exporter.metrics.reportview import ReportView, gauge, short
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
    if view.block(Block.USERS) is not None:
        users = gauge("kodeks_users", "Users in the newest report.")
        users.add_metric([view.name], len(view.snapshot.current_users))
        yield users
    report = view.block(Block.USAGE)
    if report is None:
        return
    rows = view.snapshot.usage.values()
    if "requests" in report.usage_fields:
        active = gauge("kodeks_active_users", "Users with requests to the database this month.")
        active.add_metric([view.name], sum(1 for row in rows if row.requests))
        yield active
    if {"documents", "searches_intellectual"} <= report.usage_fields:
        activity = gauge("kodeks_activity", "Intellectual searches and opened documents this month.")
        activity.add_metric([view.name], sum((r.documents or 0) + (r.searches_intellectual or 0) for r in rows))
        yield activity


def _usage(view: ReportView, shown: list[UserKey]) -> Iterator[Metric]:
    report = view.block(Block.USAGE)
    if report is None:
        return
    labels = [(view.name, *_labels(view, key)) for key in shown]
    rows = [view.snapshot.usage.get(key) for key in shown]
    for name, text in _COUNTERS:
        field = _FIELDS.get(name, name)
        if field in report.usage_fields:
            family = CounterMetricFamily(
                f"kodeks_user_{name}",
                f"{text} by a user this month; starts again each month.",
                labels=["installation", "user", "domain"],
            )
            for values, row in zip(labels, rows, strict=True):
                if (count := _count(row, field)) is not None:
                    family.add_metric(values, count)
            yield family
    searches = CounterMetricFamily(
        "kodeks_user_searches",
        "Searches by a user this month, empty ones also counted by their type; starts again each month.",
        labels=["installation", "user", "domain", "type"],
    )
    for kind in _SEARCH_TYPES:
        field = f"searches_{kind}"
        if field in report.usage_fields:
            for values, row in zip(labels, rows, strict=True):
                if (count := _count(row, field)) is not None:
                    searches.add_metric([*values, kind], count)
    yield searches


def _count(row: UserUsage | None, field: str) -> int | None:
    """A user without a row this month has done nothing yet; a row without the field says nothing."""
    return 0 if row is None else getattr(row, field)


def _cards(view: ReportView, shown: list[UserKey]) -> Iterator[Metric]:
    if view.block(Block.USERS) is None:
        return
    last_seen = gauge("kodeks_user_last_seen_timestamp_seconds", "When a user was last seen.", "user", "domain")
    first_seen = gauge(
        "kodeks_user_first_seen_timestamp_seconds",
        "When a user was registered or, where that is not known, first appeared in a report.",
        "user",
        "domain",
    )
    filled = gauge(
        "kodeks_user_card_field_filled", "Whether a field of a user's card is filled.", "user", "domain", "field"
    )
    for key in shown:
        user = view.snapshot.users[key]
        labels = [view.name, *_labels(view, key)]
        if user.last_seen is not None:
            last_seen.add_metric(labels, user.last_seen)
        first_seen.add_metric(labels, user.first_seen)
        for field, is_filled in user.card().items():
            filled.add_metric([*labels, field], int(is_filled))
    yield last_seen
    yield first_seen
    yield filled


def _labels(view: ReportView, key: UserKey) -> tuple[str, str]:
    login, domain = key
    return short(view.names.label(view.name, login), 200), short(domain, 200)

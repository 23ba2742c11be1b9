"""Totals of calendar months, each its own series that only grows, for tables over a year."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily

from kodeks_exporter.metrics.reportview import ReportView, gauge, short
from kodeks_exporter.store.months import USAGE_FIELDS, MonthSums, before

FINAL_DAYS: Final = 7
"""Days of a month on which the month before is still shown."""
_KINDS: Final = {"printed": "prints", "saved": "saves"}


def families(view: ReportView) -> Iterator[Metric]:
    months = _shown(view)
    if not months:
        return
    usage = CounterMetricFamily(
        "kodeks_usage",
        "Use in a calendar month, of all users of a domain, by kind.",
        labels=["installation", "domain", "month", "kind"],
    )
    users = gauge(
        "kodeks_month_users",
        "Users in the newest report of a calendar month; active: those with requests to the database in it.",
        "domain",
        "month",
        "kind",
    )
    seats = gauge("kodeks_month_seats", "Seats in the newest report of a calendar month.", "month")
    for sums in months:
        for place, name in enumerate(USAGE_FIELDS):
            totals = {domain: total for domain, each in sums.usage.items() if (total := each[place]) is not None}
            for domain, total in _by_label(view, totals).items():
                usage.add_metric([view.name, domain, sums.month, _KINDS.get(name, name)], total)
        for domain, count in _by_label(view, sums.refused).items():
            usage.add_metric([view.name, domain, sums.month, "rejections"], count)
        for kind, counts in (("all", sums.users), ("active", sums.active)):
            for domain, count in _by_label(view, counts).items():
                users.add_metric([view.name, domain, sums.month, kind], count)
        if sums.seats is not None:
            seats.add_metric([view.name, sums.month], sums.seats)
    yield usage
    yield users
    yield seats


def _shown(view: ReportView) -> list[MonthSums]:
    """The month of the newest report and, in its first days, the one before."""
    report, months = view.snapshot.report, view.snapshot.months
    if report is None:
        return []
    names = [before(report.month)] if int(report.date[8:]) <= FINAL_DAYS else []
    return [months[name] for name in (*names, report.month) if name in months]


def _by_label(view: ReportView, counts: Mapping[str, int]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for domain, count in counts.items():
        found[short(domain) if view.per_user else ""] += count
    return dict(sorted(found.items()))

"""Totals of calendar months, each its own series that only grows, for tables over a year."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import Metric

from kodeks_exporter.metrics.reportview import ReportView, short
from kodeks_exporter.store.months import USAGE_FIELDS, MonthSums, before

FINAL_DAYS: Final = 7
"""Days of a month on which the month before is still shown."""
_KINDS: Final = {"printed": "prints", "saved": "saves"}


def families(view: ReportView) -> Iterator[Metric]:
    months = _shown(view)
    if not months:
        return
    yield view.of.counter(
        "kodeks_usage",
        "Usage in a calendar month by all users of a domain, by kind.",
        "domain month kind",
        (((domain, sums.month, kind), total) for sums in months for kind, domain, total in _usage(view, sums)),
    )
    yield view.of.gauge(
        "kodeks_month_users",
        "Users in the newest report of a calendar month; active: those with requests to the database in it.",
        "domain month kind",
        (
            ((domain, sums.month, kind), count)
            for sums in months
            for kind, counts in (("all", sums.users), ("active", sums.active))
            for domain, count in _by_label(view, counts).items()
        ),
    )
    seats = (((sums.month,), sums.seats) for sums in months)
    yield view.of.gauge("kodeks_month_seats", "Seats in the newest report of a calendar month.", "month", seats)


def _usage(view: ReportView, sums: MonthSums) -> Iterator[tuple[str, str, int]]:
    """Kind, domain, total."""
    for place, name in enumerate(USAGE_FIELDS):
        totals = {domain: total for domain, each in sums.usage.items() if (total := each[place]) is not None}
        for domain, total in _by_label(view, totals).items():
            yield _KINDS.get(name, name), domain, total
    for domain, count in _by_label(view, sums.refused).items():
        yield "rejections", domain, count


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

"""All families from the reports of an installation: the list of subjects."""

from collections.abc import Iterator

from prometheus_client import Metric

from kodeks_exporter.domain.report import Block
from kodeks_exporter.metrics import changes, kassist, licences, months, newcomers, searches, sessions, sysinfo, users
from kodeks_exporter.metrics.dropped import dropped_series
from kodeks_exporter.metrics.exposition import Source
from kodeks_exporter.metrics.reportview import ReportView
from kodeks_exporter.settings.fleet import Installation
from kodeks_exporter.settings.history import HistorySettings
from kodeks_exporter.store.privacy import UserNames
from kodeks_exporter.store.snapshot import ReportSnapshot


def sources(
    installation: Installation, snapshot: ReportSnapshot, settings: HistorySettings, names: UserNames, now: float
) -> Iterator[Source]:
    """Two sources, so that an expiring search does not make everything be formatted again. ``now``: Unix seconds."""
    view = ReportView(installation, snapshot, settings, names)
    version = (installation, snapshot, settings, names)
    yield Source("report", installation.name, version, lambda: families(view))
    yield Source(
        "searches",
        installation.name,
        (*version, searches.events_version(view, now)),
        lambda: searches.events(view, now),
    )


def families(view: ReportView) -> Iterator[Metric]:
    """Everything but single searches."""
    yield from sysinfo.families(view)
    yield from changes.families(view)
    yield from licences.families(view)
    yield from sessions.families(view)
    yield from users.families(view)
    yield from newcomers.families(view)
    yield from months.families(view)
    yield from searches.families(view)
    yield from kassist.families(view)
    yield from _dropped(view)


def _dropped(view: ReportView) -> Iterator[Metric]:
    """What a limit cut off, so that nobody mistakes a part for the whole."""
    report, limits = view.snapshot.report, view.settings.series
    if report is None:
        return
    dropped = dict(report.left_out)

    def bounded(subject: str, there: int, most: int) -> None:
        if there > most:
            dropped[subject] = dropped.get(subject, 0) + there - most

    if view.per_user:
        known = view.snapshot.current_users if Block.USERS in report.blocks else view.snapshot.usage
        bounded("users", len(known), limits.users)
        bounded("sessions", len(report.sessions), limits.sessions)
        bounded("rejections", len({login for login, _ in view.snapshot.rejections}), limits.rejected_users)
    bounded("volumes", len(report.volumes), limits.volumes)
    bounded("operup", len(report.operup), limits.operup_files)
    bounded("searches", len(view.snapshot.searches), limits.search_kinds)
    yield dropped_series(view.name, dropped)

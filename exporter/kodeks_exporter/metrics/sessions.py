"""Seats in use when the report was made, and connections refused for lack of a seat."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily

from kodeks_exporter.domain.report import Block, Session
from kodeks_exporter.metrics.reportview import ReportView, gauge, short, unique
from kodeks_exporter.store.privacy import PLAIN
from kodeks_exporter.store.tally import OTHER


def families(view: ReportView) -> Iterator[Metric]:
    yield from _sessions(view)
    yield from _rejections(view)


def _sessions(view: ReportView) -> Iterator[Metric]:
    report = view.block(Block.SESSIONS)
    if report is None:
        return
    used = gauge("kodeks_seats_used", "Sessions that held a seat when the newest report was made.")
    used.add_metric([view.name], len(report.sessions))
    yield used
    if not view.per_user:
        return
    # A workstation's address identifies a person as a login does: it is hidden with the logins.
    plain = view.names.mode == PLAIN
    info = gauge("kodeks_session_info", "A session that held a seat.", "user", "domain", "ip", "browser", "since")
    rows = unique(
        (
            (
                short(view.names.label(view.name, session.login)),
                short(session.domain),
                short(session.ip) if plain else "",
                short(session.browser),
                "" if session.since is None else view.local(session.since),
            ),
            1,
        )
        for session in report.sessions[: view.settings.series.sessions]
    )
    for labels in rows:
        info.add_metric([view.name, *labels], 1)
    yield info
    yield _addresses(view, report.sessions)


def _addresses(view: ReportView, sessions: Sequence[Session]) -> Metric:
    """Only for logins with several: finding them among all sessions of a fleet would be expensive for rules."""
    addresses: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for session in sessions[: view.settings.series.sessions]:
        if session.login and session.ip:
            addresses[short(view.names.label(view.name, session.login)), short(session.domain)].add(session.ip)
    family = gauge(
        "kodeks_login_addresses",
        "Addresses from which one login held seats, where it was more than one.",
        "user",
        "domain",
    )
    for (user, domain), ips in addresses.items():
        if len(ips) > 1:
            family.add_metric([view.name, user, domain], len(ips))
    return family


def _rejections(view: ReportView) -> Iterator[Metric]:
    family = CounterMetricFamily(
        "kodeks_connections_rejected",
        "Connections refused by the server, by user and reason.",
        labels=["installation", "user", "reason"],
    )
    most = view.settings.series.rejected_users
    counts: Counter[tuple[str, str]] = Counter()
    # New ones beyond the limit go to "other", so that no counter decreases.
    kept: set[str] = set()
    for (login, reason), count in view.snapshot.rejections.items():
        user = short(view.names.label(view.name, login))
        if len(kept) < most:
            kept.add(user)
        counts[user if user in kept else OTHER, short(reason)] += count
    for (user, reason), count in counts.items():
        family.add_metric([view.name, user, reason], count)
    if counts or view.block(Block.REJECTIONS) is not None:
        yield family

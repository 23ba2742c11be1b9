"""Seats in use when the report was made, and connections refused for lack of a seat."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from prometheus_client import Metric

from kodeks_exporter.domain.report import Block, Session
from kodeks_exporter.metrics.reportview import ReportView, short
from kodeks_exporter.store.privacy import PLAIN
from kodeks_exporter.store.tally import OTHER


def families(view: ReportView) -> Iterator[Metric]:
    yield from _sessions(view)
    yield from _rejections(view)


def _sessions(view: ReportView) -> Iterator[Metric]:
    report = view.block(Block.SESSIONS)
    if report is None:
        return
    text = "Sessions that held a seat when the newest report was made."
    yield view.of.figure("kodeks_seats_used", text, len(report.sessions))
    if not view.per_user:
        return
    # A workstation's address identifies a person as a login does: it is hidden with the logins.
    plain = view.names.mode == PLAIN
    rows = {
        (
            short(view.names.label(view.name, session.login)),
            short(session.domain),
            short(session.ip) if plain else "",
            short(session.browser),
            "" if session.since is None else view.local(session.since),
        ): 1
        for session in report.sessions[: view.settings.series.sessions]
    }
    labels = "user domain ip browser since"
    yield view.of.gauge("kodeks_session_info", "A session that held a seat.", labels, rows.items())
    yield _addresses(view, report.sessions)


def _addresses(view: ReportView, sessions: Sequence[Session]) -> Metric:
    """Only for logins with several: finding them among all sessions of a fleet would be expensive for rules."""
    addresses: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for session in sessions[: view.settings.series.sessions]:
        if session.login and session.ip:
            addresses[short(view.names.label(view.name, session.login)), short(session.domain)].add(session.ip)
    text = "Addresses from which one login held seats, where it was more than one."
    several = ((login, len(ips)) for login, ips in addresses.items() if len(ips) > 1)
    return view.of.gauge("kodeks_login_addresses", text, "user domain", several)


def _rejections(view: ReportView) -> Iterator[Metric]:
    most = view.settings.series.rejected_users
    counts: Counter[tuple[str, str]] = Counter()
    # New ones beyond the limit go to "other", so that no counter decreases.
    kept: set[str] = set()
    for (login, reason), count in view.snapshot.rejections.items():
        user = short(view.names.label(view.name, login))
        if len(kept) < most:
            kept.add(user)
        counts[user if user in kept else OTHER, short(reason)] += count
    if counts or view.block(Block.REJECTIONS) is not None:
        text = "Connections refused by the server, by user and reason."
        yield view.of.counter("kodeks_connections_rejected", text, "user reason", counts.items())

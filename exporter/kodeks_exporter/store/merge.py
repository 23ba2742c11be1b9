"""From the previous snapshot and a report to the next snapshot. Pure."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from kodeks_exporter.domain.report import Block, KassistDay, ReadSummary, UserUsage
from kodeks_exporter.store import changes, months
from kodeks_exporter.store.bounds import newest_users
from kodeks_exporter.store.changes import Changes
from kodeks_exporter.store.months import MonthSums
from kodeks_exporter.store.newcomers import remember
from kodeks_exporter.store.sink import CLOCK_TOLERANCE, ReportCollector
from kodeks_exporter.store.snapshot import KnownUser, LastReport, ReportSnapshot, UserKey, larger

_FIRST: Final = 3
_COUNTERS: Final = UserUsage._fields[_FIRST:]
_KASSIST_DAYS: Final = 400


def merge(
    before: ReportSnapshot, intake: ReportCollector, summary: ReadSummary, zone: ZoneInfo, via: str, received: float
) -> ReportSnapshot:
    """Usage is not merged here: it is stored by month. An older report adds only its unknown events, users and days
    of kAssist."""
    before = _without_future(before, intake.made, received + CLOCK_TOLERANCE)
    newest = before.report is None or intake.made >= before.report.made
    users, forgotten = newest_users(_users(before.users, intake))
    report = _last_report(before.report, intake, summary, zone, via, received) if newest else before.report
    if report is not None and forgotten:
        report = replace(report, left_out={**report.left_out, "known_users": forgotten})
    return replace(
        before,
        report=report,
        users=remember(users, intake.usage_by_month.values(), intake.made),
        searches=intake.tally.kinds(before.searches),
        durations=intake.tally.durations(before.durations),
        rejections=intake.rejection_tally.counts(before.rejections),
        window=intake.picker.window(before.window),
        kassist=_kassist(before.kassist, intake.kassist, newest),
        zone=zone.key if summary.local_times else "",
        changes=_changes(before, intake, summary, received, newest=newest),
    )


def _without_future(before: ReportSnapshot, made: float, latest: float) -> ReportSnapshot:
    """A report received while our clock was ahead must not stay the newest forever: the report of ``made`` replaces
    it."""
    report = before.report
    if report is None or report.made <= latest:
        return before
    users = {
        key: user._replace(last_report=made - 1.0) if user.last_report > latest else user
        for key, user in before.users.items()
    }
    return replace(before, report=replace(report, made=made), users=users)


def _changes(
    before: ReportSnapshot, intake: ReportCollector, summary: ReadSummary, received: float, *, newest: bool
) -> Changes:
    kassist = next((module.version for module in intake.modules if module.name.lower() == "kassist"), "")
    facts = changes.ReportFacts(summary.header, intake.made, received, len(intake.users), len(intake.volumes), kassist)
    after = changes.note(before.changes, facts, newest=newest)
    same = before.report is not None and summary.header.created is not None and before.report.header == summary.header
    return replace(after, repeats=after.repeats + 1) if same else replace(after, repeats=0) if newest else after


def merge_months(
    known: Mapping[str, MonthSums],
    intake: ReportCollector,
    summary: ReadSummary,
    zone: ZoneInfo,
    after: ReportSnapshot,
    changed: Mapping[str, Mapping[UserKey, UserUsage]],
) -> Mapping[str, MonthSums]:
    """``after``: the snapshot that the report led to, with its usage. ``changed``: usage by month, as it is now."""
    assert after.report is not None
    month = datetime.fromtimestamp(intake.made, zone).strftime("%Y-%m")
    own = month == after.report.month
    blocks = summary.blocks_present
    usage = {name: rows.values() for name, rows in changed.items()}
    if own and (Block.USAGE in blocks or Block.USERS in blocks):
        usage[month] = after.usage.values()  # users without a row have done nothing yet
    facts = months.MonthFacts(
        month=month,
        made=intake.made,
        users=Counter(user.domain for user in intake.users.values()) if Block.USERS in blocks else None,
        seats=summary.header.seats,
        usage=usage,
        fields=after.report.usage_fields if own and Block.USAGE in blocks else frozenset(),
        refused=intake.refused.counts(),
        has_refused=Block.REJECTIONS in blocks,
    )
    return months.add(known, facts, after.report.month, _domains(after) if facts.refused else {})


def months_before(
    snapshot: ReportSnapshot, last: Mapping[UserKey, UserUsage], refused: months.Refused
) -> Mapping[str, MonthSums]:
    """The months of a snapshot that has none: its own and the one before. ``last``: usage of the latter."""
    report = snapshot.report
    assert report is not None
    usage = {report.month: snapshot.usage.values()}
    if last:
        usage[months.before(report.month)] = last.values()
    facts = months.MonthFacts(
        month=report.month,
        made=report.made,
        users=Counter(user.domain for user in snapshot.current_users) if Block.USERS in report.blocks else None,
        seats=report.header.seats,
        usage=usage,
        fields=report.usage_fields if Block.USAGE in report.blocks else frozenset(),
        refused=refused,
        has_refused=Block.REJECTIONS in report.blocks,
    )
    return months.add({}, facts, report.month, _domains(snapshot))


def _domains(snapshot: ReportSnapshot) -> Mapping[str, list[str]]:
    """By login, its known domains."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for login, domain in snapshot.users:
        found[login].append(domain)
    return found


def _last_report(
    before: LastReport | None, intake: ReportCollector, summary: ReadSummary, zone: ZoneInfo, via: str, received: float
) -> LastReport:
    rows = [row for month in intake.usage_by_month.values() for row in month.values()]
    fields = frozenset(
        name for place, name in enumerate(_COUNTERS, _FIRST) if any(row[place] is not None for row in rows)
    )
    local = datetime.fromtimestamp(intake.made, zone)
    return LastReport(
        header=summary.header,
        made=intake.made,
        date=local.date().isoformat(),
        month=local.strftime("%Y-%m"),
        received=received,
        via=via,
        size=summary.size,
        blocks=summary.blocks_present,
        modules=tuple(intake.modules),
        sessions=tuple(intake.sessions),
        volumes=tuple(intake.volumes),
        operup=tuple(intake.operup_files),
        usage_fields=fields if fields or before is None else before.usage_fields,
        left_out=intake.left_out,
    )


def _users(before: Mapping[UserKey, KnownUser], intake: ReportCollector) -> Mapping[UserKey, KnownUser]:
    if not intake.users:
        return before
    made = intake.made
    users = dict(before)
    for key, user in intake.users.items():
        known = users.get(key)
        if known is not None:
            users[key] = _again(known, user, made)
        else:  # it may have been read before the report said when it was made
            users[key] = user if user.last_report == made else user._replace(first_report=made, last_report=made)
    return users


def _again(known: KnownUser, user: KnownUser, made: float) -> KnownUser:
    newer, older = (user, known) if made >= known.last_report else (known, user)
    seen = [time for time in (known.last_seen, user.last_seen) if time is not None]
    return KnownUser(
        known.login,
        known.domain,
        older.registered if newer.registered is None else newer.registered,
        min(known.first_report, made),
        max(seen, default=None),
        max(known.last_report, made),
        newer.told,
        newer.filled,
        known.did,
    )


def _kassist(
    before: Mapping[str, KassistDay], days: Mapping[str, KassistDay], newest: bool
) -> Mapping[str, KassistDay]:
    if not days:
        return before
    merged = {**before, **days} if newest else {**days, **before}
    return {date: merged[date] for date in sorted(merged)[-_KASSIST_DAYS:]}


def merge_usage(before: Mapping[UserKey, UserUsage], rows: Mapping[UserKey, UserUsage]) -> dict[UserKey, UserUsage]:
    """Usage of one month."""
    merged = dict(before)
    for key, row in rows.items():
        known = merged.get(key)
        merged[key] = row if known is None else larger(known, row)
    return merged

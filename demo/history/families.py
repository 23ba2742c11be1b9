"""The metrics of the history. Names and labels are the contract's.

How often, by what is asked of a year: checks that availability is counted from every step; seats in use every hour
that offices are open; users, sums, searches, dates and versions once a day, in the evening local time (and at 00:30 on
the 1st, where monthly counters begin again; on the last two days every hour of work), those of which only sums are
asked once a week and at both ends of a month; other checks and the state once a day and every hour of an incident;
reaction to alerts at midnight UTC. Cards, first and last visits, single searches, sessions, alerts and what becomes of
reports only towards the end, as they are only asked about now.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from demo.history import facts
from demo.history.alerts import alerts
from demo.history.around import around
from demo.history.billing import billing
from demo.history.handling import handling
from demo.history.incidents import CHECKS, STATES
from demo.history.life import BOUNDS, RECENT_DAYS, Found, Life
from demo.history.model import History, head
from demo.history.monthly import monthly
from demo.history.openmetrics import Writer
from demo.history.reaction import reaction
from demo.people import words
from demo.people.diary import Usage
from demo.stand.reports.make import kassist_links

__all__ = ["History", "write_all"]

_EVENT_DAYS = 183
_EVENT_SITES = 20
_EVENT_LIFE = 24 * 3600
_SHOWN_DAYS = 14
"""Days for which empty and failed searches are shown one by one."""
_FREQUENT = ("tcp", "http")
_CARD = ("fullname", "position", "department", "phone", "email")
_USER_COUNTERS = {
    "requests": "requests", "documents": "documents", "services": "services", "links": "links", "prints": "printed",
    "saves": "saved", "kassist": "kassist",
}  # fmt: skip
"""Metrics of a user's month, and the fields of ``Usage`` that they show."""


def write_all(history: History, writer: Writer) -> None:
    """Every series, then the end mark."""
    for life in history.lives:
        for write in _OF_AN_INSTALLATION:
            write(life, writer)
        if life.site.mode == "pull":
            _checks(life, history.step, writer)
            _states(life, writer)
    _events(history, writer)
    _last_reports(history, writer)
    for write_more in (monthly, billing, around, alerts, reaction, handling):
        write_more(history, writer)
    writer.end()


def _count(writer: Writer, named: str, life: Life, totals: Sequence[int]) -> None:
    """A counter that may be 0 for months: from the sample before it first counts."""
    first = max(0, bisect_right(totals, 0) - 1)
    writer.write(named, life.moments[first:], totals[first:])


def _seldom(writer: Writer, named: str, life: Life, values: Sequence[float], joined: int = 0) -> None:
    """A series of which only sums are asked. ``values`` begin at the daily moment ``joined``."""
    places = [place for place in life.seldom if place >= joined]
    writer.write(named, [life.moments[place] for place in places], [values[place - joined] for place in places])


def _inventory(life: Life, writer: Writer) -> None:
    site = life.site
    writer.constant(
        head(
            "kodeks_installation_info", life, client=site.client, manager=site.manager, branch=site.branch,
            hosting=site.hosting, url=site.url, mode=site.mode, supported=str(site.supported).lower(),
            time_zone=site.time_zone,
        ),
        life.moments,
    )  # fmt: skip
    for (begin, version), (end, _) in pairwise([*site.versions, (dt.date.max, "")]):
        moments = [at for at, day in zip(life.moments, life.dates, strict=True) if begin <= day < end]
        kassist = "5.1.0.88" if site.company.kassist else ""
        system = "Windows Server 2019" if site.windows else "Debian GNU/Linux 12"
        if moments:
            writer.constant(
                head("kodeks_build_info", life, server=f"{version} (x64)", sysinfo="2.0.6.15", kassist=kassist,
                     os=system), moments,
            )  # fmt: skip
    writer.constant(head("kodeks_registration_info", life, regnum=site.regnum, legal_entity=site.client), life.moments)


def _sparse(life: Life) -> list[int]:
    """Hours of the history with samples of what seldom changes: evenings, incidents, and the hour after each."""
    hours = {(moment - life.start) // 3600 for moment in life.moments}
    for each in life.incidents:
        hours.update(range(each.begin, min(each.end + 1, life.hours)))
    return sorted(hour for hour in hours if 0 <= hour < life.hours)


def _checks(life: Life, step: int, writer: Writer) -> None:
    steps = range(life.start, life.start + life.hours * 3600, step)
    sparse = _sparse(life)
    for check in CHECKS:
        hours = sparse if check not in _FREQUENT else [(at - life.start) // 3600 for at in steps]
        moments = [life.start + hour * 3600 for hour in hours]
        # Blocked checks are absent; http, of which availability is counted, is 0 then, as a rule would make of it:
        # between samples a day apart its absence could not be seen.
        when_blocked = 0 if check in _FREQUENT else None
        wrong: dict[int, int | None] = {}
        blocked: dict[str, list[int]] = {}
        for each in life.incidents:
            result, lasting = each.result(check), range(each.begin, each.end)
            if result != 1:
                wrong |= dict.fromkeys(lasting, when_blocked if result is None else result)
            if result is None:
                blocked.setdefault(each.check, []).extend(life.start + hour * 3600 for hour in lasting)
        results = [(at, wrong.get(hour, 1)) for at, hour in zip(moments, hours, strict=True)]
        known = [(at, result) for at, result in results if result is not None]
        named = head("kodeks_check_success", life, check=check)
        writer.write(named, [at for at, _ in known], [result for _, result in known])
        for by, while_blocked in blocked.items():
            writer.constant(head("kodeks_check_blocked", life, check=check, by=by), while_blocked)


def _states(life: Life, writer: Writer) -> None:
    hours = _sparse(life)
    moments = [life.start + hour * 3600 for hour in hours]
    few = sorted({life.moments[place] // 3600 * 3600 for place in life.seldom} & set(moments))
    at = {hour: each.state for each in life.incidents for hour in range(each.begin, each.end)}
    for state in STATES:
        named = head("kodeks_installation_state", life, state=state)
        if state != "ok" and state not in at.values():
            writer.constant(named, few, 0)
        else:
            writer.write(named, moments, [int(at.get(hour, "ok") == state) for hour in hours])


def _sums(life: Life, writer: Writer) -> None:
    for name, values in (("users", life.users), ("active_users", life.active), ("activity", life.activity)):
        writer.write(head(f"kodeks_{name}", life), life.moments, values)
    for kind, counts in life.new.items():
        _seldom(writer, head("kodeks_new_users", life, kind=kind), life, counts)
    _seldom(writer, head("kodeks_silent_users", life), life, life.silent)


def _trial(life: Life, writer: Writer) -> None:
    begun = facts.trial(life)
    if begun is None:
        return
    start, contract = begun
    until = facts.end(life) if contract is None else contract
    on_trial = [at for at in life.moments if start <= at < until]
    if on_trial:
        writer.constant(head("kodeks_installation_trial", life), on_trial)
    seen = [at for at in life.moments if at >= start]
    writer.constant(head("kodeks_trial_start_timestamp_seconds", life), seen, start)
    signed = [at for at in life.moments if contract is not None and at >= contract]
    if signed and contract is not None:
        writer.constant(head("kodeks_contract_start_timestamp_seconds", life), signed, contract)


def _seats(life: Life, writer: Writer) -> None:
    writer.constant(head("kodeks_seats", life), life.moments, life.site.seats)
    writer.write(head("kodeks_seats_used", life), life.seat_moments, life.seats_used)
    for person, totals in life.rejected.items():
        login = life.site.company.people[person].login
        _count(writer, head("kodeks_connections_rejected_total", life, user=login, reason="seats"), life, totals)


def _users(life: Life, writer: Writer) -> None:
    for person, who in _people(life):
        joined = life.joined[person]
        for name, counted in _USER_COUNTERS.items():
            series = life.counters[person][Usage._fields.index(counted)]
            named = head(f"kodeks_user_{name}_total", life, **who)
            if name == "links" or not any(series):
                _seldom(writer, named, life, series, joined)
            else:
                writer.write(named, life.moments[joined:], series)
        for kind in ("intellectual", "attribute", "empty"):
            series = life.counters[person][Usage._fields.index(f"searches_{kind}")]
            _seldom(writer, head("kodeks_user_searches_total", life, **who, type=kind), life, series, joined)


def _people(life: Life) -> Iterator[tuple[int, dict[str, str]]]:
    """Everybody who is registered within the history, with the labels that say who."""
    for person, card in enumerate(life.site.company.people):
        if life.joined[person] >= 0:
            yield person, {"user": card.login, "domain": card.domain}


def _cards(life: Life, writer: Writer) -> None:
    for person, who in _people(life):
        card = life.site.company.people[person]
        moments = life.moments[max(life.joined[person], len(life.moments) - RECENT_DAYS) :]
        registered = dt.datetime.combine(card.registered, dt.time())
        for name, when in (("first", registered), ("last", life.seen[person])):
            if when is not None:
                # The last visit of the whole history, shown in its evening; before that the day's own evening at most.
                stamp = int(when.replace(tzinfo=life.site.zone).timestamp())
                named = head(f"kodeks_user_{name}_seen_timestamp_seconds", life, **who)
                writer.write(named, moments, [min(stamp, at) for at in moments])
        for field in _CARD:
            named = head("kodeks_user_card_field_filled", life, **who, field=field)
            writer.constant(named, moments, int(bool(getattr(card, field))))


def _searches(life: Life, writer: Writer) -> None:
    for (catalog, source, kind, status), totals in life.search_counts.items():
        more = {"catalog": catalog, "source": source, "type": kind, "status": status}
        _count(writer, head("kodeks_searches_total", life, **more), life, totals)
    for (cause, family), totals in life.causes.items():
        _seldom(writer, head("kodeks_empty_searches_total", life, cause=cause, family=family), life, totals)
    sums = [0] * len(life.moments)
    for bound, totals in zip((*BOUNDS, "+Inf"), life.buckets, strict=True):
        sums = [a + b for a, b in zip(sums, totals, strict=True)]
        _seldom(writer, head("kodeks_search_duration_seconds_bucket", life, status="ok", le=str(bound)), life, sums)
    seconds = [round(value, 2) for value in life.seconds]
    writer.write(head("kodeks_search_duration_seconds_sum", life, status="ok"), life.moments, seconds)
    writer.write(head("kodeks_search_duration_seconds_count", life, status="ok"), life.moments, sums)


def _events(history: History, writer: Writer) -> None:
    for place, life in enumerate(history.lives):
        last = life.moments[-1]
        kept = last - (_EVENT_DAYS if place < _EVENT_SITES else _SHOWN_DAYS) * 86400
        seen: set[str] = set()
        for found in sorted((*life.empty, *life.recent)):
            if found.at < kept:
                continue
            named = _event(life, found)
            first = found.at - found.at % 3600 + 3600
            if found.status != "ok" and found.at >= last - _SHOWN_DAYS * 86400:
                later = life.moments[bisect_right(life.moments, first) :]
            else:
                later = [first + _EVENT_LIFE]
            moments = [moment for moment in (first, *later) if moment <= last]
            if moments and named not in seen:
                seen.add(named)
                writer.constant(named, moments, found.duration)


def _event(life: Life, found: Found) -> str:
    local = dt.datetime.fromtimestamp(found.at, life.site.zone).replace(tzinfo=None).isoformat()
    empty = found.status == "empty"
    return head(
        "kodeks_search_event_info", life, user=found.login, catalog=found.catalog, source=found.source,
        type=found.type, status=found.status, query=found.query, time=local,
        cause=words.cause(found.query) if empty else "", family=words.family(found.query) if empty else "",
    )  # fmt: skip


def _kassist(life: Life, writer: Writer) -> None:
    if life.site.company.kassist:
        days = [kassist_links(uses) for uses in life.kassist]
        for place, kind in enumerate(("unique", "added", "unmatched", "checked")):
            writer.write(head("kodeks_kassist_links", life, kind=kind), life.moments, [day[place] for day in days])


def _licences(life: Life, writer: Writer) -> None:
    expiry = head("kodeks_registration_expiry_timestamp_seconds", life)
    writer.constant(expiry, life.moments, facts.registration_end(life))
    for volume in facts.volumes(life):
        own = {"volume": volume.name, "product": volume.product}
        named = head("kodeks_volume_info", life, **own, title=volume.title, update=str(600 + facts.number(life)))
        writer.constant(named, life.moments[-RECENT_DAYS:])
        seldom = [life.moments[place] for place in life.seldom]
        writer.constant(head("kodeks_volume_expiry_timestamp_seconds", life, **own), seldom, volume.expires)
        since = facts.end(life) if volume.ill_since is None else volume.ill_since
        healthy = [at for at in seldom if at < since]
        writer.constant(head("kodeks_volume_error", life, volume=volume.name, code="0"), healthy, 0)
        ill = [at for at in life.moments if at >= since]
        if ill:
            writer.constant(head("kodeks_volume_error", life, volume=volume.name, code="2007"), ill)
        made = [facts.operup_made(life, volume, at) for at in life.moments]
        _seldom(writer, head("kodeks_operup_timestamp_seconds", life, file=volume.operup), life, made)


def _health(life: Life, writer: Writer) -> None:
    hours = {hour for each in life.incidents if each.check == "key" for hour in range(each.begin, each.end)}
    lost = [int((at - life.start) // 3600 in hours) for at in life.moments]
    writer.write(head("kodeks_protection_ok", life), life.moments, [1 - each for each in lost])
    code = head("kodeks_protection_error_code", life, source="sysinfo")
    writer.write(code, life.moments, [4111 * each for each in lost])
    writer.constant(head("kodeks_spp_up", life), life.moments, int(facts.spp_works(life)))


def _last_reports(history: History, writer: Writer) -> None:
    for life in history.lives:
        moments = sorted({*life.moments, *history.last_hours})
        received = [facts.report_received(life, at) for at in moments]
        named = head("kodeks_sysinfo_received_timestamp_seconds", life, via=facts.report_via(life))
        writer.write(named, moments, received)
        writer.write(head("kodeks_sysinfo_created_timestamp_seconds", life), moments, [at - 30 for at in received])


_OF_AN_INSTALLATION = (
    _inventory, _trial, _sums, _seats, _users, _cards, _searches, _kassist, _licences, _health,
)  # fmt: skip

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
from collections.abc import Callable, Iterator, Sequence
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
_USER_COUNTERS = (
    ("requests", "requests", "Requests to the database by a user this month"),
    ("documents", "documents", "Documents opened by a user this month"),
    ("services", "services", "Services used by a user this month"),
    ("links", "links", "Links followed by a user this month"),
    ("prints", "printed", "Documents printed by a user this month"),
    ("saves", "saved", "Documents saved by a user this month"),
    ("kassist", "kassist", "Uses of kAssist by a user this month"),
)


def write_all(history: History, writer: Writer) -> None:
    """Every family, then the end mark."""
    for write in _FAMILIES:
        write(history, writer)
    writer.end()


def _daily(
    writer: Writer, lives: Sequence[Life], name: str, kind: str, text: str, values: Callable[[Life], Sequence[float]]
) -> None:
    """A family with one daily series per installation."""
    writer.family(name, kind, text)
    for life in lives:
        writer.write(head(name, life), life.moments, values(life))


def _count(writer: Writer, named: str, life: Life, totals: Sequence[int]) -> None:
    """A counter that may be 0 for months: from the sample before it first counts."""
    first = max(0, bisect_right(totals, 0) - 1)
    writer.write(named, life.moments[first:], totals[first:])


def _seldom(writer: Writer, named: str, life: Life, values: Sequence[float], joined: int = 0) -> None:
    """A series of which only sums are asked. ``values`` begin at the daily moment ``joined``."""
    places = [place for place in life.seldom if place >= joined]
    writer.write(named, [life.moments[place] for place in places], [values[place - joined] for place in places])


def _seldom_constant(writer: Writer, named: str, life: Life, value: float) -> None:
    writer.constant(named, [life.moments[place] for place in life.seldom], value)


def _inventory(history: History, writer: Writer) -> None:
    writer.family("kodeks_installation", "info", "The inventory")
    for life in history.lives:
        site = life.site
        writer.constant(
            head(
                "kodeks_installation_info", life, client=site.client, manager=site.manager, branch=site.branch,
                hosting=site.hosting, url=site.url, mode=site.mode, supported=str(site.supported).lower(),
                time_zone=site.time_zone,
            ),
            life.moments,
        )  # fmt: skip
    writer.family("kodeks_build", "info", "Versions of the server and its parts")
    for life in history.lives:
        turns = [*life.site.versions, (dt.date.max, "")]
        for (begin, version), (end, _) in pairwise(turns):
            moments = [at for at, day in zip(life.moments, life.dates, strict=True) if begin <= day < end]
            kassist = "5.1.0.88" if life.site.company.kassist else ""
            system = "Windows Server 2019" if life.site.windows else "Debian GNU/Linux 12"
            if moments:
                writer.constant(
                    head("kodeks_build_info", life, server=f"{version} (x64)", sysinfo="2.0.6.15", kassist=kassist,
                          os=system), moments,
                )  # fmt: skip
    writer.family("kodeks_registration", "info", "The registration file")
    for life in history.lives:
        more = {"regnum": life.site.regnum, "legal_entity": life.site.client}
        writer.constant(head("kodeks_registration_info", life, **more), life.moments)


def _sparse(life: Life) -> list[int]:
    """Hours of the history with samples of what seldom changes: evenings, incidents, and the hour after each."""
    hours = {(moment - life.start) // 3600 for moment in life.moments}
    for each in life.incidents:
        hours.update(range(each.begin, min(each.end + 1, life.hours)))
    return sorted(hour for hour in hours if 0 <= hour < life.hours)


def _checks(history: History, writer: Writer) -> None:
    pulled = [life for life in history.lives if life.site.mode == "pull"]
    writer.family("kodeks_check_success", "gauge", "Whether a check succeeds; absent when it is blocked")
    for life in pulled:
        steps = range(life.start, life.start + life.hours * 3600, history.step)
        sparse = _sparse(life)
        for check in CHECKS:
            hours = sparse if check not in _FREQUENT else [(at - life.start) // 3600 for at in steps]
            moments = [life.start + hour * 3600 for hour in hours]
            # Blocked checks are absent; http, of which availability is counted, is 0 then, as a rule would make of it:
            # between samples a day apart its absence could not be seen.
            when_blocked = 0 if check in _FREQUENT else None
            wrong: dict[int, int | None] = {}
            for each in life.incidents:
                result = each.result(check)
                if result != 1:
                    wrong |= dict.fromkeys(range(each.begin, each.end), when_blocked if result is None else result)
            named = head("kodeks_check_success", life, check=check)
            results = [(at, wrong.get(hour, 1)) for at, hour in zip(moments, hours, strict=True)]
            known = [(at, result) for at, result in results if result is not None]
            writer.write(named, [at for at, _ in known], [result for _, result in known])
    writer.family("kodeks_check_blocked", "gauge", "A check was not run because another one had failed")
    for life in pulled:
        for check in CHECKS:
            blocked: dict[str, list[int]] = {}
            for each in life.incidents:
                if each.result(check) is None:
                    blocked.setdefault(each.check, []).extend(
                        life.start + hour * 3600 for hour in range(each.begin, each.end)
                    )
            for by, moments in blocked.items():
                writer.constant(head("kodeks_check_blocked", life, check=check, by=by), moments)


def _states(history: History, writer: Writer) -> None:
    writer.family("kodeks_installation_state", "gauge", "1 for the state that the installation is in")
    for life in history.lives:
        if life.site.mode != "pull":
            continue
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


def _sums(history: History, writer: Writer) -> None:
    lives = history.lives
    _daily(writer, lives, "kodeks_users", "gauge", "Users in the newest report", lambda life: life.users)
    _daily(writer, lives, "kodeks_active_users", "gauge", "Users with requests this month", lambda life: life.active)
    text = "Intellectual searches and opened documents this month"
    _daily(writer, lives, "kodeks_activity", "gauge", text, lambda life: life.activity)
    writer.family("kodeks_new_users", "gauge", "Users first seen within 30 days, by what they did until then")
    for life in lives:
        for kind, counts in life.new.items():
            _seldom(writer, head("kodeks_new_users", life, kind=kind), life, counts)
    text = "Users who had not been there for 60 days"
    writer.family("kodeks_silent_users", "gauge", text)
    for life in lives:
        _seldom(writer, head("kodeks_silent_users", life), life, life.silent)


def _trials(history: History, writer: Writer) -> None:
    begun = [(life, *trial) for life in history.lives if (trial := facts.trial(life))]
    writer.family("kodeks_installation_trial", "gauge", "1 while an installation is on trial")
    for life, start, contract in begun:
        until = facts.end(life) if contract is None else contract
        moments = [at for at in life.moments if start <= at < until]
        if moments:
            writer.constant(head("kodeks_installation_trial", life), moments)
    name = "kodeks_trial_start_timestamp_seconds"
    writer.family(name, "gauge", "When an installation was first seen on trial")
    for life, start, _ in begun:
        writer.constant(head(name, life), [at for at in life.moments if at >= start], start)
    name = "kodeks_contract_start_timestamp_seconds"
    writer.family(name, "gauge", "When an installation was first seen without trial after one")
    for life, _, contract in begun:
        moments = [at for at in life.moments if contract is not None and at >= contract]
        if moments and contract is not None:
            writer.constant(head(name, life), moments, contract)


def _seats(history: History, writer: Writer) -> None:
    writer.family("kodeks_seats", "gauge", "Seats of the registration file")
    for life in history.lives:
        writer.constant(head("kodeks_seats", life), life.moments, life.site.seats)
    writer.family("kodeks_seats_used", "gauge", "Sessions that hold a seat")
    for life in history.lives:
        writer.write(head("kodeks_seats_used", life), life.seat_moments, life.seats_used)
    writer.family("kodeks_connections_rejected", "counter", "Refused connections")
    for life in history.lives:
        for person, totals in life.rejected.items():
            login = life.site.company.people[person].login
            _count(writer, head("kodeks_connections_rejected_total", life, user=login, reason="seats"), life, totals)


def _users(history: History, writer: Writer) -> None:
    for name, counted, text in _USER_COUNTERS:
        place = Usage._fields.index(counted)
        writer.family(f"kodeks_user_{name}", "counter", text)
        for life, person, who in _people(history):
            named, series = head(f"kodeks_user_{name}_total", life, **who), life.counters[person][place]
            if name == "links" or not any(series):
                _seldom(writer, named, life, series, life.joined[person])
            else:
                writer.write(named, life.moments[life.joined[person] :], series)
    writer.family("kodeks_user_searches", "counter", "Searches by a user this month")
    for life, person, who in _people(history):
        for kind in ("intellectual", "attribute", "empty"):
            series = life.counters[person][Usage._fields.index(f"searches_{kind}")]
            named = head("kodeks_user_searches_total", life, **who, type=kind)
            _seldom(writer, named, life, series, life.joined[person])


def _people(history: History) -> Iterator[tuple[Life, int, dict[str, str]]]:
    """Everybody who is registered within the history, with the labels that say who."""
    for life in history.lives:
        for person, card in enumerate(life.site.company.people):
            if life.joined[person] >= 0:
                yield life, person, {"user": card.login, "domain": card.domain}


def _cards(history: History, writer: Writer) -> None:
    for name, text in (("first", "When a user was registered"), ("last", "When a user was last seen")):
        family = f"kodeks_user_{name}_seen_timestamp_seconds"
        writer.family(family, "gauge", text)
        for life, person, who in _people(history):
            card = life.site.company.people[person]
            when = life.seen[person] if name == "last" else dt.datetime.combine(card.registered, dt.time())
            if when is None:
                continue
            moments = life.moments[max(life.joined[person], len(life.moments) - RECENT_DAYS) :]
            # The last visit of the whole history, shown in its evening; before that the day's own evening at most.
            stamp = int(when.replace(tzinfo=life.site.zone).timestamp())
            writer.write(head(family, life, **who), moments, [min(stamp, at) for at in moments])
    writer.family("kodeks_user_card_field_filled", "gauge", "Whether a field of a user's card is filled")
    for life, person, who in _people(history):
        card = life.site.company.people[person]
        moments = life.moments[max(life.joined[person], len(life.moments) - RECENT_DAYS) :]
        for field in _CARD:
            named = head("kodeks_user_card_field_filled", life, **who, field=field)
            writer.constant(named, moments, int(bool(getattr(card, field))))


def _searches(history: History, writer: Writer) -> None:
    writer.family("kodeks_searches", "counter", "Searches by catalog, source, type and status")
    for life in history.lives:
        for (catalog, source, kind, status), totals in life.search_counts.items():
            more = {"catalog": catalog, "source": source, "type": kind, "status": status}
            _count(writer, head("kodeks_searches_total", life, **more), life, totals)
    writer.family("kodeks_empty_searches", "counter", "Empty searches by probable cause and family of documents")
    for life in history.lives:
        for (cause, family), totals in life.causes.items():
            _seldom(writer, head("kodeks_empty_searches_total", life, cause=cause, family=family), life, totals)
    writer.family("kodeks_search_duration_seconds", "histogram", "How long successful searches took")
    for life in history.lives:
        sums = [0] * len(life.moments)
        for bound, totals in zip((*BOUNDS, "+Inf"), life.buckets, strict=True):
            sums = [a + b for a, b in zip(sums, totals, strict=True)]
            named = head("kodeks_search_duration_seconds_bucket", life, status="ok", le=str(bound))
            _seldom(writer, named, life, sums)
        writer.write(head("kodeks_search_duration_seconds_sum", life, status="ok"), life.moments,
                     [round(value, 2) for value in life.seconds])  # fmt: skip
        writer.write(head("kodeks_search_duration_seconds_count", life, status="ok"), life.moments, sums)
    _events(history, writer)


def _events(history: History, writer: Writer) -> None:
    writer.family("kodeks_search_event", "info", "A single search; its duration in seconds")
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


def _kassist(history: History, writer: Writer) -> None:
    writer.family("kodeks_kassist_links", "gauge", "Links that kAssist met on the newest day that is over")
    for life in history.lives:
        if life.site.company.kassist:
            days = [kassist_links(uses) for uses in life.kassist]
            for place, kind in enumerate(("unique", "added", "unmatched", "checked")):
                writer.write(head("kodeks_kassist_links", life, kind=kind), life.moments, [day[place] for day in days])


def _licences(history: History, writer: Writer) -> None:
    lives = history.lives
    name = "kodeks_registration_expiry_timestamp_seconds"
    writer.family(name, "gauge", "Start of the last day of the registration")
    for life in lives:
        writer.constant(head(name, life), life.moments, facts.registration_end(life))
    writer.family("kodeks_volume", "info", "A volume and the number of its update")
    for life, volume in _volumes(lives):
        named = head("kodeks_volume_info", life, volume=volume.name, product=volume.product, title=volume.title,
                     update=str(600 + facts.number(life)))  # fmt: skip
        writer.constant(named, life.moments[-RECENT_DAYS:])
    name = "kodeks_volume_expiry_timestamp_seconds"
    writer.family(name, "gauge", "Start of the last day of a volume's licence")
    for life, volume in _volumes(lives):
        _seldom_constant(writer, head(name, life, volume=volume.name, product=volume.product), life, volume.expires)
    writer.family("kodeks_volume_error", "gauge", "Whether a volume has an error, and its code")
    for life, volume in _volumes(lives):
        since = facts.end(life) if volume.ill_since is None else volume.ill_since
        healthy = [life.moments[place] for place in life.seldom if life.moments[place] < since]
        writer.constant(head("kodeks_volume_error", life, volume=volume.name, code="0"), healthy, 0)
        ill = [at for at in life.moments if at >= since]
        if ill:
            writer.constant(head("kodeks_volume_error", life, volume=volume.name, code="2007"), ill)
    name = "kodeks_operup_timestamp_seconds"
    writer.family(name, "gauge", "When a file of daily updates was made")
    for life, volume in _volumes(lives):
        made = [facts.operup_made(life, volume, at) for at in life.moments]
        _seldom(writer, head(name, life, file=volume.operup), life, made)


def _volumes(lives: Sequence[Life]) -> Iterator[tuple[Life, facts.Volume]]:
    for life in lives:
        for volume in facts.volumes(life):
            yield life, volume


def _health(history: History, writer: Writer) -> None:
    lives = history.lives

    def lost(life: Life) -> list[int]:
        hours = [each for each in life.incidents if each.check == "key"]
        return [int(any(each.begin <= (at - life.start) // 3600 < each.end for each in hours)) for at in life.moments]

    text = "Whether the protection key works, as the report tells"
    _daily(writer, lives, "kodeks_protection_ok", "gauge", text, lambda life: [1 - each for each in lost(life)])
    writer.family("kodeks_protection_error_code", "gauge", "Code of the protection's error, 0 for none")
    for life in lives:
        codes = [4111 * each for each in lost(life)]
        writer.write(head("kodeks_protection_error_code", life, source="sysinfo"), life.moments, codes)
    writer.family("kodeks_spp_up", "gauge", "Whether the user support service works")
    for life in lives:
        writer.constant(head("kodeks_spp_up", life), life.moments, int(facts.spp_works(life)))
    writer.family("kodeks_sysinfo_created_timestamp_seconds", "gauge", "When the newest report was made")
    for life in lives:
        moments = sorted({*life.moments, *history.last_hours})
        named = head("kodeks_sysinfo_created_timestamp_seconds", life)
        writer.write(named, moments, [facts.report_received(life, at) - 30 for at in moments])
    name = "kodeks_sysinfo_received_timestamp_seconds"
    writer.family(name, "gauge", "When the newest report came, and which way")
    for life in lives:
        moments = sorted({*life.moments, *history.last_hours})
        named = head(name, life, via=facts.report_via(life))
        writer.write(named, moments, [facts.report_received(life, at) for at in moments])


_FAMILIES = (
    _inventory, _trials, _checks, _states, _sums, _seats, _users, _cards, _searches, _kassist, _licences, _health,
    monthly, billing, around, alerts, reaction, handling,
)  # fmt: skip

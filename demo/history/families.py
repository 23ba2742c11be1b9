"""The metrics of the history. Names and labels are the contract's.

How often, by what is asked of a year: checks that availability is counted from every step; seats in use every hour
that offices are open; users, sums, searches, dates and versions once a day, in the evening local time (and at 00:30 on
the 1st, where monthly counters begin again), those of which only sums are asked once a week and at both ends of a
month; other checks and the state once a day and every hour of an incident.
Cards, first and last visits, and single searches only towards the end, as they are only asked about now.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from demo.history.accesses import RESOURCES, Accesses
from demo.history.incidents import CHECKS, STATES
from demo.history.life import BOUNDS, RECENT_DAYS, Life
from demo.history.openmetrics import Writer, labels
from demo.people import words
from demo.people.diary import Usage
from demo.stand.reports.make import kassist_links

_ILL_DAYS = 14
_EVENT_DAYS = 183
_EVENT_SITES = 20
_EVENT_LIFE = 24 * 3600
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


@dataclass(frozen=True, slots=True)
class History:
    """Everything that is written."""

    lives: Sequence[Life]
    online: Accesses
    step: int
    """Seconds between the frequent samples."""


def write_all(history: History, writer: Writer) -> None:
    """Every family, then the end mark."""
    for write in _FAMILIES:
        write(history, writer)
    writer.end()


def _head(name: str, life: Life, **more: str) -> str:
    return name + labels(installation=life.site.name, **more)


def _daily(
    writer: Writer, lives: Sequence[Life], name: str, kind: str, text: str, values: Callable[[Life], Sequence[float]]
) -> None:
    """A family with one daily series per installation."""
    writer.family(name, kind, text)
    for life in lives:
        writer.write(_head(name, life), life.moments, values(life))


def _count(writer: Writer, head: str, life: Life, totals: Sequence[int]) -> None:
    """A counter that may be 0 for months: from the sample before it first counts."""
    first = max(0, bisect_right(totals, 0) - 1)
    writer.write(head, life.moments[first:], totals[first:])


def _seldom(writer: Writer, head: str, life: Life, values: Sequence[float], joined: int = 0) -> None:
    """A series of which only sums are asked. ``values`` begin at the daily moment ``joined``."""
    places = [place for place in life.seldom if place >= joined]
    writer.write(head, [life.moments[place] for place in places], [values[place - joined] for place in places])


def _seldom_constant(writer: Writer, head: str, life: Life, value: float) -> None:
    writer.constant(head, [life.moments[place] for place in life.seldom], value)


def _inventory(history: History, writer: Writer) -> None:
    writer.family("kodeks_installation", "info", "The inventory")
    for life in history.lives:
        site = life.site
        writer.constant(
            _head(
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
                    _head("kodeks_build_info", life, server=f"{version} (x64)", sysinfo="2.0.6.15", kassist=kassist,
                          os=system), moments,
                )  # fmt: skip
    writer.family("kodeks_registration", "info", "The registration file")
    for life in history.lives:
        more = {"regnum": life.site.regnum, "legal_entity": life.site.client}
        writer.constant(_head("kodeks_registration_info", life, **more), life.moments)


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
            head = _head("kodeks_check_success", life, check=check)
            results = [(at, wrong.get(hour, 1)) for at, hour in zip(moments, hours, strict=True)]
            known = [(at, result) for at, result in results if result is not None]
            writer.write(head, [at for at, _ in known], [result for _, result in known])
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
                writer.constant(_head("kodeks_check_blocked", life, check=check, by=by), moments)


def _states(history: History, writer: Writer) -> None:
    writer.family("kodeks_installation_state", "gauge", "1 for the state that the installation is in")
    for life in history.lives:
        if life.site.mode != "pull":
            continue
        hours = _sparse(life)
        moments = [life.start + hour * 3600 for hour in hours]
        at = {hour: each.state for each in life.incidents for hour in range(each.begin, each.end)}
        for state in STATES:
            head = _head("kodeks_installation_state", life, state=state)
            if state != "ok" and state not in at.values():
                writer.constant(head, moments, 0)
            else:
                writer.write(head, moments, [int(at.get(hour, "ok") == state) for hour in hours])


def _sums(history: History, writer: Writer) -> None:
    lives = history.lives
    _daily(writer, lives, "kodeks_users", "gauge", "Users in the newest report", lambda life: life.users)
    _daily(writer, lives, "kodeks_active_users", "gauge", "Users with requests this month", lambda life: life.active)
    text = "Intellectual searches and opened documents this month"
    _daily(writer, lives, "kodeks_activity", "gauge", text, lambda life: life.activity)


def _seats(history: History, writer: Writer) -> None:
    writer.family("kodeks_seats", "gauge", "Seats of the registration file")
    for life in history.lives:
        writer.constant(_head("kodeks_seats", life), life.moments, life.site.seats)
    writer.family("kodeks_seats_used", "gauge", "Sessions that hold a seat")
    for life in history.lives:
        writer.write(_head("kodeks_seats_used", life), life.seat_moments, life.seats_used)
    writer.family("kodeks_connections_rejected", "counter", "Refused connections")
    for life in history.lives:
        for person, totals in life.rejected.items():
            login = life.site.company.people[person].login
            _count(writer, _head("kodeks_connections_rejected_total", life, user=login, reason="seats"), life, totals)


def _users(history: History, writer: Writer) -> None:
    for name, counted, text in _USER_COUNTERS:
        place = Usage._fields.index(counted)
        writer.family(f"kodeks_user_{name}", "counter", text)
        for life, person, who in _people(history):
            head, series = _head(f"kodeks_user_{name}_total", life, **who), life.counters[person][place]
            if name == "links" or not any(series):
                _seldom(writer, head, life, series, life.joined[person])
            else:
                writer.write(head, life.moments[life.joined[person] :], series)
    writer.family("kodeks_user_searches", "counter", "Searches by a user this month")
    for life, person, who in _people(history):
        for kind in ("intellectual", "attribute", "empty"):
            series = life.counters[person][Usage._fields.index(f"searches_{kind}")]
            head = _head("kodeks_user_searches_total", life, **who, type=kind)
            _seldom(writer, head, life, series, life.joined[person])


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
            moments = life.moments[max(life.joined[person], len(life.moments) - RECENT_DAYS) :]
            # The last visit of the whole history, shown in its evening; before that the day's own evening at most.
            stamp = int(when.replace(tzinfo=life.site.zone).timestamp())
            writer.write(_head(family, life, **who), moments, [min(stamp, at) for at in moments])
    writer.family("kodeks_user_card_field_filled", "gauge", "Whether a field of a user's card is filled")
    for life, person, who in _people(history):
        card = life.site.company.people[person]
        moments = life.moments[max(life.joined[person], len(life.moments) - RECENT_DAYS) :]
        for field in _CARD:
            head = _head("kodeks_user_card_field_filled", life, **who, field=field)
            writer.constant(head, moments, int(bool(getattr(card, field))))


def _searches(history: History, writer: Writer) -> None:
    writer.family("kodeks_searches", "counter", "Searches by catalog, source, type and status")
    for life in history.lives:
        for (catalog, source, kind, status), totals in life.search_counts.items():
            more = {"catalog": catalog, "source": source, "type": kind, "status": status}
            _count(writer, _head("kodeks_searches_total", life, **more), life, totals)
    writer.family("kodeks_empty_searches", "counter", "Empty searches by probable cause and family of documents")
    for life in history.lives:
        for (cause, family), totals in life.causes.items():
            _seldom(writer, _head("kodeks_empty_searches_total", life, cause=cause, family=family), life, totals)
    writer.family("kodeks_search_duration_seconds", "histogram", "How long successful searches took")
    for life in history.lives:
        sums = [0] * len(life.moments)
        for bound, totals in zip((*BOUNDS, "+Inf"), life.buckets, strict=True):
            sums = [a + b for a, b in zip(sums, totals, strict=True)]
            head = _head("kodeks_search_duration_seconds_bucket", life, status="ok", le=str(bound))
            _seldom(writer, head, life, sums)
        writer.write(_head("kodeks_search_duration_seconds_sum", life, status="ok"), life.moments,
                     [round(value, 2) for value in life.seconds])  # fmt: skip
        writer.write(_head("kodeks_search_duration_seconds_count", life, status="ok"), life.moments, sums)
    writer.family("kodeks_search_event", "info", "A single empty search; its duration in seconds")
    for life in history.lives[:_EVENT_SITES]:
        last = life.moments[-1] if life.moments else 0
        for at, login, catalog, source, kind, duration, query in life.empty:
            if at < last - _EVENT_DAYS * 86400:
                continue
            local = dt.datetime.fromtimestamp(at, life.site.zone).replace(tzinfo=None).isoformat()
            head = _head(
                "kodeks_search_event_info", life, user=login, catalog=catalog, source=source, type=kind,
                status="empty", query=query, time=local, cause=words.cause(query), family=words.family(query),
            )  # fmt: skip
            first = at - at % 3600 + 3600
            moments = [moment for moment in (first, first + _EVENT_LIFE) if moment <= last]
            if moments:
                writer.constant(head, moments, duration)


def _kassist(history: History, writer: Writer) -> None:
    writer.family("kodeks_kassist_links", "gauge", "Links that kAssist met on the newest day that is over")
    for life in history.lives:
        if life.site.company.kassist:
            days = [kassist_links(uses) for uses in life.kassist]
            for place, kind in enumerate(("unique", "added", "unmatched", "checked")):
                writer.write(_head("kodeks_kassist_links", life, kind=kind), life.moments, [day[place] for day in days])


def _licences(history: History, writer: Writer) -> None:
    lives = history.lives

    def expiry(life: Life, sooner: int = 0) -> int:
        day = life.site.expires - dt.timedelta(days=sooner)
        return int(dt.datetime.combine(day, dt.time(), life.site.zone).timestamp())

    name = "kodeks_registration_expiry_timestamp_seconds"
    writer.family(name, "gauge", "Start of the last day of the registration")
    for life in lives:
        writer.constant(_head(name, life), life.moments, expiry(life))
    name = "kodeks_volume_expiry_timestamp_seconds"
    writer.family(name, "gauge", "Start of the last day of a volume's licence")
    for life, number, product, file in _volumes(lives):
        head = _head(name, life, volume=f"{file}.vol", product=product)
        _seldom_constant(writer, head, life, expiry(life, 47 if number == 1 else 0))
    writer.family("kodeks_volume_error", "gauge", "Whether a volume has an error, and its code")
    for life, number, _, file in _volumes(lives):
        # Every 15th installation ends the history with an error that began two weeks before.
        ill = number == 0 and int(life.site.name[-3:]) % 15 == 7
        healthy = [place for place in life.seldom if not ill or place < len(life.moments) - _ILL_DAYS]
        head = _head("kodeks_volume_error", life, volume=f"{file}.vol", code="0")
        writer.constant(head, [life.moments[place] for place in healthy], 0)
        if ill:
            head = _head("kodeks_volume_error", life, volume=f"{file}.vol", code="2007")
            writer.constant(head, life.moments[-_ILL_DAYS:])
    name = "kodeks_operup_timestamp_seconds"
    writer.family(name, "gauge", "When a file of daily updates was made")
    for life, number, _, file in _volumes(lives):
        stale = number == 0 and int(life.site.name[-3:]) % 12 == 5
        newest = max(life.moments, default=0) - 5 * 86400
        made = [at - 20 * 3600 - 2700 for at in life.moments]
        head = _head(name, life, file=f"{file}.opu")
        _seldom(writer, head, life, [min(at, newest) for at in made] if stale else made)


def _volumes(lives: Sequence[Life]) -> Iterator[tuple[Life, int, str, str]]:
    for life in lives:
        for number, (product, _, file) in enumerate(life.site.company.volumes):
            yield life, number, product, file


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
        writer.write(_head("kodeks_protection_error_code", life, source="sysinfo"), life.moments, codes)
    writer.family("kodeks_spp_up", "gauge", "Whether the user support service works")
    for life in lives:
        writer.constant(_head("kodeks_spp_up", life), life.moments, int(int(life.site.name[-3:]) % 40 != 13))
    name = "kodeks_sysinfo_created_timestamp_seconds"
    _daily(
        writer, lives, name, "gauge", "When the newest report was made", lambda life: [at - 900 for at in life.moments]
    )
    name = "kodeks_sysinfo_received_timestamp_seconds"
    writer.family(name, "gauge", "When the newest report came, and which way")
    for life in lives:
        writer.write(_head(name, life, via=life.site.mode), life.moments, [at - 870 for at in life.moments])


def _online(history: History, writer: Writer) -> None:
    online = history.online
    writer.family("kodeks_online_access", "info", "The inventory of online accesses")
    for each in online.accesses:
        writer.constant("kodeks_online_access_info" + labels(
            account=each.account, client=each.client, manager=each.manager, branch=each.branch, server=each.server,
            login=each.login,
        ), online.moments)  # fmt: skip
    for name, text in (("kodeks_online_up", "Whether billing answers"),
                       ("kodeks_online_login_success", "Whether the login works")):  # fmt: skip
        writer.family(name, "gauge", text)
        for each in online.accesses:
            down, head = online.down[each.server], name + labels(account=each.account)
            if name == "kodeks_online_up":
                writer.write(head, online.probes, [int(place not in down) for place in range(len(online.probes))])
            else:  # a server that does not answer says nothing of the login
                writer.constant(head, [at for place, at in enumerate(online.probes) if place not in down])
    writer.family("kodeks_online_limit", "gauge", "The monthly limit")
    for each in online.accesses:
        for resource in RESOURCES:
            head = "kodeks_online_limit" + labels(account=each.account, resource=resource)
            writer.constant(head, online.moments, each.limits[resource])
    writer.family("kodeks_online_left", "gauge", "What is left of the monthly limit")
    for each in online.accesses:
        for resource in RESOURCES:
            head = "kodeks_online_left" + labels(account=each.account, resource=resource)
            writer.write(head, online.moments, each.left[resource])


_FAMILIES = (
    _inventory, _checks, _states, _sums, _seats, _users, _cards, _searches, _kassist, _licences, _health, _online,
)  # fmt: skip

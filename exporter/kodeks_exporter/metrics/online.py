"""Online accesses: remaining limits, whether they can be read, searches, and use.

Searches of accesses are families of their own (``kodeks_online_searches_total``, ``kodeks_online_search_event_info``):
those of installations have other labels, and one family with two sets of labels cannot be summed or joined.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from functools import lru_cache

from prometheus_client import Metric

from kodeks_exporter.domain.online import UseClass
from kodeks_exporter.domain.queries import cause, family
from kodeks_exporter.domain.report import SearchEvent
from kodeks_exporter.metrics.families import Of, gauge
from kodeks_exporter.metrics.months import FINAL_DAYS
from kodeks_exporter.settings.fleet import OnlineAccess
from kodeks_exporter.settings.online import OnlineSettings
from kodeks_exporter.store.access_state import AccessState
from kodeks_exporter.store.months import before


@dataclass(frozen=True, slots=True)
class AccessFigures:
    """``server_up`` None: not known yet."""

    access: OnlineAccess
    server: str
    server_up: bool | None
    state: AccessState
    settings: OnlineSettings


def families(view: AccessFigures, now: float) -> Iterator[Metric]:
    """All of one access. ``now`` (Unix seconds) decides which searches are too old to be shown."""
    of = Of(view.access.name, "account")
    yield from _access(of, view)
    yield from _figures(of, view)
    yield _months(of, view, now)
    yield from _searches(of, view, now)
    yield from _use(of, view)


def server_families(servers: Mapping[str, bool | None]) -> Iterator[Metric]:
    """One figure a server."""
    rows = (((server,), answers) for server, answers in servers.items())
    text = "Whether a vendor's server answers; absent while unknown."
    yield gauge("kodeks_online_server_up", text, "server", rows)


def _access(of: Of, view: AccessFigures) -> Iterator[Metric]:
    access, state = view.access, view.state
    facts = {
        "client": access.client,
        "manager": access.manager,
        "branch": access.branch,
        "server": view.server,
        "login": access.credentials.username,
    }
    yield of.info("kodeks_online_access", "Inventory data of an online access.", facts)
    text = "Whether the vendor's system answered properly to the last visit; 0 while its server is down."
    yield of.figure("kodeks_online_up", text, None if state.up is None else state.up and view.server_up is not False)
    text = "Whether the last login that got an answer was accepted."
    yield of.figure("kodeks_online_login_success", text, state.login)
    errors = (((reason,), count) for reason, count in state.errors.items())
    yield of.counter("kodeks_online_errors", "Visits that failed, by reason.", "reason", errors)


def _figures(of: Of, view: AccessFigures) -> Iterator[Metric]:
    state = view.state
    text = "When the figures of an access were last read."
    yield of.figure("kodeks_online_read_timestamp_seconds", text, state.read)
    left = (((resource.value,), quota.left) for resource, quota in state.quotas.items())
    yield of.gauge("kodeks_online_left", "Units left this month.", "resource", left)
    limits = (((resource.value,), quota.limit) for resource, quota in state.quotas.items())
    text = "Units per month; if the page does not say, the largest remainder seen this month."
    yield of.gauge("kodeks_online_limit", text, "resource", limits)
    uncertain = (((resource.value,), 1) for resource in state.quotas if resource in state.uncertain)
    text = "1 when the limit is learnt and this month was not seen from its beginning, so it may be larger."
    yield of.gauge("kodeks_online_limit_uncertain", text, "resource", uncertain)


def _months(of: Of, view: AccessFigures, now: float) -> Metric:
    """The newest month that was read and, in the first days of a month, the one before."""
    months = view.state.months
    today = datetime.fromtimestamp(now, view.settings.time_zone)
    shown = {max(months, default="")}
    if today.day <= FINAL_DAYS:
        shown.add(before(f"{today:%Y-%m}"))
    text = "Units left in a calendar month, as last read in it."
    known = sorted(shown.intersection(months))
    rows = (((resource.value, month), count) for month in known for resource, count in months[month].items())
    return of.gauge("kodeks_online_month_left", text, "resource month", rows)


def _searches(of: Of, view: AccessFigures, now: float) -> Iterator[Metric]:
    state, settings = view.state, view.settings
    text = "Searches of an online access, by type and status; filled once a night."
    yield of.counter("kodeks_online_searches", text, "type status", state.searches.items())
    rows: dict[tuple[str, ...], float] = {}
    for event in state.events:
        age = settings.searches.ok_age if event.status == "ok" else settings.searches.unsuccessful_age
        if now - event.time <= age:
            labels = _event_labels(event, settings)
            rows[labels] = max(rows.get(labels, 0.0), event.duration or 0.0)
    yield of.gauge(
        "kodeks_online_search_event_info",
        "A single search of an online access: how long it took, in seconds; bounded in number and age.",
        "type status query time cause family",
        rows.items(),
    )


def _event_labels(event: SearchEvent, settings: OnlineSettings) -> tuple[str, ...]:
    local = datetime.fromtimestamp(event.time, settings.time_zone).strftime("%Y-%m-%dT%H:%M:%S")
    why = _explain(event.query) if event.status == "empty" else ("", "")
    return (event.type, event.status, event.query[: settings.searches.text], local, *why)


@lru_cache(maxsize=20_000)
def _explain(query: str) -> tuple[str, str]:
    return cause(query).value, family(query)


def _use(of: Of, view: AccessFigures) -> Iterator[Metric]:
    found = view.state.use_pattern
    if found is None:
        return
    classes = (((each.value,), each is found.use) for each in UseClass)
    text = "How an access is used, judging by its own history: 1 for its class."
    yield of.gauge("kodeks_online_class", text, "class", classes)
    text = "Months between the busy times of a seasonal access."
    yield of.figure("kodeks_online_season_months", text, found.season or None)
    due = None
    if found.next_busy is not None:
        due = datetime.combine(found.next_busy, time(), view.settings.time_zone).timestamp()
    text = "When the next busy time of a seasonal access is due."
    yield of.figure("kodeks_online_next_busy_timestamp_seconds", text, due)
    text = "Documents expected to be used by this day of the month, judging by the access's history."
    yield of.figure("kodeks_online_documents_expected", text, found.expected)
    deviation = [((found.deviation.value,), 1)] if found.deviation is not None else []
    text = "1 while an access behaves unlike its history."
    yield of.gauge("kodeks_online_deviation", text, "kind", deviation)
    advice = [((found.advice.value, found.advice_reason), 1)] if found.advice is not None else []
    text = "Whether to call the client today, and why."
    yield of.gauge("kodeks_online_advice", text, "advice reason", advice)

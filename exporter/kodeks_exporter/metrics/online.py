"""Online accesses: remaining limits, whether they can be read, searches, and use.

Searches of accesses are families of their own (``kodeks_online_searches_total``, ``kodeks_online_search_event_info``):
those of installations have other labels, and one family with two sets of labels cannot be summed or joined.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

from kodeks_exporter.domain.online import UseClass
from kodeks_exporter.domain.queries import cause, family
from kodeks_exporter.domain.report import SearchEvent
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
    yield from _access(view)
    yield from _figures(view)
    yield _months(view, now)
    yield from _searches(view, now)
    yield from _use(view)


def server_families(servers: Mapping[str, bool | None]) -> Iterator[Metric]:
    """One figure a server."""
    up = GaugeMetricFamily(
        "kodeks_online_server_up",
        "Whether a vendor's server answers; absent while that is not known.",
        labels=["server"],
    )
    for server, answers in servers.items():
        if answers is not None:
            up.add_metric([server], float(answers))
    yield up


def _gauge(name: str, documentation: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"kodeks_online_{name}", documentation, labels=["account", *labels])


def _access(view: AccessFigures) -> Iterator[Metric]:
    access, state = view.access, view.state
    info = InfoMetricFamily("kodeks_online_access", "Inventory data of an online access.", labels=["account"])
    info.add_metric(
        [access.name],
        {
            "client": access.client,
            "manager": access.manager,
            "branch": access.branch,
            "server": view.server,
            "login": access.credentials.username,
        },
    )
    yield info
    up = _gauge("up", "Whether the vendor's system answered properly to the last visit; 0 while its server is down.")
    if state.up is not None:
        up.add_metric([access.name], float(state.up and view.server_up is not False))
    yield up
    login = _gauge("login_success", "Whether the last login that got an answer was accepted.")
    if state.login is not None:
        login.add_metric([access.name], float(state.login))
    yield login
    errors = CounterMetricFamily("kodeks_online_errors", "Visits that failed, by reason.", labels=["account", "reason"])
    for reason, count in state.errors.items():
        errors.add_metric([access.name, reason], count)
    yield errors


def _figures(view: AccessFigures) -> Iterator[Metric]:
    name, state = view.access.name, view.state
    read = _gauge("read_timestamp_seconds", "When the figures of an access were last read.")
    left = _gauge("left", "Units that are left this month.", "resource")
    limit = _gauge("limit", "Units of a month; if the page does not say, the most left this month.", "resource")
    uncertain = _gauge(
        "limit_uncertain",
        "1 when the limit is learnt and this month was not seen from its beginning, so it may be larger.",
        "resource",
    )
    if state.read is not None:
        read.add_metric([name], state.read)
    for resource, quota in state.quotas.items():
        left.add_metric([name, resource.value], quota.left)
        if quota.limit is not None:
            limit.add_metric([name, resource.value], quota.limit)
        if resource in state.uncertain:
            uncertain.add_metric([name, resource.value], 1)
    return iter((read, left, limit, uncertain))


def _months(view: AccessFigures, now: float) -> Metric:
    """The newest month that was read and, in the first days of a month, the one before."""
    left = _gauge("month_left", "Units that were left of a calendar month, as last read in it.", "resource", "month")
    months = view.state.months
    today = datetime.fromtimestamp(now, view.settings.time_zone)
    shown = {max(months, default="")}
    if today.day <= FINAL_DAYS:
        shown.add(before(f"{today:%Y-%m}"))
    for month in sorted(shown.intersection(months)):
        for resource, count in months[month].items():
            left.add_metric([view.access.name, resource.value, month], count)
    return left


def _searches(view: AccessFigures, now: float) -> Iterator[Metric]:
    name, state, settings = view.access.name, view.state, view.settings
    totals = CounterMetricFamily(
        "kodeks_online_searches",
        "Searches of an online access, by type and status; filled once a night.",
        labels=["account", "type", "status"],
    )
    for (kind, status), count in state.searches.items():
        totals.add_metric([name, kind, status], count)
    yield totals
    events = _gauge(
        "search_event_info",
        "A single search of an online access: how long it took, in seconds; bounded in number and age.",
        *("type", "status", "query", "time", "cause", "family"),
    )
    rows: dict[tuple[str, ...], float] = {}
    for event in state.events:
        age = settings.searches.ok_age if event.status == "ok" else settings.searches.unsuccessful_age
        if now - event.time <= age:
            labels = _event_labels(event, settings)
            rows[labels] = max(rows.get(labels, 0.0), event.duration or 0.0)
    for labels, duration in rows.items():
        events.add_metric([name, *labels], duration)
    yield events


def _event_labels(event: SearchEvent, settings: OnlineSettings) -> tuple[str, ...]:
    local = datetime.fromtimestamp(event.time, settings.time_zone).strftime("%Y-%m-%dT%H:%M:%S")
    why = _explain(event.query) if event.status == "empty" else ("", "")
    return (event.type, event.status, event.query[: settings.searches.text], local, *why)


@lru_cache(maxsize=20_000)
def _explain(query: str) -> tuple[str, str]:
    return cause(query).value, family(query)


def _use(view: AccessFigures) -> Iterator[Metric]:
    name, use_pattern = view.access.name, view.state.use_pattern
    if use_pattern is None:
        return
    classes = _gauge("class", "How an access is used, judging by its own history: 1 for its class.", "class")
    for each in UseClass:
        classes.add_metric([name, each.value], float(each is use_pattern.use))
    yield classes
    season = _gauge("season_months", "Months between the busy times of a seasonal access.")
    if use_pattern.season:
        season.add_metric([name], use_pattern.season)
    yield season
    following = _gauge("next_busy_timestamp_seconds", "When the next busy time of a seasonal access is due.")
    if use_pattern.next_busy is not None:
        following.add_metric([name], _midnight(use_pattern.next_busy, view.settings))
    yield following
    expected = _gauge("documents_expected", "Documents used by this day of the month, judging by the access's past.")
    if use_pattern.expected is not None:
        expected.add_metric([name], use_pattern.expected)
    yield expected
    deviation = _gauge("deviation", "1 while an access behaves unlike its own past.", "kind")
    if use_pattern.deviation is not None:
        deviation.add_metric([name, use_pattern.deviation.value], 1)
    yield deviation
    advice = _gauge("advice", "Whether to call the client today, and why.", "advice", "reason")
    if use_pattern.advice is not None:
        advice.add_metric([name, use_pattern.advice.value, use_pattern.advice_reason], 1)
    yield advice


def _midnight(day: date, settings: OnlineSettings) -> float:
    return datetime.combine(day, time(), settings.time_zone).timestamp()

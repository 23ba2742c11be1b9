"""Turns Prometheus' answers into facts.

Only sparse series (``installation:…:daily``, ``:hourly``) are read over a year, and the inventory by subqueries with
wide steps; the running month comes from the exporter's own series. docs/metrics.md has the names.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from kodeks_exporter.domain.handling import Record
from kodeks_exporter.yearly import work
from kodeks_exporter.yearly.clients import Client
from kodeks_exporter.yearly.facts import (
    Access,
    Demand,
    Facts,
    Month,
    Seats,
    ServerFacts,
    Share,
    following,
    month_names,
)
from kodeks_exporter.yearly.prometheus import Prometheus, Series
from kodeks_exporter.yearly.promql import DAY, any_of, by_month, moment

LATE = 7 * DAY
"""Seconds into the next month in which the final figures of a month are still shown."""
_YEAR = "400d"
_RECENT = "62d:6h"
_BEFORE = 35 * DAY
"""Counters are read from this many seconds before the year, to know their value when it began."""


def end_of(year: int, until: float) -> float:
    """The moment (Unix seconds) as of which a year is reported if nothing after ``until`` is read."""
    return min(until, moment(dt.date(year + 1, 1, 1)) + LATE)


def gather(
    prometheus: Prometheus, client: Client, year: int, until: float, last_day: dt.date, records: Sequence[Record] = ()
) -> Facts:
    """A client's ``year`` up to ``until`` (Unix seconds), a moment of ``last_day``. ``records``: of handled alerts.
    Raises PrometheusError."""
    at = end_of(year, until)
    installations = tuple(client.installations)
    months: Sequence[Month] = [Month(name, running=_running(name, at)) for name in month_names(year)]
    before: Sequence[Month] = [Month(name) for name in month_names(year - 1)]
    demand: Sequence[Demand] = ()
    domains: Mapping[str, Mapping[str, float]] = {}
    described: list[ServerFacts] = []
    mute: list[str] = []
    if installations:
        asker = _Asker(prometheus, installations)
        usage = asker.usage(year, at)
        months = asker.months(year, at, usage)
        last_year = end_of(year - 1, at)
        before = asker.months(year - 1, last_year, asker.usage(year - 1, last_year), extras=False)
        known = {series.labels.get("installation") for series in usage}
        mute = [name for name in installations if name not in known]
        demand = asker.demand(year, at)
        domains = _domains(usage)
        described = asker.described(client, at)
    accesses = _accesses(prometheus, client, year, at) if client.accesses else []
    months = _begun(months, before, accesses)
    begin = dt.datetime(year, 1, 1, tzinfo=dt.UTC)
    end = min(dt.datetime.fromtimestamp(until, dt.UTC), dt.datetime(year + 1, 1, 1, tzinfo=dt.UTC))
    branch = ", ".join(client.branches)
    done = work.gather(prometheus, installations, year, at)
    done = replace(done, handled=work.handled(records, {*client.installations, *client.accesses}, year, at))
    last_day = min(last_day, dt.date(year, 12, 31))
    return Facts(client.name, client.managers, branch, year, begin, end, last_day, described, months, before, demand,
                 domains, accesses, mute, done)  # fmt: skip


def _begun(months: Sequence[Month], before: Sequence[Month], accesses: Sequence[Access]) -> Sequence[Month]:
    """Without the first months of a new client, of which nothing is known, nor of the year before."""
    if any(month.known for month in before):
        return months
    told = {name for access in accesses for name in access.left}
    first = (
        place for place, month in enumerate(months) if month.known or month.interface is not None or month.name in told
    )
    return months[next(first, 0) :]


class _Asker:
    """Queries of some installations."""

    def __init__(self, prometheus: Prometheus, installations: Sequence[str]) -> None:
        self._prometheus = prometheus
        self._names = installations
        self._one = f"installation=~{any_of(installations)}"

    def usage(self, year: int, at: float) -> list[Series]:
        """Each month's totals by installation, domain and kind."""
        labels = "installation, domain, month, kind"
        return self._latest("kodeks_usage_total", "installation:kodeks_usage:daily", labels, year, at)

    def months(self, year: int, at: float, used: Sequence[Series], extras: bool = True) -> list[Month]:
        """``extras``: also the figures shown for the report's own year only."""
        names = month_names(year)
        labels = "installation, domain, month, kind"
        usage = _nested(used, "month", "installation", "kind")
        users = self._latest("kodeks_month_users", "installation:kodeks_month_users:daily", labels, year, at)
        people = _nested(users, "month", "installation", "kind")
        bought = self._latest("kodeks_month_seats", "installation:kodeks_month_seats:daily", "installation, month",
                              year, at)  # fmt: skip
        seats = _table(bought, "month", "installation")
        reported = _table(self._reported(names, at), "month", "installation")
        peak = _table(self._hourly("max_over_time", "installation:kodeks_seats_used:hourly", names, at, extras),
                      "month", "installation")  # fmt: skip
        interface = self._shares("installation:kodeks_interface_up:hourly", names, at, extras)
        port = self._shares("installation:kodeks_port_up:hourly", names, at, extras)
        speaking = [each for each in self._names if any(each in month for month in usage.values())]
        return [
            self._month(name, at, usage[name], people[name], seats[name], reported[name], peak[name],
                        interface.get(name), port.get(name), speaking)
            for name in names
        ]  # fmt: skip

    def _month(
        self,
        name: str,
        at: float,
        usage: Mapping[str, Mapping[str, float]],
        people: Mapping[str, Mapping[str, float]],
        seats: Mapping[str, float],
        reported: Mapping[str, float],
        peak: Mapping[str, float],
        interface: Share | None,
        port: Share | None,
        speaking: Sequence[str],
    ) -> Month:
        totals = _sum(usage.values())
        counts = _sum(people.values())
        first = dt.date.fromisoformat(f"{name}-01")
        # The oldest of the newest reports: a month is as complete as its worst installation.
        made = [reported[each] for each in usage if reported.get(each, 0) >= moment(first) - DAY]
        return Month(
            name=name,
            usage=totals,
            users=counts.get("all"),
            active=counts.get("active"),
            seats={
                each: Seats(seats.get(each), peak.get(each), usage.get(each, {}).get("rejections"))
                for each in self._names
                if each in seats or each in peak or each in usage
            },
            interface=interface,
            port=port,
            reported=dt.datetime.fromtimestamp(min(made), dt.UTC) if made else None,
            silent=tuple(each for each in speaking if each not in usage) if usage else (),
            telling=len(usage),
            running=_running(name, at),
        )

    def _latest(self, live: str, daily: str, labels: str, year: int, at: float) -> list[Series]:
        """Each month's last value; where two exporters watch an installation, from the one that knows more."""
        chosen = f'{{{self._one},month=~"{year}-.*"}}'
        return self._prometheus.query(
            f"max by ({labels}) ({live}{chosen}) or max by ({labels}) (last_over_time({daily}{chosen}[{_YEAR}]))", at
        )

    def _hourly(self, function: str, metric: str, names: Sequence[str], at: float, wanted: bool) -> list[Series]:
        expression = by_month(function, f"{metric}{{{self._one}}}", names, at) if wanted else ""
        return self._prometheus.query(expression, at) if expression else []

    def _reported(self, names: Sequence[str], at: float) -> list[Series]:
        selector = f"kodeks_sysinfo_created_timestamp_seconds{{{self._one}}}"
        expression = by_month("max_over_time", selector, names, at, "6h")
        if not expression:
            return []
        return self._prometheus.query(f"max by (installation, month) ({expression})", at)

    def _shares(self, metric: str, names: Sequence[str], at: float, wanted: bool) -> dict[str, Share]:
        up = _table(self._hourly("sum_over_time", metric, names, at, wanted), "month", "installation")
        hours = _table(self._hourly("count_over_time", metric, names, at, wanted), "month", "installation")
        return {
            name: Share(sum(up[name].values()), sum(hours[name].values()))
            for name in names
            if sum(hours[name].values()) > 0
        }

    def demand(self, year: int, at: float) -> list[Demand]:
        """Empty searches. Every daily sample is read, or the months would not add up exactly."""
        begin = moment(dt.date(year, 1, 1))
        window = int(at - begin + _BEFORE)
        found: dict[tuple[str, str], dict[str, int]] = {}
        for name in self._names:
            selector = f"installation:kodeks_empty_searches:daily{{installation=~{any_of([name])}}}[{window}s]"
            answer = self._prometheus.query(selector, at)
            start = min((series.samples[0][0] for series in answer), default=0.0)
            for series in answer:
                key = (series.labels.get("family", ""), series.labels.get("cause", ""))
                months = found.setdefault(key, dict.fromkeys(month_names(year), 0))
                for month, count in _steps(series.samples, start):
                    if month in months:
                        months[month] += round(count)
        demands = (Demand(family, cause, months) for (family, cause), months in found.items())
        return sorted(
            (each for each in demands if each.total > 0), key=lambda each: (-each.total, each.family, each.cause)
        )

    def described(self, client: Client, at: float) -> list[ServerFacts]:
        """Latest registration and expiry."""
        seen = f"max_over_time(timestamp(kodeks_registration_info{{{self._one}}})[{_RECENT}])"
        newest: dict[str, Series] = {}
        for series in self._prometheus.query(seen, at):
            name = series.labels.get("installation", "")
            if name not in newest or newest[name].value < series.value:
                newest[name] = series
        expiry = f"last_over_time(kodeks_registration_expiry_timestamp_seconds{{{self._one}}}[{_RECENT}])"
        until = _by(self._prometheus.query(f"max by (installation) ({expiry})", at), "installation")
        soonest: dict[str, float] = {}
        for series in self._prometheus.query(
            f"installation:kodeks_licence_expiry_days:daily{{{self._one}}}[{LATE * 5}s]", at
        ):
            sampled, days = series.samples[-1]
            soonest[series.labels.get("installation", "")] = sampled + days * DAY
        return [
            ServerFacts(
                name=name,
                url=labels.get("url", ""),
                regnum=newest[name].labels.get("regnum", "") if name in newest else "",
                legal_entity=newest[name].labels.get("legal_entity", "") if name in newest else "",
                registration_until=_day(until.get(name)),
                licence_until=_day(soonest.get(name)),
            )
            for name, labels in client.installations.items()
        ]


def _accesses(prometheus: Prometheus, client: Client, year: int, at: float) -> list[Access]:
    names = month_names(year)
    chosen = f"account=~{any_of(client.accesses)}"
    of_year = f'{{{chosen},month=~"{year}-.*"}}'
    labels = "account, resource, month"
    found = prometheus.query(
        f"min by ({labels}) (kodeks_online_month_left{of_year})"
        f" or min by ({labels}) (last_over_time(account:kodeks_online_month_left:daily{of_year}[{_YEAR}]))",
        at,
    )
    left = _nested(found, "account", "month", "resource")
    limits = by_month("last_over_time", f"account:kodeks_online_limit:daily{{{chosen}}}", names, at)
    limit = _nested(prometheus.query(limits, at) if limits else (), "account", "month", "resource")
    return [
        Access(
            name=access,
            login=labels_.get("login", ""),
            server=labels_.get("server", ""),
            left={month: left[access][month] for month in names if month in left[access]},
            limits={month: limit[access][month] for month in names if month in limit[access]},
        )
        for access, labels_ in client.accesses.items()
    ]


_Nested = dict[str, dict[str, dict[str, float]]]


def _nested(found: Iterable[Series], *labels: str) -> _Nested:
    """Sums by three labels, the outermost first."""
    nested: _Nested = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
    for series in found:
        first, second, third = (series.labels.get(label, "") for label in labels)
        nested[first][second][third] += series.value
    return nested


def _domains(used: Iterable[Series]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for series in used:
        found[series.labels.get("domain", "")][series.labels.get("kind", "")] += series.value
    return {domain: dict(kinds) for domain, kinds in found.items()}


def _steps(samples: Sequence[tuple[float, float]], start: float) -> Iterable[tuple[str, float]]:
    """How much a counter grew from sample to sample, each step with the month of its middle.

    ``start``: when the installation was first seen. A series that appears later began at 0, as does one that falls; the
    value at the very first sighting is older than the year and does not count.
    """
    at, value = samples[0]
    if at > start + DAY:
        yield _month_of(at - DAY / 2), value
    for later, more in samples[1:]:
        grown = more - value if more >= value else more
        if grown > 0:
            yield _month_of(max(at, later - DAY / 2)), grown
        at, value = later, more


def _running(month: str, at: float) -> bool:
    first = dt.date.fromisoformat(f"{month}-01")
    return moment(first) < at < moment(following(first))


def _month_of(at: float) -> str:
    return f"{dt.datetime.fromtimestamp(at, dt.UTC):%Y-%m}"


def _day(at: float | None) -> dt.date | None:
    """The date of an expiry, which is given as the start of the last day in local time; half a day later it is that
    day in UTC, too."""
    if at is None or not 0 < at < 32503680000:  # year 3000
        return None
    return dt.datetime.fromtimestamp(at + DAY / 2, dt.UTC).date()


def _table(found: Iterable[Series], row: str, column: str) -> dict[str, dict[str, float]]:
    table: dict[str, dict[str, float]] = defaultdict(dict)
    for series in found:
        table[series.labels.get(row, "")][series.labels.get(column, "")] = series.value
    return table


def _by(found: Iterable[Series], label: str) -> dict[str, float]:
    return {series.labels.get(label, ""): series.value for series in found}


def _sum(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = defaultdict(float)
    for part in parts:
        for kind, value in part.items():
            total[kind] += value
    return dict(total)

"""PromQL that many panels share: filters by Grafana's variables, joins with the inventory, months.

Joins ask for the inventory at the end of the range (``@ end()``): reading it for every point of a year would cost more
than the figure itself, and a client's whole past belongs to the present manager.
"""

from collections.abc import Callable

INSTALLATIONS = (
    'kodeks:installation:info{branch=~"$branch",manager=~"$manager",client=~"$client",'
    'installation=~"$installation"} @ end()'
)
"""The chosen installations; 1 each, with client, manager, branch, hosting, url."""

ACCESSES = (
    "max by (account, client, manager, branch, server, login) "
    '(kodeks_online_access_info{branch=~"$branch",manager=~"$manager",client=~"$client",account=~"$account"} @ end())'
)
"""The chosen online accesses; 1 each, with client, manager, branch, server, login."""

CHOSEN = 'installation=~"$installation"'
"""Matcher for series with the label ``installation``."""

CHOSEN_ACCOUNT = 'account=~"$account"'

YEAR_BACK = "400d"
"""Range that covers everything that is kept (13 months)."""

Months = Callable[[str], str]
"""Makes a figure with the only label ``month`` from a matcher of months such as ``month=~"$year-.*"``."""

MONTHS = tuple(f"{month:02}" for month in range(1, 13))


def ours(expr: str, *labels: str) -> str:
    """``expr`` (with the label installation) of the chosen installations, with ``labels`` of the inventory added."""
    return f"({expr}) * on (installation) group_left ({', '.join(labels)}) {INSTALLATIONS}"


def ours_online(expr: str, *labels: str) -> str:
    """``expr`` (with the label account) of the chosen online accesses, with ``labels`` of the inventory added."""
    return f"({expr}) * on (account) group_left ({', '.join(labels)}) {ACCESSES}"


def of(metric: str, *by: str, matchers: str = "", how: str = "max", over: str = "", window: str = "") -> str:
    """A metric of the chosen installations, one value per installation and ``by``; two exporters count once.

    ``over``, ``window``: a function of a range, such as ``max_over_time`` and ``1d``. In parentheses for arithmetic.
    """
    asked = _ranged(f"{metric}{{{_joined(CHOSEN, matchers)}}}", over, window)
    return f"({how} by ({', '.join(('installation', *by))}) ({asked}) and on (installation) {INSTALLATIONS})"


def of_online(metric: str, *by: str, matchers: str = "", how: str = "max", over: str = "", window: str = "") -> str:
    """As ``of``, for online accesses by account."""
    asked = _ranged(f"{metric}{{{_joined(CHOSEN_ACCOUNT, matchers)}}}", over, window)
    return f"({how} by ({', '.join(('account', *by))}) ({asked}) and on (account) {ACCESSES})"


def usage(kind: str, month: str = "", domain: str = "", by: str = "installation, month") -> str:
    """Months' totals of kodeks_usage_total of the chosen installations, ``by`` the given labels: live for the running
    month, else the last daily sample.

    ``month``, ``domain``: matchers such as ``month=~"$year-.*"`` and ``domain=~"$domain"``.
    """
    matchers = _joined(CHOSEN, f'kind="{kind}"', month, domain)
    return (
        f"sum by ({by}) (max by (installation, domain, month) (kodeks_usage_total{{{matchers}}} or "
        f"last_over_time(installation:kodeks_usage:daily{{{matchers}}}[{YEAR_BACK}])) "
        f"and on (installation) {INSTALLATIONS})"
    )


CURRENT_MONTH = 'label_replace(count_values("m", year() * 100 + month()), "month", "$1-$2", "m", "(.{4})(.{2})")'
"""A series with the label ``month`` of the query's evaluation time (UTC): ``x and on (month) …``."""


def month_now(kind: str, domain: str = "", by: str = "installation") -> str:
    """The running month's total so far, from the hourly samples; also for range queries.

    Absent before the month's first report.
    """
    matchers = _joined(CHOSEN, f'kind="{kind}"', domain)
    return (
        f"(sum by ({by}) (last_over_time(installation:kodeks_usage:hourly{{{matchers}}}[2h]) "
        f"and on (month) {CURRENT_MONTH} and on (installation) {INSTALLATIONS}))"
    )


def told(kind: str, domain: str = "") -> str:
    """This month and the one before in the newest reports, by installation: for ordering, present from the first day
    on."""
    matchers = _joined(CHOSEN, f'kind="{kind}"', domain)
    return (
        f"(sum by (installation) (last_over_time(installation:kodeks_usage:hourly{{{matchers}}}[2h])) "
        f"and on (installation) {INSTALLATIONS})"
    )


def grown(kind: str, window: str, domain: str = "", by: str = "installation") -> str:
    """Increase of a counter of kodeks_usage_total within ``window`` (``1h``, ``1d``, ``30d``) before each point,
    across ends of months. The step of a range query should be the window."""
    matchers = _joined(CHOSEN, f'kind="{kind}"', domain)
    reach = "2h" if window != "30d" else "30d"
    now = f"last_over_time(installation:kodeks_usage:hourly{{{matchers}}}[{reach}])"
    past = f"last_over_time(installation:kodeks_usage:hourly{{{matchers}}}[2h] offset {window})"
    # A month that began within the window has no past and counts from 0. Where no month has a past the result is
    # absent, except for a long window, which gives what there is.
    parts = [f"{now} - {past}", f"{now} and on (installation, domain) {past}"]
    if window == "30d":
        parts.append(f"{now} - min_over_time(installation:kodeks_usage:hourly{{{matchers}}}[{window}])")
    return f"(sum by ({by}) (({' or '.join(parts)}) and on (installation) {INSTALLATIONS}))"


SHOWN = 10
"""This many series of a graph have a name."""


def leading(expr: str, rank: str, *, least: bool = False, rest: str = "sum", by: str = "installation") -> list[str]:
    """The ``SHOWN`` series with the highest (``least``: lowest) ``rank``, and ``rest`` (``sum``, ``avg``) over the
    others, if any.

    ``rank``: a figure ``by`` the same labels, evaluated once at the end of the range; ordering at each point would
    change the leaders.
    """
    first = f"last_over_time(({'bottomk' if least else 'topk'}({SHOWN}, {rank}))[1m:1m] @ end())"
    return [f"({expr}) and on ({by}) {first}", f"{rest}(({expr}) unless on ({by}) {first})"]


def number_of(found: str, looked_at: str) -> str:
    """The count; 0 where there are none among those checked, absent where nothing was checked, so that unchecked
    does not look like fine."""
    return f"count({found}) or 0 * count({looked_at})"


def least_first(rows: str, each: str, figure: str) -> str:
    """Rows of a table in the order of a figure with the label ``each``; unknown ones last, while Grafana's own
    sorting would put them above the lowest."""
    return f"sort({rows} + on ({each}) group_left () {figure}) or {rows}"


def total(expr: str, label: str) -> str:
    """``expr``, with ``label`` only, plus the sum of all as one more series."""
    return f'({expr} or label_replace(sum({expr}), "{label}", "Итого", "", ""))'


def of_day(*, end: bool = False) -> str:
    """A range with the one daily sample (of the first hour of a day, UTC) of the day that begins at each point, or of
    the next one: what was known when the day ended.

    Grafana puts the points of daily steps at midnight of the reader, which is up to 12 hours before that of UTC.
    """
    return f"[1d] offset -{37 if end else 13}h"


def daily(kind: str, domain: str = "", by: str = "installation") -> str:
    """Increase of a counter of kodeks_usage_total in the day that begins at each point; for today, so far. For range
    queries with a step of 1d."""
    matchers = _joined(CHOSEN, f'kind="{kind}"', domain)
    now = f"last_over_time(installation:kodeks_usage:hourly{{{matchers}}}[24h] offset -1d)"
    past = f"last_over_time(installation:kodeks_usage:hourly{{{matchers}}}[2h])"
    # A month that begins that day has no past and counts from 0. Where no month has a past the result is absent.
    return (
        f"(sum by ({by}) (({now} - {past} or {now} and on (installation, domain) {past}) "
        f"and on (installation) {INSTALLATIONS}))"
    )


def twelve(value: str = "0") -> str:
    """A row for each month of ``$year``, so that a table has all twelve even without data."""
    rows = (f'label_replace(vector({value}), "month", "$year-{month}", "", "")' for month in MONTHS)
    return " or ".join(rows)


def before(figure: Months) -> str:
    """The figure of the month before, at each month of ``$year``.

    The board needs the hidden variable ``before`` (``variables.year()``): the December before is in another year.
    """
    parts = []
    past = "$before-12"
    for month in MONTHS:
        this = f"$year-{month}"
        earlier = figure(f'month="{past}"')
        parts.append(f'label_replace({earlier}, "month", "{this}", "month", ".*")')
        past = this
    return " or ".join(parts)


DIVIDED_BY_ZERO = 1e6
"""Result of ``change`` where the month before had 0 and this one has more; panels show it in words."""


def change(figure: Months) -> str:
    """Change of a month's figure from the month before in percent; absent where one is unknown, ``DIVIDED_BY_ZERO``
    where it was 0, NaN where both are 0."""
    now = figure('month=~"$year-.*"')
    return f"clamp_max(100 * ({now} / on (month) ({before(figure)}) - 1), {DIVIDED_BY_ZERO:.0f})"


def _joined(*matchers: str) -> str:
    return ",".join(each for each in matchers if each)


def _ranged(selector: str, over: str, window: str) -> str:
    return f"{over}({selector}[{window}])" if over else selector

"""PromQL that many panels share: filters by Grafana's variables, joins with the inventory, months.

Joins ask for the inventory at the end of the range (``@ end()``): reading it over a year for every point would cost
more than the figure itself, and a client belongs to its present manager in all its past.
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
"""Matcher of what carries the label ``installation``."""

CHOSEN_ACCOUNT = 'account=~"$account"'

YEAR_BACK = "400d"
"""Range that reaches everything that is kept (13 months)."""

Months = Callable[[str], str]
"""Makes, of a matcher of months such as ``month=~"$year-.*"``, a figure whose one label is ``month``."""

MONTHS = tuple(f"{month:02}" for month in range(1, 13))


def ours(expr: str, *labels: str) -> str:
    """``expr`` (with the label installation) of the chosen installations, with ``labels`` of the inventory added."""
    return f"({expr}) * on (installation) group_left ({', '.join(labels)}) {INSTALLATIONS}"


def ours_online(expr: str, *labels: str) -> str:
    """``expr`` (with the label account) of the chosen online accesses, with ``labels`` of the inventory added."""
    return f"({expr}) * on (account) group_left ({', '.join(labels)}) {ACCESSES}"


def of(metric: str, *by: str, matchers: str = "", how: str = "max", over: str = "", window: str = "") -> str:
    """A metric of the chosen installations, one value per installation and ``by``; two exporters count once.

    ``over``, ``window``: a function of a range, such as ``max_over_time`` and ``1d``. In parentheses, ready for
    arithmetic.
    """
    asked = _ranged(f"{metric}{{{_joined(CHOSEN, matchers)}}}", over, window)
    return f"({how} by ({', '.join(('installation', *by))}) ({asked}) and on (installation) {INSTALLATIONS})"


def of_online(metric: str, *by: str, matchers: str = "", how: str = "max", over: str = "", window: str = "") -> str:
    """As ``of``, for online accesses and by account."""
    asked = _ranged(f"{metric}{{{_joined(CHOSEN_ACCOUNT, matchers)}}}", over, window)
    return f"({how} by ({', '.join(('account', *by))}) ({asked}) and on (account) {ACCESSES})"


def usage(kind: str, month: str = "", domain: str = "", by: str = "installation, month") -> str:
    """Months' totals of kodeks_usage_total of the chosen installations, ``by`` what is asked: live for the month that
    runs, else the last daily sample.

    ``month``, ``domain``: matchers such as ``month=~"$year-.*"`` and ``domain=~"$domain"``.
    """
    matchers = _joined(CHOSEN, f'kind="{kind}"', month, domain)
    return (
        f"sum by ({by}) (max by (installation, domain, month) (kodeks_usage_total{{{matchers}}} or "
        f"last_over_time(installation:kodeks_usage:daily{{{matchers}}}[{YEAR_BACK}])) "
        f"and on (installation) {INSTALLATIONS})"
    )


CURRENT_MONTH = 'label_replace(count_values("m", year() * 100 + month()), "month", "$1-$2", "m", "(.{4})(.{2})")'
"""A series with the label ``month`` of the moment (UTC) for which a query is evaluated: ``x and on (month) …``."""


def month_now(kind: str, domain: str = "", by: str = "installation") -> str:
    """What the running month has come to by now, from the hourly samples: also good in range queries.

    Absent where no report of this month is there yet.
    """
    matchers = _joined(CHOSEN, f'kind="{kind}"', domain)
    return (
        f"(sum by ({by}) (last_over_time(installation:kodeks_usage:hourly{{{matchers}}}[2h]) "
        f"and on (month) {CURRENT_MONTH} and on (installation) {INSTALLATIONS}))"
    )


def told(kind: str, domain: str = "") -> str:
    """What the newest reports tell of this month and the one before, by installation: good for ordering, there from the
    first day on.
    """
    matchers = _joined(CHOSEN, f'kind="{kind}"', domain)
    return (
        f"(sum by (installation) (last_over_time(installation:kodeks_usage:hourly{{{matchers}}}[2h])) "
        f"and on (installation) {INSTALLATIONS})"
    )


def grown(kind: str, window: str, domain: str = "", by: str = "installation") -> str:
    """By how much a counter of kodeks_usage_total grew within ``window`` (``1h``, ``1d``, ``30d``) before each point,
    across the turn of months. For range queries the step should be that window.
    """
    matchers = _joined(CHOSEN, f'kind="{kind}"', domain)
    reach = "2h" if window != "30d" else "30d"
    now = f"last_over_time(installation:kodeks_usage:hourly{{{matchers}}}[{reach}])"
    past = f"last_over_time(installation:kodeks_usage:hourly{{{matchers}}}[2h] offset {window})"
    # A month that began within the window has no past, and counts from 0; where nothing at all has, nothing is known,
    # but of a long window what there is.
    parts = [f"{now} - {past}", f"{now} and on (installation, domain) {past}"]
    if window == "30d":
        parts.append(f"{now} - min_over_time(installation:kodeks_usage:hourly{{{matchers}}}[{window}])")
    return f"(sum by ({by}) (({' or '.join(parts)}) and on (installation) {INSTALLATIONS}))"


SHOWN = 10
"""So many series of a graph have a name."""


def leading(expr: str, rank: str, *, least: bool = False, rest: str = "sum", by: str = "installation") -> list[str]:
    """Of a figure of many, those ``SHOWN`` that have the most (``least``: the least) of ``rank``, and what ``rest``
    (``sum``, ``avg``) makes of the others; absent where there are none.

    ``rank``: a figure ``by`` the same, good for ordering at the end of the range. It orders once and not at each point,
    where others would lead each time.
    """
    first = f"last_over_time(({'bottomk' if least else 'topk'}({SHOWN}, {rank}))[1m:1m] @ end())"
    return [f"({expr}) and on ({by}) {first}", f"{rest}(({expr}) unless on ({by}) {first})"]


def number_of(found: str, looked_at: str) -> str:
    """How many there are; 0 where there are none among what was looked at, nothing where there was nothing to look at:
    that no trouble is found tells nothing where nobody looks.
    """
    return f"count({found}) or 0 * count({looked_at})"


def least_first(rows: str, each: str, figure: str) -> str:
    """Rows of a table in the order of a figure with the label ``each``; at last those where it is not known, which
    Grafana's own sorting would put above the least.
    """
    return f"sort({rows} + on ({each}) group_left () {figure}) or {rows}"


def total(expr: str, label: str) -> str:
    """``expr``, which has ``label`` alone, and the sum of all as one more."""
    return f'({expr} or label_replace(sum({expr}), "{label}", "Итого", "", ""))'


def of_day(*, end: bool = False) -> str:
    """A range with the one daily sample (of the first hour of a day, UTC) of the day that begins at each point, or with
    that of the next one: what was known when the day ended.

    Grafana puts the points of daily steps at midnight of the reader, which is up to 12 hours before that of UTC.
    """
    return f"[1d] offset -{37 if end else 13}h"


def daily(kind: str, domain: str = "", by: str = "installation") -> str:
    """By how much a counter of kodeks_usage_total grew in the day that begins at each point; of today so far. For range
    queries with a step of 1d.
    """
    matchers = _joined(CHOSEN, f'kind="{kind}"', domain)
    now = f"last_over_time(installation:kodeks_usage:hourly{{{matchers}}}[24h] offset -1d)"
    past = f"last_over_time(installation:kodeks_usage:hourly{{{matchers}}}[2h])"
    # A month that begins that day has no past, and counts from 0; where nothing at all has, nothing is known.
    return (
        f"(sum by ({by}) (({now} - {past} or {now} and on (installation, domain) {past}) "
        f"and on (installation) {INSTALLATIONS}))"
    )


def twelve(value: str = "0") -> str:
    """A row for each month of ``$year``, so that a table has all twelve, with data or without."""
    rows = (f'label_replace(vector({value}), "month", "$year-{month}", "", "")' for month in MONTHS)
    return " or ".join(rows)


def before(figure: Months) -> str:
    """The figure of the month before, at each month of ``$year``.

    The board needs the hidden variable ``before`` (``variables.year()``): December before January is of another year.
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
"""What ``change`` gives where the month before had 0 and this one has something; panels show it in words."""


def change(figure: Months) -> str:
    """Percent that a month's figure differs from the month before; absent where one of them is not known,
    ``DIVIDED_BY_ZERO`` where there was 0, NaN where both are 0.
    """
    now = figure('month=~"$year-.*"')
    return f"clamp_max(100 * ({now} / on (month) ({before(figure)}) - 1), {DIVIDED_BY_ZERO:.0f})"


def _joined(*matchers: str) -> str:
    return ",".join(each for each in matchers if each)


def _ranged(selector: str, over: str, window: str) -> str:
    return f"{over}({selector}[{window}])" if over else selector

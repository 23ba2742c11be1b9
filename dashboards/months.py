"""Figures of calendar months that several boards show: live for the running month, else the last daily sample.

Each takes a matcher of months (``month=~"$year-.*"``) and gives one value ``by`` the given labels.
"""

from dashboards import queries as q
from dashboards.queries import CHOSEN, CHOSEN_ACCOUNT, INSTALLATIONS, YEAR_BACK


def activity(month: str, by: str = "month") -> str:
    """Opened documents and intellectual searches."""
    matchers = f'{CHOSEN},kind=~"documents|searches_intellectual",{month}'
    return _sum(by, "max", "installation, domain, month, kind", "kodeks_usage_total", "usage", matchers)


def active_users(month: str, by: str = "month") -> str:
    """Users with requests in the month."""
    matchers = f'{CHOSEN},kind="active",{month}'
    return _sum(by, "max", "installation, domain, month", "kodeks_month_users", "month_users", matchers)


def seats(month: str, by: str = "month") -> str:
    """Seats of the registration file."""
    return _sum(by, "max", "installation, month", "kodeks_month_seats", "month_seats", f"{CHOSEN},{month}")


def involvement(month: str) -> str:
    """Active users per seat, of all chosen installations together; may be over 1."""
    return f"({active_users(month)}) / on (month) (({seats(month)}) > 0)"


def online_left(resource: str, month: str) -> str:
    """Remaining units of the chosen accesses at the end of the month."""
    matchers = f'{CHOSEN_ACCOUNT},resource="{resource}",{month}'
    return (
        f"sum by (month) (min by (account, month) (kodeks_online_month_left{{{matchers}}} or "
        f"last_over_time(account:kodeks_online_month_left:daily{{{matchers}}}[{YEAR_BACK}])) "
        f"and on (account) {q.ACCESSES})"
    )


def _sum(by: str, how: str, each: str, live: str, daily: str, matchers: str) -> str:
    return (
        f"sum by ({by}) ({how} by ({each}) ({live}{{{matchers}}} or "
        f"last_over_time(installation:kodeks_{daily}:daily{{{matchers}}}[{YEAR_BACK}])) "
        f"and on (installation) {INSTALLATIONS})"
    )

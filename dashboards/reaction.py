"""PromQL about how the chosen managers react to alerts."""

CHOSEN = 'manager=~"$manager"'
_LIVE = {
    "alerts": ("kodeks_reaction_alerts_total", "outcome"),
    "acknowledge": ("kodeks_reaction_acknowledge_seconds_bucket", "le"),
    "recovery": ("kodeks_reaction_recovery_seconds_bucket", "acknowledged, le"),
}
"""A counter: the metric, and its labels besides manager and priority."""


def _matchers(more: str) -> str:
    return f"{CHOSEN},{more}" if more else CHOSEN


def grown(what: str, by: str = "", more: str = "") -> str:
    """Increase of a counter from the midnight (UTC) before the range shown to its end, summed ``by``.

    A series that did not exist then grew from 0; one that has become smaller lost its store and counts from 0 as well.
    """
    name, own = _LIVE[what]
    live = f"max by (manager, priority, {own}) ({name}{{{_matchers(more)}}})"
    daily = f"last_over_time(manager:kodeks_reaction_{what}:daily{{{_matchers(more)}}}[7d] offset $__range)"
    return _difference(live, daily, by)


def week(what: str, by: str = "", more: str = "") -> str:
    """As ``grown``, over the week before each point; for range queries."""
    daily = f"last_over_time(manager:kodeks_reaction_{what}:daily{{{_matchers(more)}}}"
    return _difference(f"{daily}[2d])", f"{daily}[7d] offset 7d)", by)


def _difference(now: str, then: str, by: str) -> str:
    after, before = (f"sum by ({by}) ({each})" for each in (now, then))
    return f"({after} - ({before} <= {after} or 0 * {after}))"


def quantile(share: float, grown: str) -> str:
    """Hours; absent where nothing was counted."""
    return f"histogram_quantile({share}, {grown}) / 3600 >= 0"


def share(outcome: str, by: str = "") -> str:
    return f"{grown('alerts', by, of(outcome))} / ({grown('alerts', by)} > 0)"


def of(outcome: str) -> str:
    return f'outcome="{outcome}"'


def bucket(*labels: str) -> str:
    return ", ".join((*labels, "le"))


def now(name: str, by: str, more: str = "") -> str:
    return f"sum by ({by}) (max by (manager, priority) (kodeks_reaction_{name}{{{_matchers(more)}}}))"

"""Single searches, for several boards."""

from dashboards import queries as q
from dashboards.variables import Variable

EVENT = "kodeks_search_event_info"
ONLINE_EVENT = "kodeks_online_search_event_info"

WHAT = Variable("text", "В запросе есть", kind="text", query="")
"""Part of the query's text, case ignored; empty: every query."""

SAYS = 'query=~"(?i).*$text.*"'


def variable(name: str, label: str, of: str, what: str = "") -> Variable:
    """A filter by a label of single searches of the chosen installations or accesses. ``of``: the metric."""
    chosen = q.CHOSEN_ACCOUNT if of == ONLINE_EVENT else q.CHOSEN
    return Variable(name, label, query=f"label_values({of}{{{chosen}}}, {what or name})")

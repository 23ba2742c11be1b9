"""States of installations as numbers: a panel can draw them over time, and name them by ``words.STATE_NUMBERS``."""

from dashboards import queries as q
from dashboards.words import STATES

_NUMBERS = " or ".join(
    f'label_replace(vector({number}), "state", "{state}", "", "")' for number, state in enumerate(STATES)
)
NUMBER = (
    f"max by (installation) ((kodeks_installation_state{{{q.CHOSEN}}} == 1) * on (state) group_left () ({_NUMBERS}))"
)
"""One per chosen installation, in the order of ``STATES``; callers put it in parentheses."""

"""States of installations as numbers: a panel can draw them over time, and name them by ``words.STATE_NUMBERS``."""

from __future__ import annotations

from dashboards import queries as q
from dashboards.words import STATES

NUMBER = " or ".join(
    f'{number} * max by (installation) (kodeks_installation_state{{{q.CHOSEN},state="{state}"}} == 1)'
    for number, state in enumerate(STATES)
)
"""One per chosen installation, in the order of ``STATES``; to be put in parentheses by who uses it."""

"""Thresholds of the support standard, once for all dashboards, as colours of cells and lines.

They match the alerts (docs/alerts.md): red means that an alert fires or is about to.
"""

from dataclasses import dataclass

RED, ORANGE, YELLOW, GREEN, BLUE, PURPLE = "red", "orange", "yellow", "green", "blue", "purple"
GREY = "#808080"
CLEAR = "transparent"
"""The colour of a cell that is neither good nor bad."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Colours by value: ``base`` up to the first step, then the colour of the last step reached."""

    base: str
    steps: tuple[tuple[float, str], ...] = ()


PLAIN = Scale("text")
"""A number that is neither good nor bad."""

ACTIVITY = Scale(RED, ((20, GREEN),))
"""Intellectual searches and opened documents of the month; the standard asks for 20."""

INVOLVEMENT = Scale(RED, ((0.4, YELLOW), (0.6, GREEN)))
"""Ratio; users with requests this month per seat. The standard asks for 0.6."""

SEATS_USED = Scale(GREEN, ((0.9, ORANGE), (1, RED)))
"""Ratio; seats in use of all seats."""

ONLINE_USED = Scale(RED, ((0.15, GREEN), (0.75, YELLOW), (0.9, ORANGE)))
"""Ratio; used part of the documents limit: poorly adopted, good, high, probably shared (an up-sale)."""

ONLINE_LEFT = Scale(RED, ((50, ORANGE), (150, GREEN)))
"""Units of a month's limit that are left."""

AVAILABILITY = Scale(RED, ((0.95, YELLOW), (0.99, GREEN)))
"""Ratio; of an installation: nightly restarts and updates make 95 to 99 % normal."""

AVAILABILITY_ONLINE = Scale(RED, ((0.99, YELLOW), (0.9999, GREEN)))
"""Ratio; the vendor's servers are expected to be always up."""

LICENCE_DAYS = Scale(RED, ((2, ORANGE), (7, YELLOW), (90, GREEN)))
"""Days until a licence ends."""

REPORT_AGE = Scale(GREEN, ((3, YELLOW), (24, ORANGE), (48, RED)))
"""Hours; a report comes hourly, after two days there is an alert."""

OPERUP_HOURS = Scale(GREEN, ((36, YELLOW), (72, RED)))
"""Hours since a file of daily updates was made; after three days there is an alert."""

DISK_FREE = Scale(RED, ((10, YELLOW), (20, GREEN)))
"""GB."""

SEARCH_SECONDS = Scale(GREEN, ((5, YELLOW), (10, RED)))
"""A search over 10 s feels broken to a person."""

SLOW_SHARE = Scale(GREEN, ((0.05, YELLOW), (0.1, RED)))
"""Ratio; successful searches over 10 s."""

FILLED = Scale(RED, ((0.5, YELLOW), (0.9, GREEN)))
"""Ratio; filled-in cards of users."""

CHANGE = Scale(RED, ((-20, YELLOW), (0, GREEN)))
"""Change from the month before in percent."""

NONE_IS_GOOD = Scale(GREEN, ((1, RED),))
"""A number of troubles."""

SOME_IS_WARNING = Scale(GREEN, ((1, YELLOW),))
"""A number of things to look into."""

UP = Scale(RED, ((1, GREEN),))
"""0 or 1."""

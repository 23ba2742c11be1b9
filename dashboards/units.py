"""Units in Russian: Grafana's own ones for times and sizes are English whatever the language of the page.

Queries bring the figure into the unit (``EXPR / 3600``), and limits of its colours are in that unit as well.
"""

SECONDS = "suffix:с"
MINUTES = "suffix:мин"
HOURS = "suffix:ч"
GIGABYTES = "suffix:ГБ"

DATE = "time:DD.MM.YYYY"
"""Of a query that gives milliseconds: ``1000 * kodeks_…_timestamp_seconds``."""

MOMENT = "time:DD.MM.YYYY HH:mm"
"""As ``DATE``."""

MOMENT_OF_YEAR = "time:DD.MM HH:mm"
"""As ``DATE``, of what is recent."""

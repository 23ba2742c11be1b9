"""Units in Russian: Grafana's own units of time and size are English whatever the language of the page.

Queries convert to the unit (``EXPR / 3600``), and limits of colours are in the same unit.
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
"""As ``DATE``, for recent times."""

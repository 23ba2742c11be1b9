"""How the answer to the monitor's login is understood (assumed: see ``domain/settings``)."""

from __future__ import annotations

from kodeks_exporter.checks.connection import Response
from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.reading import read_text


def is_out_of_seats(context: Context, response: Response) -> bool:
    """Refused because every seat is taken: 403, or a page that says so. The server is healthy then."""
    if response.status == 403:
        return True
    if response.status == 200 or response.status == 401:
        # A page that works may mention such words; only its shortness would tell, and the status already does.
        return response.status == 200 and _speaks_of_seats(context, response) and len(response.body) < _SHORT
    return _speaks_of_seats(context, response)


_SHORT = 2000


def _speaks_of_seats(context: Context, response: Response) -> bool:
    text = read_text(response).visible
    return any(pattern.search(text) for pattern in context.settings.patterns.out_of_seats)

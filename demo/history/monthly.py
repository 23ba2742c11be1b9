"""Sums by calendar month, each a series of its own that only grows: what tables over a year are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from demo.history.life import KINDS, Life
from demo.history.model import History, head
from demo.history.openmetrics import Writer
from demo.people import calendar

FINAL_DAYS = 7
"""Days of a month on which the figures of the month before are still shown."""
_DAILY = ("requests", "documents", "prints", "saves")
"""Kinds of which a day's work is asked; of the others only sums."""


def monthly(history: History, writer: Writer) -> None:
    """``kodeks_usage_total``, ``kodeks_month_users`` and ``kodeks_month_seats``."""
    for life in history.lives:
        seldom = set(life.seldom)
        for month, own, after in _months(life):
            few = [place for place in own if place in seldom]
            for domain, figures in life.domains.items():
                if not figures.users[own[-1]]:
                    continue
                for kind, series in zip(KINDS, figures.sums, strict=True):
                    daily = kind in _DAILY and series[own[-1]] > 0
                    series_head = head("kodeks_usage_total", life, domain=domain, month=month, kind=kind)
                    _write(writer, series_head, life, own if daily else few, after if daily else after[:1], series)
                for kind, series in (("all", figures.users), ("active", figures.active)):
                    series_head = head("kodeks_month_users", life, domain=domain, month=month, kind=kind)
                    _write(writer, series_head, life, own, after, series)
            moments = [life.moments[place] for place in (*own, *after)]
            writer.constant(head("kodeks_month_seats", life, month=month), moments, life.site.seats)


def _months(life: Life) -> Iterator[tuple[str, list[int], list[int]]]:
    """Months with the places of their daily moments, and of those later ones at which they are still shown."""
    places: dict[str, list[int]] = {}
    for place, day in enumerate(life.dates):
        places.setdefault(calendar.month_of(day), []).append(place)
    for month, following in pairwise((*places, "")):
        after = [place for place in places.get(following, ()) if life.dates[place].day <= FINAL_DAYS]
        yield month, places[month], after


def _write(
    writer: Writer, series_head: str, life: Life, own: Sequence[int], after: Sequence[int], series: Sequence[int]
) -> None:
    final = series[own[-1]]
    writer.write(
        series_head,
        [life.moments[place] for place in (*own, *after)],
        [*(series[place] for place in own), *(final for _ in after)],
    )

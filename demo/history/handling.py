"""How reviewers judged the managers of the year at its end, as an exporter with ``handling`` in kodeks.yml shows it."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from demo.history.model import History
from demo.history.openmetrics import Writer, labels
from demo.history.reaction import manners
from demo.people.company import mix

POINTS = ("in_time", "cause", "told", "told_mended", "prevented")
_USUAL = {"good": 4.6, "middling": 3.5, "bad": 2.0}
_SIGNS = ("instant", "same_comment", "extended", "afterwards", "one_name")


def scores(history: History) -> Mapping[str, Mapping[str, float]]:
    """By manager and point, 0 to 5."""
    found = {}
    for name, manner in manners(history).items():
        rng = Random(mix("handling", name))
        found[name] = {point: round(min(5.0, _USUAL[manner.name] + rng.uniform(-0.6, 0.6)), 2) for point in POINTS}
    return found


def handling(history: History, writer: Writer) -> None:
    """Families ``kodeks_handling_…``, every hour of the last days."""
    seen, told = history.last_hours, scores(history)
    writer.family("kodeks_handling_score", "gauge", "Mean of what reviewers gave in 30 days, 0 to 5")
    for manager, points in told.items():
        for point, number in points.items():
            writer.constant("kodeks_handling_score" + labels(manager=manager, point=point), seen, number)
    writer.family("kodeks_handling_reviews", "gauge", "Reviews within the last 13 months")
    for manager in told:
        writer.constant("kodeks_handling_reviews" + labels(manager=manager), seen, 24)
    writer.family("kodeks_handling_disputes", "gauge", "Disputed reviews, by what became of them")
    for manager in told:
        for outcome, number in (("open", 0), ("upheld", 2), ("changed", 1)):
            writer.constant("kodeks_handling_disputes" + labels(manager=manager, outcome=outcome), seen, number)
    writer.family("kodeks_handling_sign", "gauge", "Whether a measure seems to be pleased, 30 days")
    for manager, manner in manners(history).items():
        for sign in _SIGNS:
            shown = float(manner.name == "bad" and sign == "same_comment")
            writer.constant("kodeks_handling_sign" + labels(manager=manager, sign=sign), seen, shown)

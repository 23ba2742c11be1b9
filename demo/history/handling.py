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
    seen, manner_of = history.last_hours, manners(history)
    branches = {life.site.manager: life.site.branch for life in history.lives}
    for manager, points in scores(history).items():
        for point, number in points.items():
            writer.constant("kodeks_handling_score" + labels(manager=manager, point=point), seen, number)
        writer.constant("kodeks_handling_reviews" + labels(manager=manager, branch=branches[manager]), seen, 24)
        for outcome, count in (("open", 0), ("upheld", 2), ("changed", 1)):
            writer.constant("kodeks_handling_disputes" + labels(manager=manager, outcome=outcome), seen, count)
        for sign in _SIGNS:
            shown = float(manner_of[manager].name == "bad" and sign == "same_comment")
            writer.constant("kodeks_handling_sign" + labels(manager=manager, sign=sign), seen, shown)

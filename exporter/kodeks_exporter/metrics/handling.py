"""How alerts were handled, as reviewers see it."""

from collections.abc import Iterator, Mapping

from prometheus_client import Metric

from kodeks_exporter.metrics.families import gauge
from kodeks_exporter.reaction.handling import Figures, Sign


def families(figures: Mapping[str, Figures]) -> Iterator[Metric]:
    """``figures``: by manager."""
    of = figures.items()
    scores = (((manager, point), number) for manager, each in of for point, number in each.points.items())
    yield gauge("kodeks_handling_score", "Mean score from reviewers over 30 days, 0 to 5.", "manager point", scores)
    reviews = (((manager,), each.reviews) for manager, each in of)
    yield gauge("kodeks_handling_reviews", "Reviews within the last 13 months.", "manager", reviews)
    disputes = (((manager, kind.value), number) for manager, each in of for kind, number in each.disputes.items())
    text = "Disputed reviews within the last 13 months, by outcome."
    yield gauge("kodeks_handling_disputes", text, "manager outcome", disputes)
    signs = (((manager, sign.value), sign in each.signs) for manager, each in of for sign in Sign)
    yield gauge("kodeks_handling_sign", "Whether a measure seems to be gamed, over 30 days.", "manager sign", signs)

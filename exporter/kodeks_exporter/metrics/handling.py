"""How alerts were handled, as reviewers see it."""

from collections.abc import Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from kodeks_exporter.reaction.handling import Figures, Sign


def families(figures: Mapping[str, Figures]) -> Iterator[Metric]:
    """``figures``: by manager."""
    score = GaugeMetricFamily(
        "kodeks_handling_score", "Mean score from reviewers over 30 days, 0 to 5.", labels=["manager", "point"]
    )
    reviews = GaugeMetricFamily("kodeks_handling_reviews", "Reviews within the last 13 months.", labels=["manager"])
    disputes = GaugeMetricFamily(
        "kodeks_handling_disputes",
        "Disputed reviews within the last 13 months, by outcome.",
        labels=["manager", "outcome"],
    )
    signs = GaugeMetricFamily(
        "kodeks_handling_sign", "Whether a measure seems to be gamed, over 30 days.", labels=["manager", "sign"]
    )
    for manager, each in figures.items():
        reviews.add_metric([manager], each.reviews)
        for point, number in each.points.items():
            score.add_metric([manager, point], number)
        for outcome, number in each.disputes.items():
            disputes.add_metric([manager, outcome.value], number)
        for sign in Sign:
            signs.add_metric([manager, sign.value], float(sign in each.signs))
    yield from (score, reviews, disputes, signs)

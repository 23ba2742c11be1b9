"""How alerts were handled, as reviewers see it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from prometheus_client import Metric

from kodeks_exporter.domain.handling import Kind, Record, ReviewStep, score
from kodeks_exporter.metrics.families import gauge
from kodeks_exporter.reaction.handling import PERIOD, Sign, signs


def families(
    records: Sequence[Record], steps: Mapping[str, Mapping[Kind, ReviewStep]], names: Mapping[str, str], now: float
) -> Iterator[Metric]:
    """Of everything that is kept; ``steps`` by record, ``names`` as for ``signs``."""
    given: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    reviewed: Counter[tuple[str, str]] = Counter()
    disputed: Counter[tuple[str, str]] = Counter()
    for record in records:
        done = steps.get(record.id, {})
        reviewed[record.manager, record.branch] += bool(done)
        if Kind.DISPUTE in done:
            disputed[record.manager, _outcome(done)] += 1
        if done and done[Kind.REVIEW].at >= now - PERIOD:
            for point, number in score(done).items():
                given[record.manager, point].append(number)
    scores = ((labels, sum(numbers) / len(numbers)) for labels, numbers in given.items())
    yield gauge("kodeks_handling_score", "Mean score from reviewers over 30 days, 0 to 5.", "manager point", scores)
    reviews = "Reviews within the last 13 months."
    yield gauge("kodeks_handling_reviews", reviews, "manager branch", reviewed.items())
    managers = {manager for manager, _ in reviewed}
    outcomes = ((manager, each) for manager in managers for each in ("open", "upheld", "changed"))
    disputes = "Disputed reviews within the last 13 months, by outcome."
    yield gauge("kodeks_handling_disputes", disputes, "manager outcome", ((each, disputed[each]) for each in outcomes))
    found = signs((each for each in records if each.told >= now - PERIOD), names)
    shown = (((manager, sign.value), sign in found.get(manager, {})) for manager in managers for sign in Sign)
    yield gauge("kodeks_handling_sign", "Whether a measure seems to be gamed, over 30 days.", "manager sign", shown)


def _outcome(steps: Mapping[Kind, ReviewStep]) -> str:
    """The outcome of a dispute."""
    if Kind.DECISION not in steps:
        return "open"
    return "upheld" if steps[Kind.DECISION].points == steps[Kind.REVIEW].points else "changed"

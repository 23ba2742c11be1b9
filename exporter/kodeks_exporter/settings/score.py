"""What a site may change in the client score: weights of stages and limits of figures. docs/score.md explains them;
rules/site.yml is generated from here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Final

from kodeks_exporter.settings import values
from kodeks_exporter.settings.notation import Closed, Notation

Weight = Annotated[float, Notation(values.weight, lambda number: f"{number:g}", "0 to 1000")]
Bound = Annotated[float, Notation(values.limit, lambda number: f"{number:g}")]


@dataclass(frozen=True, slots=True)
class Limit:
    """The values of a figure that score nothing and everything. Where less is better, ``zero`` is the larger one."""

    zero: Bound
    full: Bound


WEIGHTS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "attraction": 1,
        "selection": 1,
        "sale": 1,
        "onboarding": 1,
        "solution": 2,
        "evolution": 1,
        "loyalty": 2,
        "leaving": 2,
    }
)
"""Weight of each stage in the total, in order of a client's life."""

LIMITS: Final[Mapping[str, Limit]] = MappingProxyType(
    {
        "trial_users": Limit(0, 0.8),  # share of the users of a trial who came
        "trial_seats": Limit(0, 0.8),  # users who came per seat of a trial
        "trial_activity": Limit(0, 20),  # searches and opened documents per seat of a trial in 30 days
        "absent": Limit(0.1, 0.01),  # share of searches that found nothing because the set lacks it
        "absent_trend": Limit(0.05, 0),  # by how much that share has grown
        "online_found": Limit(0.85, 0.97),  # share of searches that found something
        "trial_won": Limit(0, 1),  # share of trials that became contracts
        "trial_days": Limit(90, 30),  # days from a trial's start to the contract
        "renewal_lead": Limit(0, 14),  # days that were left at the last renewal
        "overdue": Limit(30, 0),  # days past the expiry in a year
        "new_searched": Limit(0, 0.8),  # share of new users who searched
        "new_opened": Limit(0, 0.8),  # share of new users who opened documents
        "new_filled": Limit(0, 0.9),  # share of new users with a filled card
        "availability": Limit(0.9, 0.98),  # of the interface, 30 days
        "operup": Limit(7, 3),  # age of the oldest file of daily updates, days
        "search_speed": Limit(0.8, 0.98),  # share of successful searches within 10 s
        "catalogs": Limit(0.5, 1),  # share of catalogs in order
        "online_up": Limit(0.95, 1),  # availability of the vendor's server, 30 days
        "online_login": Limit(0.5, 1),  # share of logins that are accepted
        "seats_growth": Limit(0.8, 1.1),  # seats now to those of 180 days ago
        "users_growth": Limit(0.7, 1.1),  # active users now to those of 180 days ago
        "volumes_growth": Limit(0.8, 1.1),  # volumes now to those of 180 days ago
        "services": Limit(0, 2),  # services used per seat in 30 days
        "kassist": Limit(0, 5),  # uses of kAssist per seat in 30 days
        "online_limits": Limit(0.8, 1.1),  # document limits now to those of 180 days ago
        "online_breadth": Limit(0.25, 1),  # share of the four resources that are used
        "activity": Limit(0, 20),  # searches and opened documents per seat in 30 days
        "involvement": Limit(0, 0.6),  # active users per seat
        "steady": Limit(0, 0.7),  # share of users active in the worst of three months
        "online_used": Limit(0, 0.5),  # share of the documents limit that is used
        "online_living": Limit(0, 1),  # share of accesses that are in use by their profile
        "not_silent": Limit(0.4, 0.9),  # share of users seen within 60 days
        "use_kept": Limit(0.3, 0.8),  # use of 30 days to that of the 90 days before
        "expiry": Limit(7, 60),  # days to the soonest expiry
        "online_kept": Limit(0.3, 0.8),  # documents of a month to those of the 90 days before
        "online_not_silent": Limit(0, 1),  # share of accesses that did not fall silent
    }
)
"""By figure."""


@dataclass(frozen=True, slots=True)
class ScoreSettings:
    """Weights of stages in the client score, and limits of their figures."""

    weights: Annotated[Mapping[str, Weight], Closed("stage")] = field(default_factory=lambda: WEIGHTS)
    """Stage to weight; 0: shown but not counted. Not all may be 0."""
    limits: Annotated[Mapping[str, Limit], Closed("figure")] = field(default_factory=lambda: LIMITS)
    """Figure to `zero` (scores nothing) and `full` (scores everything); keys left out keep their defaults. Where
    more is better, `full` must stay above `zero`, otherwise below it."""

"""What a site may change of the client score: what a stage counts, and the limits of its figures. docs/score.md tells
what each means; rules/score.yml holds the same defaults."""

from __future__ import annotations

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
    """The values of a figure that are worth nothing and the whole. Where less is better, ``zero`` is the larger one."""

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
"""What a stage of a client's life counts in the total; in the order of life."""

LIMITS: Final[Mapping[str, Limit]] = MappingProxyType(
    {
        "trial_users": Limit(0, 0.8),
        "trial_seats": Limit(0, 0.8),
        "trial_activity": Limit(0, 20),
        "absent": Limit(0.1, 0.01),
        "absent_trend": Limit(0.05, 0),
        "online_found": Limit(0.85, 0.97),
        "trial_won": Limit(0, 1),
        "trial_days": Limit(90, 30),
        "renewal_lead": Limit(0, 14),
        "overdue": Limit(30, 0),
        "new_searched": Limit(0, 0.8),
        "new_opened": Limit(0, 0.8),
        "new_filled": Limit(0, 0.9),
        "availability": Limit(0.9, 0.98),
        "operup": Limit(7, 3),
        "search_speed": Limit(0.8, 0.98),
        "catalogs": Limit(0.5, 1),
        "online_up": Limit(0.95, 1),
        "online_login": Limit(0.5, 1),
        "seats_growth": Limit(0.8, 1.1),
        "users_growth": Limit(0.7, 1.1),
        "volumes_growth": Limit(0.8, 1.1),
        "services": Limit(0, 2),
        "kassist": Limit(0, 5),
        "online_limits": Limit(0.8, 1.1),
        "online_breadth": Limit(0.25, 1),
        "activity": Limit(0, 20),
        "involvement": Limit(0, 0.6),
        "steady": Limit(0, 0.7),
        "online_used": Limit(0, 0.5),
        "online_living": Limit(0, 1),
        "not_silent": Limit(0.4, 0.9),
        "use_kept": Limit(0.3, 0.8),
        "expiry": Limit(7, 60),
        "online_kept": Limit(0.3, 0.8),
        "online_not_silent": Limit(0, 1),
    }
)
"""By figure."""


@dataclass(frozen=True, slots=True)
class ScoreSettings:
    """What a stage counts in the client score, and from which value to which its figures are measured."""

    weights: Annotated[Mapping[str, Weight], Closed("stage")] = field(default_factory=lambda: WEIGHTS)
    """Stage to what it counts; 0: shown, and not counted. Not all may be 0."""
    limits: Annotated[Mapping[str, Limit], Closed("figure")] = field(default_factory=lambda: LIMITS)
    """Figure to `zero` (worth nothing) and `full` (worth the whole); what is not given keeps its default. Where more is
    better, `full` stays above `zero`, otherwise below it."""

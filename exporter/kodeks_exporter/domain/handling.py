"""How an alert was handled: the record, and the steps of its review."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

from kodeks_exporter.domain.reaction import Ending, Taken


@dataclass(frozen=True, slots=True)
class Record:
    """One alert that people were notified about, once it is over. Times in Unix seconds. ``subject``: its
    installation, online access or hosting. ``extensions``: longer silences after it was taken. ``messages``: how many
    were sent, computed from the repeat intervals."""

    id: str
    alert: str
    manager: str
    branch: str
    client: str
    subject: str
    priority: str
    told: float
    over: float
    outcome: Ending
    messages: int
    taken: Taken | None
    extensions: tuple[Taken, ...]

    @property
    def waited(self) -> float:
        """Seconds until it was taken; endless, when it was not."""
        return self.taken.at - self.told if self.taken else inf


class Kind(StrEnum):
    """The steps of a review, in order; each is taken once."""

    REVIEW = "review"
    DISPUTE = "dispute"
    DECISION = "decision"
    """By a different reviewer."""


@dataclass(frozen=True, slots=True)
class ReviewStep:
    """``points``: checklist item to 0–5; none for a dispute. ``text``: comment or reason."""

    kind: Kind
    at: float
    by: str
    text: str = ""
    points: Mapping[str, int] = field(default_factory=dict)


def score(steps: Mapping[Kind, ReviewStep]) -> Mapping[str, int]:
    """The points that count: the last ones given."""
    last = steps.get(Kind.DECISION) or steps.get(Kind.REVIEW)
    return last.points if last is not None else {}

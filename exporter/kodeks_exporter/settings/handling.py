"""A site's settings for reviews of handled alerts."""

from dataclasses import dataclass
from typing import Annotated, Final

from kodeks_exporter.settings.notation import Email, Label, whole


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Somebody who reviews how alerts were handled."""

    user: Label
    """The user name of `--web.config.file` or of the reverse proxy."""
    branches: tuple[Label, ...] = ()
    """Alerts of these branches are reviewed."""
    everything: bool = False
    """Alerts of all branches are reviewed."""
    email: tuple[Email, ...] = ()
    """Gets the month's digest of these branches, KodeksHandlingMonth."""

    def sees(self, branch: str) -> bool:
        """Whether alerts of this branch are theirs."""
        return self.everything or branch in self.branches


@dataclass(frozen=True, slots=True)
class ChecklistPoint:
    """A point of the checklist, 0 to 5."""

    name: Label
    """Label value."""
    text: Label
    """The question to the reviewer."""


USUAL: Final = (
    ChecklistPoint("in_time", "Отозвались вовремя"),
    ChecklistPoint("cause", "Нашли причину"),
    ChecklistPoint("told", "Сказали клиенту о сбое"),
    ChecklistPoint("told_mended", "Сказали клиенту, что починено"),
    ChecklistPoint("prevented", "Сделали так, чтобы не повторилось"),
)


@dataclass(frozen=True, slots=True)
class HandlingSettings:
    """Reviews of how alerts were handled, on `/handling`; see docs/handling.md."""

    reviewers: tuple[Reviewer, ...] = ()
    """Who reviews: `user`, and `branches` or `everything: true`. Those with an `email` get the month's digest of what
    they review, KodeksHandlingMonth. None: there are no reviews."""
    sample: Annotated[int, whole(1, 50)] = 5
    """How many of each manager's alerts are drawn each week."""
    points: tuple[ChecklistPoint, ...] = USUAL
    """The checklist, each item with `name` (a label value) and `text`. Default: the five of handling.md."""

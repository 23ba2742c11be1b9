"""Scripts of incidents: ``replay/cases/NN-name.yml`` as typed data."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from kodeks_exporter.domain.check import InstallationState
from replay import clock

CASES = Path(__file__).with_name("cases")

Duration = Annotated[float, BeforeValidator(lambda value: clock.seconds(value) if isinstance(value, str) else value)]
Value = float | str | None
"""The value of a series: a number, ``now``, ``now-2h``, ``now+300d`` (Unix seconds), or null: the series ends."""


class ScriptError(ValueError):
    """A script that can't be played; the text names the file."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Event(_Part):
    """Something that happens at ``at``; everything except ``what`` is optional.

    ``fails`` is the check that fails for ``who`` (installations, ``*`` allowed); what it blocks follows from the
    exporter's own chain.
    ``works``: everything works again. ``series``: other series that the exporter exposes from then on, such as those
    from reports and accesses.
    ``exporter``: it goes down, so that Prometheus can't scrape it, or comes back.
    ``every``: the event repeats, until ``until`` or the end; it is shown only once.
    """

    at: str
    what: str = ""
    who: tuple[str, ...] = ()
    fails: str = ""
    works: bool = False
    state: InstallationState | None = None
    code: int | None = None
    planned: Literal["", "restart", "backup"] = ""
    exporter: Literal["", "away", "back"] = ""
    series: dict[str, Value] = Field(default_factory=dict)
    every: Duration | None = None
    until: str | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if (self.fails or self.works) and not self.who:
            raise ValueError(f"{self.at}: who fails or works?")
        return self


class Expected(_Part):
    """One message through each channel in ``by``, between two times. ``to``: a manager's name, or ops.

    ``words`` are in the message, ``no_words`` are not. ``sound`` is checked for Telegram only.
    """

    to: str
    by: tuple[Literal["mail", "telegram"], ...]
    between: tuple[str, str]
    alert: str
    resolved: bool = False
    sound: bool = True
    words: tuple[str, ...] = ()
    no_words: tuple[str, ...] = ()


class Answer(_Part):
    """A question that somebody would look up in the overview at ``at``, and Prometheus' answer."""

    at: str
    asks: str
    expr: str
    value: float
    means: str


class Script(_Part):
    """One incident. ``start`` and ``end`` are wall clock times of clock.ZONE, in winter.

    ``step``: seconds between two scrapes and evaluations. ``speed``: how many times faster Alertmanager's clock runs.
    ``calendar``: rules look at the day of the month; such a script starts at 3:00 on 1 January 2026.
    ``missing``: what the case describes but the product does not do yet, a few words each.
    """

    case: int
    title: str
    today: str
    here: str
    start: datetime
    end: datetime
    step: Duration = 15.0
    speed: float = Field(60.0, gt=0)
    calendar: bool = False
    night_sound: tuple[str, ...] = ()
    fleet: dict[str, Any]
    timeline: tuple[Event, ...]
    messages: tuple[Expected, ...] = ()
    answers: tuple[Answer, ...] = ()
    missing: tuple[str, ...] = ()
    note: str = ""

    @model_validator(mode="after")
    def _placed(self) -> Self:
        start, end = self.start.replace(tzinfo=clock.ZONE), self.end.replace(tzinfo=clock.ZONE)
        if end <= start:
            raise ValueError("end is not after start")
        # Alertmanager gets times 28 years off (player.py), which have the same UTC offset only in winter.
        if {start.month, end.month} - {1, 2, 11, 12}:
            raise ValueError("a script must be set between November and February")
        if self.calendar and start != datetime(2026, 1, 1, 3, tzinfo=clock.ZONE):
            raise ValueError("with calendar: true a script starts at 2026-01-01 03:00")
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "end", end)
        return self

    @property
    def steps(self) -> int:
        """Number of evaluations, including the one at the start."""
        return int((self.end - self.start).total_seconds() // self.step) + 1

    def seconds(self, text: str) -> float:
        """A script time, in seconds after its start."""
        return (clock.moment(text, self.start) - self.start).total_seconds()


def load(path: Path) -> Script:
    """Raises ScriptError, OSError."""
    try:
        return Script.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValueError as error:  # pydantic's is one, too
        raise ScriptError(f"{path}: {error}") from error
    except yaml.YAMLError as error:
        raise ScriptError(f"{path}: {error}") from error


def scripts() -> dict[int, Path]:
    """The project's own cases by number."""
    return {int(path.name.partition("-")[0]): path for path in sorted(CASES.glob("[0-9]*.yml"))}

"""Requests and answers kept for a person to look at. Ordinary rounds do not keep them."""

from dataclasses import dataclass

from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.errors import CheckError


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its outcome: an answer, or the error in its place. ``seconds``: how long it took.

    ``login``: the monitor's name and password were sent.
    """

    method: str
    path: str
    login: bool
    seconds: float
    response: Response | None = None
    error: CheckError | None = None

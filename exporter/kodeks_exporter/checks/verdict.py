"""What a check returns: its result without name and times, which the chain adds."""

from dataclasses import dataclass

from kodeks_exporter.domain.check import Facts, Impairment, Outcome
from kodeks_exporter.net.errors import CheckError


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    reason: str = ""
    text: str = ""
    by: str = ""
    facts: Facts | None = None
    own: Impairment | None = None


def ok(facts: Facts | None = None, text: str = "") -> Verdict:
    return Verdict(Outcome.OK, text=text, facts=facts)


def failed(reason: str, text: str, facts: Facts | None = None) -> Verdict:
    """``reason``: English slug; ``text``: a Russian sentence for people, without secrets."""
    return Verdict(Outcome.FAILED, reason, text, facts=facts)


def blocked(by: str, text: str = "", facts: Facts | None = None) -> Verdict:
    """The check's own finding is explained by another check, which is the cause."""
    return Verdict(Outcome.BLOCKED, by=by, text=text, facts=facts)


def skipped(reason: str, text: str, facts: Facts | None = None) -> Verdict:
    """The check is not applicable here, or the server's answer is not understood."""
    return Verdict(Outcome.SKIPPED, reason, text, facts=facts)


def failed_by(error: CheckError, text: str = "", facts: Facts | None = None) -> Verdict:
    """The verdict for a network error: failed when it is the other side's, skipped when it is our own."""
    if error.own is not None:
        return Verdict(Outcome.SKIPPED, error.reason, error.text, facts=facts, own=error.own)
    return failed(error.reason, text or error.text, facts)


def skipped_by(error: CheckError, text: str) -> Verdict:
    return Verdict(Outcome.SKIPPED, error.reason, text, own=error.own)

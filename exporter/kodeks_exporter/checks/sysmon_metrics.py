"""Reads those series of ``/sysmon/metrics`` that the operator allows. The names of its families are not documented."""

import re
from functools import lru_cache
from typing import Final

from kodeks_exporter.checks.metrics_text import parse_samples, sample_lines
from kodeks_exporter.domain.check import SysmonFacts, SysmonSample
from kodeks_exporter.settings.checks import SysmonSettings

_OURS: Final = re.compile(r"(kodeks|process|python|scrape)_.*|up|ALERTS|ALERTS_FOR_STATE|.*:.*")
"""Names that are this exporter's own, Prometheus', or those of recording rules."""
_LABEL: Final = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]{0,99}")
_MAX_NAME: Final = 200
_MAX_LABELS: Final = 20
_MAX_VALUE: Final = 200
"""Characters of a label's value; the rest is cut."""


def is_let_through(name: str, settings: SysmonSettings) -> bool:
    """Whether a series of that name is passed on under these settings."""
    if len(name) > _MAX_NAME or _OURS.fullmatch(name):
        return False
    return _allowed(settings.metrics).fullmatch(name) is not None


def parse_sysmon(text: str, settings: SysmonSettings) -> SysmonFacts:
    """The series that are allowed, in the order of the text. Of a repeated series the first one counts.

    Times of samples are left out: these are figures of now. Raises ValueError when no line of the text is a sample.
    """
    found: dict[tuple[str, tuple[tuple[str, str], ...]], SysmonSample] = {}
    understood, dropped = False, 0
    for name, line in sample_lines(text.split("\n")):
        understood = True
        if not is_let_through(name, settings):
            continue
        sample = _sample(line) if len(found) < settings.series else None
        if sample is None or (sample.name, sample.labels) in found:
            dropped += 1
        else:
            found[sample.name, sample.labels] = sample
    if not understood:
        raise ValueError("no line is a sample")
    return SysmonFacts(tuple(found.values()), dropped)


@lru_cache(maxsize=16)
def _allowed(metrics: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(each).replace(r"\*", ".*") for each in metrics) or r"(?!)")


def _sample(line: str) -> SysmonSample | None:
    """None: broken, or with labels that can't be passed on."""
    try:
        [sample] = parse_samples(line + "\n")
    except ValueError:
        return None
    if len(sample.labels) > _MAX_LABELS or not all(map(_LABEL.fullmatch, sample.labels)):
        return None
    labels = sorted((key, value[:_MAX_VALUE]) for key, value in sample.labels.items())
    return SysmonSample(sample.name, tuple(labels), sample.value)

"""Text in the Prometheus format as other servers write it: it may be truncated, mixed with other text, or hostile."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from kodeks_exporter.domain.numbers import is_float

_SAMPLE: Final = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)(\{.*\})?[ \t]+[-+0-9.eEINFinfa]+([ \t]+-?\d+)?")
_MAX_LINE: Final = 4000


def sample_lines(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Those lines that look like samples: name of the series, and the line without white space around it."""
    for line in lines:
        if len(line) <= _MAX_LINE and (match := _SAMPLE.fullmatch(line.strip())):
            yield match[1], match[0]


def parse_samples(text: str) -> Iterator[Sample]:
    """The samples, without those whose value is out of range for Prometheus. Raises ValueError when the text is not
    metrics."""
    try:
        for family in text_string_to_metric_families(text):
            yield from (sample for sample in family.samples if is_float(sample.value))
    except (ArithmeticError, LookupError, AttributeError, TypeError) as error:
        # The parser expects valid input; some broken lines make it fail with other errors.
        raise ValueError(f"not a metrics text: {type(error).__name__}") from None

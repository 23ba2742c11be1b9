"""The outcome of forwarded reports."""

from collections.abc import Iterator

from prometheus_client import Metric

from kodeks_exporter.intake.forward import Forwarded
from kodeks_exporter.metrics.families import Of


def families(installation: str, forwarded: Forwarded) -> Iterator[Metric]:
    of, attempted, sent = Of(installation), forwarded.attempted, forwarded.sent
    name = "kodeks_forward_last_attempt_timestamp_seconds"
    yield of.figure(name, "When a report was last forwarded, whatever the result.", attempted)
    name = "kodeks_forward_last_success_timestamp_seconds"
    yield of.figure(name, "When a report was last forwarded and accepted.", sent or None)
    yield of.figure("kodeks_forward_success", "Whether the last forwarded report was accepted.", sent == attempted)
    text = "The response to the last forwarded report: result (ok, warning …) and state (Принят, Повтор)."
    yield of.gauge("kodeks_forward_result", text, "result state", [((forwarded.result, forwarded.state), 1)])

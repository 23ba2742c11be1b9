"""The outcome of forwarded reports."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from kodeks_exporter.intake.forward import Forwarded


def families(installation: str, forwarded: Forwarded) -> Iterator[Metric]:
    attempted = GaugeMetricFamily(
        "kodeks_forward_last_attempt_timestamp_seconds",
        "When a report was last forwarded, whatever the result.",
        labels=["installation"],
    )
    attempted.add_metric([installation], forwarded.attempted)
    yield attempted
    sent = GaugeMetricFamily(
        "kodeks_forward_last_success_timestamp_seconds",
        "When a report was last forwarded and accepted.",
        labels=["installation"],
    )
    if forwarded.sent:
        sent.add_metric([installation], forwarded.sent)
    yield sent
    success = GaugeMetricFamily(
        "kodeks_forward_success", "Whether the last forwarded report was accepted.", labels=["installation"]
    )
    success.add_metric([installation], int(forwarded.sent == forwarded.attempted))
    yield success
    result = GaugeMetricFamily(
        "kodeks_forward_result",
        "The answer to the last report that was sent on: result (ok, warning …) and state (Принят, Повтор).",
        labels=["installation", "result", "state"],
    )
    result.add_metric([installation, forwarded.result, forwarded.state], 1)
    yield result

"""Makes families of metrics from rows: the values of the labels, and a figure. Rows without a figure are left out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

Rows = Iterable[tuple[Sequence[str], float | None]]


def gauge(name: str, text: str, labels: str, rows: Rows) -> Metric:
    """``labels``: their names, separated by spaces."""
    return _filled(GaugeMetricFamily(name, text, labels=labels.split()), rows)


def counter(name: str, text: str, labels: str, rows: Rows) -> Metric:
    return _filled(CounterMetricFamily(name, text, labels=labels.split()), rows)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, rows: Rows) -> Metric:
    for values, figure in rows:
        if figure is not None:
            family.add_metric(values, figure)
    return family


@dataclass(frozen=True, slots=True)
class Of:
    """Families of one installation (or online access): its name is their first label."""

    name: str
    label: str = "installation"

    def figure(self, name: str, text: str, figure: float | None) -> Metric:
        """A gauge without further labels."""
        return gauge(name, text, self.label, [((self.name,), figure)])

    def gauge(self, name: str, text: str, labels: str, rows: Rows) -> Metric:
        return gauge(name, text, f"{self.label} {labels}", self._rows(rows))

    def counter(self, name: str, text: str, labels: str, rows: Rows) -> Metric:
        return counter(name, text, f"{self.label} {labels}", self._rows(rows))

    def info(self, name: str, text: str, facts: Mapping[str, str]) -> Metric:
        family = InfoMetricFamily(name, text, labels=[self.label])
        family.add_metric([self.name], dict(facts))
        return family

    def _rows(self, rows: Rows) -> Rows:
        return (((self.name, *values), figure) for values, figure in rows)

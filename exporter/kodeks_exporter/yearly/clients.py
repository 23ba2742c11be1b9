"""Which clients Prometheus knows, and the inventory of one of them."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kodeks_exporter.yearly.prometheus import Prometheus, Series
from kodeks_exporter.yearly.promql import text

_INSTALLATIONS = "kodeks:installation:info"
_ACCESSES = "kodeks_online_access_info"
_STEP = "6h"
"""Step for reading the inventory's past; its series are too long to be read in full."""


@dataclass(frozen=True, slots=True)
class Client:
    """The latest inventory within a period: labels by installation and by account."""

    name: str
    installations: Mapping[str, Mapping[str, str]]
    accesses: Mapping[str, Mapping[str, str]]

    @property
    def managers(self) -> list[str]:
        return self._labels("manager")

    @property
    def branches(self) -> list[str]:
        return self._labels("branch")

    def _labels(self, name: str) -> list[str]:
        everything = (*self.installations.values(), *self.accesses.values())
        return sorted({labels[name] for labels in everything if labels.get(name)})


def names(prometheus: Prometheus, begin: float, end: float, manager: str | None = None) -> list[str]:
    """Clients with an installation or an online access in the period, optionally of one manager. Raises
    PrometheusError."""
    selector = "" if manager is None else f"{{manager={text(manager)}}}"
    matches = [_INSTALLATIONS + selector, _ACCESSES + selector]
    return sorted(name for name in prometheus.label_values("client", matches, begin, end) if name)


def managers(prometheus: Prometheus, begin: float, end: float) -> list[str]:
    """Raises PrometheusError."""
    return sorted(filter(None, prometheus.label_values("manager", [_INSTALLATIONS, _ACCESSES], begin, end)))


def nearest(wanted: str, known: Sequence[str], most: int = 5) -> list[str]:
    """Suggestions: names that contain the text, then similar ones."""
    plain = {name: _plain(name) for name in known}
    target = _plain(wanted)
    holding = [name for name, each in plain.items() if target and target in each]
    alike = difflib.get_close_matches(target, list(plain.values()), most, 0.5)
    looking = [name for each in alike for name, one in plain.items() if one == each]
    return list(dict.fromkeys([*holding, *looking]))[:most]


def find(prometheus: Prometheus, client: str, begin: float, end: float) -> Client:
    """A client without installations and accesses if the period has none. Raises PrometheusError."""
    return Client(
        client,
        _newest(prometheus, _INSTALLATIONS, "installation", client, begin, end),
        _newest(prometheus, _ACCESSES, "account", client, begin, end),
    )


def _newest(
    prometheus: Prometheus, metric: str, key: str, client: str, begin: float, end: float
) -> dict[str, Mapping[str, str]]:
    """Latest labels by name: a manager may have changed within the year."""
    window = f"[{max(1, int(end - begin))}s:{_STEP}]"
    found: dict[str, Series] = {}
    for series in prometheus.query(f"max_over_time(timestamp({metric}{{client={text(client)}}}){window})", end):
        name = series.labels.get(key, "")
        if name and (name not in found or found[name].value < series.value):
            found[name] = series
    return {name: found[name].labels for name in sorted(found)}


def _plain(name: str) -> str:
    return " ".join("".join(each if each.isalnum() else " " for each in name.casefold().replace("ё", "е")).split())

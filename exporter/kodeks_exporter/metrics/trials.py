"""Which installations are on trial, when trials began and when they became contracts."""

from collections.abc import Iterator, Mapping

from prometheus_client import Metric

from kodeks_exporter.metrics.families import gauge
from kodeks_exporter.store.trials import Trial


def families(trials: Mapping[str, Trial]) -> Iterator[Metric]:
    """``trials``: by installation."""
    of = "installation"
    running = (((name,), 1) for name, trial in trials.items() if trial.contract is None)
    yield gauge(
        "kodeks_installation_trial", "1 while the inventory says that an installation is on trial.", of, running
    )
    starts = (((name,), trial.start) for name, trial in trials.items())
    text = "When an installation was first seen on trial."
    yield gauge("kodeks_trial_start_timestamp_seconds", text, of, starts)
    contracts = (((name,), trial.contract) for name, trial in trials.items())
    text = "When an installation was first seen without trial after one."
    yield gauge("kodeks_contract_start_timestamp_seconds", text, of, contracts)

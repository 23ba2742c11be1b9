"""Which installations are on trial, when trials began and when they became contracts."""

from collections.abc import Iterator, Mapping

from prometheus_client import Metric

from kodeks_exporter.metrics.reportview import gauge
from kodeks_exporter.store.trials import Trial


def families(trials: Mapping[str, Trial]) -> Iterator[Metric]:
    """``trials``: by installation."""
    start = gauge("kodeks_trial_start_timestamp_seconds", "When an installation was first seen on trial.")
    contract = gauge(
        "kodeks_contract_start_timestamp_seconds", "When an installation was first seen without trial after one."
    )
    on_trial = gauge("kodeks_installation_trial", "1 while the inventory says that an installation is on trial.")
    for name, trial in trials.items():
        start.add_metric([name], trial.start)
        if trial.contract is None:
            on_trial.add_metric([name], 1)
        else:
            contract.add_metric([name], trial.contract)
    yield on_trial
    yield start
    yield contract

"""A trial and its contract: from kodeks.yml to metrics, remembered across restarts."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kodeks_exporter.service.exporter import Service
from kodeks_exporter.settings.fleet import Installation, Mode
from kodeks_exporter.store.database import Database
from kodeks_exporter.store.trials import Trial, TrialStore


def installation(name: str, *, trial: bool) -> Installation:
    return Installation(name, "ООО «Ромашка»", "ivanova", Mode.PUSH, trial=trial)


def test_a_trial_a_contract_and_another_trial(tmp_path: Path) -> None:
    database = Database(tmp_path)
    store = TrialStore(database)
    store.note([installation("romashka", trial=True), installation("other", trial=False)], 100)
    store.note([installation("romashka", trial=True)], 200)
    assert store.of(["romashka", "other"]) == {"romashka": Trial(100)}
    store.note([installation("romashka", trial=False)], 300)
    store.note([installation("romashka", trial=False)], 400)
    assert store.of(["romashka"]) == {"romashka": Trial(100, 300)}
    store.note([], 500)
    store.note([installation("romashka", trial=True)], 600)
    assert store.of(["romashka"]) == {"romashka": Trial(600)}
    assert store.of(["other"]) == {}
    # The database is not closed: as after kill -9.
    assert database.flush()
    assert TrialStore(Database(tmp_path)).of(["romashka"]) == {"romashka": Trial(600)}


@contextmanager
def running(folder: Path) -> Iterator[Service]:
    service = Service(folder / "kodeks.yml", folder / "storage")
    service.start()
    try:
        yield service
    finally:
        service.stop()


def configure(folder: Path, extra: str) -> None:
    (folder / "kodeks.yml").write_text(
        "managers: [{name: ivanova}]\n"
        f"installations: [{{name: romashka, client: Ромашка, manager: ivanova, mode: push{extra}}}]\n",
        encoding="utf-8",
    )


def told(service: Service) -> dict[str, float]:
    text = service.metrics(openmetrics=False).decode()
    wanted = r"^(kodeks_(?:installation_trial|trial_start_\w+|contract_start_\w+))\{installation=\"romashka\"\} (.*)$"
    return {name: float(value) for name, value in re.findall(wanted, text, flags=re.MULTILINE)}


def test_metrics_follow_the_inventory_over_reloads_and_restarts(tmp_path: Path) -> None:
    configure(tmp_path, ", trial: true")
    before = time.time()
    with running(tmp_path) as service:
        first = told(service)
        assert set(first) == {"kodeks_installation_trial", "kodeks_trial_start_timestamp_seconds"}
        assert before <= first["kodeks_trial_start_timestamp_seconds"] <= time.time()
    with running(tmp_path) as service:
        assert told(service) == first
        configure(tmp_path, "")
        assert service.reload() == []
        second = told(service)
    start, contract = "kodeks_trial_start_timestamp_seconds", "kodeks_contract_start_timestamp_seconds"
    assert set(second) == {start, contract}
    assert second[start] == first[start] <= second[contract] <= time.time()
    with running(tmp_path) as service:
        assert told(service) == second

"""The whole way: Prometheus signs its alerts, Alertmanager lists them, the running exporter lets one be taken."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from demo import servers
from kodeks_exporter import assets
from kodeks_exporter.domain.acknowledge import LABELS, MODULUS, SEPARATOR, SIGNATURE, is_signed, sign
from kodeks_exporter.domain.reaction import UNCOUNTED
from kodeks_exporter.render import example
from tests.cli.running import serving, wait_for, write
from tests.reaction.stand import KEY, Alertmanager, cluster, parameters

ALERTS = (
    {"alertname": "KodeksTcpStatus", "manager": "ivanova", "branch": "saratov", "client": "ООО «Ромашка»; филиал",
     "installation": "romashka", "hosting": "te-cloud", "priority": "K1"},
    {"alertname": "KodeksOnlineLimit", "manager": "petrov", "client": "АО \"Клевер\"", "account": "klever-1",
     "priority": "K3"},
)  # fmt: skip


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    with cluster(tmp_path, 1) as (member,):
        yield member


@contextlib.contextmanager
def prometheus(folder: Path, alertmanager: Alertmanager) -> Iterator[None]:
    """Fires ALERTS, signed."""
    folder.mkdir()
    rules = [
        {"alert": labels["alertname"], "expr": "vector(1)", "annotations": {"summary": "Порт закрыт"},
         "labels": {name: value for name, value in labels.items() if name != "alertname"}}
        for labels in ALERTS
    ]  # fmt: skip
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "test", "interval": "1s", "rules": rules}]}))
    relabel = [
        {"target_label": "__tmp_kodeks_key", "replacement": KEY},
        {
            "source_labels": [*LABELS, "__tmp_kodeks_key"], "separator": SEPARATOR, "modulus": MODULUS,
            "target_label": SIGNATURE, "action": "hashmod",
        },
        {"regex": "__tmp_kodeks_key", "action": "labeldrop"},
    ]  # fmt: skip
    targets = [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager.port}"]}]}]
    document: dict[str, Any] = {
        "rule_files": ["rules.yml"],
        "alerting": {"alert_relabel_configs": relabel, "alertmanagers": targets},
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(document))
    # The first sending comes before Alertmanager is discovered.
    with servers.prometheus(folder / "prometheus.yml", folder, "--rules.alert.resend-delay=2s"):
        yield


def firing(alertmanager: Alertmanager) -> dict[str, dict[str, Any]]:
    found = requests.get(f"{alertmanager.url}/api/v2/alerts", timeout=10).json()
    return {each["labels"]["manager"]: each for each in found}


def metrics(url: str) -> str:
    return requests.get(f"{url}/metrics", timeout=10).text


def shown(name: str, manager: str, priority: str, value: int) -> str:
    return f'{name}{{manager="{manager}",priority="{priority}"}} {value}.0\n'


def test_from_prometheus_to_a_silence(alertmanager: Alertmanager, tmp_path: Path) -> None:
    config = write(
        tmp_path / "kodeks.yml",
        {
            "managers": [{"name": "ivanova", "branch": "saratov", "time_zone": "Europe/Saratov"}, {"name": "petrov"}],
            "reaction": {
                "alertmanagers": [alertmanager.url],
                "interval": "5s",
                "link": "https://kodeks.dealer.example",
                "key": KEY,
            },
        },
    )
    with prometheus(tmp_path / "prometheus", alertmanager):
        wait_for(lambda: len(firing(alertmanager)) == 2, 60)
        alerts = firing(alertmanager)
        for each in alerts.values():
            labels = each["labels"]
            assert labels[SIGNATURE] == sign(KEY, labels), "Prometheus computes the same"
            assert is_signed(KEY, labels, labels[SIGNATURE])
            assert KEY not in str(each)
        link = parameters(alerts["ivanova"]) | {"key": alerts["ivanova"]["labels"][SIGNATURE]}
        form = {"who": "Анна Иванова", "comment": "Звоню", "seconds": "1800"}

        with serving(config, tmp_path / "storage") as exporter:
            wait_for(lambda: shown("kodeks_reaction_waiting", "petrov", "K3", 1) in metrics(exporter.url))
            assert shown("kodeks_reaction_waiting", "ivanova", "K1", 1) in metrics(exporter.url)
            assert requests.get(f"{exporter.url}/acknowledge", params=link, timeout=10).status_code == 200
            done = requests.post(f"{exporter.url}/acknowledge", params=link, data=form, timeout=10)
            assert done.status_code == 200, done.text
            assert "Europe/Saratov" in done.text
            exporter.process.kill()  # at once, before the next look
            exporter.process.wait(10)
            assert KEY not in exporter.log
            assert link["key"] not in exporter.log

        assert len(alertmanager.silences()) == 1
        with serving(config, tmp_path / "storage") as exporter:
            wait_for(lambda: "kodeks_reaction_alertmanager_up" in metrics(exporter.url))
            text = metrics(exporter.url)
            assert shown("kodeks_reaction_taken", "ivanova", "K1", 1) in text
            assert shown("kodeks_reaction_waiting", "petrov", "K3", 1) in text
            assert shown("kodeks_reaction_acknowledge_seconds_count", "ivanova", "K1", 1) in text
            again = requests.post(f"{exporter.url}/acknowledge", params=link, data=form, timeout=10)
            assert again.status_code == 409
            assert "Анна Иванова" in again.text
            masked = requests.get(f"{exporter.url}/config", timeout=10).text
            assert KEY not in masked
            assert yaml.safe_load(masked)["reaction"]["key"] == "***"


def test_a_reload_switches_it_on_and_off(alertmanager: Alertmanager, tmp_path: Path) -> None:
    off: dict[str, Any] = {"managers": [{"name": "ivanova"}]}
    on = off | {"reaction": {"alertmanagers": [alertmanager.url], "interval": "5s"}}
    config = write(tmp_path / "kodeks.yml", off)
    with serving(config, tmp_path / "storage") as exporter:
        assert "kodeks_reaction" not in metrics(exporter.url)
        write(config, on)
        assert requests.post(f"{exporter.url}/-/reload", timeout=10).status_code == 200
        wait_for(lambda: f'kodeks_reaction_alertmanager_up{{alertmanager="127.0.0.1:{alertmanager.port}"}} 1.0' in metrics(exporter.url))  # fmt: skip # noqa: E501
        page = requests.get(f"{exporter.url}/acknowledge", params={"alert": "x", "since": "1"}, timeout=10)
        assert page.status_code == 404, "without link and key there is no page"
        write(config, off)
        assert requests.post(f"{exporter.url}/-/reload", timeout=10).status_code == 200
        assert "kodeks_reaction" not in metrics(exporter.url)


def test_what_is_not_counted_are_the_digests_and_the_watchdog() -> None:
    """The example of Alertmanager says which alerts are told without an end; some of them can be taken."""
    digests = example.read(assets.find()).digests
    assert {alert for digest in digests if not digest.ends for alert in digest.alerts} | {"KodeksWatchdog"} > UNCOUNTED

"""prometheus.yml: what is scraped through which exporter, proved with the real Prometheus."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import yaml

from demo import servers
from tests.answering import Asked, reply, serving
from tests.render import fleets

SITES = [f"site{number}" for number in range(40)]
CLOSED = "closed-network"
METRICS = (
    'kodeks_check_success{installation="site0",check="dns"} 1\n'
    'kodeks_installation_info{installation="site0",client="x"} 1\n'
    'kodeks_tls_certificate_expiry_timestamp_seconds{installation="site0"} 1\n'
    'kodeks_seats{installation="site0"} 5\n'
    "kodeks_exporter_installations 41\n"
)


def answer(to: BaseHTTPRequestHandler, asked: Asked) -> None:
    """Service discovery of 40 installations and one that can't be probed; some figures."""
    address = urlsplit(asked.path)
    if address.path == "/sd":
        found = [
            {"targets": [name], "labels": {"__meta_kodeks_url": "" if name == CLOSED else "http://x"}}
            for name in [*SITES, CLOSED]
        ]
        reply(to, 200, json.dumps(found).encode(), Content_Type="application/json")
    elif address.path == "/probe":
        target = parse_qs(address.query)["target"][0]
        text = f'kodeks_check_success{{installation="{target}",check="tcp"}} 1\n'
        reply(to, 200, text.encode(), Content_Type="text/plain")
    else:
        reply(to, 200, METRICS.encode(), Content_Type="text/plain")


@contextlib.contextmanager
def prometheus(folder: Path) -> Iterator[Callable[..., Any]]:
    """Gives a function that asks its API."""
    with servers.prometheus(folder / "prometheus.yml", folder) as server:

        def ask(path: str, **parameters: str) -> Any:
            return requests.get(f"{server.url}/api/v1/{path}", params=parameters, timeout=10).json()["data"]

        yield ask


def promtool(tool: Callable[[str], str], folder: Path) -> None:
    found = subprocess.run(
        [tool("promtool"), "check", "config", str(folder / "prometheus.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize(
    "section",
    [
        {},
        {"exporters": ["a:1", "b", "[2001:db8::1]:9877"]},
        {"exporters": ["a", "b"], "sharding": "hashmod", "scheme": "https", "tls": {"verify": "false"},
         "credentials": {"username": "u: '", "password": "p\\${X"}},
        {"scheme": "https", "credentials": {"username": "12", "password": "true"}, "alertmanagers": ["x", "y:1"]},
    ],
)  # fmt: skip
def test_promtool_accepts(section: dict[str, Any], tool: Callable[[str], str], tmp_path: Path) -> None:
    result = fleets.rendered(tmp_path, prometheus=section)
    promtool(tool, fleets.put(result, tmp_path))
    document = yaml.safe_load(fleets.text(result, "prometheus.yml"))
    *jobs, prometheus, alertmanager = document["scrape_configs"]
    assert prometheus["job_name"] == "prometheus"
    assert "basic_auth" not in alertmanager  # whose password the exporters' is not
    assert alertmanager["static_configs"] == document["alerting"]["alertmanagers"][0]["static_configs"]
    if "credentials" in section:
        for job in jobs:
            assert job["basic_auth"] == section["credentials"]
            assert job["scheme"] == "https"
        for job in jobs[1:]:
            assert job["http_sd_configs"][0]["basic_auth"] == section["credentials"]


def test_all_rules_are_loaded_and_history_is_explained(tmp_path: Path) -> None:
    text = fleets.text(fleets.rendered(tmp_path), "prometheus.yml")
    ours = {f"rules/{path.name}" for path in (fleets.ROOT / "rules").glob("*.yml")}
    assert set(yaml.safe_load(text)["rule_files"]) == ours | {"site-rules/*.yml"}
    assert "--storage.tsdb.retention.time=400d" in text


def test_every_installation_falls_to_exactly_one_exporter(tool: Callable[[str], str], tmp_path: Path) -> None:
    with serving(answer) as first, serving(answer) as second:
        exporters = [each.url.removeprefix("http://") for each in (first, second)]
        result = fleets.rendered(
            tmp_path, prometheus={"exporters": exporters, "sharding": "hashmod", "alertmanagers": []}
        )
        fleets.put(result, tmp_path)
        config = tmp_path / "prometheus.yml"
        quick = config.read_text(encoding="utf-8")
        for slow in ("scrape_interval: 30s", "scrape_timeout: 25s", "scrape_interval: 15s"):
            quick = quick.replace(slow, slow[: slow.index(":")] + ": 1s")
        config.write_text(quick, encoding="utf-8")
        with prometheus(tmp_path) as ask:
            deadline = time.monotonic() + 20
            query = 'count(kodeks_check_success{check="tcp"})'
            while True:
                value = ask("query", query=query)["result"]
                if value and value[0]["value"][1] == str(len(SITES)):
                    break
                assert time.monotonic() < deadline, value
                time.sleep(0.3)
            targets = ask("targets")["activeTargets"]
            probes = [each for each in targets if each["labels"]["job"] == "probe-kodeks"]
            assert sorted(each["labels"]["instance"] for each in probes) == sorted(SITES)
            for each in probes:
                url = urlsplit(each["scrapeUrl"])
                assert parse_qs(url.query)["target"] == [each["labels"]["instance"]]
            shares = [sum(urlsplit(each["scrapeUrl"]).netloc == exporter for each in probes) for exporter in exporters]
            assert sum(shares) == len(SITES)
            assert min(shares) >= len(SITES) // 4
            # An exporter that is down is one alert and not one per installation.
            assert ask("query", query='count(up{job=~"kodeks.*"})')["result"][0]["value"][1] == "2"
            names = {each["metric"]["__name__"] for each in ask("query", query='{job="kodeks"}')["result"]}
            assert {"kodeks_seats", "kodeks_exporter_installations"} <= names
            assert "kodeks_installation_info" in names, "those that only send reports are never probed"
            assert not {
                name for name in names if name.startswith(("kodeks_check_", "kodeks_tls_", "kodeks_installation_s"))
            }

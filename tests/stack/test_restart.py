"""Prometheus is restarted in the middle of an incident, and clients are renamed and handed over in the meantime."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from demo import configs, servers
from tests.cli.running import wait_for

RULES = Path(__file__).resolve().parents[2] / "rules"
CLIENTS = 4
RENAMED = 2
"""The first ones: another name and another manager."""
AWAY = 75.0
"""Longer than what inventory.yml takes for a pause, shorter than what Prometheus looks back for."""

Told = tuple[str, str, str]
"""Installation, client, manager."""


class Site:
    """An exporter whose clients all have closed ports from the start, and an Alertmanager that writes down."""

    def __init__(self) -> None:
        self.renamed = False
        self.told: dict[Told, list[float]] = {}
        """What fires, and when each post came."""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(site.metrics().encode())

            def do_POST(self) -> None:
                site.posted(self.rfile.read(int(self.headers["Content-Length"])))
                self._answer(b"{}")

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def metrics(self) -> str:
        lines = [f"kodeks_exporter_config_last_reload_success_timestamp_seconds {int(self.renamed)}"]
        for number in range(CLIENTS):
            client, manager = ("АО", "petrov") if self.renamed and number < RENAMED else ("ООО", "ivanova")
            lines += [
                f'kodeks_installation_info{{installation="i{number}",client="{client}",manager="{manager}",branch="b",'
                'hosting="",mode="pull",url="http://x",supported="true"} 1',
                f'kodeks_check_success{{installation="i{number}",check="tcp"}} 0',
            ]
        return "\n".join(lines) + "\n"

    def posted(self, body: bytes) -> None:
        for labels in (alert["labels"] for alert in json.loads(body)):
            if labels["alertname"] == "KodeksTcpStatus":
                key = (labels["installation"], labels["client"], labels["manager"])
                self.told.setdefault(key, []).append(time.monotonic())

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


def test_the_person_of_now_is_told_and_nothing_is_lost_or_doubled(
    site: Site, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    tool("prometheus")
    (tmp_path / "rules").mkdir()
    for path in RULES.glob("*.yml"):
        text = configs.hurried_rules(path.read_text(encoding="utf-8"), wait="15s", longest=15)
        (tmp_path / "rules" / path.name).write_text(text, encoding="utf-8")
    config = {
        "global": {"scrape_interval": "5s", "evaluation_interval": "5s"},
        "rule_files": [f"{tmp_path}/rules/*.yml"],
        "scrape_configs": [{"job_name": "kodeks", "static_configs": [{"targets": [site.address]}]}],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [site.address]}]}]},
    }
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def prometheus() -> servers.Server:
        return servers.prometheus(tmp_path / "prometheus.yml", tmp_path, "--rules.alert.resend-delay=10s")

    before = {(f"i{number}", "ООО", "ivanova") for number in range(CLIENTS)}
    after = {(f"i{n}", *(("АО", "petrov") if n < RENAMED else ("ООО", "ivanova"))) for n in range(CLIENTS)}
    with prometheus():
        wait_for(lambda: set(site.told) == before, 120)
    site.renamed = True
    time.sleep(AWAY)
    site.told.clear()
    with prometheus():
        wait_for(lambda: set(site.told) >= after, 120)
        posts = {key: len(times) for key, times in site.told.items()}
        wait_for(lambda: all(len(site.told[key]) > posts[key] for key in after), 120)
    assert set(site.told) == after

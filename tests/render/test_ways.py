"""Where Telegram is not to be had: a proxy, Mattermost (or whatever takes Slack's messages), a webhook."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.answering import Asked, reply, serving
from tests.render import fleets, server

MATTERMOST = {"name": "petrov", "email": "p@d.example", "time_zone": "Europe/Saratov"}


@contextmanager
def listening() -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """Address, and path and content of what was posted."""
    heard: list[tuple[str, Any]] = []

    def answer(to: BaseHTTPRequestHandler, asked: Asked) -> None:
        json_ = asked.headers["content-type"] == "application/json"
        heard.append((asked.path, json.loads(asked.body) if json_ else asked.body))
        reply(to, 200, b"ok")

    with serving(answer) as server:
        yield server.url, heard


def waited(heard: list[tuple[str, Any]], count: int) -> list[tuple[str, Any]]:
    deadline = time.monotonic() + 20
    while len(heard) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    return sorted(heard, key=lambda each: each[0])


def test_each_way_gets_what_telegram_would(tool: Callable[[str], str], tmp_path: Path) -> None:
    with listening() as (address, heard):
        rendered = fleets.rendered(
            tmp_path,
            managers=[
                {**MATTERMOST, "mattermost": f"{address}/hooks/m", "webhook": f"{address}/w?token=1"},
                {"name": "other", "email": "o@d.example", "mattermost": f"{address}/hooks/other"},
            ],
            alertmanager={
                # A proxy of HTTP is asked for the whole address; Telegram's own is never reached.
                "telegram": {"bot_token": "1:x", "api_url": "http://telegram.invalid", "proxy_url": address},
                "ops": {"email": "ops@d.example", "telegram_chat_id": -1},
            },
        )
        folder = fleets.put(rendered, tmp_path)
        config = folder / "alertmanager.yml"
        config.write_text(config.read_text(encoding="utf-8").replace("group_wait: 20s", "group_wait: 200ms"))
        urgent = {"severity": "critical", "priority": "K1", "client": "ООО «Ромашка»", "installation": "romashka"}
        with server.running(config, tmp_path) as url:
            server.post(
                url,
                server.alert(urgent, alertname="KodeksTcpStatus", manager="petrov"),
                server.alert(
                    urgent, alertname="KodeksCertificateExpiring", manager="petrov", severity="info", priority="K4"
                ),
                server.alert(urgent, alertname="KodeksExporterDown", manager="ops"),
            )
            found = waited(heard, 3)
    assert [path for path, _ in found] == ["/hooks/m", "/w?token=1", "http://telegram.invalid/bot1:x/sendMessage"]
    message, told = found[0][1]["attachments"][0], found[1][1]
    assert "KodeksTcpStatus" in message["title"]
    assert "ООО «Ромашка»" in message["text"]
    assert told["version"] == "4"
    assert [alert["labels"]["alertname"] for alert in told["alerts"]] == ["KodeksTcpStatus"]


def test_secrets_of_the_ways_make_the_file_secret(tmp_path: Path) -> None:
    for way in ("mattermost", "webhook"):
        managers = [{**MATTERMOST, way: "https://chat.example/hooks/secret"}]
        rendered = fleets.rendered(tmp_path, managers=managers)
        assert next(file.secret for file in rendered.files if file.path == "alertmanager.yml")
        assert not any("secret" in note for note in rendered.notes)

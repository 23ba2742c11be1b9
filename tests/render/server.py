"""A real Alertmanager with a rendered configuration, and sinks for what it sends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from demo import servers
from tests.alertmanager.stand import AHEAD


def alert(labels: dict[str, str], **more: str) -> dict[str, Any]:
    whole = {"product": "kodeks"} | labels | more
    begins = (datetime.now(UTC) + AHEAD).isoformat()
    return {"labels": whole, "annotations": {"title": whole["alertname"]}, "startsAt": begins}


def over(firing: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    return {**firing, "startsAt": min(firing["startsAt"], now), "endsAt": now}


def post(url: str, *alerts: dict[str, Any]) -> None:
    response = requests.post(f"{url}/api/v2/alerts", json=list(alerts), timeout=30)
    assert response.status_code == 200, response.text


@contextlib.contextmanager
def running(config: Path, data: Path) -> Iterator[str]:
    """Gives the URL."""
    with servers.alertmanager(config, data) as server:
        yield server.url

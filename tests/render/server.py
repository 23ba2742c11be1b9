"""A real Alertmanager with a rendered configuration, and sinks for what it sends."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from tests.alertmanager.stand import AHEAD
from tests.conftest import free_port


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
def running(program: str, config: Path, data: Path) -> Iterator[str]:
    """Gives the URL."""
    url = f"http://127.0.0.1:{free_port()}"
    log = data / "alertmanager.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={config}",
                f"--storage.path={data / 'data'}",
                f"--web.listen-address={url.removeprefix('http://')}",
                "--cluster.listen-address=",
            ],
            stdout=output,
            stderr=output,
        )
    try:
        deadline = time.monotonic() + 20
        while True:
            stopped = process.poll() is not None or time.monotonic() > deadline
            assert not stopped, log.read_text(encoding="utf-8")
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{url}/-/ready", timeout=5).ok:
                    break
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)

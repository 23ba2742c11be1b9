"""The real command in a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import requests
import yaml

COMMAND = str(Path(sys.executable).with_name("kodeks-exporter"))


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    english = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False, env=english
    )


def write(path: Path, document: object) -> Path:
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return path


class Exporter:
    def __init__(self, process: subprocess.Popen[str], url: str, log: Path) -> None:
        self.process, self.url, self._log = process, url, log

    def get(self, path: str, **options: object) -> requests.Response:
        return requests.get(self.url + path, timeout=30, **options)  # type: ignore[arg-type]

    def metric(self, series: str) -> float | None:
        """Value of a series written as in the exposition, None when it is absent."""
        for line in self.get("/metrics").text.splitlines():
            if line.startswith(series + " "):
                return float(line.rpartition(" ")[2])
        return None

    def hang_up(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    @property
    def log(self) -> str:
        return self._log.read_text()


@contextlib.contextmanager
def serving(config: Path, storage: Path, *options: str) -> Iterator[Exporter]:
    log = storage.with_name(storage.name + ".log")
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                COMMAND,
                "serve",
                f"--config.file={config}",
                f"--storage.path={storage}",
                "--web.listen-address=127.0.0.1:0",
                *options,
            ],
            stderr=output,
            text=True,
        )
        try:
            wait_for(
                lambda: re.search(r"listening on (https?://\S+?)\"?$", log.read_text(), re.MULTILINE) or process.poll()
            )
            found = re.search(r"listening on (https?://[^\s\"]+)", log.read_text())
            assert found, log.read_text()
            yield Exporter(process, found[1], log)
        finally:
            process.terminate()
            process.wait(20)


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)

"""Watches a process from outside: CPU time, memory."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from demo.processes import free_port

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, including its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_megabytes(pid: int, *, most: bool = False) -> float:
    """Resident memory of a process, now or the ``most`` so far."""
    field = "VmHWM" if most else "VmRSS"
    found = re.search(rf"{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


class Exporter:
    """An exporter that runs with ``folder``'s kodeks.yml and keeps its data there; ready once created. Call ``end``."""

    def __init__(self, folder: Path, patience: float = 300.0) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._process = subprocess.Popen(
            [
                Path(sys.executable).with_name("kodeks-exporter"),
                "serve",
                f"--config.file={folder}/kodeks.yml",
                f"--storage.path={folder}/data",
                f"--web.listen-address={self.url.removeprefix('http://')}",
                "--log.level=error",
            ]
        )
        self.pid = self._process.pid
        wait_until(lambda: fetch(self.url + "/-/ready") != b"", "the exporter's first rounds", patience)

    def scrape(self) -> str:
        return fetch(self.url + "/metrics").decode()

    def rounds(self) -> float:
        found = re.search(r"^kodeks_exporter_rounds_total (\S+)", self.scrape(), re.MULTILINE)
        assert found is not None
        return float(found[1])

    def end(self) -> None:
        end(self._process)


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return bytes(answer.read())


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.1)


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def best(action: Callable[[], object], rounds: int, before: Callable[[], object] = gc.collect) -> float:
    """CPU seconds of the best of several rounds: other work on the machine does not count."""
    fastest = float("inf")
    for _ in range(rounds):
        before()
        start = time.process_time()
        action()
        fastest = min(fastest, time.process_time() - start)
    return fastest

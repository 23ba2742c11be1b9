"""Commands that people wait for: ``--version``, and ``check-config`` of 1,000 installations and accesses."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.fleet import write_config
from bench.rows import bounded

SIZE = 1000
ROUNDS = 5


def main() -> None:
    command = str(Path(sys.executable).with_name("kodeks-exporter"))
    bounded("`--version`, CPU", best([command, "--version"]), 0.15, "s")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kodeks.yml"
        accesses = [
            {
                "name": f"access{number}",
                "client": f"Клиент {number}",
                "manager": "ivanova",
                "url": "https://nps2.example/kodeks02",
                "credentials": {"username": f"u{number}", "password": "x"},
            }
            for number in range(SIZE)
        ]
        write_config(path, [f"http://s{number}.example:8080" for number in range(SIZE)], "30s", accesses)
        bounded(f"`check-config` of {SIZE} + {SIZE}, CPU", best([command, "check-config", str(path)]), 1.5, "s")


def best(command: list[str]) -> float:
    """CPU seconds of the best of several runs."""
    fastest = float("inf")
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        fastest = min(fastest, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return fastest


if __name__ == "__main__":
    main()

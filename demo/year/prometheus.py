"""A Prometheus over finished blocks, which stay as they are."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo import servers

LOOKBACK = "25h"
"""The samples are up to a day apart."""
PATIENCE = 1800
"""Seconds for one query: recording a year of 1000 installations beside other work takes minutes."""
_HINT = "Проверьте, что Prometheus есть: ./run tools"


@contextmanager
def serve(blocks: Path, port: int = 0) -> Iterator[str]:
    """Address of a Prometheus over ``blocks``, which several may read at once: each has links of its own.

    Raises ChildDiedError or TimeoutError when it does not come up. Call it from a thread that lives as long.
    """
    runs = blocks.parent / "runs"
    runs.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=runs))
    try:
        for each in blocks.iterdir():
            shutil.copytree(each, folder / "data" / each.name, copy_function=os.link)
        (folder / "prometheus.yml").write_text("global: {evaluation_interval: 1h}\n")
        server = servers.prometheus(
            folder / "prometheus.yml", folder, "--storage.tsdb.retention.time=100y",
            f"--query.lookback-delta={LOOKBACK}", f"--query.timeout={PATIENCE}s", "--log.level=warn", port=port,
            hint=_HINT,
        )  # fmt: skip
        with server:
            yield server.url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(runs: Path) -> None:
    """Remove the folders of processes that are gone."""
    for each in runs.glob("*-*"):
        if not Path(f"/proc/{each.name.partition('-')[0]}").exists():
            shutil.rmtree(each, ignore_errors=True)

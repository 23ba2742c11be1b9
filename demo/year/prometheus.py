"""A Prometheus over finished blocks, which stay as they are."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo import tools
from demo.processes import Child, free_ports, wait_http

LOOKBACK = "25h"
"""The samples are up to a day apart."""
_HINT = "Проверьте, что Prometheus есть: ./run tools"


@contextmanager
def serve(blocks: Path, port: int = 0) -> Iterator[str]:
    """Address of a Prometheus over ``blocks``, which several may read at once: each has links of its own.

    Raises ChildDiedError or TimeoutError when it does not come up. Call it from a thread that lives as long.
    """
    runs = blocks.parent / "runs"
    runs.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=runs))
    child = None
    try:
        for each in blocks.iterdir():
            shutil.copytree(each, folder / "data" / each.name, copy_function=os.link)
        (folder / "prometheus.yml").write_text("global: {evaluation_interval: 1h}\n")
        address = f"127.0.0.1:{port or free_ports(1)[0]}"
        child = Child(
            "Prometheus",
            [
                tools.find("prometheus") or "prometheus", f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/data", "--storage.tsdb.retention.time=100y",
                f"--query.lookback-delta={LOOKBACK}", f"--web.listen-address={address}", "--log.level=warn",
            ],
            folder / "prometheus.log",
            _HINT,
        )  # fmt: skip
        child.start()
        wait_http(f"http://{address}/-/ready", child, 60)
        yield f"http://{address}"
    finally:
        if child is not None:
            child.stop()
        shutil.rmtree(folder, ignore_errors=True)


def sweep(runs: Path) -> None:
    """Remove the folders of processes that are gone."""
    for each in runs.glob("*-*"):
        if not Path(f"/proc/{each.name.partition('-')[0]}").exists():
            shutil.rmtree(each, ignore_errors=True)

"""A real Alertmanager or Prometheus with a configuration, data and log of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from demo import tools
from demo.processes import Child, free_ports, wait_http


@dataclass(eq=False)
class Server(Child):
    """Answers at ``url`` after ``wait``, and within a ``with``. Raises ChildDiedError or TimeoutError."""

    url: str = ""

    def wait(self, timeout: float = 60.0) -> None:
        wait_http(f"{self.url}/-/ready", self, timeout)

    def __enter__(self) -> Self:
        try:
            self.start()
            self.wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def alertmanager(
    config: Path, folder: Path, *options: str, cluster: str = "", environment: Mapping[str, str] | None = None
) -> Server:
    """``folder`` takes the data and the log; ``cluster``: its address for other members."""
    more = (f"--storage.path={folder / 'data'}", f"--cluster.listen-address={cluster}", *options)
    return _server("alertmanager", config, folder, more, environment=environment or {})


def prometheus(config: Path, folder: Path, *options: str, port: int = 0, hint: str = "") -> Server:
    """``folder`` takes the data and the log."""
    return _server("prometheus", config, folder, (f"--storage.tsdb.path={folder / 'data'}", *options), port, hint)


def _server(
    name: str,
    config: Path,
    folder: Path,
    options: tuple[str, ...],
    port: int = 0,
    hint: str = "",
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Server:
    address = f"127.0.0.1:{port or free_ports(1)[0]}"
    command = [tools.find(name) or name, f"--config.file={config}", f"--web.listen-address={address}", *options]
    return Server(name, command, folder / f"{name}.log", hint, environment, url=f"http://{address}")

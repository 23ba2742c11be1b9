"""What tests of all rooms share: Debian's programs and free ports."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable

import pytest
from hypothesis import settings

settings.register_profile("ours", deadline=None)  # a busy machine is slow, and that is no fault
settings.load_profile("ours")


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """Path of a Debian program (``tool("promtool")``). A missing one is a failure, not a skip."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            pytest.fail(f"{name} is not in PATH: run ./run tools first, and the tests by ./run test")
        return path

    return find


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

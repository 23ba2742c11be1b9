"""Child processes that never outlive the one that started them."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TAIL_LINES = 15


class ChildDiedError(RuntimeError):
    """A child ended by itself. The text holds the end of its log and says what to do."""


@dataclass(eq=False)
class Child:
    """One process in a group of its own, its output in ``log``. Start it from a thread that lives as long as it should:
    the kernel kills it when that thread ends (``PR_SET_PDEATHSIG``), even by ``kill -9``.
    """

    name: str
    command: Sequence[str]
    log: Path
    hint: str = ""
    """What a person may do when it dies early; one sentence."""
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Raises OSError when the program can't be run at all."""
        setpriv = shutil.which("setpriv")
        prefix = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [*prefix, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def check(self) -> None:
        """Raise ChildDiedError when the process has ended."""
        if self.process is None or self.process.poll() is None:
            return
        advice = f"\n{self.hint}" if self.hint else ""
        raise ChildDiedError(
            f"{self.name} завершился сам, код {self.process.returncode}. Конец его журнала ({self.log}):\n"
            f"{self.tail()}{advice}"
        )

    def tail(self) -> str:
        """The end of the log."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(f"    {line}" for line in lines[-TAIL_LINES:])

    def signal(self, number: signal.Signals) -> None:
        """Signal the whole group; nothing happens when it is gone."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def ask_to_stop(self) -> None:
        """Ask the group to end and do not wait."""
        if self.alive:
            self.signal(signal.SIGTERM)

    def stop(self, patience: float = 5.0) -> None:
        """End the whole group: politely, and after ``patience`` seconds not. May be called twice."""
        if self.process is None:
            return
        if self.alive:
            self.ask_to_stop()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
        self.signal(signal.SIGKILL)  # whoever of the group is left, too
        self.process.wait(patience)
        self.process = None


def wait_http(url: str, child: Child, timeout: float = 30.0) -> None:
    """Wait until ``url`` answers 200. ChildDiedError: the child ended before; TimeoutError: it takes too long."""
    deadline = time.monotonic() + timeout
    while True:
        child.check()
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"{child.name} не ответил по адресу {url} за {timeout:g} с. Журнал:\n{child.tail()}")
        time.sleep(0.1)


_PICK = random.SystemRandom()
"""Tests seed the common one, so that all workers would pick the same."""


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    return free_ports(1, kind)[0]


def free_ports(count: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> list[int]:
    """Ports that were free a moment ago, all different.

    From below those that systems give to outgoing connections, one of which could take them before their server does.
    """
    with contextlib.ExitStack() as stack:
        found: list[int] = []
        while len(found) < count:
            one = stack.enter_context(socket.socket(socket.AF_INET, kind))
            with contextlib.suppress(OSError):  # in use
                one.bind(("127.0.0.1", _PICK.randrange(10_000, 32_768)))
                found.append(one.getsockname()[1])
        return found

"""What the script on a client's server does: fetch the report next door and carry it to the exporter, with real curl.

The requests are those of the scripts in the field, to the letter; only the pace is the demonstration's.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 30.0
"""Seconds that one curl may take."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Which server's files go where."""

    client: str
    """The installation's name, and so the file's."""
    server: str
    """``http://host:port`` of the Kodeks server, as the script next to it sees it."""
    login: str
    password: str
    host: str
    """``host:port`` of the exporter."""
    dealer: str
    token: str


class PushFailedError(RuntimeError):
    """A curl failed or the exporter refused. The text holds no secret."""


@dataclass(eq=False)
class Pusher:
    """Pushes a report and a status in turns, in a thread of its own. ``complain`` hears of failures, once in a row."""

    errand: Errand
    folder: Path
    seconds: float = 60.0
    complain: Callable[[str], None] = lambda _: None
    pushed: int = 0
    """Reports taken so far."""
    _wake: threading.Event = field(default_factory=threading.Event)
    _stopping: bool = False
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self._thread = threading.Thread(target=self._run, name="push", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """May be called twice."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def now(self) -> None:
        """Do not wait for the next turn."""
        self._wake.set()

    def _run(self) -> None:
        failed = False
        while not self._stopping:
            self._wake.clear()
            try:
                push_report(self.errand, self.folder)
                self.pushed += 1
                push_status(self.errand, self.folder)
                failed = False
            except (PushFailedError, subprocess.TimeoutExpired, OSError) as error:
                if not failed and not self._stopping:
                    self.complain(f"{self.errand.client}: {error}")
                failed = True
            if not self._stopping:
                self._wake.wait(self.seconds)


def push_report(errand: Errand, folder: Path) -> None:
    """Fetch ``CLIENT.zip``, upload it, and make sure that it is there. PushFailedError, OSError, TimeoutExpired."""
    name = f"{errand.client}.zip"
    _curl(
        folder, "-f", "-L", "-u", f"{errand.login}:{errand.password}", "-d", "type=zip", "-o", name,
        f"{errand.server}/sysinfo/si_save_request",
    )  # fmt: skip
    upload(errand, folder, name)
    answer = _curl(
        folder, "-I", "-H", "upload: yes", "-H", f"dealer: {errand.dealer}",
        f"http://{errand.host}/files/{name}?token={errand.token}",
    )  # fmt: skip
    if " 200 " not in f"{answer.splitlines()[0]} ":
        raise PushFailedError(f"после загрузки {name} его нет: {answer.splitlines()[0]}")


def push_status(errand: Errand, folder: Path) -> None:
    """Compose ``CLIENT.status`` of the server's ``date:`` line and its metrics, and upload it."""
    name = f"{errand.client}.status"
    head = _curl(folder, "-f", "-D", "-", "-o", "metrics.txt", f"{errand.server}/sysinfo/metrics")
    date = next((line for line in head.splitlines() if line.lower().startswith("date:")), "")
    metrics = (folder / "metrics.txt").read_text(encoding="utf-8")
    (folder / name).write_text(f"{date}\n{metrics}", encoding="utf-8")
    upload(errand, folder, name)


def upload(errand: Errand, folder: Path, name: str) -> None:
    """The first of the two lines that thousands of scripts have."""
    answer = _curl(
        folder, "-H", "upload: yes", "-H", f"dealer: {errand.dealer}", "-F", f"file=@{name}",
        f"http://{errand.host}/upload?token={errand.token}",
    )  # fmt: skip
    if answer != f'{{"ok":true,"path":"/files/{name}"}}':
        raise PushFailedError(f"экспортёр не принял {name}: {answer[:200]}")


def _curl(folder: Path, *arguments: str) -> str:
    """Run curl in ``folder``; what it printed. It ends with this process."""
    setpriv = shutil.which("setpriv")
    prefix = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
    done = subprocess.run(
        [*prefix, "curl", "-sS", "--noproxy", "*", *arguments],
        cwd=folder, capture_output=True, timeout=PATIENCE, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode:
        raise PushFailedError(f"curl: код {done.returncode}, {done.stderr.decode(errors='replace').strip()[:200]}")
    return done.stdout.decode(errors="replace").strip()

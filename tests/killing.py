"""kill -9 at chosen moments."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def follow(module: str, folder: Path, pauses: list[float]) -> int:
    """Runs ``module`` with ``folder`` to its end, killed after each of the pauses; how often it was.

    The module says "ready" when it begins, and goes on where the killed one was.
    """
    killed = 0
    while True:
        child = subprocess.Popen([sys.executable, "-m", module, str(folder)], cwd=ROOT, stdout=subprocess.PIPE)
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            if pauses:
                time.sleep(pauses.pop())
                child.kill()
            code = child.wait(60)
        finally:
            child.kill()
            child.communicate()
        if code == 0:
            return killed
        assert code == -signal.SIGKILL
        killed += 1

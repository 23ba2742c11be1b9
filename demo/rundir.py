"""The folder of one run: locked while the run lives, so that what a killed run left is found and removed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "kodeks-demo-"
_LOCK = "lock"


class RunDirectory:
    """A folder under the system's temporary one. ``remove`` takes it away, unless it is to be kept."""

    def __init__(self) -> None:
        remove_abandoned()
        # It gets its name when it is locked: a run beside this one would take it for abandoned before that.
        made = Path(tempfile.mkdtemp(prefix=f".{PREFIX}"))
        self._lock = os.open(made / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.path = made.rename(made.with_name(made.name.removeprefix(".")))

    def remove(self, *, keep: bool = False) -> None:
        """May be called twice. A kept folder is also kept by later runs."""
        if self._lock < 0:
            return
        if keep:
            (self.path / _LOCK).unlink()
        else:
            shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)
        self._lock = -1


def remove_abandoned() -> None:
    """Remove the folders of this user's runs that were killed before they could."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        lock = path / _LOCK
        with contextlib.suppress(OSError):
            if path.is_symlink() or path.stat().st_uid != os.getuid():
                continue
            descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(descriptor)

"""Where the programs are that the stack is made of: in PATH, and in the folder where ``./run`` puts Debian's."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

_NAMES = {"alertmanager": ("prometheus-alertmanager", "alertmanager")}
"""Programs that are called differently from one distribution to another."""


def find(program: str) -> str | None:
    """Path of ``prometheus``, ``alertmanager``, ``promtool``, ``amtool``, ``nginx``, ``snmpd`` …, None: not there."""
    places = [os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", str(ROOT / ".cache" / "tools" / "bin")]
    if "KODEKS_TOOLS" in os.environ:
        places.insert(0, str(Path(os.environ["KODEKS_TOOLS"]) / "bin"))
    path = os.pathsep.join(places)
    for name in _NAMES.get(program, (program,)):
        found = shutil.which(name, path=path)
        if found:
            return found
    return None

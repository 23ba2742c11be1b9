"""Lets the programs that will read the files check them."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CHECKS: Final = (
    ("amtool", ("check-config", "alertmanager.yml")),
    ("promtool", ("check", "config", "prometheus.yml")),
)
_SECONDS: Final = 120


class RefusedError(Exception):
    """A program refuses the files; the text is its output without secrets."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Programs that found nothing wrong, and programs that are not on PATH."""

    by: tuple[str, ...]
    missing: tuple[str, ...]


def check(folder: Path, secrets: Sequence[str]) -> Checked:
    """Raises RefusedError when a program finds a fault. ``secrets`` are removed from its output."""
    return _checked(folder, _CHECKS, secrets)


def check_alertmanager(config: Path, secrets: Sequence[str]) -> Checked:
    """The same for one configuration of Alertmanager."""
    return _checked(config.parent, (("amtool", ("check-config", config.name)),), secrets)


def _checked(folder: Path, checks: Sequence[tuple[str, tuple[str, ...]]], secrets: Sequence[str]) -> Checked:
    passed, missing = [], []
    for program, arguments in checks:
        path = shutil.which(program)
        if path is None:
            missing.append(program)
            continue
        try:
            result = subprocess.run(
                [path, *arguments],
                cwd=folder,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RefusedError(f"{program} can't be run: {type(error).__name__}") from None
        if result.returncode != 0:
            output = (result.stdout + result.stderr).decode("utf-8", "replace")
            for secret in sorted(secrets, key=len, reverse=True):
                output = output.replace(secret, "***")
            raise RefusedError(f"{program} {' '.join(arguments)} refuses the files:\n{output.strip()}")
        passed.append(program)
    return Checked(tuple(passed), tuple(missing))

"""Where the project's own rules, templates and example of Alertmanager's configuration lie.

They are not part of the package: they are useful without it. In a checkout they are its folders; an installed
distribution carries them as data files, ``share/kodeks-exporter/`` under whatever prefix it was installed to.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

_MARK: Final = "alertmanager/alertmanager.yml"


class AssetsError(Exception):
    """The project's rules or templates are missing or are not as this version of the program expects."""


def find() -> Path:
    """The folder that holds ``rules/`` and ``alertmanager/``. Raises AssetsError."""
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / _MARK).is_file() and (checkout / "pyproject.toml").is_file():
        return checkout
    try:
        files = distribution("kodeks-exporter").files or ()
    except PackageNotFoundError:
        files = ()
    for file in files:
        if str(file).endswith(f"share/kodeks-exporter/{_MARK}"):
            found = Path(str(file.locate())).resolve()
            if found.is_file():
                return found.parents[1]
    raise AssetsError("the rules and templates of kodeks-exporter are not installed; install the package again")

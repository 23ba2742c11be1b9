"""What the project ships for other programs: rules, routes, pages of alerts, dashboards, the systemd unit.

Those files are useful without Python, so they lie beside the package in a checkout. A wheel carries copies of them in
the package's folder ``shipped`` (setup.py puts them there). Both have the same layout.
"""

from pathlib import Path
from typing import Final

from kodeks_exporter.domain.refusal import CommandError

SHIPPED: Final = "shipped"
FOLDERS: Final = ("rules", "alertmanager", "docs/errors", "grafana-dashboards", "packaging")
_MARK: Final = "alertmanager/alertmanager.yml"
_TESTS: Final = "tests"
"""Tests of the rules lie beside them in a checkout; a site has no use for them."""


class AssetsError(CommandError):
    """The project's rules, templates or pages are missing or are not as this version of the program expects."""


def find() -> Path:
    """The folder that holds FOLDERS. Raises AssetsError."""
    here = Path(__file__).resolve().parent
    for folder in (here / SHIPPED, here.parents[1]):
        if (folder / _MARK).is_file():
            return folder
    raise AssetsError("the rules and templates of kodeks-exporter are not installed; install the package again")


def files(root: Path) -> list[Path]:
    """All that is shipped, relative to ``root``, in order."""
    found = (path for folder in FOLDERS for path in (root / folder).rglob("*") if path.is_file())
    relative = (path.relative_to(root) for path in found)
    return sorted(path for path in relative if _TESTS not in path.parts and not path.name.startswith("."))


def revision() -> str:
    """The commit that the wheel was built from; empty in a checkout and where the build did not know it."""
    try:
        return (Path(__file__).resolve().parent / SHIPPED / "REVISION").read_text(encoding="utf-8").strip()
    except OSError:
        return ""

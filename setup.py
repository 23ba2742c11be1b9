"""Puts what the project ships for other programs into the wheel; everything else is in pyproject.toml."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

# pip asks this file before it compares versions, and with constraints it never comes to that: it names another package.
if sys.version_info < (3, 11):  # noqa: UP036
    raise SystemExit("kodeks-exporter needs Python 3.11 or newer, this is {}.{}".format(*sys.version_info[:2]))

HERE = Path(__file__).resolve().parent


def revision() -> str:
    """The commit that is built, or nothing where neither the environment nor git knows it."""
    told = os.environ.get("KODEKS_REVISION", "")
    if not told and (HERE / ".git").exists():
        asked = ["git", "-C", str(HERE), "rev-parse", "--short=12", "HEAD"]
        try:
            told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            told = ""
    return told


class BuildWithShipped(build_py):
    """Copies rules, routes, pages and dashboards into the package."""

    def run(self) -> None:
        if not self.editable_mode:
            # An older build in the same checkout may hold modules that no longer exist.
            shutil.rmtree(Path(self.build_lib) / "kodeks_exporter", ignore_errors=True)
        super().run()
        if self.editable_mode:
            return
        package = Path(self.build_lib) / "kodeks_exporter"
        sys.path.insert(0, str(HERE / "exporter"))  # pip builds where this package is not installed
        from kodeks_exporter import assets

        for path in assets.files(HERE):
            target = package / assets.SHIPPED / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(HERE / path, target)
        (package / assets.SHIPPED / "REVISION").write_text(revision() + "\n", encoding="utf-8")


setup(cmdclass={"build_py": BuildWithShipped})

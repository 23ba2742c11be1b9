"""Chromium without a window."""

from __future__ import annotations

from pathlib import Path

from demo import tools


def command(profile: Path, *more: str) -> list[str]:
    """``profile``: a folder that is made; ``more``: flags, and the address."""
    return [
        tools.find("chromium") or "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
        "--disable-dev-shm-usage", f"--user-data-dir={profile}", *more,
    ]  # fmt: skip

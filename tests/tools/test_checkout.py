"""What is committed: pins for every dependency, and no trace of the machines that it was made on."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOP = Path(__file__).parents[2]
NOT_OURS = {".git", ".venv", ".cache", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}

# Put together here, so that this file does not hold what it looks for.
FORBIDDEN = tuple(
    "".join(parts)
    for parts in [
        ("pypi", ".org"), ("python", "hosted"), ("deb.debian", ".org"), ("security.debian", ".org"),
        ("snapshot.debian", ".org"), ("ftp.", "debian"), ("mirror.", "yandex"), ("files.python", "hosted"),
        ("registry.", "npmjs"), ("proxy.golang", ".org"), ("/wo", "rk/"), (".libr", "ary"),
    ]
)  # fmt: skip


def committed() -> list[Path]:
    """Files of the checkout: as git tells, or all that is there where git is not, or this is an unpacked archive."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={TOP}", "-C", str(TOP), "ls-files", "-z"], capture_output=True, text=True
    ) if (TOP / ".git").exists() and shutil.which("git") else None  # fmt: skip
    if listed is not None and listed.returncode == 0:
        return [path for name in listed.stdout.split("\0") if name and (path := TOP / name).is_file()]
    return [
        path
        for path in TOP.rglob("*")
        if path.is_file() and not NOT_OURS & set(path.relative_to(TOP).parts) and ".egg-info" not in str(path)
    ]


def pins() -> dict[str, str]:
    lines = (line.split("#")[0].strip() for line in (TOP / "constraints.txt").read_text().splitlines())
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines if line)}


def requirements() -> Iterator[Requirement]:
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    for line in project["dependencies"]:
        yield Requirement(line)
    for extra in project["optional-dependencies"].values():
        yield from map(Requirement, extra)


def needed(requirement: Requirement, seen: set[str]) -> None:
    """Adds the canonical names of a requirement and of all that it needs, as far as installed."""
    name = canonicalize_name(requirement.name)
    if name in seen:
        return
    seen.add(name)
    for line in metadata.requires(requirement.name) or []:
        below = Requirement(line)
        if below.marker is None or any(below.marker.evaluate({"extra": e}) for e in requirement.extras or {""}):
            needed(below, seen)


def test_every_dependency_is_pinned_within_its_range() -> None:
    pinned = pins()
    for requirement in requirements():
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} of pyproject.toml is not in constraints.txt"
        assert requirement.specifier.contains(version, prereleases=True), requirement


def test_what_dependencies_need_is_pinned_and_nothing_else() -> None:
    names: set[str] = set()
    for requirement in requirements():
        needed(requirement, names)
    assert set(pins()) == names - {"pip"}


def test_every_pin_is_one_exact_version() -> None:
    for name, version in pins().items():
        assert re.fullmatch(r"([0-9]+!)?[0-9][0-9a-z.+]*", version), name


def test_no_registry_and_no_path_of_a_machine() -> None:
    found = [
        f"{path.relative_to(TOP)}: {word}"
        for path in committed()
        for word in FORBIDDEN
        if word in path.read_bytes().decode("utf-8", "replace")
    ]
    assert found == []

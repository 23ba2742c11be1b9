"""Puts rendered files in place: all are checked first, then each is replaced atomically."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kodeks_exporter.render.check import Checked, check
from kodeks_exporter.render.files import RenderedFile

_OPEN: Final = 0o644
_SECRET: Final = 0o600
_FOLDER: Final = 0o755
_OURS: Final = ("rules", "exporters")
"""Folders for rendered files only."""


@dataclass(frozen=True, slots=True)
class Written:
    """Paths relative to the output folder. ``leftover``: rules that this version does not have, and shares of
    exporters no longer named."""

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    leftover: tuple[str, ...]
    checked: Checked


def write(
    files: Sequence[RenderedFile],
    output: Path,
    secrets: Sequence[str] = (),
    *,
    looked_at: Sequence[RenderedFile] | None = None,
) -> Written:
    """``looked_at``: checked by amtool and promtool in place of ``files``; may be empty.

    Raises OSError, and RefusedError before any old file is touched.
    """
    make_folder(output)
    # in the output folder, so that a rename stays within one file system; the dot hides it from patterns like *.yml
    beside = Path(tempfile.mkdtemp(prefix=".rendering-", dir=output))
    try:
        for file in [*files, *(looked_at or ())]:
            put(beside / file.path, file)
        checked = check(beside, secrets) if looked_at is None or looked_at else Checked((), ())
        changed: list[str] = []
        unchanged: list[str] = []
        for file in files:
            replaced = _replace(beside / file.path, output / file.path, file)
            (changed if replaced else unchanged).append(file.path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    ours = {file.path for file in files}
    there = sorted(path.relative_to(output).as_posix() for path in output.glob("*/*.yml") if path.parent.name in _OURS)
    leftover = tuple(path for path in there if path not in ours)
    return Written(tuple(changed), tuple(unchanged), leftover, checked)


def make_folder(folder: Path) -> None:
    """Creates a folder and its missing parents so that Prometheus and Alertmanager, running as other users, can read
    them whatever the umask; existing folders stay as they are."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(_FOLDER)


def _mode(file: RenderedFile) -> int:
    return _SECRET if file.secret else _OPEN


def put(path: Path, file: RenderedFile) -> None:
    """Writes a new file with its mode and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # created with its mode, so that others can't read a secret for a moment
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _mode(file))
    with os.fdopen(descriptor, "wb") as stream:
        os.fchmod(stream.fileno(), _mode(file))
        stream.write(file.content)
        stream.flush()
        os.fsync(stream.fileno())


def _replace(new: Path, old: Path, file: RenderedFile) -> bool:
    """False if the old file has the same content; then only its mode is set."""
    with contextlib.suppress(FileNotFoundError):
        before = old.stat()
        same_mode = not file.secret or before.st_mode & 0o777 == _SECRET
        if old.is_file() and old.read_bytes() == file.content and same_mode:
            return False
        # Alertmanager runs as another user: keep the owner
        if os.geteuid() == 0:
            os.chown(new, before.st_uid, before.st_gid)
    make_folder(old.parent)
    new.replace(old)
    return True

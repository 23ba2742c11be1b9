"""``render --into``: puts our part into an Alertmanager configuration that serves others too, on disk."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from kodeks_exporter.render.alertmanager import Fragment
from kodeks_exporter.render.check import Checked, check_alertmanager
from kodeks_exporter.render.files import RenderedFile
from kodeks_exporter.render.merge import MergeError, merged, without
from kodeks_exporter.render.write import make_folder, put

FOLDER: Final = "kodeks-templates"
"""Beside the configuration unless ``--output`` names another place."""
_LARGEST: Final = 16 * 2**20
_OTHERS_MAY_READ: Final = 0o004


@dataclass(frozen=True, slots=True)
class Merged:
    """``changed``: whether the configuration's bytes changed. ``readable``: by everybody on the machine."""

    changed: bool
    readable: bool
    checked: Checked


def put_in(
    config: Path, fragment: Fragment, templates: Sequence[RenderedFile], folder: Path, secrets: Sequence[str] = ()
) -> Merged:
    """``templates``: files for ``folder``, of which only the names count.

    Raises MergeError, RefusedError (amtool) and OSError; nothing is changed then.
    """
    text = _read(config)
    where = Path(os.path.abspath(folder))  # noqa: PTH100 (not resolved: a link may lead elsewhere tomorrow)
    beside = config.absolute().parent
    pattern = where.relative_to(beside).as_posix() if where.is_relative_to(beside) else where.as_posix()
    result = merged(text, replace(fragment, templates=(f"{pattern}/*.tmpl",)))
    with tempfile.TemporaryDirectory(prefix=".kodeks-", dir=beside) as trial:
        for file in templates:
            put(Path(trial) / Path(file.path).name, file)
        # beside the real one, because its other paths are relative to its place
        attempt = merged(text, replace(fragment, templates=(f"{Path(trial).name}/*.tmpl",)))
        with tempfile.NamedTemporaryFile(prefix=".kodeks-", suffix=".yml", dir=beside) as candidate:
            candidate.write(attempt.encode())
            candidate.flush()
            checked = check_alertmanager(Path(candidate.name), secrets)
        make_folder(folder)
        for file in templates:
            (Path(trial) / Path(file.path).name).replace(folder / Path(file.path).name)
    _replace(config, result)
    return Merged(result != text, bool(config.stat().st_mode & _OTHERS_MAY_READ), checked)


def take_out(config: Path, templates: Sequence[str]) -> Merged:
    """``templates``: names of our files, which are removed from the folder, too. Raises the same errors as
    ``put_in``."""
    text = _read(config)
    result = without(text)
    with tempfile.NamedTemporaryFile(prefix=".kodeks-", suffix=".yml", dir=config.absolute().parent) as candidate:
        candidate.write(result.encode())
        candidate.flush()
        checked = check_alertmanager(Path(candidate.name), ())
    _replace(config, result)
    folder = config.parent / FOLDER
    for path in folder.glob("*.tmpl"):
        if any(path.name == name or path.name.endswith(f".{name}") for name in templates):
            path.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    return Merged(result != text, False, checked)


def _read(config: Path) -> str:
    if config.stat().st_size > _LARGEST:
        raise MergeError("is larger than any configuration of Alertmanager")
    try:
        return config.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise MergeError("is not UTF-8") from None


def _replace(config: Path, text: str) -> None:
    """Atomically, keeping owner and mode. A symbolic link keeps pointing to its file."""
    target = config.resolve()
    if target.read_bytes() == text.encode():
        return
    before = target.stat()
    descriptor, name = tempfile.mkstemp(prefix=".kodeks-", dir=target.parent)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        after = new.stat()
        if (before.st_uid, before.st_gid) != (after.st_uid, after.st_gid):
            os.chown(new, before.st_uid, before.st_gid)
        shutil.copystat(target, new)  # after chown, which clears special bits
        os.utime(new)
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)

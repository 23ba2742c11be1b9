"""Files that others read while they are written."""

import os
from pathlib import Path


def write_whole(path: Path, content: bytes, mode: int | None = None, *, durable: bool = False) -> None:
    """Replaces a file at once, so that a half-written one is never read. Its folders are made. Raises OSError.

    ``mode`` holds from the first byte; None: what the umask leaves. ``durable``: the file outlives a power cut.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            if mode is not None:
                os.fchmod(descriptor, mode)
            stream.write(content)
            if durable:
                stream.flush()
                os.fsync(descriptor)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if durable:
        sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """A renamed file keeps its new name after a power cut only once its folder is written."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

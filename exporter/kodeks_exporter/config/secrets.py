"""Where secrets come from: the value itself, a file, or the environment. Their text never appears in a message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kodeks_exporter.domain.secret import Secret

MAX_BYTES: Final = 64 * 1024
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True)
class Surroundings:
    """What values may refer to: the folder that relative paths start from, and the environment."""

    folder: Path
    environ: Mapping[str, str]


def from_text(text: str, surroundings: Surroundings) -> Secret:
    """The value with each ``${NAME}`` replaced; raises ValueError when a variable is unset or nothing is left."""
    for name in _VARIABLE.findall(text):
        if not surroundings.environ.get(name):
            raise ValueError(f"environment variable {name} is not set or empty; set it for the exporter's process")
    return _checked(_VARIABLE.sub(lambda match: surroundings.environ[match[1]], text), "the value")


def from_file(name: str, surroundings: Surroundings) -> Secret:
    """The single line of a file, without a line end or byte order mark. Raises ValueError."""
    if "/" not in name and not _exists(surroundings.folder / name) and "$" not in name:
        # Not repeated: it may be the secret itself, put under the wrong key.
        raise ValueError(
            "the file does not exist; a path is meant here, the secret itself goes under the key without _file"
        )
    path = readable_file(name, surroundings)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"file {path} can't be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise ValueError(f"file {path} is too large for a secret")
    try:
        text = raw.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"file {path} is not UTF-8 text") from None
    return _checked(text, f"file {path}")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def readable_file(name: str, surroundings: Surroundings) -> Path:
    """The path, relative to the configuration's folder. Raises ValueError when it is not a readable file."""
    if not name or "\0" in name:
        raise ValueError("must be a file's path")
    for variable in _VARIABLE.findall(name):  # such as ${CREDENTIALS_DIRECTORY} of systemd
        if not surroundings.environ.get(variable):
            raise ValueError(f"environment variable {variable} is not set or empty; set it for the exporter's process")
    path = surroundings.folder / _VARIABLE.sub(lambda match: surroundings.environ[match[1]], name)
    try:
        if not path.exists():
            raise ValueError(f"file {path} does not exist; create it or correct the path")
        if not path.is_file():
            raise ValueError(f"{path} is not a regular file")
        path.open("rb").close()
    except OSError as error:
        raise ValueError(f"file {path} can't be read: {error.strerror}; check its owner and mode") from None
    return path


def usable_folder(name: str, surroundings: Surroundings) -> Path:
    """The path, relative to the configuration's folder. Raises ValueError when it is not a folder."""
    path = surroundings.folder / name
    try:
        if path.exists() and not path.is_dir():
            raise ValueError(f"{path} is not a folder")
    except OSError as error:
        raise ValueError(f"{path} can't be used: {error.strerror}") from None
    return path


def _checked(text: str, what: str) -> Secret:
    if not text.strip():
        raise ValueError(f"{what} is empty; a secret must be given")
    if "\n" in text or "\r" in text:
        raise ValueError(f"{what} has more than one line; a secret is one line")
    return Secret(text)

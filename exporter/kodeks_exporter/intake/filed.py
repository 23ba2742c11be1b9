"""One value for each installation, each in its own file, read back after a restart."""

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

from kodeks_exporter.config.files import write_whole

log = logging.getLogger(__name__)

T = TypeVar("T")

_SUFFIX: Final = ".msgpack"
_OLDER: Final = ".json"
"""Until 0.2 the files were JSON: the first start rewrites them."""


class Filed(Generic[T]):
    """Safe to use from many threads."""

    def __init__(self, directory: Path, kind: type[T], *, durable: bool) -> None:
        """``kind``: a dataclass. ``durable``: values survive a power cut. A file that can't be read is logged and
        ignored. Raises OSError."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._durable = durable
        self._encoder = msgspec.msgpack.Encoder()
        self._lock = threading.Lock()
        self._values: dict[str, T] = {}
        from_json, from_msgpack = msgspec.json.Decoder(kind), msgspec.msgpack.Decoder(kind)
        for suffix, decode in ((_OLDER, from_json.decode), (_SUFFIX, from_msgpack.decode)):
            for path in directory.glob(f"*{suffix}"):
                try:
                    self._values[path.name.removesuffix(suffix)] = decode(path.read_bytes())
                except (OSError, ValueError) as error:
                    log.warning("stored state can't be read", extra={"file": str(path), "reason": str(error)})
        for path in directory.glob(f"*{_OLDER}"):
            name = path.name.removesuffix(_OLDER)
            if name in self._values:
                self.put(name, self._values[name])
            path.unlink()

    def all(self) -> Mapping[str, T]:
        with self._lock:
            return dict(self._values)

    def get(self, name: str) -> T | None:
        with self._lock:
            return self._values.get(name)

    def put(self, name: str, value: T) -> None:
        """Raises OSError; the value is set anyway."""
        with self._lock:
            self._values[name] = value
            path = self._directory / f"{name}{_SUFFIX}"
            write_whole(path, self._encoder.encode(value), durable=self._durable)

"""Writes the exposition, reusing what has not changed since the last scrape.

A family's samples must be together, while a change affects one installation; so each source (such as an installation)
caches its formatted samples by family, and a scrape only joins them. ``prometheus_client`` formats everything each
time. A report's samples are much the same text again and again, so long ones are kept compressed.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import zstandard
from prometheus_client import Metric
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

log = logging.getLogger(__name__)

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_LONG: Final = 2048
"""Bytes of samples from which on compressing saves more than it costs."""


@dataclass(frozen=True, slots=True)
class Source:
    """A piece of the exposition. ``part`` and ``key`` name it: ``part`` is one of a few words, for counting.
    ``families`` is called again only when ``version`` differs from last time's."""

    part: str
    key: Hashable
    version: object
    families: Callable[[], Iterable[Metric]]


_Family = tuple[str, str, bytes]
"""Type, help and sample lines, which are compressed if they are long."""


@dataclass(slots=True)
class _Written:
    version: object
    families: dict[str, _Family]


class Exposition:
    """Safe to use from many threads. A source that fails is left out of this scrape, counted, and logged when it begins
    to fail; all others are served."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._written: dict[Hashable, _Written] = {}
        self._errors: Counter[str] = Counter()
        self._failing: set[Hashable] = set()
        self._failed_before: set[Hashable] = set()

    def errors(self) -> Mapping[str, int]:
        """How often a source of each part was left out since the start."""
        return dict(self._errors)

    def guarded(self, part: str, sources: Callable[[], Iterable[Source]]) -> Iterator[Source]:
        """The sources of one part, for ``render``: if listing them fails, the rest is left out."""
        try:
            yield from sources()
        except Exception as error:
            self._left_out(part, None, error)

    def render(self, sources: Iterable[Source], *, openmetrics: bool = False) -> bytes:
        """All families of all sources in the text format 0.0.4 or in OpenMetrics 1.0."""
        with self._lock:
            self._failed_before, self._failing = self._failing, set()
            current: dict[Hashable, _Written] = {}
            for source in sources:
                place = (source.part, source.key)
                try:
                    current[place] = self._write(source)
                except Exception as error:
                    self._left_out(source.part, source.key, error)
            self._written = current
        merged: dict[str, list[_Family]] = {}
        for written in current.values():
            for name, family in written.families.items():
                merged.setdefault(name, []).append(family)
        unpack, packed = zstandard.ZstdDecompressor().decompress, zstandard.FRAME_HEADER
        body = BytesIO()  # takes each piece as it is unpacked; a list of them all would leave the heap fragmented
        for name, families in merged.items():
            kind, help_text, _ = families[0]
            body.write(_header(name, kind, help_text, openmetrics).encode())
            for _, _, lines in families:
                body.write(unpack(lines) if lines.startswith(packed) else lines)
        if openmetrics:
            body.write(b"# EOF\n")
        return body.getvalue()

    def _left_out(self, part: str, key: Hashable, error: Exception) -> None:
        self._errors[part] += 1
        self._failing.add((part, key))
        if (part, key) not in self._failed_before:
            log.error("metrics source left out of the scrape", extra={"source": part, "key": str(key)}, exc_info=error)

    def _write(self, source: Source) -> _Written:
        known = self._written.get((source.part, source.key))
        if known is not None and known.version == source.version:
            return known
        pack = zstandard.ZstdCompressor(level=1).compress
        families: dict[str, _Family] = {}
        for metric in source.families():
            lines = "".join(map(_sample_line, metric.samples)).encode(errors="replace")
            if lines:
                # Copied, because what zstandard returns still occupies a buffer as large as its input.
                kept = bytes(memoryview(pack(lines))) if len(lines) >= _LONG else lines
                families[metric.name] = (metric.type, metric.documentation, kept)
        return _Written(source.version, families)


def render_families(families: Iterable[Metric], *, openmetrics: bool = False) -> bytes:
    """A small exposition written once, for ``/probe``."""
    everything = list(families)
    return Exposition().render([Source("probe", "", None, lambda: everything)], openmetrics=openmetrics)


def _header(name: str, kind: str, help_text: str, openmetrics: bool) -> str:
    if openmetrics:
        escaped = help_text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
        return f"# HELP {name} {escaped}\n# TYPE {name} {kind}\n"
    if kind == "counter":
        name += "_total"
    elif kind == "info":
        name, kind = name + "_info", "gauge"
    elif kind == "unknown":
        kind = "untyped"
    escaped = help_text.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {name} {escaped}\n# TYPE {name} {kind}\n"


def _sample_line(sample: Sample) -> str:
    # Fast paths for small values and for labels that need no escaping: a quarter less time.
    name, labels, figure = sample[:3]
    value = float(figure)
    number = repr(value) if -1e6 < value < 1e6 else floatToGoString(value)
    if not labels:
        return f"{name} {number}\n"
    pairs = '",'.join([f'{key}="{text}' for key, text in labels.items()])
    if "\\" in pairs or "\n" in pairs or pairs.count('"') >= 2 * len(labels):
        pairs = '",'.join([f'{key}="{_escape(text)}' for key, text in labels.items()])
    return f'{name}{{{pairs}"}} {number}\n'


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")

"""From samples to TSDB blocks, one file of OpenMetrics and one run of promtool per block."""

from __future__ import annotations

import subprocess
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from demo import tools
from demo.history.openmetrics import Writer

BLOCK = 486 * 3600
"""Seconds: the longest block that Prometheus makes by itself when it keeps 13 months (2 h times a power of 3)."""
_END = b"# EOF\n"
_SMALL = 20_000_000
"""Bytes: less is read once per block faster than promtool is started so often."""


class Blocks(Writer):
    """Writes each sample into the file of its block. ``first``: number of the block that holds the first sample.

    Raises IndexError for a sample outside of the files.
    """

    def __init__(self, files: Sequence[Path], first: int) -> None:
        self.samples = self.series = 0
        self._stack = ExitStack()
        self._files = [self._stack.enter_context(path.open("w", encoding="utf-8", buffering=1 << 20)) for path in files]
        self._bounds = [(first + number) * BLOCK for number in range(len(files) + 1)]

    def write(self, name: str, moments: Sequence[int], values: Iterable[float | str]) -> None:
        told = values if isinstance(values, Sequence) else list(values)
        if len(told) != len(moments):
            raise ValueError(f"{name}: {len(moments)} moments, {len(told)} values")
        for number, begin, end in self._pieces(moments):
            self._files[number].write(
                "".join([f"{name} {told[place]} {moments[place]}\n" for place in range(begin, end)])
            )
        self.samples += len(moments)
        self.series += 1

    def constant(self, name: str, moments: Sequence[int], value: float = 1) -> None:
        head = f"{name} {value} "
        for number, begin, end in self._pieces(moments):
            self._files[number].write("".join([f"{head}{moment}\n" for moment in moments[begin:end]]))
        self.samples += len(moments)
        self.series += 1

    def end(self) -> None:
        for file in self._files:
            file.write(_END.decode())

    def close(self) -> None:
        self._stack.close()

    def _pieces(self, moments: Sequence[int]) -> Iterator[tuple[int, int, int]]:
        """File number, and the places in ``moments`` that belong to it."""
        place = 0
        while place < len(moments):
            number = moments[place] // BLOCK - self._bounds[0] // BLOCK
            if not 0 <= number < len(self._files):
                raise IndexError(f"{moments[place]} is outside of the history")
            end = bisect_left(moments, self._bounds[number + 1], place)
            yield number, place, end
            place = end


@contextmanager
def writer(folder: Path, first: int, count: int) -> Iterator[Blocks]:
    """Into ``folder/000.txt`` …, one file a block, ``count`` of them; promtool takes each."""
    folder.mkdir(parents=True)
    made = Blocks([folder / f"{number:03}.txt" for number in range(count)], first)
    try:
        yield made
    finally:
        made.close()


def create(texts: Sequence[Path], data: Path) -> None:
    """Add a block to ``data`` for every file that has samples. Raises RuntimeError with promtool's words."""
    data.mkdir(parents=True, exist_ok=True)
    full = [text for text in texts if text.stat().st_size > len(_END)]
    if len(full) > 1 and sum(text.stat().st_size for text in full) < _SMALL:
        together = full[0].with_name("together.txt")
        with together.open("wb") as file:
            file.writelines(text.read_bytes().removesuffix(_END) for text in full)
            file.write(_END)
        _promtool(together, data)
        together.unlink()
        return
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda text: _promtool(text, data), full))


def _promtool(text: Path, data: Path) -> None:
    done = subprocess.run(
        [tools.find("promtool") or "promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet",
         f"--max-block-duration={BLOCK // 3600}h", str(text), str(data)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"promtool on {text}: {done.stderr or done.stdout}")


def append(text: Path, more: Iterable[Path]) -> None:
    """Add the samples of ``more`` to ``text``; the files of ``more`` are removed."""
    with text.open("r+b") as file:
        file.seek(-len(_END), 2)
        file.truncate()
        for path in more:
            content = path.read_bytes()
            file.write(content.removesuffix(_END))
            path.unlink()
        file.write(_END)

"""``python -m demo.history``: write a year of history as OpenMetrics, and what is true of it."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from demo.history.accesses import online
from demo.history.families import History, write_all
from demo.history.life import live
from demo.history.openmetrics import Writer
from demo.history.planted import Planting
from demo.history.sites import sites
from demo.history.truth import truth

_UNITS = {"m": 60, "h": 3600, "d": 86400}


def main(arguments: Sequence[str] | None = None) -> int:
    """0: written; 2: the arguments make no sense."""
    given = _parser().parse_args(arguments)
    begun = time.monotonic()
    start = given.end - dt.timedelta(days=given.days)
    lives = [
        live(given.seed, site, start, given.days)
        for site in sites(given.seed, given.installations, given.users, start, given.end)
    ]
    history = History(lives, online(given.seed, given.accesses, start, given.days), given.step)
    print(f"model: {time.monotonic() - begun:.1f} s", file=sys.stderr)
    if given.output:
        with given.output.open("w", encoding="utf-8", buffering=1 << 20) as file:
            writer = Writer(file)
            write_all(history, Planting(writer, history) if given.planted else writer)
        seconds = time.monotonic() - begun
        print(
            f"{given.output}: {writer.samples} samples of {writer.series} series from {start} to {given.end}, "
            f"{given.output.stat().st_size / 1e6:.0f} MB in {seconds:.1f} s",
            file=sys.stderr,
        )
    if given.truth:
        about = {"seed": given.seed, "start": str(start), "end": str(given.end), "step": given.step}
        text = json.dumps({**about, **truth(history)}, ensure_ascii=False, indent=1)
        given.truth.write_text(text + "\n", encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo.history",
        description="A year of a fleet as OpenMetrics for promtool tsdb create-blocks-from, and what is true of it.",
    )
    parser.add_argument("--output", type=Path, help="OpenMetrics file")
    parser.add_argument("--truth", type=Path, help="JSON file with what the metrics must come to")
    parser.add_argument("--installations", type=_positive, default=200)
    parser.add_argument("--accesses", type=_positive, default=150, help="online accesses")
    parser.add_argument("--days", type=_positive, default=365)
    parser.add_argument("--step", type=_seconds, default=3600, help="between the frequent samples: 1h, 6h …")
    parser.add_argument("--users", type=_positive, default=20, help="most users of an installation, bounds the series")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--planted", action="store_true", help="add clients whose score is known, see planted.py")
    today = dt.datetime.now(dt.UTC).date()
    parser.add_argument(
        "--end", type=dt.date.fromisoformat, default=today, help="day (UTC) before which it ends; today"
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _seconds(text: str) -> int:
    match = re.fullmatch(r"(\d+)([mhd])", text)
    seconds = int(match[1]) * _UNITS[match[2]] if match else 0
    if seconds == 0 or seconds % 3600:
        raise argparse.ArgumentTypeError("whole hours are expected, such as 1h or 6h")
    return seconds


if __name__ == "__main__":
    sys.exit(main())

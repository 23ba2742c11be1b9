"""``python -m demo.year``: build the year, and show it in a Prometheus."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from demo.year.build import END, Size, build
from demo.year.prometheus import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """0: it stands (and was served until a signal came); 2: the arguments make no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.year",
        description="A year of a fleet in TSDB blocks, with what the recording rules made of it.",
    )
    parser.add_argument("--installations", type=int, default=Size().installations)
    parser.add_argument("--accesses", type=int, default=Size().accesses, help="online accesses")
    parser.add_argument("--end", type=dt.date.fromisoformat, default=END, help=f"day (UTC) before which it ends; {END}")
    parser.add_argument(
        "--folder", type=Path, help="build it here, not under .cache/year; one built here before is used"
    )
    parser.add_argument("--serve", action="store_true", help="run a Prometheus over it until interrupted")
    parser.add_argument("--port", type=int, default=0, help="of that Prometheus; any free one")
    given = parser.parse_args(arguments)
    folder = given.folder
    if folder and (folder / "year.json").exists():  # built before, whatever it was asked for with
        end = json.loads((folder / "year.json").read_text(encoding="utf-8"))["end"]
    else:
        size = Size(given.installations, given.accesses, end=given.end)
        try:
            year = build(size, folder, lambda text: print(text, file=sys.stderr, flush=True))
        except FileExistsError as error:
            parser.error(str(error))
        folder, end = year.folder, year.end
    print(f"blocks: {folder / 'blocks'}\ntruth:  {folder / 'truth.json'}\nnow:    {end}", flush=True)
    if given.serve:
        with serve(folder / "blocks", given.port) as url:
            print(f"url:    {url}", flush=True)
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            try:
                signal.pause()
            except KeyboardInterrupt:
                print()
    return 0


if __name__ == "__main__":
    sys.exit(main())

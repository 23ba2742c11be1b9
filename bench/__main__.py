"""``./run bench [SUBJECT …]``: all measurements, or those named. ``SUBJECT=ARGUMENT`` for those that take one."""

from __future__ import annotations

import sys
from collections.abc import Callable

from bench import (
    blackhole,
    commands,
    dashboards,
    exposition,
    ingest,
    life,
    messages,
    rounds,
    rules,
    start,
    strangers,
    whole,
)
from bench.rows import table

SUBJECTS: dict[str, Callable[..., object]] = {
    "rounds": rounds.main,
    "blackhole": blackhole.main,
    "whole": whole.main,
    "start": start.main,
    "commands": commands.main,
    "messages": messages.main,
    "ingest": ingest.main,
    "exposition": exposition.main,
    "rules": rules.main,
    "strangers": strangers.main,
    "dashboards": dashboards.main,
    "life": life.main,
}


def main() -> int:
    wanted = sys.argv[1:] or list(SUBJECTS)
    unknown = [name for name in wanted if name.partition("=")[0] not in SUBJECTS]
    if unknown:
        print(f"no such measurement: {', '.join(unknown)}; there are: {', '.join(SUBJECTS)}", file=sys.stderr)
        return 2
    for each in wanted:
        print(f"== {each}", flush=True)
        name, _, argument = each.partition("=")
        SUBJECTS[name](*[argument] if argument else [])
    print(f"\n{table()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

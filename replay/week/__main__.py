"""``./run week``: how many messages a manager of 40 installations and 20 accesses gets in a week, and about what."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from pathlib import Path

from demo.tools import find
from replay.week import keep
from replay.week.page import written
from replay.week.play import Size, play
from replay.week.show import shown


def main(arguments: list[str] | None = None) -> int:
    """0: counted; 1: promtool is missing."""
    usual = Size()
    parser = argparse.ArgumentParser(prog="./run week", description="Сколько сообщений получит менеджер за неделю.")
    parser.add_argument("--installations", type=int, default=usual.installations)
    parser.add_argument("--accesses", type=int, default=usual.accesses, help="онлайн-доступы")
    parser.add_argument("--first", type=dt.date.fromisoformat, default=usual.first, help="первый день")
    parser.add_argument("--days", type=int, default=usual.days)
    parser.add_argument("--messages", type=Path, help="вместо счёта: все тексты всех оповещений на одной странице")
    parser.add_argument("--keep", type=Path, help="записать, что и когда сказали правила (tests/replay/week.json.gz)")
    given = parser.parse_args(arguments)
    if given.messages:
        print(f"{given.messages}: оповещений {written(given.messages)}")
        return 0
    if find("promtool") is None:
        print("не найден promtool: ./run tools", file=sys.stderr)
        return 1
    begun = time.monotonic()
    size = Size(given.installations, given.accesses, given.first, given.days)
    weeks = play(size, lambda text: print(f"  … {text}", file=sys.stderr, flush=True))
    print(shown(weeks), end="")
    if given.keep:
        keep.write(given.keep, weeks.changes)
    print(f"Сосчитано за {time.monotonic() - begun:.0f} с.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``./run replay CASE``: a number from the list in docs/replay.md or the path of a script; without it, the list."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from demo.stack import Part, missing
from replay.expect import problems
from replay.player import play
from replay.script import Script, ScriptError, load, scripts
from replay.show import shown


def main(arguments: list[str] | None = None) -> int:
    """0: as the script expects; 1: different, or not playable; 2: no such case."""
    parser = argparse.ArgumentParser(
        prog="./run replay", description="Проиграть случай через настоящие Prometheus и Alertmanager."
    )
    parser.add_argument("case", nargs="?", help="номер случая или файл сценария; без него — список")
    parser.add_argument("--speed", type=float, help="во сколько раз быстрее часов идёт Alertmanager")
    options = parser.parse_args(arguments)
    known = scripts()
    if options.case is None:
        for number, path in known.items():
            print(f"{number:3}  {load(path).title}")
        return 0
    chosen = known.get(int(options.case)) if options.case.isdecimal() else Path(options.case)
    if chosen is None:
        print(f"нет случая {options.case}; есть: {', '.join(map(str, known))}", file=sys.stderr)
        return 2
    lacking = missing({Part.ALERTMANAGER})
    if lacking:
        print(f"не найдены программы: {', '.join(lacking.values())}", file=sys.stderr)
        return 1
    try:
        script = load(chosen)
        if options.speed:
            script = script.model_copy(update={"speed": options.speed})
        return _replay(script)
    except (OSError, RuntimeError, ScriptError) as error:
        print(f"replay: {error}", file=sys.stderr)
        return 1


def _replay(script: Script) -> int:
    begin = time.monotonic()
    outcome = play(script, lambda text: print(f"  … {text}", file=sys.stderr, flush=True))
    found = problems(script, outcome)
    print(f"\n{shown(script, outcome, found)}", end="")
    print(f"Проиграно за {time.monotonic() - begin:.0f} с; часы Alertmanager шли в {outcome.speed:.0f} раз быстрее.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

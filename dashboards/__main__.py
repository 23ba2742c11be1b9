"""``python -m dashboards``: write the dashboards' JSON, or check that it is up to date."""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from dashboards import ALL
from dashboards.branch import for_branch

OUTPUT = Path(__file__).resolve().parents[1] / "grafana-dashboards"


def files(branch: str | None = None) -> Mapping[str, str]:
    """File names and contents; with ``branch`` the copies for that branch's folder."""
    return {f"{board.name}.json": for_branch(board.json(), branch) if branch else board.json() for board in ALL}


def main(arguments: Sequence[str] | None = None) -> int:
    """0: written, or as expected; 1: with ``--check``, files differ."""
    given = _parser().parse_args(arguments)
    made = files(given.branch)
    folder: Path = given.output
    if given.check:
        return _check(folder, made)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
    for old in _files(folder) - made.keys():
        (folder / old).unlink()
    print(f"{folder}: {len(made)} dashboards")
    return 0


def _check(folder: Path, made: Mapping[str, str]) -> int:
    found = {name: (folder / name).read_text(encoding="utf-8") for name in _files(folder)}
    wrong = sorted(name for name in found.keys() | made.keys() if found.get(name) != made.get(name))
    for name in wrong:
        print(f"{folder / name}: not what the code makes; run ./run dashboards", file=sys.stderr)
    return 1 if wrong else 0


def _files(folder: Path) -> set[str]:
    return {each.name for each in folder.glob("*.json")}


def _branch(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9_-]{1,20}", name):
        raise argparse.ArgumentTypeError("letters a-z, digits, _ and - are expected, at most 20")
    return name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when files differ")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder; grafana-dashboards")
    parser.add_argument("--branch", type=_branch, help="make copies for this branch only, for a folder of its own")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""A file with what the rules found over some weeks, so that who gets which messages can be computed at once."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path

from replay.week.dispatch import Change, Labels


def write(path: Path, changes: Iterable[Change]) -> None:
    """Raises OSError."""
    numbers: dict[Labels, int] = {}
    rows = [
        [
            change.at,
            *(
                [numbers.setdefault(each, len(numbers)) for each in sorted(some)]
                for some in (change.begun, change.ended)
            ),
        ]
        for change in changes
    ]
    text = json.dumps({"labels": list(numbers), "changes": rows}, ensure_ascii=False)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def read(path: Path) -> list[Change]:
    """Raises OSError."""
    document = json.loads(gzip.decompress(path.read_bytes()))
    labels = [tuple((name, value) for name, value in each) for each in document["labels"]]
    return [
        Change(at, frozenset(labels[one] for one in begun), frozenset(labels[one] for one in ended))
        for at, begun, ended in document["changes"]
    ]

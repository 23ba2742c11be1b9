"""A fleet of healthy servers in a process of its own, so that its work is not counted as the exporter's."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import yaml

from demo.stand.model import ServerSpec, StandSpec
from demo.stand.stand import Stand


@contextmanager
def fleet(size: int) -> Iterator[list[str]]:
    """Urls of ``size`` servers, by a name that needs resolving."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(size, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        urls: list[str] = ours.recv()
        yield [url.replace("127.0.0.1", "localhost") for url in urls]
    finally:
        ours.close()
        process.join(10)


def _serve(size: int, pipe: Connection) -> None:
    names = [f"s{number}" for number in range(size)]
    with Stand(StandSpec(servers=tuple(ServerSpec(name=name) for name in names))) as stand:
        pipe.send([stand.url(name) for name in names])
        try:
            pipe.recv()
        except EOFError:
            return


def write_config(path: Path, urls: list[str], interval: str) -> None:
    document = {
        "managers": [{"name": "ivanova"}],
        "poll": {"checks": interval},
        "installations": [
            {
                "name": f"s{number}",
                "client": f"Клиент {number}",
                "manager": "ivanova",
                "mode": "push",  # no reports are pulled meanwhile: they are another measurement
                "url": url,
                "credentials": {"username": "smartlogin", "password": "smartpassword"},
            }
            for number, url in enumerate(urls)
        ],
    }
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")

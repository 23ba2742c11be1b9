"""A fleet of healthy servers in its own process, so that its work is not counted as the exporter's."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import yaml

from demo.stand.model import ServerSpec, StandSpec
from demo.stand.stand import Stand
from demo.vendor import Vendor
from demo.vendor import fleet as vendor

TOKEN: Final = "token-of-the-bench-0123456789"


@contextmanager
def fleet(size: int) -> Iterator[list[str]]:
    """URLs of ``size`` servers, with a name that has to be resolved."""
    with fleet_and_vendor(size, 0) as (urls, _):
        yield urls


@contextmanager
def fleet_and_vendor(size: int, accesses: int) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
    """URLs of ``size`` servers, with a name that has to be resolved, and entries for ``accesses`` on the vendor's."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(size, accesses, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        urls, entries = ours.recv()
        yield [url.replace("127.0.0.1", "localhost") for url in urls], entries
    finally:
        ours.close()
        process.join(10)


def _serve(size: int, accesses: int, pipe: Connection) -> None:
    names = [f"s{number}" for number in range(size)]
    stand = Stand(StandSpec(servers=tuple(ServerSpec(name=name) for name in names)))
    with stand, Vendor(vendor.specs(accesses)) as vendors:
        pipe.send(([stand.url(name) for name in names], vendor.entries(vendors, ["ivanova"])))
        try:
            pipe.recv()
        except EOFError:
            return


def write_config(path: Path, urls: list[str], interval: str, accesses: Sequence[Mapping[str, Any]] = ()) -> None:
    """A dealer, whose token is ``TOKEN``, may upload for all installations."""
    document = {
        "managers": [{"name": "ivanova"}],
        "poll": {"checks": interval},
        "installations": [
            {
                "name": f"s{number}",
                "client": f"Клиент {number}",
                "manager": "ivanova",
                "mode": "push",  # no reports are pulled meanwhile: they are measured separately
                "url": url,
                "credentials": {"username": "smartlogin", "password": "smartpassword"},
            }
            for number, url in enumerate(urls)
        ],
        "online_accesses": list(accesses),
        "dealers": [{"name": "bench", "token": TOKEN}],
    }
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")

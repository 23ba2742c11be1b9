"""Puts online accesses together: visits to the vendor's servers, store and metrics."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from kodeks_exporter.metrics import online as online_metrics
from kodeks_exporter.metrics.exposition import Source
from kodeks_exporter.online.reader import OnlineTools
from kodeks_exporter.online.watch import OnlineWatch, server_of
from kodeks_exporter.poll.scheduler import Job
from kodeks_exporter.settings.settings import Settings
from kodeks_exporter.store.folder import opened
from kodeks_exporter.store.online import FILE_NAME, OnlineStore

_POOL = "online"
_VISITORS = 32
"""Threads for the visits to all servers; each server has a limit of its own as well."""
_LOOK = 5.0
"""Seconds between two checks of whose turn it is."""
_SEARCHES_AGE = 3600.0
"""How often expired searches are dropped from the metrics."""


class Accesses:
    """Safe to use from many threads."""

    def __init__(self, storage: Path, settings: Settings, resolve: Callable[[str], tuple[str, ...]]) -> None:
        """Raises ``StorageError``."""
        self.store = opened(storage, FILE_NAME, lambda: OnlineStore(storage, settings.online))
        self.watch = OnlineWatch(self.store, OnlineTools(resolve))
        self.watch.apply(settings.fleet.online_accesses, settings.online, settings.poll)

    def pools(self) -> dict[str, int]:
        return {_POOL: _VISITORS}

    def configure(self, settings: Settings) -> None:
        """After a reload."""
        self.watch.apply(settings.fleet.online_accesses, settings.online, settings.poll)

    def jobs(self, _: Settings) -> dict[str, Job]:
        """One job for each slot of each server; ``configure`` first."""
        return {
            f"online {slot}": Job(partial(self.watch.run, slot), _LOOK, _LOOK, _POOL, _POOL)
            for slot in self.watch.slots()
        }

    def sources(self, settings: Settings) -> Iterator[Source]:
        now = time.time()
        servers = self.watch.servers()
        for name, access in settings.fleet.online_accesses.items():
            server = server_of(access)
            view = online_metrics.AccessFigures(
                access, server, servers.get(server), self.store.state(name), settings.online
            )
            version = (view, int(now // _SEARCHES_AGE))
            yield Source("online", name, version, partial(online_metrics.families, view, now))
        if servers:
            yield Source("online", "of the vendor", dict(servers), partial(online_metrics.server_families, servers))

    def close(self) -> None:
        self.watch.stop()
        self.store.close()

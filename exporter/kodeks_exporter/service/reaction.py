"""Puts the reaction to alerts together: watch, store, metrics, and the page that takes alerts."""

import time
from collections.abc import Callable, Iterator
from datetime import tzinfo
from functools import partial
from pathlib import Path

from kodeks_exporter.metrics import handling as handling_metrics
from kodeks_exporter.metrics import reaction as reaction_metrics
from kodeks_exporter.metrics.exposition import Source
from kodeks_exporter.net.resolver import Resolver
from kodeks_exporter.poll.scheduler import Job
from kodeks_exporter.reaction.desk import Desk
from kodeks_exporter.reaction.incidents import GRACE
from kodeks_exporter.reaction.watch import Watch
from kodeks_exporter.settings.settings import Settings
from kodeks_exporter.store.folder import opened
from kodeks_exporter.store.handling import KEPT
from kodeks_exporter.store.reaction import FILE_NAME, ReactionStore
from kodeks_exporter.web.acknowledge import Acknowledge
from kodeks_exporter.web.app import Route
from kodeks_exporter.web.handling import Handling

_POOL = "reaction"
_FIGURES_EVERY = 900.0
"""Seconds after which the figures of reviews are computed again even if nothing changed."""
_THREADS = 8
"""Members that are asked at once; each has a time limit."""


class Reactions:
    """Safe to use from many threads. ``settings`` gives the ones in force."""

    def __init__(
        self,
        storage: Path,
        settings: Callable[[], Settings],
        grace: float = GRACE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises ``StorageError``."""
        self._settings = settings
        # Alertmanager belongs to this site: its name is not looked up at the name servers for clients' installations.
        self._resolver = Resolver()
        self.store = opened(storage, FILE_NAME, lambda: ReactionStore(storage))
        self.watch = Watch(self.store, self._resolver.resolve, grace, clock)
        desk = Desk(self.watch, lambda: settings().reaction, clock)
        self._page = Acknowledge(desk, lambda: settings().reaction, self._zone, clock, self._called)
        self._reviews = Handling(self.store.handling, settings, self._zone, clock)
        self._clock = clock
        self.configure(settings())

    def pools(self) -> dict[str, int]:
        return {_POOL: _THREADS}

    def routes(self) -> tuple[Route, ...]:
        return self._page.routes() + self._reviews.routes()

    def configure(self, settings: Settings) -> None:
        """After a reload."""
        self.watch.configure(settings.reaction, settings.alertmanager.repeat)

    def jobs(self, settings: Settings) -> dict[str, Job]:
        """One for each Alertmanager, so that a slow one does not delay the others; call ``configure`` first."""
        interval = settings.reaction.interval
        return {
            f"reaction {name}": Job(partial(self.watch.visit, name), interval, interval, _POOL, _POOL)
            for name in self.watch.members()
        }

    def sources(self, _: Settings) -> Iterator[Source]:
        if self.watch.members():
            view = reaction_metrics.ReactionView(self.watch.state(), self.watch.up())
            yield Source("reaction", "", view, partial(reaction_metrics.families, view))
            handled, now = self.store.handling, self._clock()
            names = {name: manager.called for name, manager in self._settings().fleet.managers.items()}
            version = handled.revision, now // _FIGURES_EVERY
            yield Source(
                "handling",
                "",
                version,
                lambda: handling_metrics.families(handled.records(now - KEPT), handled.steps(), names, now),
            )

    def close(self) -> None:
        self.watch.close()
        self._resolver.close()
        self.store.close()

    def _zone(self, manager: str) -> tzinfo:
        """The time zone of the person who gets the messages; that of ops for an unknown manager."""
        settings = self._settings()
        return settings.fleet.managers.get(manager, settings.alertmanager.ops).time_zone

    def _called(self, manager: str) -> str:
        """The name of the person who gets the message, as the page's first suggestion."""
        known = self._settings().fleet.managers.get(manager)
        return known.full_name if known is not None else ""

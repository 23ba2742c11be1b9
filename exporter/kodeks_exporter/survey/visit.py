"""One gentle visit to an installation: one connection, a bounded number of pages, and a logout at the end."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from kodeks_exporter.checks.context import Context
from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.net.reading import Text, read_text
from kodeks_exporter.survey.links import Link, links
from kodeks_exporter.survey.pages import PageKind, kinds

MOST_PAGES: Final = 40
LONGEST: Final = 120.0
"""Time limit of the search for pages, seconds."""
_DEAD_AFTER: Final = 3
"""After this many unanswered requests in a row the server is not asked any more."""


@dataclass(frozen=True)
class SeenPage:
    """A received page. ``path``: as requested. ``kinds``: possible kinds with their scores."""

    path: str
    response: Response
    text: Text
    kinds: dict[PageKind, int]
    links: tuple[Link, ...]


@dataclass
class SurveyVisit:
    """``pages``: path to page or error. ``refused``: the login was not accepted and is not tried again, because
    three wrong passwords may lock it."""

    context: Context
    pages: dict[str, SeenPage | CheckError] = field(default_factory=dict)
    refused: bool = False
    unanswered: int = 0
    """Unanswered requests in a row."""
    _begin: float = field(default_factory=time.monotonic)

    @property
    def dead(self) -> bool:
        return self.unanswered >= _DEAD_AFTER

    @property
    def room_for_more(self) -> bool:
        return not self.dead and len(self.pages) < MOST_PAGES and time.monotonic() - self._begin < LONGEST

    def ask(self, path: str, *, login: bool = True) -> SeenPage | CheckError:
        """A page, requested once; with the monitor's login if there is one."""
        known = self.pages.get(path)
        if known is not None:
            return known
        if self.dead:
            return CheckError("no_answer", "сервер не отвечает, больше не спрашиваем")
        credentials = self.context.credentials if login and not self.refused else None
        try:
            response = self.context.connection.get(path, credentials)
        except CheckError as error:
            self.pages[path] = error
            self.unanswered += 1
            return error
        self.unanswered = 0
        text = read_text(response)
        found = tuple(links(text.source[:500_000], self.context.target.base, response.path))
        page = self.pages[path] = SeenPage(path, response, text, kinds(response, text), found)
        if credentials is not None and response.status == 401:
            self.refused = True
        return page

    def answered(self) -> Iterator[SeenPage]:
        return (page for page in list(self.pages.values()) if isinstance(page, SeenPage))

    def best(self, kind: PageKind) -> SeenPage | None:
        """The page that best matches a kind."""
        return max(
            (page for page in self.answered() if kind in page.kinds),
            key=lambda page: page.kinds[kind],
            default=None,
        )

    def search(self, wanted: Iterable[PageKind], guesses: Iterable[str]) -> None:
        """Requests ``guesses``, then harmless links of known pages, until each wanted kind has a page or a limit is
        reached."""
        missing = set(wanted)
        waiting = deque(guesses)
        followed: set[str] = set()
        while self.room_for_more:
            missing = {kind for kind in missing if self.best(kind) is None}
            if not missing:
                return
            if not waiting:
                offers = {link.path for page in self.answered() for link in page.links if link.harmless} - followed
                if not offers:
                    return
                followed |= offers
                waiting.extend(sorted(offers, key=_promise))
                continue
            self.ask(waiting.popleft())

    def leave(self, path: str) -> SeenPage | CheckError | None:
        """Ends the server's session, if there is one. None: there was none."""
        if not self.context.connection.cookies:
            return None
        self.pages.pop(path, None)
        return self.ask(path, login=False)


def _promise(path: str) -> tuple[bool, int, str]:
    """Administration first, short paths before long ones."""
    return (
        not any(word in path.lower() for word in ("adm", "sys", "mon", "metric", "lic", "pref", "conf")),
        len(path),
        path,
    )

"""What the checks of one round share: the connection, pages already read, results so far."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, TypeVar

from kodeks_exporter.checks.conclusions import Conclusions
from kodeks_exporter.checks.pages import (
    MainPageSays,
    TitlePageSays,
    bears_its_mark,
    is_out_of_seats,
    main_page_says,
    title_page_says,
)
from kodeks_exporter.checks.strangers import Stranger
from kodeks_exporter.domain.check import CheckResult, InstallationState, SnmpFacts
from kodeks_exporter.net import trust
from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.connection import Connection, Limits
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.net.pinger import Pinger
from kodeks_exporter.net.reading import Text, read_text
from kodeks_exporter.net.resolver import Resolver
from kodeks_exporter.net.target import Target, target_of
from kodeks_exporter.net.trace import Exchange
from kodeks_exporter.settings.checks import CheckSettings, Patterns
from kodeks_exporter.settings.fleet import Credentials, Installation, Snmp

T = TypeVar("T")


class SnmpReader(Protocol):
    def read(self, target: Snmp, timeout: float) -> SnmpFacts: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """Long-lived helpers that all rounds of all installations share; all are safe to use from many threads."""

    resolver: Resolver
    pinger: Pinger
    snmp: SnmpReader
    clock: Callable[[], float] = time.time
    conclusions: Conclusions = field(default_factory=Conclusions)

    def close(self) -> None:
        self.snmp.close()
        self.resolver.close()


@dataclass(frozen=True, slots=True)
class Evidence:
    """``kodeks``: None where nothing shows who answers. ``title``: of a main page proven to be Kodeks. ``seems``:
    what answered instead."""

    kodeks: bool | None
    title: str = ""
    seems: Stranger | None = None


@dataclass(frozen=True)
class MainPage:
    """The first catalog as an anonymous user gets it (or the monitor, where the site asks for a login)."""

    response: Response
    says: MainPageSays

    @property
    def state(self) -> InstallationState:
        return self.says.state

    @cached_property
    def text(self) -> Text:
        return read_text(self.response)


@dataclass(frozen=True, slots=True)
class Login:
    """The answer of ``/admin/title`` to the monitor's login. ``out_of_seats``: refused only for lack of a free seat."""

    response: Response
    says: TitlePageSays
    out_of_seats: bool


@dataclass
class Context:
    """One round of one installation. Not shared between threads; ``close()`` it at the end."""

    installation: Installation
    settings: CheckSettings
    tools: Tools
    previous: Mapping[str, CheckResult] = field(default_factory=dict)
    results: dict[str, CheckResult] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    """What the name resolved to; set by the dns check."""
    trusted: bool = True
    """False when the certificate is not: then no password is sent."""
    secured: bool = True
    """False when TLS could not be started at all."""
    trace: list[Exchange] | None = None
    """Where the round's exchanges are kept for a person to look at."""
    _main: MainPage | CheckError | None = None
    evidence: Evidence | None = None
    """Who answers at the main page; see ``checks.evidence``."""
    _login: Login | None = None
    _asked: dict[str, Response | CheckError] = field(default_factory=dict)

    @cached_property
    def target(self) -> Target:
        return target_of(self.installation.url)

    @cached_property
    def connection(self) -> Connection:
        """Open it only after ``addresses`` is known."""
        timeouts, limits = self.settings.timeouts, self.settings.limits
        bounds = Limits(timeouts.connect, timeouts.http, limits.page_size, limits.redirects)
        tls = self.installation.tls
        connection = Connection(
            self.target,
            self.addresses or (self.target.host,),
            bounds,
            lambda: trust.kept_context(tls.verify, tls.ca_file),
        )
        connection.trace = self.trace
        return connection

    @property
    def credentials(self) -> Credentials | None:
        return self.installation.credentials if self.trusted else None

    def main_page(self) -> MainPage:
        """The main page, asked for once a round. Raises ``CheckError``."""
        if self._main is None:
            try:
                self._main = self._read_main_page()
            except CheckError as error:
                self._main = error
        if isinstance(self._main, CheckError):
            raise self._main
        return self._main

    def _read_main_page(self) -> MainPage:
        path = self.installation.catalogs[0]
        response = self.connection.get(path)
        asks = any("basic" in scheme.lower() for scheme in response.schemes)
        if response.status == 401 and asks and self.credentials is not None:
            # The site asks for a login at its main page; the session is dropped at the end of the round.
            response = self.connection.get(path, self.credentials)
        return MainPage(response, self.concluded(main_page_says, response))

    def ask(self, path: str) -> Response:
        """A page as the monitor's account gets it, if there is one; asked for once a round. Raises ``CheckError``."""
        known = self._asked.get(path)
        if known is None:
            try:
                known = self.connection.get(path, self.credentials)
            except CheckError as error:
                known = error
            self._asked[path] = known
        if isinstance(known, CheckError):
            raise known
        return known

    def login(self) -> Login:
        """The answer to the monitor's login. Needs ``credentials``. Raises ``CheckError``."""
        if self._login is None:
            response = self.ask(self.settings.paths.title)
            says = self.concluded(title_page_says, response)
            self._login = Login(response, says, self.refuses_for_seats(response))
        return self._login

    def refuses_for_seats(self, response: Response) -> bool:
        """Whether the monitor's login was refused because every seat is taken: by Kodeks' own 403, or in words."""
        if response.status == 403 and bears_its_mark(response):
            return True
        return self.concluded(is_out_of_seats, response)

    def concluded(self, question: Callable[[Patterns, Response], T], response: Response) -> T:
        """The answer to ``question``, computed only for pages that were not seen before."""
        return self.tools.conclusions.of(question, self.settings.patterns, response)

    def close(self) -> None:
        """Logs the session out, because it may hold a seat, and closes the connection."""
        if "connection" not in self.__dict__:
            return
        try:
            if self.connection.cookies and self.settings.paths.logout:
                self.connection.get(self.settings.paths.logout)
        except CheckError:
            pass  # a server that cannot even log out fails its checks
        finally:
            self.connection.close()

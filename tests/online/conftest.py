"""A vendor's server, and a watch over its accesses, in a time of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from demo.vendor import Access, ServerSpec, Vendor
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.online.reader import OnlineTools
from kodeks_exporter.online.watch import OnlineWatch
from kodeks_exporter.settings.fleet import Credentials, OnlineAccess
from kodeks_exporter.settings.online import OnlineLimits, OnlineSettings, OnlineSpread, OnlineTimeouts
from kodeks_exporter.settings.settings import PollSettings
from kodeks_exporter.store.online import OnlineStore
from tests import answering

MOSCOW = ZoneInfo("Europe/Moscow")
PASSWORD = "s3cret-Пароль"
QUICK = OnlineSettings(limits=OnlineLimits(gap=0.0), spread=OnlineSpread(start=60.0), timeouts=OnlineTimeouts(2.0, 2.0))


class Numbers:
    """A resolver of addresses only; names are unknown."""

    def resolve(self, host: str) -> tuple[str, ...]:
        if host[0].isdigit():
            return (host,)
        raise CheckError("nxdomain", "нет такого имени")


@dataclass
class Clock:
    """Unix seconds that only move when they are told to."""

    now: float

    def __call__(self) -> float:
        return self.now


def moment(text: str) -> float:
    """Unix seconds of a Moscow time, ``YYYY-MM-DD HH:MM``."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=MOSCOW).timestamp()


def access_of(url: str, access: Access, password: str | None = None) -> OnlineAccess:
    credentials = Credentials(access.login, Secret(access.password if password is None else password))
    return OnlineAccess(access.login, f"Клиент {access.login}", "ivanova", url, credentials)


@dataclass
class World:
    """All that a test of the watch needs."""

    vendor: Vendor
    clock: Clock
    storage: Path
    settings: OnlineSettings = QUICK
    poll: PollSettings = field(default_factory=PollSettings)
    passwords: dict[str, str] = field(default_factory=dict)
    """What the configuration says, where it differs from the vendor."""

    def __post_init__(self) -> None:
        self.store = OnlineStore(self.storage)
        self.watch = OnlineWatch(self.store, OnlineTools(Numbers().resolve, self.clock))
        self.apply()

    def accesses(self) -> dict[str, OnlineAccess]:
        return {
            access.login: access_of(self.vendor.url(name), access, self.passwords.get(access.login))
            for name, server in self.vendor.servers.items()
            for access in server.spec.accesses
        }

    def apply(self) -> None:
        self.watch.apply(self.accesses(), self.settings, self.poll)

    def restart(self) -> None:
        self.watch.stop()
        self.store.close()
        self.__post_init__()

    def run(self, hours: float, step: float = 60.0) -> None:
        """Lets time pass; at each step all slots run as the scheduler would run them."""
        end = self.clock.now + hours * 3600
        while self.clock.now < end:
            self.clock.now += step
            for slot in self.watch.slots():
                self.watch.run(slot)

    def run_at_once(self) -> None:
        """All slots at the same time, until nothing is due."""
        threads = [threading.Thread(target=self.watch.run, args=(slot,)) for slot in self.watch.slots()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


@dataclass
class Asked:
    """A request that a scripted site got."""

    method: str
    path: str
    cookie: str
    authorization: str


@dataclass
class Script:
    port: int = 0
    requests: list[Asked] = field(default_factory=list)


Answer = tuple[int, str, dict[str, str]]


@contextmanager
def scripted(answer: Callable[[Asked], Answer]) -> Iterator[Script]:
    """A site that answers as ``answer`` says: status, page, headers."""
    script = Script()

    def told(to: BaseHTTPRequestHandler, request: answering.Asked) -> None:
        headers = request.headers
        asked = Asked(request.method, request.path, headers.get("cookie", ""), headers.get("authorization", ""))
        script.requests.append(asked)
        status, page, more = answer(asked)
        answering.reply(to, status, page.encode(), **{"Content-Type": "text/html; charset=utf-8", **more})

    with answering.serving(told) as server:
        script.port = int(server.url.rpartition(":")[2])
        yield script


WorldMaker = Callable[..., World]


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[WorldMaker]:
    with ExitStack() as stack:

        def make(specs: Sequence[ServerSpec], at: str = "2026-11-18 12:00", settings: OnlineSettings = QUICK) -> World:
            clock = Clock(moment(at))
            vendor = stack.enter_context(Vendor(specs, clock))
            world = World(vendor, clock, tmp_path, settings)
            stack.callback(lambda: world.store.close())
            stack.callback(lambda: world.watch.stop())
            return world

        yield make


def one(name: str = "nps1", *logins: str, **more: object) -> ServerSpec:
    """A server with ordinary clients."""
    made = ServerSpec(name, tuple(Access(login, PASSWORD) for login in logins or ("u1",)))
    return replace(made, **more)  # type: ignore[arg-type]

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from werkzeug.test import Client

from kodeks_exporter.config.webfile import ServerSecurity
from kodeks_exporter.web.app import Application
from kodeks_exporter.web.connection import ServerOptions
from kodeks_exporter.web.server import WebServer
from tests.web.fakes import FakeBackend, twelve

Start = Callable[..., WebServer]


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend(view=twelve())


@pytest.fixture
def client(backend: FakeBackend) -> Client:
    return Client(Application(backend))


@pytest.fixture
def start(backend: FakeBackend) -> Iterator[Start]:
    """Starts real servers on free ports of the loopback and stops them at the end."""
    running: list[WebServer] = []

    def starter(
        security: ServerSecurity | None = None, options: ServerOptions | None = None, listen: str = "127.0.0.1:0"
    ) -> WebServer:
        server = WebServer(listen, Application(backend), security, options)
        server.start()
        running.append(server)
        return server

    yield starter
    for server in running:  # not waited for: how stopping goes has tests of its own
        threading.Thread(target=server.stop, daemon=True).start()

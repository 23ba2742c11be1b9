from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from demo.sinks import TelegramSink
from demo.stand import LicenceManagerSpec, ServerSpec, Stand, StandSpec


@pytest.fixture(scope="module")
def running() -> Iterator[Stand]:
    """One stand for a module; tests take ``stand``, which mends everything after each."""
    spec = StandSpec(
        servers=(
            ServerSpec("romashka", seats=5, users=3, dns_name="romashka.kodeks.test"),
            ServerSpec("sever", catalogs=("/docs", "/norms"), docs_login=True, metrics_login=True, version="6.4.4.194"),
            ServerSpec("klyuch", licence_manager="licman"),
            ServerSpec("vega", host="127.0.0.21", dns_name="vega.kodeks.test", hosting="te-cloud"),
            ServerSpec("altair", host="127.0.0.22", dns_name="altair.kodeks.test", hosting="te-cloud"),
        ),
        licence_managers=(LicenceManagerSpec("licman"),),
    )
    with Stand(spec) as stand:
        # Half a day away: what fails at an announced time is nobody's fault.
        hour = f"{datetime.now(ZoneInfo('Europe/Moscow')) + timedelta(hours=12):%H:%M}"
        for each in spec.servers:
            stand.set_times(each.name, restart=hour, backup=hour)
        yield stand


@pytest.fixture
def stand(running: Stand) -> Iterator[Stand]:
    yield running
    running.clear()


@pytest.fixture
def telegram() -> Iterator[TelegramSink]:
    with TelegramSink("42:token") as sink:
        yield sink
